// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The options of quantisation, as the command table names them. Each sets its field or says what it wants.
#ifndef COMPILER_TOOLS_COMPRESS_QUANTIZEFLAGS_H
#define COMPILER_TOOLS_COMPRESS_QUANTIZEFLAGS_H

#include "absl/status/status.h"
#include "llvm/ADT/StringRef.h"

namespace ingot {
struct CommandLine;

namespace quantize_flags {

absl::Status setMode(llvm::StringRef text, CommandLine &line);
absl::Status setKind(llvm::StringRef text, CommandLine &line); ///< --quantize of `compile`: the mode and the bits in one word
absl::Status setWeights(llvm::StringRef text, CommandLine &line);
absl::Status setBlockSize(llvm::StringRef text, CommandLine &line);
absl::Status setSymmetric(llvm::StringRef text, CommandLine &line);
absl::Status setAsymmetric(llvm::StringRef text, CommandLine &line);
absl::Status setFormat(llvm::StringRef text, CommandLine &line);
absl::Status setMethod(llvm::StringRef text, CommandLine &line);
absl::Status setGranularity(llvm::StringRef text, CommandLine &line);
absl::Status addInclude(llvm::StringRef text, CommandLine &line);
absl::Status addExclude(llvm::StringRef text, CommandLine &line);
absl::Status setExternalData(llvm::StringRef text, CommandLine &line);
absl::Status addCalibration(llvm::StringRef text, CommandLine &line);
absl::Status setTokenizer(llvm::StringRef text, CommandLine &line);
absl::Status setTokens(llvm::StringRef text, CommandLine &line);
absl::Status setCalibrationMethod(llvm::StringRef text, CommandLine &line);
absl::Status setPercentile(llvm::StringRef text, CommandLine &line);
absl::Status setRandomCalibration(llvm::StringRef text, CommandLine &line);
absl::Status setActivationType(llvm::StringRef text, CommandLine &line);
absl::Status setPlacement(llvm::StringRef text, CommandLine &line);
absl::Status setSmooth(llvm::StringRef text, CommandLine &line);
absl::Status setNoSmooth(llvm::StringRef text, CommandLine &line);
absl::Status setEqualize(llvm::StringRef text, CommandLine &line);
absl::Status setReduceRange(llvm::StringRef text, CommandLine &line);

} // namespace quantize_flags
} // namespace ingot

#endif

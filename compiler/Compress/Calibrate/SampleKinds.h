// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How files of one kind become samples; SampleFiles chooses.
#ifndef COMPILER_COMPRESS_CALIBRATE_SAMPLEKINDS_H
#define COMPILER_COMPRESS_CALIBRATE_SAMPLEKINDS_H

#include "compiler/Compress/Calibrate/CalibrationSamples.h"

namespace ingot::compress {

absl::Status visitArrays(llvm::ArrayRef<std::string> files, llvm::ArrayRef<SampleInput> inputs, VisitSample visit);

/// The model must have one input. A batch that is not full is filled up with the first pictures.
absl::Status visitPictures(llvm::ArrayRef<std::string> files, llvm::ArrayRef<SampleInput> inputs, const PictureOptions &options, VisitSample visit);

/// A batch that is not full is filled up with the first lines.
absl::Status visitTexts(llvm::ArrayRef<std::string> files, llvm::ArrayRef<SampleInput> inputs, const Tokenizer &tokenizer,
                        std::optional<int64_t> tokens, VisitSample visit);

/// "[?, 3]": open dims are question marks.
std::string printedShape(llvm::ArrayRef<int64_t> dims);

/// Elements whose values are looked at.
struct CheckedElements {
  int32_t elementType;
  llvm::ArrayRef<int64_t> dims;
  const char *data;
};

/// Floats of every size in which neither infinities nor NaNs may be: the error names file, input and element.
absl::Status checkNumbers(const std::string &path, const std::string &name, CheckedElements elements);

} // namespace ingot::compress

#endif

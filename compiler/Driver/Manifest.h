// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_DRIVER_MANIFEST_H
#define COMPILER_DRIVER_MANIFEST_H

#include "compiler/Driver/Compile.h"
#include "compiler/Target/TargetSpec.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/JSON.h"

#include <map>
#include <string>
#include <vector>

namespace ingot {

/// How every manifest begins: files that hold a model are known by it.
inline constexpr llvm::StringLiteral kManifestBegin = R"({"compiler":"ingot )";

/// SHA-256 of the file of a model and, by their names in it, of the files with its external data.
struct ModelHashes {
  std::string model;
  std::map<std::string, std::string> external;
};

/// What a compilation has found out of a model.
struct ManifestFacts {
  ModelHashes hashes;
  std::vector<std::string> arenaFormula; ///< CompileSummary::peak
  llvm::json::Object interface;          ///< inputs, outputs, dims and memory: for files that cannot be asked for them
};

/// What a model was made of and how, as one JSON object: versions, checksums, options, passes, interface. It says nothing of the machine's paths and
/// cores, so that the same input and options give the same bytes everywhere.
std::string manifestOf(const CompileOptions &options, llvm::ArrayRef<TargetSpec> targets, ManifestFacts facts);

} // namespace ingot

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_DRIVER_MANIFEST_H
#define COMPILER_DRIVER_MANIFEST_H

#include "compiler/Driver/Compile.h"
#include "compiler/Target/TargetSpec.h"
#include "llvm/ADT/ArrayRef.h"

#include <map>
#include <string>

namespace ingot {

/// How every manifest begins: files that hold a model are known by it.
inline constexpr llvm::StringLiteral kManifestBegin = R"({"compiler":"ingot )";

/// SHA-256 of the file of a model and, by their names in it, of the files with its external data.
struct ModelHashes {
  std::string model;
  std::map<std::string, std::string> external;
};

/// What a model was made of and how, as one JSON object: versions, checksums, options, passes and, with open
/// dims, the arena's size (CompileSummary::peak). It says nothing of the machine's paths
/// and cores, so that the same input and options give the same bytes everywhere.
std::string manifestOf(const CompileOptions &options, llvm::ArrayRef<TargetSpec> targets, const ModelHashes &hashes,
                       llvm::ArrayRef<std::string> arenaFormula);

} // namespace ingot

#endif

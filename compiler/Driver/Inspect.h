// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_DRIVER_INSPECT_H
#define COMPILER_DRIVER_INSPECT_H

#include "absl/status/statusor.h"
#include "compiler/Driver/Compile.h"
#include "llvm/Support/JSON.h"

namespace ingot {

/// What `options.input` is, for people and programs. `kind` says which of the other keys there are:
///
///   all                       file, file_bytes, kind
///   model                     inputs, outputs, dims, operators, weights, opsets, ir_version, producer, model_sha256, external_sha256 (by file),
///                             problems (what cannot be compiled)
///   program, shared library   inputs, outputs, dims, peak_memory_bytes, arena_bytes, weight_bytes, variant, variants, manifest
///   static library, object    models (the names of their symbols), manifest, and of one model inputs, outputs, dims, peak_memory_bytes,
///                             arena_bytes (of the largest variant), weight_bytes
///
/// A model is described as the dims and shapes in `options` make it. A program is run with `--info`, a shared library is loaded: only when they hold
/// a manifest of Ingot, but do not inspect files of unknown origin.
absl::StatusOr<llvm::json::Object> inspectFile(const CompileOptions &options);

/// The two halves of it.
absl::StatusOr<llvm::json::Object> inspectModel(const CompileOptions &options);
absl::StatusOr<llvm::json::Object> inspectArtefact(const std::string &path, llvm::StringRef bytes);

struct ModelInterface;

/// inputs, outputs and dims of a model.
llvm::json::Object describePorts(const ModelInterface &interface);

} // namespace ingot

#endif

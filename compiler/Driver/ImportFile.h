// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_DRIVER_IMPORTFILE_H
#define COMPILER_DRIVER_IMPORTFILE_H

#include "absl/status/statusor.h"
#include "compiler/Driver/Compile.h"
#include "frontends/onnx/Ingest/Model.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "passes/Weights/WeightStore.h"

#include <memory>

namespace ingot {

class DiagnosticCollector;

/// A model at the end of the import stage.
struct ImportedModel {
  std::unique_ptr<ingest::Model> model; ///< owns the mapped files that `weights` points into
  WeightStore weights;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// Reads, validates and imports `options.input`. `diagnostics` learns what the nodes are called.
absl::StatusOr<ImportedModel> importFile(mlir::MLIRContext &context, const CompileOptions &options, DiagnosticCollector &diagnostics);

/// All nodes of a graph and of the graphs inside of them.
void walkNodes(const onnx::GraphProto &graph, llvm::function_ref<void(const onnx::NodeProto &)> visit);

} // namespace ingot

#endif

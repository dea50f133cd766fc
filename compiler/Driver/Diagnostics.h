// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_DRIVER_DIAGNOSTICS_H
#define COMPILER_DRIVER_DIAGNOSTICS_H

#include "absl/status/status.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringMap.h"

#include <string>
#include <vector>

namespace ingot {

/// Collects the errors of passes and the importer as lines "node 'conv1' (Conv, ai.onnx opset 17): message", and makes a status of them.
class DiagnosticCollector {
public:
  explicit DiagnosticCollector(mlir::MLIRContext &context);

  /// What is printed for the node of a name; without one, a name is taken for that of an input, a weight or the graph, which the message names
  /// itself.
  void describeNode(llvm::StringRef name, std::string description) { nodes.try_emplace(name, std::move(description)); }
  /// That description and ": "; empty for a name without one.
  std::string describe(llvm::StringRef name) const;

  /// `what` is the message when something failed without saying why.
  absl::Status status(const std::string &what) const { return status(absl::InternalError(what)); }
  /// `otherwise` is the failure itself when no diagnostic explains it.
  absl::Status status(const absl::Status &otherwise) const;

  /// Where the code of a module in which kernels are emitted can fail at run time, and why, by number.
  std::vector<std::string> failureSites(mlir::ModuleOp module) const;

private:
  std::vector<std::string> lines;
  llvm::StringMap<std::string> nodes;
  mlir::ScopedDiagnosticHandler handler;
};

/// The ONNX node that a location stands for; empty when it names none.
std::string nodeNameOf(mlir::Location location);

} // namespace ingot

#endif

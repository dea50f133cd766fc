// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_DRIVER_DIAGNOSTICS_H
#define COMPILER_DRIVER_DIAGNOSTICS_H

#include "absl/status/status.h"
#include "mlir/IR/Diagnostics.h"

#include <string>
#include <vector>

namespace ingot {

/// Collects the errors of passes and the importer as lines "node 'conv1': message", and makes a status of them.
class DiagnosticCollector {
public:
  explicit DiagnosticCollector(mlir::MLIRContext &context);

  /// `what` is the message when something failed without saying why.
  absl::Status status(const std::string &what) const;

private:
  std::vector<std::string> lines;
  mlir::ScopedDiagnosticHandler handler;
};

/// The ONNX node that a location stands for; empty when it names none.
std::string nodeNameOf(mlir::Location location);

} // namespace ingot

#endif

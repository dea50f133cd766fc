// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_DRIVER_WEIGHTEVALUATOR_H
#define COMPILER_DRIVER_WEIGHTEVALUATOR_H

#include "mlir/IR/MLIRContext.h"
#include "passes/Weights/ConstantEvaluator.h"

namespace ingot {
class DiagnosticCollector;
class WeightStore;

/// Computes on the weights of a model in the way in which they are written in the end: by recipes, compiled and run in this process.
class WeightEvaluator : public ConstantEvaluator {
public:
  /// Loads the dialects that recipes are compiled with, as nobody may while passes run.
  WeightEvaluator(mlir::MLIRContext &context, const WeightStore &weights, const DiagnosticCollector &diagnostics);

  std::optional<std::vector<std::vector<float>>> evaluate(llvm::ArrayRef<mlir::Value> values) const override;
  llvm::ArrayRef<char> bytesOf(mlir::Attribute constant) const override;

private:
  const WeightStore &weights;
  const DiagnosticCollector &diagnostics;
};

} // namespace ingot

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_WEIGHTS_CONSTANTEVALUATOR_H
#define PASSES_WEIGHTS_CONSTANTEVALUATOR_H

#include "mlir/IR/Attributes.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/ArrayRef.h"

#include <optional>
#include <vector>

namespace ingot {

/// Gives a pass the elements of values that are computed from constants, where a decision depends on them. Whoever runs the pass brings it: the
/// weights are no part of the IR, and computing on them takes compiled code.
class ConstantEvaluator {
public:
  virtual ~ConstantEvaluator() = default;

  /// The elements of each value, row-major; all `values` belong to the bodies of one function and are tensors of f32. Nothing if they cannot be
  /// computed: the reason then comes when the weights are written.
  virtual std::optional<std::vector<std::vector<float>>> evaluate(llvm::ArrayRef<mlir::Value> values) const = 0;

  /// The elements of the constant as they lie in memory (not aligned); nothing if they are not at hand. Computes and copies nothing.
  virtual llvm::ArrayRef<char> bytesOf(mlir::Attribute constant) const = 0;
};

} // namespace ingot

#endif

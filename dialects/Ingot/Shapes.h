// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef DIALECTS_INGOT_SHAPES_H
#define DIALECTS_INGOT_SHAPES_H

#include "dialects/Ingot/Ingot.h"
#include "mlir/IR/AffineExpr.h"

namespace ingot {

/// The type of a value of the graph: a tensor of a known rank.
inline mlir::RankedTensorType typeOf(mlir::Value value) { return llvm::cast<mlir::RankedTensorType>(value.getType()); }

/// The dims of a tensor as expressions of the model's symbols; static dims are constants. Shape inference computes with these, so it is the same for
/// static and symbolic shapes.
using Dims = llvm::SmallVector<mlir::AffineExpr, 6>;

Dims getDims(mlir::RankedTensorType type);
inline Dims dimsOf(mlir::Value value) { return getDims(typeOf(value)); }

/// The tensor type of these dims: static sizes where the expression is constant, else `?` with an `#ingot.dims` encoding.
mlir::RankedTensorType makeTensorType(llvm::ArrayRef<mlir::AffineExpr> dims, mlir::Type element);

inline std::optional<int64_t> getConstant(mlir::AffineExpr dim) {
  if (auto constant = llvm::dyn_cast<mlir::AffineConstantExpr>(dim))
    return constant.getValue();
  return std::nullopt;
}

/// Whether this dim is 1 for all values of the symbols: only then it broadcasts.
inline bool isOne(mlir::AffineExpr dim) { return getConstant(dim) == 1; }

/// Broadcasts by ONNX's multidirectional rule. Fails when two dims differ and neither is 1.
mlir::FailureOr<Dims> broadcastDims(llvm::ArrayRef<mlir::AffineExpr> a, llvm::ArrayRef<mlir::AffineExpr> b);

/// Output size of a window: floor((in + pads - dilation * (kernel - 1) - 1) / stride) + 1.
mlir::AffineExpr windowDim(mlir::AffineExpr in, int64_t kernel, int64_t stride, int64_t padBegin, int64_t padEnd, int64_t dilation);

/// The type of a tensor of `type` with its dims permuted: `result.dim[i] = type.dim[permutation[i]]`.
mlir::RankedTensorType permuteType(mlir::RankedTensorType type, llvm::ArrayRef<int64_t> permutation);

/// Whether a transpose of a tensor of this shape moves only dims of size 1: a reshape.
bool keepsOrder(llvm::ArrayRef<int64_t> permutation, llvm::ArrayRef<int64_t> shape);

/// The offsets of a slice as expressions of the symbols.
Dims getOffsetDims(SliceOp op);

/// Reports why a result type cannot be inferred. Returns failure.
mlir::LogicalResult inferenceError(std::optional<mlir::Location> location, const llvm::Twine &message);

} // namespace ingot

#endif

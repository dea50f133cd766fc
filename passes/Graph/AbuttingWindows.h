// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_GRAPH_ABUTTINGWINDOWS_H
#define PASSES_GRAPH_ABUTTINGWINDOWS_H

#include "dialects/Ingot/Ingot.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ingot {

/// Whether the windows of a transposed convolution in one or two dims lie side by side, as large as its strides: every input pixel makes a window of
/// its own, which is a product of the pixel's channels.
bool hasAbuttingWindows(ConvTransposeOp op);

/// What the convolution computes, from products of its pixels. `w` holds the weights as [C, kernel..., O]; `product` is asked for the
/// [N, spatial..., columns] that the pixels give with a part of them, [C, columns] but for its shape. In two dims with enough columns there is a
/// product for each row of the windows, whose pixels lie as they should; else there is one, whose pixels a transpose moves.
mlir::Value joinWindows(mlir::ImplicitLocOpBuilder &b, ConvTransposeOp op, mlir::Value w, llvm::function_ref<mlir::Value(mlir::Value)> product);

/// [N, spatial..., C] from [N, C, spatial...] : [0, 2, ..., 1]; the other way is its inverse.
llvm::SmallVector<int64_t> channelsToLast(int64_t rank);

} // namespace ingot

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_QUANTIZE_WEIGHTROUNDING_H
#define COMPILER_COMPRESS_QUANTIZE_WEIGHTROUNDING_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>

namespace ingot::compress {

/// The integers that weights may become: `symmetric` ones are signed and zero is 0; others are unsigned with a zero point.
struct WeightGrid {
  int bits = 8;
  bool symmetric = true;

  int low() const { return symmetric ? -(1 << (bits - 1)) : 0; }
  int high() const { return symmetric ? (1 << (bits - 1)) - 1 : (1 << bits) - 1; }
};

/// w is about (code - zeroPoint) * scale. The scale may be negative: the number of largest magnitude then lies where the grid has one more.
struct BlockScale {
  float scale = 1;
  int zeroPoint = 0;
};

/// The nearest code of a finite number.
int codeOf(float w, const BlockScale &scale, const WeightGrid &grid);

/// Sum of squares of w - (code - zeroPoint) * scale.
double squaredError(llvm::ArrayRef<float> weights, const BlockScale &scale, const WeightGrid &grid);

/// Round to nearest: of a few ranges, each with the scale that fits its codes best (least squares), the one with the least squared error. With
/// `importance`, one per weight, errors count that much.
BlockScale roundToNearest(llvm::ArrayRef<float> weights, const WeightGrid &grid, llvm::ArrayRef<float> importance = {});

/// Half-quadratic quantisation (Badri and Shaji, 2023): the sum of |error|^0.7 instead of the squares, so that outliers keep their errors and the
/// bulk of a block is met better. Scale and zero point are fitted in turn to the weights without what a shrinkage operator takes for outliers.
BlockScale halfQuadratic(llvm::ArrayRef<float> weights, const WeightGrid &grid);

/// The scale for a symmetric grid of whole channels, whose codes go from -127 to 127 (or -63 to 63): the range divided evenly. Never zero.
float channelScale(llvm::ArrayRef<float> weights, int bits);

} // namespace ingot::compress

#endif

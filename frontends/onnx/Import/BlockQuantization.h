// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Scales and zero points of operators, and those of domain com.microsoft on weights that are quantised in blocks.
#ifndef FRONTENDS_ONNX_IMPORT_BLOCKQUANTIZATION_H
#define FRONTENDS_ONNX_IMPORT_BLOCKQUANTIZATION_H

#include "frontends/onnx/Import/Node.h"

namespace ingot::importer {

/// Where a tensor has one scale (and zero point): everywhere, along `axis`, or for `block` elements along it.
struct Quantization {
  mlir::Value scale, point; ///< the point may be null
  int64_t axis = 0, block = 0;
};

/// Floats times (or divided by) the scale of each of them, in their own type. Nothing is read of the point.
mlir::Value scaleFloats(TensorBuilder &t, mlir::Value x, const Quantization &q, BinaryKind kind = BinaryKind::Mul);

/// What a scale that is constant must be.
enum class ScaleUse { Multiplies, Divides };

/// Reports a constant scale among the elements of an operand that gives no numbers: NaN, infinity, and where it divides 0 and denormal ones.
bool checkScales(Node &n, unsigned index, ScaleUse use);

void importMatMulNBits(Node &n);
void importGatherBlockQuantized(Node &n);

} // namespace ingot::importer

#endif

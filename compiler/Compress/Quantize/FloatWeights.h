// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_QUANTIZE_FLOATWEIGHTS_H
#define COMPILER_COMPRESS_QUANTIZE_FLOATWEIGHTS_H

#include "compiler/Compress/Edit/NodeSelection.h"
#include "compiler/Compress/Quantize/QuantizeOptions.h"

namespace ingot::compress {

/// Stores the weights of MatMul, Gemm and Conv as narrower floats, rounded to nearest. Floats of 16 bits have a Cast behind them; weights that are
/// too large for float16 are left alone. Floats of 8 bits have a DequantizeLinear behind them with a scale for each channel, or for each block of
/// `blockSize` weights of a matrix's channel, by which the largest weight becomes the largest number of the type.
absl::Status storeFloats(ModelEditor &editor, const NodeSelection &selection, FloatType type, std::optional<int64_t> blockSize,
                         QuantizeSummary &summary);

/// Rounds numbers to floats of 8 bits: to nearest, ties to even; what is too large becomes the largest number.
class ByteFloats {
public:
  explicit ByteFloats(FloatType type);

  float largest() const { return most; }
  uint8_t operator()(float value) const;

private:
  float most;
  std::vector<uint8_t> codes; ///< by the upper 16 bits of a float, the last of them set where any below is: rounding needs no more
};

} // namespace ingot::compress

#endif

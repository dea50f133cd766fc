// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_QUANTIZE_HALFWEIGHTS_H
#define COMPILER_COMPRESS_QUANTIZE_HALFWEIGHTS_H

#include "compiler/Compress/Edit/NodeSelection.h"
#include "compiler/Compress/Quantize/QuantizeOptions.h"

namespace ingot::compress {

/// Stores the weights of MatMul, Gemm and Conv as floats of 16 bits, rounded to nearest, with a Cast behind each. Weights that are too large for
/// float16 are left alone.
absl::Status storeHalves(ModelEditor &editor, const NodeSelection &selection, HalfType type, QuantizeSummary &summary);

} // namespace ingot::compress

#endif

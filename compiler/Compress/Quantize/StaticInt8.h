// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_QUANTIZE_STATICINT8_H
#define COMPILER_COMPRESS_QUANTIZE_STATICINT8_H

#include "compiler/Compress/Edit/Products.h"
#include "compiler/Compress/Quantize/QuantizeOptions.h"

namespace ingot::compress {

/// Pairs of QuantizeLinear and DequantizeLinear around products, with ranges that samples had, so that bytes flow from one to the next.
absl::Status quantizeStatic(ModelEditor &editor, const NodeSelection &selection, const QuantizeOptions &options, QuantizeSummary &summary);

} // namespace ingot::compress

#endif

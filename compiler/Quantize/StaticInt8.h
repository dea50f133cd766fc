// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_QUANTIZE_STATICINT8_H
#define COMPILER_QUANTIZE_STATICINT8_H

#include "compiler/Quantize/Products.h"

namespace ingot::quantize {

/// Pairs of QuantizeLinear and DequantizeLinear around products, with ranges that samples had, so that bytes flow from one to the next.
absl::Status quantizeStatic(ModelEditor &editor, const NodeSelection &selection, const QuantizeOptions &options, QuantizeSummary &summary);

} // namespace ingot::quantize

#endif

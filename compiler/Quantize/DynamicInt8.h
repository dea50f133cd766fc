// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_QUANTIZE_DYNAMICINT8_H
#define COMPILER_QUANTIZE_DYNAMICINT8_H

#include "compiler/Quantize/Products.h"

namespace ingot::quantize {

/// Products of bytes whose left side is quantised in each run, by the range that it has there.
absl::Status quantizeDynamic(ModelEditor &editor, const NodeSelection &selection, const QuantizeOptions &options, QuantizeSummary &summary);

} // namespace ingot::quantize

#endif

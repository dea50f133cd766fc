// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_QUANTIZE_DYNAMICINT8_H
#define COMPILER_COMPRESS_QUANTIZE_DYNAMICINT8_H

#include "compiler/Compress/Edit/Products.h"
#include "compiler/Compress/Quantize/QuantizeOptions.h"

namespace ingot::compress {

/// Products of bytes whose left side is quantised in each run, by the range that it has there.
absl::Status quantizeDynamic(ModelEditor &editor, const NodeSelection &selection, const QuantizeOptions &options, QuantizeSummary &summary);

} // namespace ingot::compress

#endif

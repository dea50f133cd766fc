// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_QUANTIZE_WEIGHTONLY_H
#define COMPILER_COMPRESS_QUANTIZE_WEIGHTONLY_H

#include "compiler/Compress/Edit/Products.h"
#include "compiler/Compress/Quantize/QuantizeOptions.h"

namespace ingot::compress {

/// Stores the weights of products, and of lookups that the user lists, in blocks of integers.
absl::Status quantizeWeightsOnly(ModelEditor &editor, const NodeSelection &selection, const QuantizeOptions &options, QuantizeSummary &summary);

} // namespace ingot::compress

#endif

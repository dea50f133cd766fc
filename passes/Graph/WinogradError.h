// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_GRAPH_WINOGRADERROR_H
#define PASSES_GRAPH_WINOGRADERROR_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>

namespace ingot {

/// The largest error of F(tile x tile, 3 x 3) in f32 with these filters, as a part of the largest result: measured on some tiles of synthetic pixels
/// (what a Relu leaves of noise) and some of the output channels, against the sums in f64. `packed` are the filters as a channels-last convolution
/// has them: [panels][9 * inputs][16].
double winogradError(int64_t tile, int64_t inputs, int64_t outputs, llvm::ArrayRef<float> packed);

} // namespace ingot

#endif

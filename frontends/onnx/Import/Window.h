// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef FRONTENDS_ONNX_IMPORT_WINDOW_H
#define FRONTENDS_ONNX_IMPORT_WINDOW_H

#include "frontends/onnx/Import/Node.h"

namespace ingot::importer {

/// The window of a convolution or pool: one entry per spatial dim, for `pads` two (all begins, then all ends).
struct Window {
  Ints kernel, strides, dilations, pads;
  size_t rank() const { return kernel.size(); }
};

/// Reads the attributes of `n`, whose operand 0 is [N, C, spatial...]; `auto_pad` becomes numbers. Lists of a wrong length are reported.
std::optional<Window> readWindow(Node &n, Ints kernel);

/// A convolution without bias, channels first.
mlir::Value convolve(Node &n, mlir::Value x, mlir::Value w, const Window &window);

/// Adds `bias [C]` to `x [N, C, spatial...]`; nothing to add is fine.
mlir::Value addBias(Node &n, mlir::Value x, mlir::Value bias);

/// [C] as [C, 1...], which broadcasts along the dims after the channels of a tensor of `rank`.
mlir::Value perChannel(Node &n, mlir::Value vector, int64_t rank);

} // namespace ingot::importer

#endif

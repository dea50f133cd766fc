// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_COMPRESS_FLOATPRODUCTS_H
#define PASSES_COMPRESS_FLOATPRODUCTS_H

#include "dialects/Ingot/Ingot.h"

namespace ingot {

/// A product or convolution of floats that stand for integers, and why it does not multiply the integers.
struct FloatProduct {
  mlir::Operation *op;
  std::string reason; ///< as "its weights are no constant"
};

/// What `ingot-form-integer-products` has left of quantised models below `root`.
std::vector<FloatProduct> findFloatProducts(mlir::Operation *root);

} // namespace ingot

#endif

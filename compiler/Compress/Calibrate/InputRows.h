// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_CALIBRATE_INPUTROWS_H
#define COMPILER_COMPRESS_CALIBRATE_INPUTROWS_H

#include "compiler/Compress/Edit/Products.h"

namespace ingot::compress {

/// How the rows that a product multiplies by its weights lie in its activation: one behind the other, or, of a convolution, as the patches under its
/// filter, the channels of a tap together. The groups of a convolution have rows of their own.
struct InputRows {
  std::string value;                                                         ///< the activation
  int64_t depth = 0;                                                         ///< of a row
  std::vector<int64_t> dims = {};                                            ///< of a convolution's activation; -1, at most once: any
  std::vector<int64_t> kernel = {}, strides = {}, dilations = {}, pads = {}; ///< of a convolution; pads: all begins, then all ends
  int64_t firstChannel = 0;                                                  ///< of those that the filters of a convolution's group look at

  bool operator==(const InputRows &) const = default;

  /// The rows in what a run made of the activation; of a convolution at most `kMostPatches`, evenly spread. `storage` may hold them.
  llvm::ArrayRef<float> rowsOf(llvm::ArrayRef<float> data, std::vector<float> &storage) const;
  /// The same rows of a tensor that the product made of this activation, of `inputs` elements: an element of each channel.
  llvm::ArrayRef<float> resultRowsOf(llvm::ArrayRef<float> result, size_t inputs, std::vector<float> &storage) const;
  static constexpr int64_t kMostPatches = 1024;

private:
  struct Places;
  Places placesOf(size_t elements) const;
};

/// The rows of a product, those of each group apart, or none with a reason.
std::vector<InputRows> inputRows(const ModelEditor &editor, const Product &product, std::string &reason);

} // namespace ingot::compress

#endif

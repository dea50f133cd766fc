// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_EDIT_PRODUCTS_H
#define COMPILER_COMPRESS_EDIT_PRODUCTS_H

#include "compiler/Compress/Edit/ModelEditor.h"
#include "compiler/Compress/Edit/NodeSelection.h"

namespace ingot::compress {

/// A node that stays as it is although it could have been meant, and why.
struct LeftAlone {
  std::string node, op, reason;
};

/// The constant weights of a MatMul, Gemm, Conv or ConvTranspose: `channels` outputs, each made of `depth` weights.
struct Weights {
  std::string name;
  std::vector<int64_t> dims;
  int64_t channels = 0, depth = 0, channelStride = 0, depthStride = 0; ///< in elements
  int64_t depthRun = 1;                                                ///< so many weights of a channel lie side by side before the next stride
  int channelAxis = 0;                                                 ///< of `dims`
  std::vector<float> factors = {};                                     ///< by which the weights of each channel are multiplied; none: 1

  /// Where weight `k` of `channel` lies.
  int64_t placeOf(int64_t channel, int64_t k) const { return channel * channelStride + k / depthRun * depthStride + k % depthRun; }
};

/// A node with constant weights.
struct Product {
  int node = 0;
  int weightInput = 1;
  Weights weights;
};

/// The nodes of the main graph that the user wants and whose weights can be changed, in order. Operators are MatMul, Gemm and Conv, and ConvTranspose
/// for those who name it; `defaults` holds what is meant when the user gives no list. The others that could have been meant are added to `leftAlone`,
/// with a reason.
std::vector<Product> findProducts(const ModelEditor &editor, const NodeSelection &selection, llvm::ArrayRef<llvm::StringRef> defaults,
                                  std::vector<LeftAlone> &leftAlone);

/// A MatMul, Gemm or Conv whose constant weights are floats that can be changed; nothing for other nodes.
std::optional<Product> findProduct(const ModelEditor &editor, int node);

/// Reads channels of weights of f32 as they lie in the file.
class ChannelReader {
public:
  static absl::StatusOr<ChannelReader> open(const ModelEditor &editor, const Weights &weights);
  void read(int64_t channel, llvm::MutableArrayRef<float> into) const;
  /// Whether all weights are numbers.
  bool allFinite() const;

private:
  ChannelReader(ingest::Initializer data, const Weights &weights) : data(std::move(data)), weights(weights) {}

  ingest::Initializer data;
  Weights weights;
};

/// Constant floats of any size, in order.
absl::StatusOr<std::vector<float>> readFloats(const ModelEditor &editor, llvm::StringRef name);

} // namespace ingot::compress

#endif

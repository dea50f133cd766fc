// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_PRUNE_CHANNELFLOW_H
#define COMPILER_COMPRESS_PRUNE_CHANNELFLOW_H

#include "compiler/Compress/Edit/Products.h"
#include "compiler/Compress/Prune/ChannelSets.h"

#include <set>

namespace ingot::compress {

/// A value along whose `axis` places may go; the sizes of all others stay.
struct ChannelValue {
  int axis = 0;
  Channels channels;
};

/// Where the outputs of products go and what has to become smaller with them: a dependency analysis (Fang et al., "DepGraph: towards any structural
/// pruning", 2023) place by place, so that joins, slices and flattened images need no case of their own. An operator that is not known to go
/// channel by channel needs all of them: they stay.
struct ChannelFlow {
  ChannelSets sets;
  llvm::StringMap<ChannelValue> values;                             ///< those with channels, by name
  std::map<std::pair<int, int>, std::map<int, Channels>> constants; ///< axes of constants, by node and input
  std::map<int, Channels> outputs;                                  ///< of products, by node
  std::map<int, Channels> groups;                                   ///< of depthwise convolutions: one group for each channel
  std::map<int, std::map<int, Channels>> sizes; ///< of Reshape and Split: numbers that are counts of channels, by node and position
  static ChannelFlow find(const ModelEditor &editor, llvm::ArrayRef<Product> products, llvm::ArrayRef<LeftAlone> leftAlone);
};

} // namespace ingot::compress

#endif

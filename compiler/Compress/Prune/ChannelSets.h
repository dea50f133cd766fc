// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_PRUNE_CHANNELSETS_H
#define COMPILER_COMPRESS_PRUNE_CHANNELSETS_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ingot::compress {

/// Which channel each place along an axis belongs to, by number.
using Channels = std::vector<int32_t>;

/// The channels of a model, in sets of those that can only be removed together.
class ChannelSets {
public:
  Channels add(int64_t count);
  /// The number that stands for the set of a channel.
  int32_t find(int32_t channel) const;
  void unite(llvm::ArrayRef<int32_t> some, llvm::ArrayRef<int32_t> others);
  /// They have to stay; the first reason counts.
  void pin(llvm::ArrayRef<int32_t> channels, const std::string &reason);
  /// Why a channel has to stay; empty: it may go.
  std::string reasonToStay(int32_t channel) const;

private:
  mutable std::vector<int32_t> parents;
  std::map<int32_t, std::string> pinned; ///< by the number of the set
};

} // namespace ingot::compress

#endif

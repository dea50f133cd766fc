// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Prune/ChannelSets.h"

#include "llvm/ADT/STLExtras.h"

#include <numeric>

namespace ingot::compress {

Channels ChannelSets::add(int64_t count) {
  Channels fresh(count);
  std::iota(fresh.begin(), fresh.end(), static_cast<int32_t>(parents.size()));
  parents.insert(parents.end(), fresh.begin(), fresh.end());
  return fresh;
}

int32_t ChannelSets::find(int32_t channel) const {
  while (parents[channel] != channel)
    channel = parents[channel] = parents[parents[channel]];
  return channel;
}

void ChannelSets::unite(llvm::ArrayRef<int32_t> some, llvm::ArrayRef<int32_t> others) {
  for (auto [one, other] : llvm::zip_equal(some, others)) {
    int32_t from = find(other), to = find(one);
    if (from == to)
      continue;
    parents[from] = to;
    if (auto it = pinned.find(from); it != pinned.end()) {
      pinned.try_emplace(to, std::move(it->second));
      pinned.erase(it);
    }
  }
}

void ChannelSets::pin(llvm::ArrayRef<int32_t> channels, const std::string &reason) {
  for (int32_t channel : channels)
    pinned.try_emplace(find(channel), reason);
}

std::string ChannelSets::reasonToStay(int32_t channel) const {
  auto it = pinned.find(find(channel));
  return it == pinned.end() ? "" : it->second;
}

} // namespace ingot::compress

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Weights/WeightStore.h"

#include <cassert>

using namespace mlir;

namespace ingot {

int64_t getElementBytes(Type element) { return (element.getIntOrFloatBitWidth() + 7) / 8; }

int64_t WeightStore::add(llvm::StringRef name, RankedTensorType type, llvm::ArrayRef<char> bytes, std::shared_ptr<const void> keepAlive) {
  assert(static_cast<int64_t>(bytes.size()) == type.getNumElements() * getElementBytes(type.getElementType()) &&
         "a weight's bytes must match its type");
  weights.push_back({name.str(), type, std::move(keepAlive), bytes});
  return weights.size() - 1;
}

int64_t WeightStore::addOwned(llvm::StringRef name, RankedTensorType type, std::string bytes) {
  auto owner = std::make_shared<const std::string>(std::move(bytes));
  return add(name, type, {owner->data(), owner->size()}, owner);
}

int64_t WeightStore::addView(int64_t id, RankedTensorType type, int64_t byteOffset) {
  const Weight &base = weights[id];
  return add(base.name, type, base.bytes.slice(byteOffset, type.getNumElements() * getElementBytes(type.getElementType())), base.keepAlive);
}

} // namespace ingot

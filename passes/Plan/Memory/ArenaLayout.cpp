// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/Memory/ArenaLayout.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

namespace ingot {

int64_t placeInArena(llvm::MutableArrayRef<ArenaBuffer> buffers) {
  llvm::SmallVector<ArenaBuffer *> order, placed;
  for (ArenaBuffer &buffer : buffers)
    order.push_back(&buffer);
  llvm::sort(order, [](const ArenaBuffer *a, const ArenaBuffer *b) {
    return a->bytes != b->bytes ? a->bytes > b->bytes : a < b;
  }); // by position: always the same
  int64_t size = 0;
  for (ArenaBuffer *buffer : order) {
    // `placed` is sorted by offset: walk over the buffers alive at the same time and stop at the first gap that is wide enough.
    int64_t offset = 0;
    for (ArenaBuffer *other : placed) {
      if (other->last < buffer->first || buffer->last < other->first)
        continue;
      if (other->offset >= offset + buffer->bytes)
        break;
      offset = std::max<int64_t>(offset, llvm::alignTo(other->offset + other->bytes, kBufferAlignment));
    }
    buffer->offset = offset;
    size = std::max<int64_t>(size, llvm::alignTo(offset + buffer->bytes, kBufferAlignment));
    placed.insert(llvm::upper_bound(placed, buffer, [](const ArenaBuffer *a, const ArenaBuffer *b) { return a->offset < b->offset; }), buffer);
  }
  return size;
}

} // namespace ingot

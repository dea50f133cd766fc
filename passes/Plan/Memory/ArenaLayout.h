// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_PLAN_ARENALAYOUT_H
#define PASSES_PLAN_ARENALAYOUT_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

namespace ingot {

/// A buffer that is needed from step `first` to step `last`, both included.
struct ArenaBuffer {
  int64_t bytes;
  int64_t first, last;
  int64_t offset = -1; ///< filled in by `placeInArena`
};

/// Alignment of every buffer in the arena and of every weight, in bytes: a cache line, and the widest vector.
inline constexpr int64_t kBufferAlignment = 64;

/// Gives every buffer an offset such that buffers alive at one step do not overlap, largest first at the lowest offset that is free. Returns the
/// bytes of the arena.
int64_t placeInArena(llvm::MutableArrayRef<ArenaBuffer> buffers);

} // namespace ingot

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_PLAN_SHAREPLACES_H
#define PASSES_PLAN_SHAREPLACES_H

#include "passes/Plan/Memory/ArenaLayout.h"
#include "llvm/ADT/StringRef.h"

namespace ingot {

/// On a model's function, set by `ingot-keep-shares`: `ingot-plan-buffers` moves buffers so that threads write where they wrote before. Says how many
/// bytes of a run with two threads are written where the other thread was last, before and after.
inline constexpr llvm::StringLiteral kSharesAttr = "ingot.shares";

/// Moves buffers that `placeInArena` has placed, within `arenaBytes` and never onto others alive at the same time, so that a thread writes where it
/// wrote before. Threads take bands of a buffer in order: the first one its beginning, the last one its end. Where the beginnings or the middles of
/// two buffers do not lie where those before them lay, cache lines go from core to core; where a place has not been used for long, they come from
/// further away than the second-level caches. Of `l2Bytes` each core has one.
void keepSharesInPlace(llvm::MutableArrayRef<ArenaBuffer> buffers, int64_t arenaBytes, int64_t l2Bytes);

/// The bytes that the other one of two threads used last when a run writes them.
int64_t bytesThatChangeThreads(llvm::ArrayRef<ArenaBuffer> buffers);

} // namespace ingot

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Threads that are done take over what others have not begun. Each thread offers its share of a region in one word, which only it writes until
// somebody else is done: taking from its own word costs a locked instruction on a line that the core has already. Pieces are a quarter of what is
// left (guided self-scheduling, Polychronopoulos and Kuck 1987): few while there is much to do, small at the end.
//
// A word outlives its region. It is safe to look at at any time: who asks names the region, numbers between two barriers are different, and a thread
// leaves a region only when nothing of its own share is offered any more.
#include "Shares.h"

enum {
  STEP_BITS = 24,
  PART = 4,  // of what is left is taken at a time
  LOOKS = 64 // at the words of so many threads at most: each is a cache line of another core
};

typedef struct Steps {
  uint64_t region, begin, end;
} Steps;

static uint64_t pack(Steps steps) { return steps.region << 2 * STEP_BITS | steps.begin << STEP_BITS | steps.end; }

static Steps unpack(uint64_t word) {
  const uint64_t mask = ((uint64_t)1 << STEP_BITS) - 1;
  return (Steps){word >> 2 * STEP_BITS, word >> STEP_BITS & mask, word & mask};
}

/// Where the next piece ends that is taken from the front, or begins that is taken from the back.
static uint64_t cut(Steps left, uint64_t grain, bool front) {
  const uint64_t count = left.end - left.begin, part = (count + PART - 1) / PART, length = part > grain ? part : grain;
  if (length >= count)
    return front ? left.end : left.begin;
  const uint64_t place = front ? (left.begin + length + grain - 1) / grain * grain : (left.end - length) / grain * grain;
  if (place <= left.begin || place >= left.end)
    return front ? left.end : left.begin;
  return place;
}

/// 0: nothing of the region is offered there.
static uint64_t take_from(IngotOffer *offer, uint64_t region, uint64_t grain, bool front) {
  uint64_t word = atomic_load_explicit(&offer->steps, memory_order_relaxed);
  for (;;) {
    const Steps steps = unpack(word);
    if (steps.region != region || steps.begin >= steps.end)
      return 0;
    const uint64_t place = cut(steps, grain, front);
    const Steps left = front ? (Steps){region, place, steps.end} : (Steps){region, steps.begin, place};
    // What the region reads was there for all threads at the last barrier: nothing is handed over but the numbers.
    if (atomic_compare_exchange_weak_explicit(&offer->steps, &word, pack(left), memory_order_relaxed, memory_order_relaxed))
      return front ? steps.begin << STEP_BITS | place : place << STEP_BITS | steps.end;
  }
}

int64_t ingot_team_offer(IngotTeam *team, int64_t thread, int64_t region, int64_t begin, int64_t end, int64_t grain) {
  uint32_t threads;
  IngotOffer *offers = ingot_team_offers(team, &threads);
  if (!offers || begin >= end)
    return end;
  const Steps share = {(uint64_t)region, (uint64_t)begin, (uint64_t)end};
  const uint64_t place = cut(share, (uint64_t)grain, /*front=*/true);
  atomic_store_explicit(&offers[thread].steps, pack((Steps){share.region, place, share.end}), memory_order_relaxed);
  return (int64_t)place;
}

int64_t ingot_team_take(IngotTeam *team, int64_t thread, int64_t region, int64_t grain) {
  uint32_t threads;
  IngotOffer *offers = ingot_team_offers(team, &threads);
  if (!offers)
    return 0;
  for (uint32_t i = 0; i < threads && i < LOOKS; ++i) {
    const uint64_t owner = ((uint64_t)thread + i) % threads;
    const uint64_t piece = take_from(&offers[owner], (uint64_t)region, (uint64_t)grain, /*front=*/i == 0);
    if (piece != 0)
      return (int64_t)(owner << 2 * STEP_BITS | piece);
  }
  return 0;
}

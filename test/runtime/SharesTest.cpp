// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shares that threads take over from each other: every step is run once, whoever runs it; pieces begin at multiples of the grain; a thread that is
// late keeps nobody waiting for what it has not begun.
#include "runtime/src/Internal.h"

#include <atomic>
#include <cstdlib>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace {

struct Piece {
  int64_t owner, begin, end;
};

Piece unpack(int64_t taken) { return {taken >> 48, taken >> 24 & 0xffffff, taken & 0xffffff}; }

/// What the threads of one run do, and what came of it.
struct Work {
  int64_t steps = 0, grain = 1, regions = 1;
  bool isSlow = false; ///< thread 0 waits in its first piece until everything else is done
  std::vector<std::atomic<int>> times;
  std::atomic<int64_t> done{0}, misplaced{0}, byOthers{0};

  explicit Work(int64_t steps, int64_t grain = 1, int64_t regions = 1) : steps(steps), grain(grain), regions(regions), times(steps * regions) {}

  int64_t boundOf(int64_t thread, int64_t threads) const { return steps * thread / threads; }

  void run(int64_t region, int64_t thread, int64_t threads, const Piece &piece) {
    misplaced += piece.begin % grain != 0 && piece.begin != boundOf(piece.owner, threads);
    byOthers += thread != piece.owner ? piece.end - piece.begin : 0;
    for (int64_t step = piece.begin; step < piece.end; ++step)
      ++times[region * steps + step];
    done += piece.end - piece.begin;
  }
};

void runPieces(IngotCall *call, int64_t thread, int64_t threads) {
  Work &work = *reinterpret_cast<Work *>(call->arena);
  for (int64_t region = 0; region < work.regions; ++region) {
    const int64_t begin = work.boundOf(thread, threads), end = work.boundOf(thread + 1, threads);
    Piece piece = {thread, begin, ingot_team_offer(call->team, thread, region, begin, end, work.grain)};
    const int64_t first = piece.end - piece.begin;
    if (work.isSlow)
      ingot_team_barrier(call->team); // who has not come yet has offered nothing
    while (work.isSlow && thread == 0 && work.done < work.steps - first)
      std::this_thread::yield();
    for (int64_t taken; work.run(region, thread, threads, piece), (taken = ingot_team_take(call->team, thread, region, work.grain)) != 0;)
      piece = unpack(taken);
  }
}

class SharesTest : public testing::TestWithParam<uint32_t> {
protected:
  void run(Work &work) {
    IngotCall call{};
    call.arena = reinterpret_cast<uint8_t *>(&work);
    const TeamSetup setup = {GetParam(), runPieces, &call, nullptr};
    void *memory = std::aligned_alloc(INGOT_ALIGNMENT, ingot_team_bytes(GetParam()));
    ASSERT_EQ(ingot_team_open(&setup, memory, &call.team), INGOT_OK);
    for (int i = 0; i < 20; ++i) {
      for (std::atomic<int> &times : work.times)
        times = 0;
      work.done = 0;
      ASSERT_EQ(ingot_team_run(call.team), INGOT_OK);
      for (size_t step = 0; step < work.times.size(); ++step)
        ASSERT_EQ(work.times[step], 1) << "step " << step << ", run " << i;
    }
    ingot_team_close(call.team);
    std::free(memory);
  }
};
INSTANTIATE_TEST_SUITE_P(Threads, SharesTest, testing::Range(1u, 8u));

TEST_P(SharesTest, EveryStepIsRunOnce) {
  for (int64_t steps : {0, 1, 5, 7, 64, 1000}) {
    Work work(steps, 1, /*regions=*/9); // with no barrier between them
    run(work);
  }
}

TEST_P(SharesTest, PiecesBeginAtMultiplesOfTheGrain) {
  for (int64_t grain : {2, 3, 8}) {
    Work work(1000, grain);
    run(work);
    EXPECT_EQ(work.misplaced, 0);
  }
}

TEST_P(SharesTest, OthersTakeOverWhatALateThreadHasNotBegun) {
  Work work(1000);
  work.isSlow = true;
  run(work); // would not end if thread 0 had to come to its last pieces itself
  EXPECT_EQ(work.byOthers > 0, GetParam() > 1);
}

TEST(SharesOfOneThread, AreNotDivided) {
  EXPECT_EQ(ingot_team_offer(nullptr, 0, 3, 5, 100, 1), 100);
  EXPECT_EQ(ingot_team_take(nullptr, 0, 3, 1), 0);
}

} // namespace

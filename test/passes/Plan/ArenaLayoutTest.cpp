// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/Memory/ArenaLayout.h"

#include <gtest/gtest.h>

#include <random>

namespace ingot {
namespace {

bool aliveTogether(const ArenaBuffer &a, const ArenaBuffer &b) { return a.first <= b.last && b.first <= a.last; }

/// The most bytes alive at one step: no layout can be smaller.
int64_t lowerBound(const std::vector<ArenaBuffer> &buffers, int64_t steps) {
  int64_t most = 0;
  for (int64_t step = 0; step < steps; ++step) {
    int64_t bytes = 0;
    for (const ArenaBuffer &buffer : buffers)
      bytes += buffer.first <= step && step <= buffer.last ? buffer.bytes : 0;
    most = std::max(most, bytes);
  }
  return most;
}

TEST(ArenaLayout, NothingNeedsNothing) { EXPECT_EQ(placeInArena({}), 0); }

TEST(ArenaLayout, BuffersOfDifferentTimesShareAPlace) {
  std::vector<ArenaBuffer> buffers = {{1000, 0, 1}, {1000, 2, 3}};
  EXPECT_EQ(placeInArena(buffers), 1024);
  EXPECT_EQ(buffers[0].offset, buffers[1].offset);
}

TEST(ArenaLayout, TheLastReaderAndTheNextWriterMeetInAStep) {
  std::vector<ArenaBuffer> buffers = {{64, 0, 1}, {64, 1, 2}};
  EXPECT_EQ(placeInArena(buffers), 128);
}

TEST(ArenaLayout, ASmallBufferFillsTheGapBetweenLargeOnes) {
  // While the small one lives, the middle of the three large ones is gone.
  std::vector<ArenaBuffer> buffers = {{4096, 0, 9}, {2048, 0, 3}, {1024, 0, 9}, {512, 5, 9}};
  EXPECT_EQ(placeInArena(buffers), 4096 + 2048 + 1024);
  EXPECT_EQ(buffers[3].offset, buffers[1].offset);
}

TEST(ArenaLayout, RandomLifetimesDoNotOverlapAndAreAligned) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    std::vector<ArenaBuffer> buffers;
    for (int i = 0; i < 40; ++i) {
      int64_t first = random() % 30;
      buffers.push_back({static_cast<int64_t>(random() % 5000) + 1, first, first + static_cast<int64_t>(random() % 6)});
    }
    int64_t size = placeInArena(buffers);
    EXPECT_GE(size, lowerBound(buffers, 40));
    for (size_t i = 0; i < buffers.size(); ++i) {
      ASSERT_EQ(buffers[i].offset % kBufferAlignment, 0);
      ASSERT_LE(buffers[i].offset + buffers[i].bytes, size);
      for (size_t j = 0; j < i; ++j)
        if (aliveTogether(buffers[i], buffers[j]))
          ASSERT_TRUE(buffers[i].offset + buffers[i].bytes <= buffers[j].offset || buffers[j].offset + buffers[j].bytes <= buffers[i].offset);
    }
  }
}

} // namespace
} // namespace ingot

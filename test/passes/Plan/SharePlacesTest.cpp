// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/Memory/SharePlaces.h"

#include <gtest/gtest.h>

#include <random>

namespace ingot {
namespace {

constexpr int64_t kL2Bytes = 1 << 20;

bool meet(const ArenaBuffer &a, const ArenaBuffer &b) { return a.first <= b.last && b.first <= a.last; }

TEST(SharePlaces, NothingHasNoPlaces) {
  keepSharesInPlace({}, 0, kL2Bytes);
  EXPECT_EQ(bytesThatChangeThreads({}), 0);
}

TEST(SharePlaces, BuffersOfOneSizeStayWhereTheyAre) {
  std::vector<ArenaBuffer> buffers = {{65536, 0, 1}, {65536, 1, 2}, {65536, 2, 3}, {65536, 3, 4}};
  int64_t bytes = placeInArena(buffers);
  EXPECT_EQ(bytesThatChangeThreads(buffers), 0);
  std::vector<ArenaBuffer> before = buffers;
  keepSharesInPlace(buffers, bytes, kL2Bytes);
  for (size_t i = 0; i < buffers.size(); ++i)
    EXPECT_EQ(buffers[i].offset, before[i].offset);
}

TEST(SharePlaces, ASmallBufferMovesToTheMiddleOfALargeOne) {
  // Both threads write the large buffer; the small one at its beginning would be the first thread's memory alone.
  std::vector<ArenaBuffer> buffers = {{131072, 0, 0}, {32768, 1, 1}};
  int64_t bytes = placeInArena(buffers);
  ASSERT_EQ(buffers[1].offset, 0);
  EXPECT_EQ(bytesThatChangeThreads(buffers), 16384 + 16384); // its second half, and back in the next run
  keepSharesInPlace(buffers, bytes, kL2Bytes);
  EXPECT_EQ(bytesThatChangeThreads(buffers), 0);
  EXPECT_EQ(buffers[1].offset + buffers[1].bytes / 2, buffers[0].offset + buffers[0].bytes / 2);
}

TEST(SharePlaces, ABufferStaysBelowOneThatIsAliveWithIt) {
  std::vector<ArenaBuffer> buffers = {{131072, 0, 0}, {32768, 1, 2}, {98304, 2, 3}};
  int64_t bytes = placeInArena(buffers);
  keepSharesInPlace(buffers, bytes, kL2Bytes);
  EXPECT_TRUE(buffers[1].offset + buffers[1].bytes <= buffers[2].offset || buffers[2].offset + buffers[2].bytes <= buffers[1].offset);
}

TEST(SharePlaces, RandomLifetimesStayApartInTheSameArena) {
  std::mt19937 random(11);
  int64_t before = 0, after = 0;
  for (int round = 0; round < 30; ++round) {
    std::vector<ArenaBuffer> buffers;
    for (int i = 0; i < 40; ++i) {
      int64_t first = random() % 30;
      buffers.push_back({static_cast<int64_t>(random() % 200000) + 1, first, first + static_cast<int64_t>(random() % 4)});
    }
    int64_t bytes = placeInArena(buffers);
    before += bytesThatChangeThreads(buffers);
    std::vector<ArenaBuffer> again = buffers;
    keepSharesInPlace(buffers, bytes, kL2Bytes);
    keepSharesInPlace(again, bytes, kL2Bytes);
    after += bytesThatChangeThreads(buffers);
    for (size_t i = 0; i < buffers.size(); ++i) {
      EXPECT_EQ(buffers[i].offset, again[i].offset); // always the same
      ASSERT_EQ(buffers[i].offset % kBufferAlignment, 0);
      ASSERT_GE(buffers[i].offset, 0);
      ASSERT_LE(buffers[i].offset + buffers[i].bytes, bytes);
      for (size_t j = 0; j < i; ++j)
        if (meet(buffers[i], buffers[j]))
          ASSERT_TRUE(buffers[i].offset + buffers[i].bytes <= buffers[j].offset || buffers[j].offset + buffers[j].bytes <= buffers[i].offset);
    }
  }
  EXPECT_LT(after, before * 3 / 4);
}

} // namespace
} // namespace ingot

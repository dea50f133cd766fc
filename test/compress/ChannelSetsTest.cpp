// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Prune/ChannelSets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::compress {
namespace {

TEST(ChannelSets, NumberChannelsOneAfterTheOther) {
  ChannelSets sets;
  EXPECT_THAT(sets.add(2), testing::ElementsAre(0, 1));
  EXPECT_THAT(sets.add(3), testing::ElementsAre(2, 3, 4));
  EXPECT_NE(sets.find(1), sets.find(2));
}

TEST(ChannelSets, UniteWhatIsConnectedOverOthers) {
  ChannelSets sets;
  Channels a = sets.add(3), b = sets.add(3), c = sets.add(3);
  sets.unite(a, b);
  sets.unite(c, b);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(sets.find(a[i]), sets.find(c[i]));
    EXPECT_NE(sets.find(a[i]), sets.find(b[(i + 1) % 3]));
  }
}

TEST(ChannelSets, KeepTheReasonWhenAPinnedSetIsUnited) {
  for (bool isFirst : {false, true}) {
    ChannelSets sets;
    Channels a = sets.add(1), b = sets.add(1), c = sets.add(1);
    sets.pin(a, "an output");
    sets.pin(a, "something else");
    isFirst ? sets.unite(a, b) : sets.unite(b, a);
    EXPECT_EQ(sets.reasonToStay(b[0]), "an output");
    EXPECT_EQ(sets.reasonToStay(c[0]), "");
  }
}

} // namespace
} // namespace ingot::compress

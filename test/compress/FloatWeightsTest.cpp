// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Quantize/FloatWeights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace ingot::compress {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(ByteFloats, RoundToNearestAndTiesToEven) {
  ByteFloats round(FloatType::Float8E4M3);
  EXPECT_EQ(round(1.0F), 0x38);
  EXPECT_EQ(round(1.0625F), 0x38); // halfway between 1 and 1.125
  EXPECT_EQ(round(std::nextafter(1.0625F, 2.0F)), 0x39);
  EXPECT_EQ(round(1.1875F), 0x3a); // halfway between 1.125 and 1.25
  EXPECT_EQ(round(std::nextafter(1.1875F, 1.0F)), 0x39);
  EXPECT_EQ(round(-1.5F), 0xbc);
  EXPECT_EQ(round(0x1p-9F), 0x01); // the smallest number
  EXPECT_EQ(round(0x1p-10F), 0x00);
  EXPECT_EQ(round(std::nextafter(0x1p-10F, 1.0F)), 0x01);
  EXPECT_EQ(round(-0.0F), 0x80);
}

TEST(ByteFloats, Saturate) {
  ByteFloats four(FloatType::Float8E4M3), five(FloatType::Float8E5M2);
  EXPECT_EQ(four.largest(), 448);
  EXPECT_EQ(five.largest(), 57344);
  for (float large : {448.0F, 460.0F, 1e9F, kInfinity}) {
    EXPECT_EQ(four(large), 0x7e) << large;
    EXPECT_EQ(four(-large), 0xfe) << large;
  }
  for (float large : {57344.0F, 65000.0F, 1e9F, kInfinity}) {
    EXPECT_EQ(five(large), 0x7b) << large;
    EXPECT_EQ(five(-large), 0xfb) << large;
  }
}

} // namespace
} // namespace ingot::compress

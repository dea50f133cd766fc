// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/WeightMemory.h"

#include "llvm/Support/raw_ostream.h"
#include <gtest/gtest.h>

namespace ingot {
namespace {

absl::StatusOr<WeightMemory> weights(uint64_t bytes, uint64_t mostInMemory, uint64_t written) {
  auto write = [&](llvm::raw_ostream &out) {
    for (uint64_t i = 0; i < written; ++i)
      out << static_cast<char>(i * 7);
    return absl::OkStatus();
  };
  return WeightMemory::create(bytes, write, mostInMemory);
}

TEST(WeightMemory, IsAFileAboveALimit) {
  for (uint64_t bytes : {uint64_t(1), uint64_t(4095), uint64_t(4096), uint64_t(10000)})
    for (uint64_t most : {bytes, bytes - 1}) {
      absl::StatusOr<WeightMemory> memory = weights(bytes, most, bytes);
      ASSERT_TRUE(memory.ok()) << memory.status();
      WeightMemory moved = std::move(*memory);
      EXPECT_EQ(moved.isFile(), most < bytes);
      EXPECT_EQ(moved.size(), bytes);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(moved.data()) % 64, 0U);
      for (uint64_t i = 0; i < bytes; ++i)
        ASSERT_EQ(moved.data()[i], static_cast<uint8_t>(i * 7));
      EXPECT_LE(moved.data()[bytes + 63], 255) << "may be read";
    }
}

TEST(WeightMemory, WantsAsManyBytesAsItWasTold) {
  for (uint64_t most : {0, 100})
    for (uint64_t written : {99, 101})
      EXPECT_FALSE(weights(100, most, written).ok()) << written << " of 100";
}

TEST(WeightMemory, MayBeEmpty) {
  absl::StatusOr<WeightMemory> memory = weights(0, 100, 0);
  ASSERT_TRUE(memory.ok());
  EXPECT_NE(memory->data(), nullptr);
}

} // namespace
} // namespace ingot

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Calibrate/InputRows.h"

#include <gtest/gtest.h>

#include <numeric>

namespace ingot::compress {
namespace {

TEST(InputRows, OfAMatrixAreItsData) {
  std::vector<float> data = {1, 2, 3, 4}, storage;
  InputRows rows{.value = "x", .depth = 2};
  EXPECT_EQ(rows.rowsOf(data, storage).data(), data.data());
}

/// The patches of two images of 3 channels under a filter of 2x3 with every attribute, beside a loop over the definition.
TEST(InputRows, OfAConvolutionAreItsPatches) {
  constexpr int64_t kImages = 2, kChannels = 3, kHeight = 6, kWidth = 7, kOutputs[2] = {3, 6};
  InputRows rows{.value = "x", .depth = 18, .dims = {-1, kChannels, kHeight, kWidth}};
  rows.kernel = {2, 3};
  rows.strides = {2, 1};
  rows.dilations = {3, 2};
  rows.pads = {1, 2, 1, 1};
  std::vector<float> data(kImages * kChannels * kHeight * kWidth), storage;
  std::iota(data.begin(), data.end(), 1.0F);
  llvm::ArrayRef<float> got = rows.rowsOf(data, storage);
  ASSERT_EQ(static_cast<int64_t>(got.size()), kImages * kOutputs[0] * kOutputs[1] * 18);
  size_t next = 0;
  for (int64_t n = 0; n < kImages; ++n)
    for (int64_t oy = 0; oy < kOutputs[0]; ++oy)
      for (int64_t ox = 0; ox < kOutputs[1]; ++ox)
        for (int64_t ky = 0; ky < 2; ++ky)
          for (int64_t kx = 0; kx < 3; ++kx)
            for (int64_t c = 0; c < kChannels; ++c) {
              int64_t y = oy * 2 - 1 + ky * 3, x = ox - 2 + kx * 2;
              bool isInside = y >= 0 && y < kHeight && x >= 0 && x < kWidth;
              EXPECT_EQ(got[next++], isInside ? data[((n * kChannels + c) * kHeight + y) * kWidth + x] : 0);
            }
}

/// The second of two groups looks at the channels behind those of the first one.
TEST(InputRows, OfAGroupAreThePatchesOfItsChannels) {
  constexpr int64_t kChannels = 4, kSize = 3;
  InputRows rows{.value = "x", .depth = 8, .dims = {1, kChannels, kSize, kSize}};
  rows.kernel = {2, 2};
  rows.strides = rows.dilations = {1, 1};
  rows.pads = {0, 0, 0, 0};
  rows.firstChannel = 2;
  std::vector<float> data(kChannels * kSize * kSize), storage;
  std::iota(data.begin(), data.end(), 0.0F);
  llvm::ArrayRef<float> got = rows.rowsOf(data, storage);
  ASSERT_EQ(got.size(), size_t(4 * 8));
  EXPECT_EQ(std::vector<float>(got.begin(), got.begin() + 8), (std::vector<float>{18, 27, 19, 28, 21, 30, 22, 31}));
}

/// A filter of one pixel makes the image itself: its rows are those of the image.
TEST(InputRows, OfAResultAreAtTheSamePlaces) {
  for (int64_t size : {5, 40}) { // all places, and some of them
    InputRows rows{.value = "x", .depth = 3, .dims = {2, 3, size, size}};
    rows.kernel = rows.strides = rows.dilations = {1, 1};
    rows.pads = {0, 0, 0, 0};
    std::vector<float> data(2 * 3 * size * size), storage[2];
    std::iota(data.begin(), data.end(), 0.0F);
    EXPECT_EQ(rows.resultRowsOf(data, data.size(), storage[0]), rows.rowsOf(data, storage[1])) << size;
  }
}

TEST(InputRows, OfALargeImageAreSomeOfAllPlaces) {
  InputRows rows{.value = "x", .depth = 1, .dims = {1, 1, 64, 64}};
  rows.kernel = rows.strides = rows.dilations = {1, 1};
  rows.pads = {0, 0, 0, 0};
  std::vector<float> data(64 * 64), storage;
  std::iota(data.begin(), data.end(), 0.0F);
  llvm::ArrayRef<float> got = rows.rowsOf(data, storage);
  ASSERT_EQ(static_cast<int64_t>(got.size()), InputRows::kMostPatches);
  std::vector<int> inRow(64), inColumn(64);
  for (float place : got) {
    ++inRow[static_cast<int>(place) / 64];
    ++inColumn[static_cast<int>(place) % 64];
  }
  for (int i = 0; i < 64; ++i) {
    EXPECT_NEAR(inRow[i], 16, 3);
    EXPECT_NEAR(inColumn[i], 16, 12);
  }
}

} // namespace
} // namespace ingot::compress

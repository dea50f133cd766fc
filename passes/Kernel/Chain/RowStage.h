// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_CHAIN_ROWSTAGE_H
#define PASSES_KERNEL_CHAIN_ROWSTAGE_H

#include "dialects/Ingot/Ingot.h"

#include <optional>

namespace ingot {

/// How a region computes an image row by row: which rows it reads for which of its own, and which of its units compute them. Rows are those of an
/// image
/// `[N, H, W, C]`; the rows of all images follow each other.
///
/// What depends on the place of a strip is a formula over `Math`, which has `add`, `mul`, `min`, `max`, `floorDiv` and `ceilDiv` of two of its
/// numbers and `number` of a constant: with numbers of the compiler it is evaluated, with values of the kernel it becomes code.
struct RowStage {
  int64_t images = 1, rows = 1, pixels = 1; ///< of the result; pixels of a row
  int64_t inRows = 1, inPixels = 1;         ///< of the image that it reads
  int64_t stride = 1, pad = 0, window = 1;  ///< row `r` reads `window` rows from `r * stride - pad` on, as far as there are any
  /// A unit computes a block of rows of one image, or, where `isFlat`, of pixels, which may end in another row or image than it begins.
  int64_t block = 1;
  bool isFlat = false;
  int64_t unitsPerBlock = 1;
  int64_t above = 0;      ///< rows above those asked for, of which the first block may compute something
  int64_t pixelBytes = 4; ///< of the result
  unsigned image = 0;     ///< the input of the region that is read so

  int64_t rowBytes() const { return pixels * pixelBytes; }
  /// Of a block beside the rows that are asked for: at most.
  int64_t slackBytes() const { return (block - 1) * (isFlat ? pixelBytes : rowBytes()); }

  /// The rows of the input that are read for the rows [begin, end).
  template <typename Math, typename Number> std::pair<Number, Number> needs(const Math &math, Number begin, Number end) const {
    auto inside = [&](Number row) { return math.min(math.max(row, math.number(0)), math.number(inRows)); };
    Number first = math.add(math.mul(begin, math.number(stride)), math.number(-above * stride - pad));
    Number last = math.add(math.mul(end, math.number(stride)), math.number(window - stride - pad));
    return {inside(first), inside(last)};
  }
  /// The first block that computes something of a row, and the first one that computes nothing above it.
  template <typename Math, typename Number> Number firstBlock(const Math &math, Number image, Number row) const {
    return place(math, image, row, [&](Number position) { return math.floorDiv(position, math.number(block)); });
  }
  template <typename Math, typename Number> Number endBlock(const Math &math, Number image, Number row) const {
    return place(math, image, row, [&](Number position) { return math.ceilDiv(position, math.number(block)); });
  }

  /// The stage of a planned region whose buffers have no gaps; none, with the reason in `why`, where its kernel does not compute rows one after the
  /// other.
  static std::optional<RowStage> of(RegionOp region, std::string &why);

private:
  template <typename Math, typename Number, typename Divide> Number place(const Math &math, Number image, Number row, Divide divide) const {
    if (isFlat)
      return divide(math.mul(math.add(math.mul(image, math.number(rows)), row), math.number(pixels)));
    return math.add(math.mul(image, math.number((rows + block - 1) / block)), divide(row));
  }
};

} // namespace ingot

#endif

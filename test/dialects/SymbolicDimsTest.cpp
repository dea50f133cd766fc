// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/SymbolicDims.h"

#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

#include <limits>

using namespace mlir;

namespace ingot {
namespace {

class SymbolicDimsTest : public testing::Test {
protected:
  AffineExpr number(int64_t value) { return getAffineConstantExpr(value, &context); }

  MLIRContext context;
  AffineExpr b = getAffineSymbolExpr(0, &context), s = getAffineSymbolExpr(1, &context);
};

TEST_F(SymbolicDimsTest, EqualPolynomialsAreOneObject) {
  EXPECT_EQ(simplifyDim(b * s * 64), simplifyDim((s * 8) * (b * 8)));
  EXPECT_EQ(simplifyDim((b + 1) * (s + 2)), simplifyDim(b * s + b * 2 + s + 2));
  EXPECT_EQ(simplifyDim(s + 3 - s), number(3));
  EXPECT_NE(simplifyDim(b * s), simplifyDim(b + s));
}

TEST_F(SymbolicDimsTest, FloorDivisions) {
  EXPECT_EQ(simplifyDim((s * 4 + 6).floorDiv(2)), simplifyDim(s * 2 + 3));
  EXPECT_EQ(simplifyDim((s * 2 + 1).floorDiv(2)), s);
  EXPECT_EQ(simplifyDim((s * 3 + 5).floorDiv(2)), simplifyDim(s + (s + 1).floorDiv(2) + 2));
  // Two layers of stride 2: ((w - 1) / 2 + 1 - 1) / 2 + 1 = (w - 1) / 4 + 1.
  AffineExpr once = (s - 1).floorDiv(2) + 1, twice = (once - 1).floorDiv(2) + 1;
  EXPECT_EQ(simplifyDim(twice), simplifyDim((s - 1).floorDiv(4) + 1));
  EXPECT_EQ(simplifyDim((s + 1).ceilDiv(2)), simplifyDim((s + 2).floorDiv(2)));
  EXPECT_EQ(simplifyDim(s % 2), simplifyDim(s - s.floorDiv(2) * 2));
}

// The normal form has the value of what it was made of.
TEST_F(SymbolicDimsTest, KeepsTheValue) {
  AffineExpr half = (s + 3).floorDiv(2);
  for (AffineExpr dim :
       {(b * 3 + s * 5 - 7).floorDiv(4), half * half * b + (half - 1).floorDiv(3), (s * b + 1).ceilDiv(5) + (b % 3) * s, (s * -3 + 1).floorDiv(2)})
    for (int64_t x = 0; x < 9; ++x)
      for (int64_t y = 0; y < 9; ++y)
        EXPECT_EQ(evaluateDim(dim, {x, y}), evaluateDim(simplifyDim(dim), {x, y})) << x << ' ' << y;
}

TEST_F(SymbolicDimsTest, Divides) {
  EXPECT_EQ(divideDim(b * s * 768, b * s * 12), number(64));
  EXPECT_EQ(divideDim(b * s * 768, number(768)), simplifyDim(b * s));
  EXPECT_EQ(divideDim((b + 1) * (s + 2) * 6, (s + 2) * 3), simplifyDim(b * 2 + 2));
  EXPECT_EQ(divideDim(b * s, number(2)), AffineExpr());
  EXPECT_EQ(divideDim(b + 1, s), AffineExpr());
  EXPECT_EQ(divideDim(b, number(0)), AffineExpr());
}

TEST_F(SymbolicDimsTest, RangesHoldAllValues) {
  SymbolRange ranges[] = {{1, 8}, {2, 512}};
  SymbolRange range = rangeOf((s - b) * 2, ranges);
  EXPECT_EQ(range.minimum, -12);
  EXPECT_EQ(range.maximum, 1022);
  EXPECT_EQ(rangeOf((s - 1).floorDiv(2) + 1, ranges).maximum, 256);
  // What floor divisions of one symbol have in common cancels.
  AffineExpr tiles = (s + 15).floorDiv(16), whole = s.floorDiv(16);
  for (auto [dim, minimum, maximum] :
       {std::tuple(tiles - whole, 0, 1), {s - whole * 16, 0, 15}, {tiles * 16 - s, 0, 15}, {(whole - tiles) * 48, -48, 0}}) {
    EXPECT_EQ(rangeOf(dim, ranges).minimum, minimum);
    EXPECT_EQ(rangeOf(dim, ranges).maximum, maximum);
  }
}

TEST_F(SymbolicDimsTest, OverflowSaturates) {
  int64_t most = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(evaluateDim(b * s, {most, 3}), most);
  EXPECT_EQ(evaluateDim(b + s, {most, 3}), most);
}

} // namespace
} // namespace ingot

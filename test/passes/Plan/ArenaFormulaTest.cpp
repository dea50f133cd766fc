// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/Memory/ArenaFormula.h"

#include "mlir/IR/MLIRContext.h"
#include "passes/Plan/Memory/SizePolynomial.h"
#include <gtest/gtest.h>

#include <random>

using namespace mlir;

namespace ingot {
namespace {

class SizePolynomialTest : public testing::Test {
protected:
  MLIRContext context;
  AffineExpr b = getAffineSymbolExpr(0, &context), s = getAffineSymbolExpr(1, &context);
  SmallVector<SymbolRange> ranges = {{1, 8}, {2, 512}};

  AffineExpr number(int64_t value) { return getAffineConstantExpr(value, &context); }
  SizePolynomial bound(AffineExpr size) {
    std::optional<SizePolynomial> polynomial = SizePolynomial::boundOf(simplifyDim(size), ranges);
    EXPECT_TRUE(polynomial);
    return polynomial.value_or(SizePolynomial());
  }
  std::string text(AffineExpr size) { return bound(size).text({"batch", "length"}); }
};

TEST_F(SizePolynomialTest, Text) {
  EXPECT_EQ(text(number(0)), "0");
  EXPECT_EQ(text(number(64)), "64");
  EXPECT_EQ(text(b * 4), "4*batch");
  EXPECT_EQ(text(b * s * s * 48 + b * s * 4608 + b + 1), "48*batch*length^2 + 4608*batch*length + 1*batch + 1");
  EXPECT_EQ(text(b * s * 64 - b * 32), "64*batch*length - 32*batch");
}

TEST_F(SizePolynomialTest, DivisionsAreRoundedUpOnce) {
  EXPECT_EQ(text((s * 4).ceilDiv(64) * 64), "4*length + 63");
  EXPECT_EQ(text((s + 15).floorDiv(16) * 24 * b), "1.5*batch*length + 22.5*batch");
  EXPECT_EQ(text(s.floorDiv(3)), "0.34*length") << "rounded up";
  EXPECT_EQ(text(s * 8 - s.floorDiv(2) * 4), "6*length + 2") << "what is taken away is rounded down";
  EXPECT_EQ(SizePolynomial::boundOf(s % 7, ranges), std::nullopt);
}

TEST_F(SizePolynomialTest, IsNeverBelow) {
  AffineExpr sizes[] = {(s * 4).ceilDiv(64) * 64, (s + 15).floorDiv(16) * 24 * b, s * 8 - s.floorDiv(2) * 4,
                        (b * s + 1).floorDiv(2) * ((s + 3).floorDiv(4))};
  for (AffineExpr size : sizes)
    for (int64_t batch = 1; batch <= 8; ++batch)
      for (int64_t length = 2; length <= 512; length += 5)
        ASSERT_GE(bound(size).at({batch, length}) + 1e-6, evaluateDim(simplifyDim(size), {batch, length}));
}

TEST_F(SizePolynomialTest, Comparison) {
  EXPECT_TRUE(bound(s * 4).isAtLeast(bound(number(8)), ranges)) << "4 times at least 2";
  EXPECT_FALSE(bound(s * 4).isAtLeast(bound(number(9)), ranges));
  EXPECT_TRUE(bound(b * s).isAtLeast(bound(b * 2), ranges));
  EXPECT_FALSE(bound(b * s).isAtLeast(bound(s * s), ranges));
  SizePolynomial both = bound(b * 10 + s);
  both.cover(bound(s * 7 + 3));
  EXPECT_EQ(both.text({"batch", "length"}), "7*length + 10*batch + 3");
  both = bound(b * 10 - s * 2 + 9);
  both.cover(bound(b * 3));
  EXPECT_EQ(both.text({"batch", "length"}), "10*batch + 9");
}

class ArenaFormulaTest : public SizePolynomialTest {
protected:
  /// The formula of buffers with these sizes and lifetimes.
  ArenaFormula formulaOf(ArrayRef<AffineExpr> sizes, ArrayRef<std::pair<int64_t, int64_t>> lives) {
    SmallVector<ArenaBuffer> buffers;
    SmallVector<int64_t> most = llvm::map_to_vector(ranges, [](SymbolRange range) { return range.maximum; });
    for (auto [size, life] : llvm::zip_equal(sizes, lives))
      buffers.push_back({evaluateDim(simplifyDim(size), most), life.first, life.second});
    placeInArena(buffers);
    return ArenaFormula(buffers, sizes);
  }
  std::vector<std::string> peak(const ArenaFormula &formula) {
    std::vector<std::string> texts;
    for (const SizePolynomial &polynomial : formula.peak(ranges))
      texts.push_back(polynomial.text({"batch", "length"}));
    return texts;
  }
};

TEST_F(ArenaFormulaTest, OneChain) {
  // A long buffer below two that follow each other, of which the first is larger.
  EXPECT_EQ(peak(formulaOf({b * 640, b * 256, b * 128}, {{0, 2}, {0, 0}, {1, 2}})), (std::vector<std::string>{"896*batch"}));
}

TEST_F(ArenaFormulaTest, ChainsThatCompete) {
  // First a square is alive, later a line: which is larger depends on the length.
  EXPECT_EQ(peak(formulaOf({s * s * 64, b * s * 25600}, {{0, 0}, {1, 1}})), (std::vector<std::string>{"25600*batch*length", "64*length^2"}));
}

TEST_F(ArenaFormulaTest, ChainsThatHardlyMatterAreCovered) {
  EXPECT_EQ(peak(formulaOf({b * s * 64000, s * 65600}, {{0, 0}, {1, 1}})), (std::vector<std::string>{"64000*batch*length", "65600*length"}));
  EXPECT_EQ(peak(formulaOf({b * s * 64000, number(640000)}, {{0, 0}, {1, 1}})), (std::vector<std::string>{"64000*batch*length", "640000"}));
  ranges = {{4, 8}, {200, 512}};
  EXPECT_EQ(peak(formulaOf({b * s * 64000 - b * 64000, b * s * 63936}, {{0, 0}, {1, 1}})), (std::vector<std::string>{"64000*batch*length"}));
}

TEST_F(ArenaFormulaTest, Remainders) { EXPECT_EQ(peak(formulaOf({(s % 7) * 64}, {{0, 0}})), (std::vector<std::string>{"384"})); }

TEST_F(ArenaFormulaTest, PlacesStandOnEachOther) {
  // The second buffer lies on the first; the third comes when both are gone.
  ArenaFormula formula = formulaOf({b * 100, s * 64, number(64)}, {{0, 1}, {1, 1}, {2, 2}});
  SmallVector<ArenaFormula::Place> places = formula.places({2, 10});
  ASSERT_EQ(places.size(), 3u);
  int64_t below = places[0].begin == 0 ? 0 : 1;
  EXPECT_EQ(places[below].begin, 0);
  EXPECT_EQ(places[1 - below].begin, places[below].end);
  EXPECT_EQ(places[0].end - places[0].begin, 256) << "in whole cache lines";
  EXPECT_EQ(places[1].end - places[1].begin, 640);
  EXPECT_EQ(places[2].begin, 0);
  EXPECT_EQ(formula.arenaBytes({2, 10}), 896);
}

TEST_F(ArenaFormulaTest, IsNeverBelowTheArenaAndHardlyAbove) {
  std::mt19937 random(3);
  auto pick = [&](int64_t from, int64_t to) { return std::uniform_int_distribution<int64_t>(from, to)(random); };
  for (int trial = 0; trial < 40; ++trial) {
    SmallVector<AffineExpr> sizes;
    SmallVector<std::pair<int64_t, int64_t>> lives;
    for (int i = 0; i < 24; ++i) {
      AffineExpr kinds[] = {b * s * pick(1, 4000), b * s * s * pick(1, 60), (s + 15).floorDiv(16) * b * pick(16, 9000), b * pick(1, 90000),
                            number(pick(1, 90000))};
      sizes.push_back(kinds[pick(0, 4)]);
      int64_t first = pick(0, 20);
      lives.emplace_back(first, first + pick(0, 5));
    }
    ArenaFormula formula = formulaOf(sizes, lives);
    SmallVector<SizePolynomial> peaks = formula.peak(ranges);
    ASSERT_FALSE(peaks.empty());
    ASSERT_LE(peaks.size(), 4u);
    for (int64_t batch = 1; batch <= 8; ++batch)
      for (int64_t length = 2; length <= 512; length += 17) {
        double most = 0;
        for (const SizePolynomial &polynomial : peaks)
          most = std::max(most, polynomial.at({batch, length}));
        ASSERT_GE(most + 1e-3, formula.arenaBytes({batch, length})) << batch << " " << length;
      }
    EXPECT_LE(peaks.front().at({8, 512}), 1.12 * formula.arenaBytes({8, 512}) + 64 * 24);
  }
}

} // namespace
} // namespace ingot

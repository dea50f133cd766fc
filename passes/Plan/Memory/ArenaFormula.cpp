// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/Memory/ArenaFormula.h"

#include "dialects/Ingot/SymbolicDims.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <numeric>

using namespace mlir;

namespace ingot {
namespace {

int64_t saturatingAdd(int64_t x, int64_t y) {
  int64_t sum;
  return llvm::AddOverflow(x, y, sum) ? std::numeric_limits<int64_t>::max() : sum;
}

/// Polynomials of which the largest counts, without those that are never larger than another one.
class Highest {
public:
  /// The maxima, the middle of all ranges, and the middle but for one symbol at its maximum.
  explicit Highest(ArrayRef<SymbolRange> ranges) : ranges(ranges) {
    auto middle = llvm::map_to_vector(ranges, [](SymbolRange range) {
      return static_cast<int64_t>(std::sqrt(static_cast<double>(std::max<int64_t>(range.minimum, 1)) * static_cast<double>(range.maximum)));
    });
    samples.push_back(llvm::map_to_vector(ranges, [](SymbolRange range) { return range.maximum; }));
    samples.push_back(middle);
    for (size_t i = 0; i < ranges.size() && ranges.size() > 1; ++i) {
      samples.push_back(middle);
      samples.back()[i] = ranges[i].maximum;
    }
  }

  void add(const SizePolynomial &added) {
    if (llvm::any_of(kept, [&](const SizePolynomial &other) { return other.isAtLeast(added, ranges); }))
      return;
    llvm::erase_if(kept, [&](const SizePolynomial &other) { return added.isAtLeast(other, ranges); });
    kept.push_back(added);
  }

  /// Replaces two by one that covers both, the pair first that raises the largest of all least, while there are more than `count` or it is raised by
  /// no more than a share. Then the largest at the maxima comes first.
  void merge(size_t count, double share) {
    while (kept.size() > 1) {
      SmallVector<double> largest = llvm::map_to_vector(samples, [&](ArrayRef<int64_t> sample) { return largestAt(sample); });
      double least = std::numeric_limits<double>::infinity();
      size_t first = 0, second = 1;
      for (size_t i = 0; i < kept.size(); ++i)
        for (size_t j = i + 1; j < kept.size(); ++j)
          if (double raise = raiseOf(kept[i], kept[j], largest); raise < least)
            std::tie(least, first, second) = std::tuple(raise, i, j);
      if (kept.size() <= count && least > 1 + share)
        break;
      SizePolynomial covering = kept[first];
      covering.cover(kept[second]);
      kept.erase(kept.begin() + second);
      kept.erase(kept.begin() + first);
      add(covering);
    }
    llvm::sort(kept, [&](const SizePolynomial &x, const SizePolynomial &y) { return x.at(samples.front()) > y.at(samples.front()); });
  }

  SmallVector<SizePolynomial> kept;

private:
  double largestAt(ArrayRef<int64_t> sample) const {
    double largest = 0;
    for (const SizePolynomial &polynomial : kept)
      largest = std::max(largest, polynomial.at(sample));
    return largest;
  }

  double raiseOf(SizePolynomial covering, const SizePolynomial &other, ArrayRef<double> largest) const {
    covering.cover(other);
    double raise = 0;
    for (auto [sample, most] : llvm::zip_equal(samples, largest))
      raise = std::max(raise, covering.at(sample) / std::max(most, 1.0));
    return raise;
  }

  ArrayRef<SymbolRange> ranges;
  SmallVector<SmallVector<int64_t>> samples;
};

} // namespace

ArenaFormula::ArenaFormula(ArrayRef<ArenaBuffer> placed, ArrayRef<AffineExpr> bytes) : below(placed.size()), order(placed.size()) {
  for (AffineExpr size : bytes)
    sizes.push_back(simplifyDim(size.ceilDiv(kBufferAlignment) * kBufferAlignment));
  std::iota(order.begin(), order.end(), 0u);
  // Empty buffers share an offset with others: of two at one offset, the later one lies above.
  llvm::sort(order, [&](unsigned x, unsigned y) { return std::pair(placed[x].offset, x) < std::pair(placed[y].offset, y); });
  auto meet = [&](unsigned x, unsigned y) { return placed[x].first <= placed[y].last && placed[y].first <= placed[x].last; };
  for (size_t i = 0; i < order.size(); ++i) {
    SmallVector<unsigned> &direct = below[order[i]];
    llvm::BitVector covered(placed.size());
    for (size_t j = i; j-- > 0;) {
      unsigned lower = order[j];
      if (!covered[lower] && !meet(order[i], lower))
        continue;
      if (!covered[lower])
        direct.push_back(lower);
      for (unsigned lowest : below[lower]) // ends where `lower` begins, or before
        covered.set(lowest);
    }
  }
}

ArenaFormula::Offsets ArenaFormula::emit(ImplicitLocOpBuilder &b, ValueRange symbols) const {
  Offsets offsets;
  offsets.buffers.resize(sizes.size());
  Value zero = arith::ConstantIndexOp::create(b, 0);
  offsets.arenaBytes = zero;
  SmallVector<Value> ends(sizes.size());
  for (unsigned i : order) {
    Value offset = zero;
    for (unsigned lower : below[i])
      offset = b.createOrFold<arith::MaxSIOp>(offset, ends[lower]);
    offsets.buffers[i] = offset;
    ends[i] = b.createOrFold<arith::AddIOp>(offset, materializeDim(b, sizes[i], symbols));
    offsets.arenaBytes = b.createOrFold<arith::MaxSIOp>(offsets.arenaBytes, ends[i]);
  }
  return offsets;
}

SmallVector<ArenaFormula::Place> ArenaFormula::places(ArrayRef<int64_t> symbols) const {
  SmallVector<Place> places(sizes.size());
  for (unsigned i : order) {
    for (unsigned lower : below[i])
      places[i].begin = std::max(places[i].begin, places[lower].end);
    places[i].end = saturatingAdd(places[i].begin, evaluateDim(sizes[i], symbols));
  }
  return places;
}

int64_t ArenaFormula::arenaBytes(ArrayRef<int64_t> symbols) const {
  int64_t bytes = 0;
  for (const Place &place : places(symbols))
    bytes = std::max(bytes, place.end);
  return bytes;
}

SmallVector<SizePolynomial> ArenaFormula::peak(ArrayRef<SymbolRange> ranges) const {
  constexpr size_t kMostBetween = 12, kMost = 4;
  constexpr double kShareBetween = 1e-3, kShare = 0.02;
  Highest highest(ranges);
  SmallVector<SmallVector<SizePolynomial>> ends(sizes.size());
  for (unsigned i : order) {
    std::optional<SizePolynomial> size = SizePolynomial::boundOf(sizes[i], ranges);
    if (!size)
      return {};
    Highest begins(ranges);
    begins.add(SizePolynomial());
    for (unsigned lower : below[i])
      for (const SizePolynomial &end : ends[lower])
        begins.add(end);
    begins.merge(kMostBetween, kShareBetween);
    for (SizePolynomial &end : begins.kept) {
      end += *size;
      highest.add(end);
    }
    ends[i] = std::move(begins.kept);
  }
  highest.merge(kMost, kShare);
  return std::move(highest.kept);
}

} // namespace ingot

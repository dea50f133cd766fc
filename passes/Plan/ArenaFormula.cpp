// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/ArenaFormula.h"

#include "dialects/Ingot/SymbolicDims.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;

namespace ingot {
namespace {

int64_t saturatingAdd(int64_t x, int64_t y) {
  int64_t sum;
  return llvm::AddOverflow(x, y, sum) ? std::numeric_limits<int64_t>::max() : sum;
}

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

int64_t ArenaFormula::arenaBytes(ArrayRef<int64_t> symbols) const {
  SmallVector<int64_t> ends(sizes.size());
  int64_t total = 0;
  for (unsigned i : order) {
    int64_t offset = 0;
    for (unsigned lower : below[i])
      offset = std::max(offset, ends[lower]);
    ends[i] = saturatingAdd(offset, evaluateDim(sizes[i], symbols));
    total = std::max(total, ends[i]);
  }
  return total;
}

} // namespace ingot

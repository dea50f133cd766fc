// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Chain/RowChain.h"

#include "passes/Kernel/Product/WeightFetch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace ingot {
namespace {

/// Formulas of rows with the compiler's own numbers.
struct ConstantMath {
  static int64_t number(int64_t value) { return value; }
  static int64_t add(int64_t x, int64_t y) { return x + y; }
  static int64_t mul(int64_t x, int64_t y) { return x * y; }
  static int64_t min(int64_t x, int64_t y) { return std::min(x, y); }
  static int64_t max(int64_t x, int64_t y) { return std::max(x, y); }
  static int64_t floorDiv(int64_t x, int64_t y) { return llvm::divideFloorSigned(x, y); }
  static int64_t ceilDiv(int64_t x, int64_t y) { return llvm::divideCeilSigned(x, y); }
};

/// Whether no block computes pixels of two images.
bool keepsImagesApart(const RowStage &stage) { return !stage.isFlat || stage.images == 1 || stage.rows * stage.pixels % stage.block == 0; }

/// Whether the blocks of a stage hold the rows [begin, end) of an image and nothing else.
bool isWhole(const RowStage &stage, int64_t begin, int64_t end) {
  int64_t unit = stage.isFlat ? stage.pixels : 1;
  return begin * unit % stage.block == 0 && (end * unit % stage.block == 0 || end == stage.rows) && keepsImagesApart(stage);
}

} // namespace

std::optional<int64_t> chainOf(RegionOp region) {
  auto chain = region->getAttrOfType<DenseI64ArrayAttr>(kChainAttr);
  return chain && chain.size() == 2 ? std::optional(chain[0]) : std::nullopt;
}

RegionOp nextInChain(RegionOp region) {
  if (!chainOf(region) || region.getNumResults() != 1 || !region.getResult(0).hasOneUse())
    return {};
  auto next = dyn_cast<RegionOp>(*region.getResult(0).getUsers().begin());
  return next && chainOf(next) == chainOf(region) ? next : RegionOp();
}

bool isInsideOfChain(Value value) {
  auto region = value.getDefiningOp<RegionOp>();
  return value.getDefiningOp<StripOp>() || (region && nextInChain(region));
}

/// The region that computes what lies between two of a chain.
static RegionOp writerOf(Value value) {
  if (auto region = value.getDefiningOp<RegionOp>())
    return region;
  for (Operation *user : value.getUsers())
    if (auto region = dyn_cast<RegionOp>(user); region && llvm::is_contained(region.getOutputs(), value))
      return region;
  return {};
}

SmallVector<RegionOp> chainEndingAt(RegionOp last) {
  SmallVector<RegionOp> regions;
  if (!chainOf(last) || nextInChain(last) || llvm::any_of(last.getOutputs(), isInsideOfChain))
    return regions;
  for (RegionOp region = last; region;) {
    regions.push_back(region);
    auto before = llvm::find_if(region.getInputs(), isInsideOfChain);
    region = before == region.getInputs().end() ? RegionOp() : writerOf(*before);
  }
  std::reverse(regions.begin(), regions.end());
  return regions;
}

FailureOr<RowChain> RowChain::planned(ArrayRef<RegionOp> regions) {
  std::string why;
  RegionOp last = regions.back();
  std::optional<RowChain> chain = of(regions, last->getAttrOfType<DenseI64ArrayAttr>(kChainAttr)[1], why);
  if (!chain)
    return last.emitOpError("ends a chain of rows that cannot be: one of its regions ") << why;
  return *chain;
}

std::optional<RowChain> RowChain::of(ArrayRef<RegionOp> regions, int64_t stripRows, std::string &why) {
  RowChain chain;
  chain.regions.assign(regions.begin(), regions.end());
  chain.stripRows = stripRows;
  if (regions.size() < 2 || stripRows < 1)
    return why = "has fewer than two regions, or strips without rows", std::nullopt;
  for (RegionOp region : regions) {
    std::optional<RowStage> stage = RowStage::of(region, why);
    if (!stage)
      return std::nullopt;
    if (!chain.stages.empty() && (stage->inRows != chain.stages.back().rows || stage->inPixels != chain.stages.back().pixels))
      return why = "reads another image than the region before it computes", std::nullopt;
    chain.stages.push_back(*stage);
  }
  chain.rings.resize(regions.size() - 1);
  RowStage &last = chain.stages.back();
  bool mayCut = last.isFlat && keepsImagesApart(last);       // tiles of the last region, between two strips
  if (mayCut && stripRows * last.pixels % last.block != 0) { // in whole blocks of the region before it
    const RowStage &before = chain.stages[chain.stages.size() - 2];
    last.above = llvm::alignTo(llvm::divideCeil(last.block - 1, last.pixels), before.isFlat ? 1 : before.block);
  }
  SmallVector<SmallVector<std::pair<int64_t, int64_t>>> strips;
  bool isFirstWhole = true;
  for (int64_t strip = 0; strip < chain.stripsOfImage(); ++strip) {
    strips.push_back(chain.rowsOf(ConstantMath(), strip));
    isFirstWhole &= isWhole(chain.stages[0], strips.back()[0].first, strips.back()[0].second);
    for (size_t i = 1; i < chain.stages.size() - mayCut; ++i) // only the first region may compute more than is asked for: its input is all there
      if (!isWhole(chain.stages[i], strips.back()[i].first, strips.back()[i].second))
        return why = "has tiles that end inside of a strip", std::nullopt;
  }
  for (auto [i, ring] : llvm::enumerate(chain.rings)) {
    int64_t rowBytes = chain.stages[i].rowBytes(), slack = i == 0 && !isFirstWhole ? chain.stages[i].slackBytes() : 0;
    ring.firstRow = llvm::alignTo(slack, kCacheLine);
    for (auto [before, now] : llvm::zip(strips, ArrayRef(strips).drop_front()))
      ring.carried =
          std::max<int64_t>(ring.carried, llvm::alignTo(std::max<int64_t>(before[i].second - now[i].first, 0) * rowBytes + slack, kCacheLine));
    for (auto [strip, rows] : llvm::enumerate(strips)) {
      int64_t held = (rows[i].second - rows[i].first) * rowBytes + slack;
      int64_t moved = strip == 0 ? 0 : (rows[i].first - strips[strip - 1][i].first) * rowBytes + ring.carried;
      ring.bytes = std::max<int64_t>(ring.bytes, llvm::alignTo(ring.firstRow + std::max(moved, held), kCacheLine));
    }
  }
  for (size_t i = 1; i < chain.rings.size(); ++i)
    chain.rings[i].begin = chain.rings[i - 1].begin + chain.rings[i - 1].bytes;
  return chain;
}

} // namespace ingot

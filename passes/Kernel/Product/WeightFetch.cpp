// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Product/WeightFetch.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/Kernel/BodyLoops.h"
#include "passes/Kernel/ComputeShapes.h"

using namespace mlir;

namespace ingot {
namespace {

constexpr int64_t kNear = 64; ///< steps: what is fetched from farther ahead would be in the way in the nearest cache

void fetch(ImplicitLocOpBuilder &b, Value buffer, Value at, int64_t locality) {
  memref::PrefetchOp::create(b, buffer, at, /*isWrite=*/false, locality, /*isDataCache=*/true);
}

} // namespace

static LoadSchedule scheduleOf(DenseI64ArrayAttr numbers) {
  return numbers && numbers.size() == 2 ? LoadSchedule{numbers[0], numbers[1]} : LoadSchedule{};
}

LoadSchedule LoadSchedule::of(RegionOp region) { return scheduleOf(region->getAttrOfType<DenseI64ArrayAttr>(kLoadsAttr)); }

std::vector<LoadSchedule> LoadSchedule::othersOf(RegionOp region) {
  std::vector<LoadSchedule> others;
  if (auto list = region->getAttrOfType<ArrayAttr>(kOtherLoadsAttr))
    for (auto numbers : list.getAsRange<DenseI64ArrayAttr>())
      others.push_back(scheduleOf(numbers));
  return others;
}

std::optional<LoadSchedule> LoadSchedule::parse(StringRef text) {
  auto [tiles, ahead] = text.split('+');
  LoadSchedule schedule;
  if (tiles.getAsInteger(10, schedule.tiles) || ahead.getAsInteger(10, schedule.ahead))
    return std::nullopt;
  return schedule;
}

void LoadSchedule::setOn(RegionOp region) const { region->setAttr(kLoadsAttr, DenseI64ArrayAttr::get(region.getContext(), {tiles, ahead})); }

void WeightFetch::emit(ImplicitLocOpBuilder &b, Value position, int64_t steps) const {
  int64_t bytes = cast<MemRefType>(weights.getType()).getElementTypeBitWidth() / 8, line = kCacheLine / bytes;
  if (schedule.ahead > 0)
    for (int64_t j = 0; j < panels; ++j) {
      Value at = offsetBy(b, addIndex(b, base, scaleIndex(b, position, kPanel)), j * panelStride + schedule.ahead * kPanel);
      for (int64_t i = 0; i < steps * kPanel; i += line)
        fetch(b, weights, offsetBy(b, at, i), /*locality=*/schedule.ahead <= kNear ? 3 : 2);
    }
  if (schedule.tiles == 0 || !tile)
    return;
  // Of each iteration's bytes as many lines as it takes for so many tiles to fetch the whole block.
  int64_t elements = panels * kPanel * depth, most = std::max<int64_t>(panels * kPanel * steps / line, 1), shares = std::min(schedule.tiles, most),
          lines = llvm::divideCeil(panels * kPanel * steps, line * shares);
  Value share = arith::RemUIOp::create(b, tile, indexOf(b, shares));
  Value next = offsetBy(b, base, elements);
  if (isLast)
    next = arith::SelectOp::create(b, isLast, base, next);
  Value at = addIndex(b, next, scaleIndex(b, share, depth / steps * lines * line));
  at = addIndex(b, at, scaleIndex(b, position, lines * line / steps));
  for (int64_t i = 0; i < lines; ++i)
    fetch(b, weights, offsetBy(b, at, i * line), kSurely);
}

} // namespace ingot

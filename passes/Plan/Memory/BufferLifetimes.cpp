// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/Memory/BufferLifetimes.h"

#include "dialects/Ingot/Control.h"
#include "passes/Kernel/Chain/RowChain.h"
#include "passes/Kernel/Footprint.h"
#include "passes/Kernel/Plain.h"
#include "passes/Plan/Memory/InPlace.h"

using namespace mlir;

namespace ingot {

int64_t elementBytes(Type tensor) { return llvm::divideCeil(getStorageType(cast<ShapedType>(tensor).getElementType()).getIntOrFloatBitWidth(), 8); }

AffineExpr bufferBytes(RankedTensorType tensor) { return simplifyDim(productOf(getDims(tensor), tensor.getContext()) * elementBytes(tensor)); }

static RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

BufferLifetimes::BufferLifetimes(func::FuncOp function, const ViewPlacement &placement, const ModelSymbols &symbols)
    : function(function), placement(placement), symbols(symbols) {
  llvm::append_range(returned, function.getBody().front().getTerminator()->getOperands());
  int64_t step = 0;
  auto number = [&](auto &number, Block &block) -> void {
    for (Operation &op : block) {
      first[&op] = ++step;
      if (isControl(&op))
        for (Region &body : op.getRegions())
          number(number, body.front());
      last[&op] = step;
    }
  };
  number(number, function.getBody().front());
  joinGroups();
  // Last readers first, so that a region knows whether it is one.
  SmallVector<Block *> blocks = blocksOf(function.getBody().front());
  for (Block *block : blocks)
    for (Operation &op : *block) {
      if (auto pad = dyn_cast<PadOp>(op); pad && placement.ownsBorder(pad))
        touch(placement.of(pad.getResult()).root, &op);
      if (!isa<RegionOp, BindDimOp>(op) && !isControl(&op))
        continue;
      for (Value value : op.getOperands())
        touch(placement.of(value).root, &op);
      for (Value value : op.getResults())
        touch(placement.of(value).root, &op);
    }
  shareBorders();
  for (Block *block : blocks)
    for (auto region : block->getOps<RegionOp>()) {
      reuseInPlace(region);
      Family family = region.getPlan()->getFamily();
      if (int64_t bytes = family == Family::Plain || family == Family::Recurrent ? plainScratchBytes(region) : 0)
        scratch[region] = {bytes, first[region], last[region]};
    }
}

/// What runs at the same time as others lives as long as all of them.
void BufferLifetimes::joinGroups() {
  DenseMap<std::pair<StringRef, int64_t>, std::pair<int64_t, int64_t>> spans;
  for (bool isKnown : {false, true})
    for (auto region : function.getBody().front().getOps<RegionOp>())
      for (StringRef name : {StringRef(kBesideAttr), StringRef(kChainAttr)}) {
        auto group = region->getAttrOfType<DenseI64ArrayAttr>(name);
        if (!group)
          continue;
        auto [span, isFirst] = spans.insert({{name, group[0]}, {first[region], last[region]}});
        if (isKnown)
          std::tie(first[region], last[region]) = span->second;
        else if (!isFirst)
          span->second.second = last[region];
      }
}

bool BufferLifetimes::liesInArena(Value root) const {
  return !isa<BlockArgument>(root) && !root.getDefiningOp<ConstantOp>() && !llvm::is_contained(returned, root) && !isInsideOfChain(root);
}

SmallVector<ArenaBuffer> BufferLifetimes::all() const {
  SmallVector<ArenaBuffer> all;
  for (auto &[root, buffer] : buffers)
    all.push_back(buffer);
  for (auto &[region, buffer] : scratch)
    all.push_back(buffer);
  return all;
}

Value BufferLifetimes::slotOf(Value root) const {
  while (Value other = sharedWith.lookup(root))
    root = other;
  return root;
}

/// Of control flow, `op` stands for the time when its condition is read and its results begin: a loop's for all of it, as its body is run again.
void BufferLifetimes::touch(Value root, Operation *op) {
  if (!liesInArena(root))
    return;
  int64_t from = first.lookup(op), to = isa<LoopOp, RegionOp>(op) ? last.lookup(op) : from;
  for (Operation *around = op->getParentOp(); around != function; around = around->getParentOp())
    if (isa<LoopOp>(around) && !around->isProperAncestor(root.getDefiningOp())) {
      from = std::min(from, first.lookup(around));
      to = std::max(to, last.lookup(around));
    }
  auto [entry, added] = buffers.insert({slotOf(root), {symbols.upperBound(symbols.bound(bufferBytes(tensorOf(root)))), from, to}});
  entry->second.first = std::min(entry->second.first, from);
  entry->second.last = std::max(entry->second.last, to);
}

/// Padded buffers that are alike in shape and border take turns in a few places that nothing else uses in between, so each place's border is filled
/// once per run: a chain of equal convolutions needs two. Not where the model's arena would grow much by it.
void BufferLifetimes::shareBorders() {
  llvm::MapVector<std::pair<Block *, Attribute>, SmallVector<Value>> alike;
  for (Block *block : blocksOf(function.getBody().front()))
    for (auto pad : block->getOps<PadOp>()) {
      Value root = pad.getResult();
      if (!placement.ownsBorder(pad) || placement.of(root).root != root || !buffers.contains(root))
        continue;
      Attribute border[] = {TypeAttr::get(pad.getType()), pad.getLowAttr(), pad.getHighAttr(), pad.getValueAttr()};
      alike[{block, ArrayAttr::get(pad.getContext(), border)}].push_back(root);
    }
  auto bytesNow = [&] {
    auto placed = llvm::map_to_vector(buffers, [](auto &entry) { return entry.second; });
    return placeInArena(placed);
  };
  int64_t limit = bytesNow() / 8 * 9;
  for (auto &[border, roots] : alike) {
    auto apart = buffers;
    auto sharedApart = sharedWith;
    shareBorders(roots);
    if (bytesNow() > limit)
      buffers = std::move(apart), sharedWith = std::move(sharedApart);
  }
}

void BufferLifetimes::shareBorders(SmallVector<Value> alike) {
  llvm::sort(alike, [&](Value x, Value y) {
    int64_t xFirst = buffers.find(x)->second.first, yFirst = buffers.find(y)->second.first;
    return xFirst != yFirst ? xFirst < yFirst : x.getDefiningOp()->isBeforeInBlock(y.getDefiningOp());
  });
  SmallVector<Value> places;
  for (Value root : alike) {
    ArenaBuffer own = buffers.find(root)->second;
    auto isFree = [&](Value place) { return buffers.find(place)->second.last < own.first; };
    auto place = llvm::find_if(places, isFree);
    if (place == places.end()) {
      places.push_back(root);
      continue;
    }
    buffers.find(*place)->second.last = own.last;
    buffers.erase(root);
    sharedWith[root] = *place;
  }
}

/// Writes a result over an input that is read for the last time here.
void BufferLifetimes::reuseInPlace(RegionOp region) {
  int64_t step = first.lookup(region);
  for (Value result : region.getResults()) {
    const Box &to = placement.of(result);
    if (to.root != result || !liesInArena(result))
      continue;
    for (auto [i, input] : llvm::enumerate(region.getInputs())) {
      const Box &from = placement.of(input);
      Value slot = slotOf(from.root);
      auto found = buffers.find(slot);
      if (found == buffers.end() || found->second.last != step || getConstant(from.offset) != 0 || from.strides != to.strides ||
          bufferBytes(tensorOf(slot)) != bufferBytes(tensorOf(result)) || getDims(tensorOf(input)) != getDims(tensorOf(result)) ||
          elementBytes(input.getType()) != elementBytes(result.getType()) || !readsWhereItWrites(region, i))
        continue;
      // No other input may lie there: it would be read elsewhere.
      if (llvm::count_if(region.getInputs(), [&](Value other) { return slotOf(placement.of(other).root) == slot; }) != 1)
        continue;
      found->second.last = std::max(found->second.last, buffers.find(result)->second.last);
      buffers.erase(result);
      sharedWith[result] = slot;
      break;
    }
  }
}

} // namespace ingot

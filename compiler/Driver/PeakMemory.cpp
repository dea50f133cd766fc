// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/PeakMemory.h"

#include "dialects/Ingot/Ingot.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "passes/Plan/Memory/ArenaFormula.h"
#include "llvm/Support/raw_ostream.h"

#include <tuple>

using namespace mlir;

namespace ingot {
namespace {

constexpr llvm::StringLiteral kUnnamed = "a part of the plan";

bool overlaps(const Occupant &occupant, int64_t begin, int64_t end) { return occupant.begin < end && begin < occupant.end; }

/// A part of the arena: the bytes [begin, end), and the type of what lies there.
struct ArenaPart {
  int64_t begin, end;
  MemRefType type; ///< null where it depends on symbols
};

/// Where the slot lies whose offset `shift` is, or a place inside of it; nothing for other values.
std::optional<ArenaFormula::Place> placeAtMost(Value shift) {
  Operation *op = shift.getDefiningOp();
  if (auto places = op ? op->getAttrOfType<DenseI64ArrayAttr>(kPlaceAttr) : DenseI64ArrayAttr(); places && places.size() == 2)
    return ArenaFormula::Place{places[0], places[1]};
  auto sum = dyn_cast_or_null<arith::AddIOp>(op);
  return sum ? placeAtMost(sum.getLhs()) : std::nullopt;
}

/// The part of the arena that a buffer is in. Of buffers whose places depend on symbols it is where they lie at the largest sizes, as a whole.
std::optional<ArenaPart> arenaPartOf(Value buffer, BlockArgument arena) {
  while (Operation *op = buffer.getDefiningOp()) {
    if (auto view = dyn_cast<memref::ViewOp>(op)) {
      if (view.getSource() != arena || !view.getType().hasStaticShape())
        return std::nullopt;
      if (std::optional<int64_t> begin = getConstantIntValue(view.getByteShift()))
        return ArenaPart{*begin, *begin + view.getType().getNumElements() * llvm::divideCeil(view.getType().getElementTypeBitWidth(), 8),
                         view.getType()};
      std::optional<ArenaFormula::Place> place = placeAtMost(view.getByteShift());
      return place ? std::optional(ArenaPart{place->begin, place->end, {}}) : std::nullopt;
    }
    auto viewLike = dyn_cast<ViewLikeOpInterface>(op);
    if (!viewLike)
      return std::nullopt;
    buffer = viewLike.getViewSource();
  }
  return std::nullopt;
}

/// What a region writes into a part of the arena; a scratch buffer of its own comes after its results.
LiveTensor describe(RegionOp region, unsigned output, const ArenaPart &part) {
  LiveTensor tensor{.name = kUnnamed.str(), .type = "", .bytes = part.end - part.begin};
  llvm::raw_string_ostream stream(tensor.type);
  Operation *yield = region.getBody().front().getTerminator();
  bool isResult = output < yield->getNumOperands();
  ShapedType type = part.type || !isResult ? ShapedType(part.type) : cast<ShapedType>(yield->getOperand(output).getType());
  if (!type)
    type = cast<ShapedType>(region.getOutputs()[output].getType());
  for (int64_t dim : type.getShape())
    stream << (ShapedType::isDynamic(dim) ? "?" : std::to_string(dim)) << 'x';
  stream << type.getElementType();
  if (!isResult)
    return tensor;
  Operation *producer = yield->getOperand(output).getDefiningOp();
  auto values = producer ? producer->getAttrOfType<ArrayAttr>("ingot.values") : ArrayAttr();
  if (values && !values.empty())
    tensor.name = "'" + cast<StringAttr>(values[values.size() - 1]).str() + "'";
  return tensor;
}

class Timeline {
public:
  explicit Timeline(BlockArgument arena) : arena(arena) {}

  void visit(RegionOp region) {
    for (Value input : region.getInputs())
      if (std::optional<ArenaPart> part = arenaPartOf(input, arena))
        for (size_t i : current)
          if (overlaps(occupants[i], part->begin, part->end)) {
            occupants[i].last = step;
            occupants[i].readers.push_back(step);
          }
    for (auto [index, output] : llvm::enumerate(region.getOutputs()))
      if (std::optional<ArenaPart> part = arenaPartOf(output, arena))
        place({part->begin, part->end, step, step, describe(region, index, *part), {step}, {}});
    ++step;
  }

  std::vector<Occupant> all() && { return std::move(occupants); }

  std::vector<LiveTensor> peak() const {
    int64_t most = 0;
    std::vector<LiveTensor> tensors;
    for (int64_t at = 0; at < step; ++at) {
      int64_t bytes = 0;
      auto alive = llvm::make_filter_range(occupants, [&](const Occupant &occupant) { return occupant.first <= at && at <= occupant.last; });
      for (const Occupant &occupant : alive)
        bytes += occupant.tensor.bytes;
      if (bytes <= most)
        continue;
      most = bytes;
      tensors.clear();
      for (const Occupant &occupant : alive)
        tensors.push_back(occupant.tensor);
    }
    llvm::sort(tensors, [](const LiveTensor &a, const LiveTensor &b) { return std::tie(b.bytes, a.name) < std::tie(a.bytes, b.name); });
    return tensors;
  }

private:
  /// What nobody has read yet is not overwritten: several regions write one buffer, as its inside and its border.
  void place(Occupant added) {
    auto found = llvm::find_if(current, [&](size_t i) { return occupants[i].readers.empty() && overlaps(occupants[i], added.begin, added.end); });
    if (found != current.end()) {
      Occupant &whole = occupants[*found];
      whole.begin = std::min(whole.begin, added.begin);
      whole.end = std::max(whole.end, added.end);
      if (whole.tensor.name == kUnnamed)
        whole.tensor = std::move(added.tensor);
      whole.tensor.bytes = whole.end - whole.begin;
      whole.writers.push_back(step);
      return;
    }
    llvm::erase_if(current, [&](size_t i) { return overlaps(occupants[i], added.begin, added.end); });
    current.push_back(occupants.size());
    occupants.push_back(std::move(added));
  }

  BlockArgument arena;
  int64_t step = 0;
  std::vector<Occupant> occupants;
  std::vector<size_t> current; ///< occupants that nothing has overwritten
};

Timeline timelineOf(func::FuncOp planned, BlockArgument arena) {
  Timeline timeline(arena);
  planned.walk([&](RegionOp region) { timeline.visit(region); });
  return timeline;
}

/// Null in a function without an arena.
BlockArgument arenaOf(func::FuncOp planned) {
  for (BlockArgument argument : planned.getArguments())
    if (planned.getArgAttr(argument.getArgNumber(), "ingot.arena"))
      return argument;
  return nullptr;
}

} // namespace

std::vector<Occupant> occupantsOf(func::FuncOp planned) {
  BlockArgument arena = arenaOf(planned);
  return arena ? timelineOf(planned, arena).all() : std::vector<Occupant>();
}

std::vector<LiveTensor> tensorsAtPeak(func::FuncOp planned) {
  BlockArgument arena = arenaOf(planned);
  return arena ? timelineOf(planned, arena).peak() : std::vector<LiveTensor>();
}

} // namespace ingot

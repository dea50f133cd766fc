// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/PeakMemory.h"

#include "dialects/Ingot/Ingot.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/Support/raw_ostream.h"

#include <tuple>

using namespace mlir;

namespace ingot {
namespace {

constexpr llvm::StringLiteral kUnnamed = "a part of the plan";

bool overlaps(const Occupant &occupant, int64_t begin, int64_t end) { return occupant.begin < end && begin < occupant.end; }

/// The view of the arena that a buffer is a part of, if its place is a number.
memref::ViewOp arenaViewOf(Value buffer, BlockArgument arena) {
  while (Operation *op = buffer.getDefiningOp()) {
    if (auto view = dyn_cast<memref::ViewOp>(op))
      return view.getSource() == arena && getConstantIntValue(view.getByteShift()) && view.getType().hasStaticShape() ? view : nullptr;
    auto viewLike = dyn_cast<ViewLikeOpInterface>(op);
    if (!viewLike)
      return nullptr;
    buffer = viewLike.getViewSource();
  }
  return nullptr;
}

LiveTensor describe(RegionOp region, unsigned output, MemRefType type, int64_t bytes) {
  LiveTensor tensor{.name = kUnnamed.str(), .type = "", .bytes = bytes};
  llvm::raw_string_ostream stream(tensor.type);
  for (int64_t dim : type.getShape())
    stream << dim << 'x';
  stream << type.getElementType();
  Operation *producer = region.getBody().front().getTerminator()->getOperand(output).getDefiningOp();
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
      if (memref::ViewOp view = arenaViewOf(input, arena))
        for (size_t i : current)
          if (auto [begin, end] = rangeOf(view); overlaps(occupants[i], begin, end)) {
            occupants[i].last = step;
            occupants[i].readers.push_back(step);
          }
    for (auto [index, output] : llvm::enumerate(region.getOutputs()))
      if (memref::ViewOp view = arenaViewOf(output, arena)) {
        auto [begin, end] = rangeOf(view);
        place({begin, end, step, step, describe(region, index, view.getType(), end - begin), {step}, {}});
      }
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

  static std::pair<int64_t, int64_t> rangeOf(memref::ViewOp view) {
    int64_t begin = *getConstantIntValue(view.getByteShift());
    return {begin, begin + view.getType().getNumElements() * llvm::divideCeil(view.getType().getElementTypeBitWidth(), 8)};
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

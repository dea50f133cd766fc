// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Plain.h"
#include "passes/Plan/ArenaLayout.h"
#include "passes/Plan/Passes.h"
#include "passes/Plan/Tiles.h"
#include "passes/Plan/ViewPlacement.h"

#include "dialects/Ingot/Constants.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "passes/Kernel/Plain.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_PLANBUFFERSPASS
#include "passes/Plan/Passes.h.inc"

namespace {

/// Of a tensor without elements the strides are written out: `memref<3x0xf32>` has stride 0, which the conversion of signatures to LLVM refuses.
MemRefType bufferType(Type tensor) {
  if (auto buffer = dyn_cast<MemRefType>(tensor)) // an argument that is one already
    return buffer;
  auto type = cast<RankedTensorType>(tensor);
  Type element = getStorageType(type.getElementType());
  if (type.getNumElements() != 0)
    return MemRefType::get(type.getShape(), element);
  return MemRefType::get(type.getShape(), element, StridedLayoutAttr::get(tensor.getContext(), 0, contiguousStrides(type.getShape())));
}

int64_t elementBytes(Type tensor) { return llvm::divideCeil(bufferType(tensor).getElementTypeBitWidth(), 8); }
int64_t bufferBytes(Type tensor) { return bufferType(tensor).getNumElements() * elementBytes(tensor); }

/// One side of a pad's border: a box of the padded tensor.
struct BorderSide {
  SmallVector<int64_t> offsets, sizes;
};

/// The border cut into boxes that do not overlap: dims before `dim` keep to the inside, dims after it span everything.
SmallVector<BorderSide> sidesOf(PadOp pad) {
  ArrayRef<int64_t> inside = cast<RankedTensorType>(pad.getX().getType()).getShape(), all = cast<RankedTensorType>(pad.getType()).getShape();
  SmallVector<BorderSide> sides;
  for (size_t dim = 0; dim < all.size(); ++dim)
    for (bool high : {false, true}) {
      BorderSide side{SmallVector<int64_t>(all.size(), 0), SmallVector<int64_t>(all)};
      for (size_t i = 0; i < dim; ++i)
        side.offsets[i] = pad.getLow()[i], side.sizes[i] = inside[i];
      side.sizes[dim] = high ? pad.getHigh()[dim] : pad.getLow()[dim];
      side.offsets[dim] = high ? pad.getLow()[dim] + inside[dim] : 0;
      if (llvm::product_of(side.sizes) != 0)
        sides.push_back(side);
    }
  return sides;
}

/// Whether the region reads `input` only where it writes, element by element: then it may write over it.
bool readsWhereItWrites(RegionOp region, size_t input) {
  Block &body = region.getBody().front();
  BlockArgument argument = body.getArgument(input);
  ArrayRef<int64_t> shape = cast<RankedTensorType>(argument.getType()).getShape();
  auto isElementwise = [&](Operation *op) {
    return isa<UnaryOp, BinaryOp, CompareOp, SelectOp, CastOp>(op) && cast<RankedTensorType>(op->getResult(0).getType()).getShape() == shape;
  };
  auto anchor = cast<RegionFormationInterface>(region.getAnchorOp());
  bool fused = anchor.getAnchor() == Anchor::Convolution || anchor.getAnchor() == Anchor::Depthwise || isa<PackedMatMulOp>(anchor.getOperation());
  if (!isElementwise(anchor) && !fused)
    return false;
  llvm::SetVector<Operation *> prologue; // reads whole rows before the anchor writes any element
  BackwardSliceOptions inBody;
  inBody.omitBlockArguments = true;
  if (fused)
    (void)getBackwardSlice(anchor.getOperation(), &prologue, inBody);
  for (Operation &op : body.without_terminator())
    if (!isa<ConstantOp>(op) && &op != anchor && !prologue.contains(&op) && !isElementwise(&op))
      return false;
  if (llvm::any_of(argument.getUsers(), [&](Operation *user) { return prologue.contains(user); }))
    return false;
  return llvm::all_of(argument.getUsers(), isElementwise) && !isa<MatMulOp>(anchor.getOperation());
}

/// Plans the buffers of one function.
class BufferPlanner {
public:
  explicit BufferPlanner(func::FuncOp function)
      : function(function), body(function.getBody().front()), ret(cast<func::ReturnOp>(body.getTerminator())), placement(body),
        b(function.getContext()) {}

  LogicalResult plan();

private:
  bool liesInArena(Value root) const {
    return !isa<BlockArgument>(root) && !root.getDefiningOp<ConstantOp>() && !llvm::is_contained(ret->getOperands(), root);
  }
  void touch(Value root, int64_t step);
  void findLifetimes();
  void reuseInPlace(RegionOp region, int64_t step);
  Value slotOf(Value root) const;
  void layOutWeights();
  Value bufferOf(Value tensor) { return boxBuffer(placement.of(tensor), bufferType(tensor.getType())); }
  Value boxBuffer(const Box &box, MemRefType type);
  void fillBorder(PadOp pad);
  void rewrite();
  void finishSignature();

  func::FuncOp function;
  Block &body;
  func::ReturnOp ret;
  ViewPlacement placement;
  OpBuilder b;
  llvm::MapVector<Value, ArenaBuffer> lifetimes; ///< of roots in the arena, in steps: positions of operations in the block
  DenseMap<Value, Value> sharedWith;             ///< a root that is written over another one
  llvm::MapVector<Operation *, ArenaBuffer> scratch;
  DenseMap<Value, int64_t> arenaOffsets, weightOffsets;
  DenseMap<Value, Value> argumentOf; ///< inputs and outputs
  unsigned inputs = 0;
  int64_t arenaBytes = 0, weightBytes = 0;
  Value arena, blob;
};

Value BufferPlanner::slotOf(Value root) const {
  while (Value other = sharedWith.lookup(root))
    root = other;
  return root;
}

void BufferPlanner::touch(Value root, int64_t step) {
  if (!liesInArena(root))
    return;
  auto [entry, added] = lifetimes.insert({slotOf(root), {bufferBytes(root.getType()), step, step}});
  entry->second.first = std::min(entry->second.first, step);
  entry->second.last = std::max(entry->second.last, step);
}

void BufferPlanner::findLifetimes() {
  // Last readers first, so that a region knows whether it is one.
  int64_t step = 0;
  for (Operation &op : body.without_terminator()) {
    ++step;
    if (auto pad = dyn_cast<PadOp>(op); pad && placement.ownsBorder(pad))
      touch(placement.of(pad.getResult()).root, step);
    auto region = dyn_cast<RegionOp>(op);
    if (!region)
      continue;
    for (Value value : region->getOperands())
      touch(placement.of(value).root, step);
    for (Value value : region->getResults())
      touch(placement.of(value).root, step);
  }
  step = 0;
  for (Operation &op : body.without_terminator()) {
    ++step;
    auto region = dyn_cast<RegionOp>(op);
    if (!region)
      continue;
    reuseInPlace(region, step);
    if (int64_t bytes =
            region.getPlan()->getFamily() == Family::Plain || region.getPlan()->getFamily() == Family::Recurrent ? plainScratchBytes(region) : 0)
      scratch[region] = {bytes, step, step};
  }
}

/// Writes a result over an input that is read for the last time here.
void BufferPlanner::reuseInPlace(RegionOp region, int64_t step) {
  for (Value result : region.getResults()) {
    const Box &to = placement.of(result);
    if (to.root != result || !liesInArena(result))
      continue;
    for (auto [i, input] : llvm::enumerate(region.getInputs())) {
      const Box &from = placement.of(input);
      Value slot = slotOf(from.root);
      auto found = lifetimes.find(slot);
      if (found == lifetimes.end() || found->second.last != step || from.offset != 0 || from.strides != to.strides ||
          bufferBytes(result.getType()) != found->second.bytes || bufferType(input.getType()) != bufferType(result.getType()) ||
          !readsWhereItWrites(region, i))
        continue;
      // No other input may lie there: it would be read elsewhere.
      if (llvm::count_if(region.getInputs(), [&](Value other) { return slotOf(placement.of(other).root) == slot; }) != 1)
        continue;
      found->second.last = std::max(found->second.last, lifetimes.find(result)->second.last);
      lifetimes.erase(result);
      sharedWith[result] = slot;
      break;
    }
  }
}

void BufferPlanner::layOutWeights() {
  SmallVector<Attribute> layout;
  for (auto constant : body.getOps<ConstantOp>()) {
    if (constant->use_empty())
      continue;
    weightOffsets[constant.getResult()] = weightBytes;
    layout.push_back(
        b.getDictionaryAttr({b.getNamedAttr("offset", b.getI64IntegerAttr(weightBytes)), b.getNamedAttr("value", constant.getValueAttr())}));
    weightBytes = llvm::alignTo(weightBytes + bufferBytes(constant.getType()), kBufferAlignment);
  }
  cast<ModuleOp>(function->getParentOp())->setAttr("ingot.weight_layout", b.getArrayAttr(layout));
}

/// A memref of the box's elements. Boxes in the arena and among the weights begin at offset 0 of a view of their own, so that regions that are alike
/// take arguments of the same type.
Value BufferPlanner::boxBuffer(const Box &box, MemRefType type) {
  bool contiguous = box.strides == contiguousStrides(type.getShape()) && type.getLayout().isIdentity();
  Location loc = function.getLoc();
  if (Value argument = argumentOf.lookup(box.root)) {
    if (box.offset == 0 && argument.getType() == type && box.strides == contiguousStrides(type.getShape()))
      return argument;
    auto layout = StridedLayoutAttr::get(b.getContext(), box.offset, box.strides);
    auto boxType = MemRefType::get(type.getShape(), type.getElementType(), layout);
    return memref::ReinterpretCastOp::create(b, loc, boxType, argument, box.offset, type.getShape(), box.strides);
  }
  auto weight = weightOffsets.find(box.root);
  bool isWeight = weight != weightOffsets.end();
  int64_t bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  int64_t start = (isWeight ? weight->second : arenaOffsets.lookup(slotOf(box.root))) + box.offset * bytes;
  int64_t extent = type.getNumElements() == 0 ? 0 : 1;
  for (auto [size, stride] : llvm::zip_equal(type.getShape(), box.strides))
    extent += extent == 0 ? 0 : (size - 1) * stride;
  Value shift = arith::ConstantIndexOp::create(b, loc, start);
  auto flat = contiguous ? type : MemRefType::get({extent}, type.getElementType());
  Value view = memref::ViewOp::create(b, loc, flat, isWeight ? blob : arena, shift, ValueRange());
  if (contiguous)
    return view;
  auto boxType = MemRefType::get(type.getShape(), type.getElementType(), StridedLayoutAttr::get(b.getContext(), 0, box.strides));
  return memref::ReinterpretCastOp::create(b, loc, boxType, view, 0, type.getShape(), box.strides);
}

/// A region for each side of the border. They need no order among themselves or with whoever writes the inside.
void BufferPlanner::fillBorder(PadOp pad) {
  auto padded = cast<RankedTensorType>(pad.getType());
  auto value = cast<DenseElementsAttr>(pad.getValue());
  for (const BorderSide &side : sidesOf(pad)) {
    Box box = placement.of(pad.getResult());
    for (auto [offset, stride] : llvm::zip_equal(side.offsets, box.strides))
      box.offset += offset * stride;
    auto type = RankedTensorType::get(side.sizes, padded.getElementType());
    b.setInsertionPoint(pad);
    Value buffer = boxBuffer(box, bufferType(type));
    auto fill = RegionOp::create(b, pad.getLoc(), TypeRange(), ValueRange(), buffer, PlanAttr());
    b.createBlock(&fill.getBody());
    Value border = ConstantOp::create(b, pad.getLoc(), DenseElementsAttr::get(type, value.getValues<Attribute>()[0]));
    YieldOp::create(b, pad.getLoc(), border);
    PlanAttr plan = planMap(fill, MachineModel());
    fill.setPlanAttr(plan ? plan : PlanAttr::get(b.getContext(), Family::Plain, {}, 1, 1, plainUnits(fill), false));
  }
}

void BufferPlanner::rewrite() {
  SmallVector<Operation *> old;
  for (Operation &op : llvm::make_early_inc_range(body.without_terminator())) {
    if (auto pad = dyn_cast<PadOp>(op); pad && placement.ownsBorder(pad))
      fillBorder(pad);
    if (auto region = dyn_cast<RegionOp>(op); region && region.getNumResults() != 0) {
      b.setInsertionPoint(region);
      SmallVector<Value> ins = llvm::map_to_vector(region.getInputs(), [&](Value value) { return bufferOf(value); });
      SmallVector<Value> outs = llvm::map_to_vector(region.getResults(), [&](Value value) { return bufferOf(value); });
      if (auto found = scratch.find(region); found != scratch.end()) {
        Value shift = arith::ConstantIndexOp::create(b, region.getLoc(), found->second.offset);
        auto type = MemRefType::get({found->second.bytes}, b.getI8Type());
        outs.push_back(memref::ViewOp::create(b, region.getLoc(), type, arena, shift, ValueRange()));
      }
      auto planned = RegionOp::create(b, region.getLoc(), TypeRange(), ins, outs, region.getPlanAttr());
      planned.getBody().takeBody(region.getBody());
    }
    if (isa<IngotDialect>(op.getDialect()) && op.getNumResults() != 0)
      old.push_back(&op);
  }
  ret->setOperands({});
  for (Operation *op : llvm::reverse(old)) {
    op->dropAllUses();
    op->erase();
  }
}

LogicalResult BufferPlanner::plan() {
  if (!placement.getCopies().empty() || !placement.getOperandCopies().empty())
    return function.emitOpError("has views that need copies: run ingot-copy-views first");
  for (auto region : body.getOps<RegionOp>())
    if (!region.getPlan())
      return region.emitOpError("has no plan: run ingot-choose-kernels first");
  inputs = function.getNumArguments();
  for (BlockArgument argument : body.getArguments())
    argumentOf[argument] = argument;
  findLifetimes();
  layOutWeights();
  SmallVector<ArenaBuffer> buffers;
  for (auto &[root, buffer] : lifetimes)
    buffers.push_back(buffer);
  for (auto &[region, buffer] : scratch)
    buffers.push_back(buffer);
  arenaBytes = placeInArena(buffers);
  for (auto [entry, buffer] : llvm::zip(lifetimes, buffers))
    arenaOffsets[entry.first] = buffer.offset;
  for (auto [entry, buffer] : llvm::zip_equal(scratch, ArrayRef(buffers).drop_front(lifetimes.size())))
    entry.second.offset = buffer.offset;

  for (Value value : ret.getOperands())
    argumentOf[value] = body.addArgument(bufferType(value.getType()), ret.getLoc());
  arena = body.addArgument(MemRefType::get({arenaBytes}, b.getI8Type()), function.getLoc());
  blob = body.addArgument(MemRefType::get({weightBytes}, b.getI8Type()), function.getLoc());
  for (unsigned i = 0; i < inputs; ++i)
    body.getArgument(i).setType(bufferType(body.getArgument(i).getType()));
  rewrite();
  finishSignature();
  return success();
}

/// The function takes buffers now; result names move to the output arguments.
void BufferPlanner::finishSignature() {
  SmallVector<Attribute> arguments;
  auto keep = [&](DictionaryAttr attributes) { arguments.push_back(attributes ? attributes : b.getDictionaryAttr({})); };
  for (unsigned i = 0; i < inputs; ++i)
    keep(function.getArgAttrDict(i));
  for (unsigned i = 0; i < function.getNumResults(); ++i)
    keep(function.getResultAttrDict(i));
  arguments.push_back(b.getDictionaryAttr(b.getNamedAttr("ingot.arena", b.getUnitAttr())));
  arguments.push_back(b.getDictionaryAttr(b.getNamedAttr("ingot.weights", b.getUnitAttr())));
  function->setAttr("ingot.input_count", b.getI64IntegerAttr(inputs));
  function->setAttr("ingot.output_count", b.getI64IntegerAttr(function.getNumResults()));
  function.removeResAttrsAttr();
  function.setType(b.getFunctionType(llvm::to_vector(body.getArgumentTypes()), {}));
  function.setArgAttrsAttr(b.getArrayAttr(arguments));
}

struct PlanBuffersPass : impl::PlanBuffersPassBase<PlanBuffersPass> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isPrivate() || function.isExternal())
      return;
    if (!llvm::hasSingleElement(function.getBody())) {
      function.emitOpError("has more than one block");
      return signalPassFailure();
    }
    if (failed(BufferPlanner(function).plan()))
      signalPassFailure();
  }
};

} // namespace
} // namespace ingot

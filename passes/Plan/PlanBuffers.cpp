// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Chain/RowChain.h"
#include "passes/Kernel/Footprint.h"
#include "passes/Plan/Cost/TileChoice.h"
#include "passes/Plan/Memory/ArenaFormula.h"
#include "passes/Plan/Memory/Borders.h"
#include "passes/Plan/Memory/BufferLifetimes.h"
#include "passes/Plan/Memory/SharePlaces.h"
#include "passes/Plan/Passes.h"

#include "dialects/Ingot/Constants.h"
#include "dialects/Ingot/Control.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_PLANBUFFERSPASS
#include "passes/Plan/Passes.h.inc"

namespace {

/// More than any buffer has.
constexpr int64_t kMostElements = int64_t(1) << 48;

/// Of a tensor without elements the strides are written out: `memref<3x0xf32>` has stride 0, which the conversion of signatures to LLVM refuses.
MemRefType bufferType(Type tensor) {
  if (auto buffer = dyn_cast<MemRefType>(tensor)) // an argument that is one already
    return buffer;
  auto type = cast<RankedTensorType>(tensor);
  Type element = getStorageType(type.getElementType());
  if (type.getNumElements() != 0)
    return MemRefType::get(type.getShape(), element);
  auto strides = llvm::map_to_vector(contiguousStrides(getDims(type)), [](AffineExpr stride) { return *getConstant(stride); });
  return MemRefType::get(type.getShape(), element, StridedLayoutAttr::get(tensor.getContext(), 0, strides));
}

/// Plans the buffers of one function.
class BufferPlanner {
public:
  explicit BufferPlanner(func::FuncOp function)
      : function(function), body(function.getBody().front()), ret(cast<func::ReturnOp>(body.getTerminator())), placement(body),
        symbols(ModelSymbols::of(function)), lifetimes(function, placement, symbols), hasFormula(symbols.hasInputs()),
        hasValues(ModelSymbols::areSeen(function)), machine(MachineModel::of(function)), b(function.getLoc(), function.getContext()) {}

  void plan();

private:
  void layOutWeights();
  void layOutArena();
  void emitPrepare(const ArenaFormula &formula);
  void namePeak(ArrayRef<SizePolynomial> peak);
  void addArguments();
  RankedTensorType tensorOf(Value value) const {
    RankedTensorType type = inputTypes.lookup(value);
    return type ? type : cast<RankedTensorType>(value.getType());
  }
  Value bufferOf(Value value) { return isInsideOfChain(value) ? stripOf(value) : boxBuffer(placement.of(value), tensorOf(value)); }
  Value stripOf(Value value);
  Value boxBuffer(const Box &box, RankedTensorType tensor);
  std::pair<Value, Value> placeOf(const Box &box, RankedTensorType tensor);
  Value symbolicBuffer(const Box &box, RankedTensorType tensor);
  Value arenaOffset(Value root);
  Value slotOfValues(int64_t slot);
  Value symbolValue(size_t symbol);
  int64_t mostBytes(RankedTensorType tensor) const { return symbols.upperBound(symbols.bound(bufferBytes(tensor))); }
  bool isSymbolic(const Box &box, RankedTensorType tensor) const;
  ArrayAttr stridesOf(ArrayRef<Value> tensors);
  void fillBorder(PadOp pad);
  void rewrite(Block &block);
  void rewrite(RegionOp region);
  void rewrite(BindDimOp bind);
  void rewrite(IfOp branch);
  void rewrite(LoopOp loop);
  void eraseTensors();
  void finishSignature();

  func::FuncOp function;
  Block &body;
  func::ReturnOp ret;
  ViewPlacement placement;
  ModelSymbols symbols;
  BufferLifetimes lifetimes;
  bool hasFormula; ///< places in the arena depend on symbols
  bool hasValues;  ///< the model takes the values of its symbols, or tells them
  MachineModel machine;
  SmallVector<AffineExpr> derived;
  ImplicitLocOpBuilder b;
  DenseMap<Value, int64_t> arenaOffsets, weightOffsets; ///< with symbols, the former are slots of the model's values
  DenseMap<Value, Value> argumentOf;                    ///< inputs and outputs
  DenseMap<Value, Value> strips;                        ///< of what lies between the regions of a chain
  DenseMap<Value, RankedTensorType> inputTypes;         ///< of the arguments, while they become buffers
  DenseMap<int64_t, Value> loadedSlots;
  DenseMap<int64_t, Value> defined; ///< symbols that have got their values from data so far
  SmallVector<Operation *> old;     ///< operations on tensors, whose work planned ones do now
  SmallVector<BlockArgument> carried;
  struct SlotUse {
    int64_t first, last; ///< steps
    ArenaFormula::Place place;
  };
  DenseMap<int64_t, SlotUse> usesOfSlot; ///< of the values that are offsets in the arena
  unsigned inputs = 0;
  int64_t arenaBytes = 0, weightBytes = 0, valueCount = 0;
  Value arena, blob, values;
};

void BufferPlanner::layOutWeights() {
  SmallVector<Attribute> layout;
  for (Block *block : blocksOf(body))
    for (auto constant : block->getOps<ConstantOp>()) {
      if (constant->use_empty())
        continue;
      weightOffsets[constant.getResult()] = weightBytes;
      layout.push_back(
          b.getDictionaryAttr({b.getNamedAttr("offset", b.getI64IntegerAttr(weightBytes)), b.getNamedAttr("value", constant.getValueAttr())}));
      weightBytes = llvm::alignTo(weightBytes + *getConstant(bufferBytes(cast<RankedTensorType>(constant.getType()))), kBufferAlignment);
    }
  cast<ModuleOp>(function->getParentOp())->setAttr("ingot.weight_layout", b.getArrayAttr(layout));
}

void BufferPlanner::layOutArena() {
  SmallVector<ArenaBuffer> buffers = lifetimes.all();
  SmallVector<AffineExpr> bytes;
  for (auto &[root, buffer] : lifetimes.buffers)
    bytes.push_back(symbols.bound(bufferBytes(cast<RankedTensorType>(root.getType()))));
  for (auto &[region, buffer] : lifetimes.scratch)
    bytes.push_back(b.getAffineConstantExpr(buffer.bytes));
  arenaBytes = placeInArena(buffers);
  if (function->hasAttr(kSharesAttr))
    keepSharesInPlace(buffers, arenaBytes, machine.l2Bytes);
  if (hasValues) {
    derived = ModelSymbols::derivedDims(function);
    function->setAttr("ingot.derived", AffineMapAttr::get(AffineMap::get(0, symbols.ranges.size(), derived, b.getContext())));
    valueCount = symbols.ranges.size() + derived.size();
    ArenaFormula formula(buffers, bytes);
    if (hasFormula) {
      // The offsets are computed once per call, and kept behind the values of the symbols.
      auto most = llvm::map_to_vector(llvm::enumerate(symbols.ranges), [&](auto entry) {
        return symbols.isRoom(entry.index()) ? entry.value().minimum : entry.value().maximum; // rooms grow when a run needs more
      });
      arenaBytes = formula.arenaBytes(most);
      for (auto [buffer, place] : llvm::zip_equal(buffers, formula.places(most))) {
        usesOfSlot[valueCount] = {buffer.first, buffer.last, place};
        buffer.offset = valueCount++;
      }
    }
    emitPrepare(formula);
    namePeak(formula.peak(symbols.ranges));
  }
  for (auto [entry, buffer] : llvm::zip(lifetimes.buffers, buffers))
    arenaOffsets[entry.first] = buffer.offset;
  for (auto [entry, buffer] : llvm::zip_equal(lifetimes.scratch, ArrayRef(buffers).drop_front(lifetimes.buffers.size())))
    entry.second.offset = buffer.offset;
}

/// The polynomials as texts for people.
void BufferPlanner::namePeak(ArrayRef<SizePolynomial> peak) {
  auto names = function->getAttrOfType<ArrayAttr>("ingot.symbols");
  if (!names || peak.empty())
    return;
  auto list = llvm::map_to_vector(names.getAsValueRange<StringAttr>(), [](StringRef name) { return name; });
  auto texts = llvm::map_to_vector(peak, [&](const SizePolynomial &polynomial) { return polynomial.text(list); });
  function->setAttr("ingot.peak", b.getStrArrayAttr(llvm::map_to_vector(texts, [](const std::string &text) { return StringRef(text); })));
}

/// Beside the model, a function that a run calls when its dims are new: from the values of the symbols it computes the sizes of the results and the
/// places in the arena, and returns the arena's bytes; or -1 - i, when relation i does not hold.
void BufferPlanner::emitPrepare(const ArenaFormula &formula) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointAfter(function);
  auto type = MemRefType::get({valueCount}, b.getI64Type());
  auto prepare = func::FuncOp::create(b, (function.getName() + "_prepare").str(), b.getFunctionType(type, b.getI64Type()));
  prepare->setAttr("ingot.prepares", FlatSymbolRefAttr::get(function));
  b.setInsertionPointToStart(prepare.addEntryBlock());
  Value slots = prepare.getArgument(0);
  auto at = [&](size_t slot) { return arith::ConstantIndexOp::create(b, slot).getResult(); };
  SmallVector<Value> sizes;
  for (size_t i = 0; i < symbols.ranges.size(); ++i) {
    if (symbols.isInput(i)) {
      sizes.push_back(arith::IndexCastOp::create(b, b.getIndexType(), memref::LoadOp::create(b, slots, at(i))));
    } else { // what a run finds is at most this
      Value most = materializeDim(b, symbols.bound(b.getAffineSymbolExpr(i)), sizes);
      sizes.push_back(arith::MinSIOp::create(b, most, arith::ConstantIndexOp::create(b, symbols.ranges[i].maximum)));
      memref::StoreOp::create(b, arith::IndexCastOp::create(b, b.getI64Type(), sizes.back()), slots, at(i));
    }
  }
  ArenaFormula::Offsets offsets = formula.emit(b, sizes);
  SmallVector<Value> computed = llvm::map_to_vector(derived, [&](AffineExpr dim) { return materializeDim(b, dim, sizes); });
  if (hasFormula)
    llvm::append_range(computed, offsets.buffers);
  for (auto [i, value] : llvm::enumerate(computed))
    memref::StoreOp::create(b, arith::IndexCastOp::create(b, b.getI64Type(), value), slots, at(symbols.ranges.size() + i));
  Value result = offsets.arenaBytes;
  for (int64_t i = symbols.relations.size() - 1; i >= 0; --i) {
    auto [left, right] = symbols.relations[i];
    Value holds = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, materializeDim(b, left, sizes), materializeDim(b, right, sizes));
    result = arith::SelectOp::create(b, holds, result, arith::ConstantIndexOp::create(b, -1 - i));
  }
  func::ReturnOp::create(b, arith::IndexCastOp::create(b, b.getI64Type(), result).getResult());
}

/// One of the model's values, loaded once at its beginning.
Value BufferPlanner::slotOfValues(int64_t slot) {
  Value &loaded = loadedSlots[slot];
  if (!loaded) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&body);
    Value number = memref::LoadOp::create(b, values, arith::ConstantIndexOp::create(b, slot).getResult());
    auto cast = arith::IndexCastOp::create(b, b.getIndexType(), number);
    if (auto use = usesOfSlot.find(slot); use != usesOfSlot.end()) {
      cast->setAttr(kAliveAttr, b.getDenseI64ArrayAttr({use->second.first, use->second.last}));
      cast->setAttr(kPlaceAttr, b.getDenseI64ArrayAttr({use->second.place.begin, use->second.place.end}));
    }
    loaded = cast;
  }
  return loaded;
}

/// The value of a symbol where the builder stands.
Value BufferPlanner::symbolValue(size_t symbol) {
  if (symbols.isInput(symbol))
    return slotOfValues(symbol);
  if (Value value = defined.lookup(symbol))
    return value;
  return arith::ConstantIndexOp::create(b, 0); // nothing here depends on it
}

Value BufferPlanner::arenaOffset(Value root) {
  int64_t offset = arenaOffsets.lookup(root);
  return !hasFormula ? arith::ConstantIndexOp::create(b, offset).getResult() : slotOfValues(offset);
}

bool BufferPlanner::isSymbolic(const Box &box, RankedTensorType tensor) const {
  return !tensor.hasStaticShape() || !llvm::all_of(box.strides, llvm::IsaPred<AffineConstantExpr>);
}

/// The bytes that hold the box, and at which of them it begins.
std::pair<Value, Value> BufferPlanner::placeOf(const Box &box, RankedTensorType tensor) {
  auto weight = weightOffsets.find(box.root);
  Value base = argumentOf.lookup(box.root);
  if (!base)
    base = weight == weightOffsets.end() ? arena : blob;
  bool formula = base == arena && hasFormula; // where the box's root lies is known when the model runs
  int64_t start = base == blob ? weight->second : base == arena && !formula ? arenaOffsets.lookup(lifetimes.slotOf(box.root)) : 0;
  AffineExpr inside = simplifyDim(box.offset * elementBytes(tensor) + start);
  Value begin = formula ? arenaOffset(lifetimes.slotOf(box.root)) : Value();
  SmallVector<Value> sizes;
  for (size_t i = 0; i < symbols.ranges.size() && !getConstant(inside); ++i)
    sizes.push_back(symbolValue(i));
  Value shift = materializeDim(b, inside, sizes);
  return {base, begin ? b.createOrFold<arith::AddIOp>(begin, shift) : shift};
}

/// A buffer whose shape or strides depend on symbols: flat, from the box's first element on.
Value BufferPlanner::symbolicBuffer(const Box &box, RankedTensorType tensor) {
  auto [base, shift] = placeOf(box, tensor);
  AffineExpr extent = b.getAffineConstantExpr(1);
  for (auto [size, stride] : llvm::zip_equal(getDims(tensor), box.strides))
    extent = extent + (size - 1) * stride;
  auto flat =
      MemRefType::get({std::clamp<int64_t>(symbols.upperBound(symbols.bound(extent)), 0, kMostElements)}, getStorageType(tensor.getElementType()));
  return memref::ViewOp::create(b, flat, base, shift, ValueRange());
}

/// A memref of the box's elements. Boxes in the arena and among the weights begin at offset 0 of a view of their own, so that regions that are alike
/// take arguments of the same type.
Value BufferPlanner::boxBuffer(const Box &box, RankedTensorType tensor) {
  if (isSymbolic(box, tensor))
    return symbolicBuffer(box, tensor);
  MemRefType type = bufferType(tensor);
  auto strides = llvm::map_to_vector(box.strides, [](AffineExpr stride) { return *getConstant(stride); });
  bool contiguous = box.strides == contiguousStrides(getDims(tensor)) && type.getLayout().isIdentity();
  Value argument = argumentOf.lookup(box.root);
  if (argument && symbols.empty()) {
    int64_t offset = *getConstant(box.offset);
    if (offset == 0 && argument.getType() == type && box.strides == contiguousStrides(getDims(tensor)))
      return argument;
    auto boxType = MemRefType::get(type.getShape(), type.getElementType(), StridedLayoutAttr::get(b.getContext(), offset, strides));
    return memref::ReinterpretCastOp::create(b, boxType, argument, offset, type.getShape(), strides);
  }
  auto [base, shift] = placeOf(box, tensor);
  int64_t extent = type.getNumElements() == 0 ? 0 : 1;
  for (auto [size, stride] : llvm::zip_equal(type.getShape(), strides))
    extent += extent == 0 ? 0 : (size - 1) * stride;
  auto flat = contiguous ? type : MemRefType::get({extent}, type.getElementType());
  Value view = memref::ViewOp::create(b, flat, base, shift, ValueRange());
  if (contiguous)
    return view;
  auto boxType = MemRefType::get(type.getShape(), type.getElementType(), StridedLayoutAttr::get(b.getContext(), 0, strides));
  return memref::ReinterpretCastOp::create(b, boxType, view, 0, type.getShape(), strides);
}

/// Made before the region that writes it, which comes first.
Value BufferPlanner::stripOf(Value value) {
  Value &strip = strips[value];
  if (!strip)
    strip = StripOp::create(b, bufferType(value.getType()));
  return strip;
}

/// The strides of a region's buffers, if any depends on symbols.
ArrayAttr BufferPlanner::stridesOf(ArrayRef<Value> tensors) {
  if (llvm::none_of(tensors, [&](Value tensor) { return isSymbolic(placement.of(tensor), tensorOf(tensor)); }))
    return {};
  SmallVector<AffineMap> maps;
  for (Value tensor : tensors)
    maps.push_back(AffineMap::get(0, symbols.ranges.size(), placement.of(tensor).strides, b.getContext()));
  return b.getAffineMapArrayAttr(maps);
}

/// A region for each side of the border. They need no order among themselves or with whoever writes the inside.
void BufferPlanner::fillBorder(PadOp pad) {
  if (lifetimes.isShared(pad.getResult())) // filled by whoever had the place first
    return;
  Type element = cast<RankedTensorType>(pad.getType()).getElementType();
  auto value = cast<DenseElementsAttr>(pad.getValue()).getValues<Attribute>()[0];
  b.setLoc(pad.getLoc());
  for (const BorderSide &side : sidesOf(pad)) {
    Box box = placement.of(pad.getResult());
    for (auto [offset, stride] : llvm::zip_equal(side.offsets, box.strides))
      box.offset = simplifyDim(box.offset + offset * stride);
    RankedTensorType type = makeTensorType(side.sizes, element);
    b.setInsertionPoint(pad);
    Value buffer = boxBuffer(box, type);
    ArrayAttr strides;
    if (isSymbolic(box, type))
      strides = b.getAffineMapArrayAttr(AffineMap::get(0, symbols.ranges.size(), box.strides, b.getContext()));
    auto fill = RegionOp::create(b, TypeRange(), ValueRange(), buffer, PlanAttr(), strides);
    if (strides)
      fill->setAttr(kBorderAttr, b.getUnitAttr());
    b.createBlock(&fill.getBody());
    auto constant = type.hasStaticShape() ? type : RankedTensorType::get({}, element);
    Value border = ConstantOp::create(b, DenseElementsAttr::get(constant, value));
    if (!type.hasStaticShape())
      border = BroadcastOp::create(b, type, border);
    YieldOp::create(b, border);
    planAlone(fill, machine);
    fill.setPlanAttr(shareSide(fill.getPlanAttr(), side));
  }
}

void BufferPlanner::rewrite(RegionOp region) {
  SmallVector<Value> ins = llvm::map_to_vector(region.getInputs(), [&](Value value) { return bufferOf(value); });
  SmallVector<Value> outs = llvm::map_to_vector(region.getResults(), [&](Value value) { return bufferOf(value); });
  SmallVector<Value> tensors(region.getInputs());
  tensors.append(region.getResults().begin(), region.getResults().end());
  ArrayAttr strides = stridesOf(tensors);
  if (auto found = lifetimes.scratch.find(region); found != lifetimes.scratch.end()) {
    Value shift = hasFormula ? slotOfValues(found->second.offset) : arith::ConstantIndexOp::create(b, found->second.offset).getResult();
    auto type = MemRefType::get({found->second.bytes}, b.getI8Type());
    outs.push_back(memref::ViewOp::create(b, type, arena, shift, ValueRange()));
  }
  auto planned = RegionOp::create(b, TypeRange(), ins, outs, region.getPlanAttr(), strides);
  planned->setDiscardableAttrs(region->getDiscardableAttrDictionary());
  planned.getBody().takeBody(region.getBody());
}

void BufferPlanner::rewrite(BindDimOp bind) {
  auto planned = BindDimOp::create(b, b.getIndexType(), bufferOf(bind.getValue()), bind.getSymbolAttr(), bind.getLimitAttr());
  planned->setDiscardableAttrs(bind->getDiscardableAttrDictionary());
  defined[bind.getSymbol()] = planned.getSize();
}

void BufferPlanner::rewrite(IfOp branch) {
  SmallVector<Type> sizes(branch.getSymbols().size(), b.getIndexType());
  auto planned = IfOp::create(b, sizes, bufferOf(branch.getCondition()), branch.getSymbolsAttr(), branch.getThenDimsAttr(), branch.getElseDimsAttr());
  for (auto [from, to] : llvm::zip_equal(branch->getRegions(), planned->getRegions())) {
    to.takeBody(from);
    auto outer = defined;
    rewrite(to.front());
    defined = std::move(outer);
  }
  for (auto [symbol, value] : llvm::zip_equal(branch.getSymbols(), planned.getResults()))
    defined[symbol] = value;
}

void BufferPlanner::rewrite(LoopOp loop) {
  Value condition = loop.getCondition() ? bufferOf(loop.getCondition()) : Value();
  auto planned = LoopOp::create(b, b.getIndexType(), condition, ValueRange(), loop.getTripsAttr(), loop.getCounterAttr(), loop.getCountAttr());
  Block &inner = loop.getBody().front();
  llvm::append_range(carried, inner.getArguments());
  planned.getBody().takeBody(loop.getBody());
  auto outer = defined;
  defined[loop.getCounter()] = inner.addArgument(b.getIndexType(), loop.getLoc());
  rewrite(inner);
  defined = std::move(outer);
  if (loop.getCount())
    defined[*loop.getCount()] = planned.getResult(0);
}

void BufferPlanner::rewrite(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(block.without_terminator())) {
    b.setLoc(op.getLoc());
    b.setInsertionPoint(&op);
    if (auto pad = dyn_cast<PadOp>(op); pad && placement.ownsBorder(pad))
      fillBorder(pad);
    else if (auto region = dyn_cast<RegionOp>(op); region && region.getNumResults() != 0)
      rewrite(region);
    else if (auto bind = dyn_cast<BindDimOp>(op))
      rewrite(bind);
    else if (auto branch = dyn_cast<IfOp>(op))
      rewrite(branch);
    else if (auto loop = dyn_cast<LoopOp>(op))
      rewrite(loop);
    if (isa<IngotDialect>(op.getDialect()) && (op.getNumResults() != 0 || isa<BindDimOp, IfOp, LoopOp>(op)))
      old.push_back(&op);
  }
  block.getTerminator()->setOperands({});
}

void BufferPlanner::eraseTensors() {
  for (Operation *op : llvm::reverse(old)) {
    op->dropAllUses();
    op->erase();
  }
  for (BlockArgument argument : llvm::reverse(carried)) {
    argument.dropAllUses();
    argument.getOwner()->eraseArgument(argument.getArgNumber());
  }
}

/// Inputs become buffers, results buffers after them; then arena, weights and, with symbols, the model's values. With symbols, all but the values are
/// bytes, whose number is an upper bound.
void BufferPlanner::addArguments() {
  auto typeOf = [&](Value tensor) {
    auto type = cast<RankedTensorType>(tensor.getType());
    return symbols.empty() ? bufferType(type) : MemRefType::get({mostBytes(type)}, b.getI8Type());
  };
  for (unsigned i = 0; i < inputs; ++i) {
    BlockArgument argument = body.getArgument(i);
    argumentOf[argument] = argument;
    inputTypes[argument] = cast<RankedTensorType>(argument.getType());
    argument.setType(typeOf(argument));
  }
  for (Value value : ret.getOperands())
    argumentOf[value] = body.addArgument(typeOf(value), ret.getLoc());
  arena = body.addArgument(MemRefType::get({arenaBytes}, b.getI8Type()), function.getLoc());
  blob = body.addArgument(MemRefType::get({weightBytes}, b.getI8Type()), function.getLoc());
  if (hasValues)
    values = body.addArgument(MemRefType::get({valueCount}, b.getI64Type()), function.getLoc());
}

void BufferPlanner::plan() {
  inputs = function.getNumArguments();
  layOutWeights();
  layOutArena();
  addArguments();
  rewrite(body);
  eraseTensors();
  finishSignature();
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
  if (values)
    arguments.push_back(b.getDictionaryAttr(b.getNamedAttr("ingot.values", b.getUnitAttr())));
  function->setAttr("ingot.input_count", b.getI64IntegerAttr(inputs));
  function->setAttr("ingot.output_count", b.getI64IntegerAttr(function.getNumResults()));
  function.removeResAttrsAttr();
  function.setType(b.getFunctionType(llvm::to_vector(body.getArgumentTypes()), {}));
  function.setArgAttrsAttr(b.getArrayAttr(arguments));
}

LogicalResult checkPlannable(func::FuncOp function) {
  Block &body = function.getBody().front();
  ViewPlacement placement(body);
  if (!placement.getCopies().empty() || !placement.getOperandCopies().empty())
    return function.emitOpError("has views that need copies: run ingot-copy-views first");
  for (Block *block : blocksOf(body))
    for (auto region : block->getOps<RegionOp>())
      if (!region.getPlan())
        return region.emitOpError("has no plan: run ingot-choose-kernels first");
  return success();
}

struct PlanBuffersPass : impl::PlanBuffersPassBase<PlanBuffersPass> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isPrivate() || function.isExternal() || function->hasAttr("ingot.prepares"))
      return;
    if (!llvm::hasSingleElement(function.getBody())) {
      function.emitOpError("has more than one block");
      return signalPassFailure();
    }
    if (failed(checkPlannable(function)))
      return signalPassFailure();
    BufferPlanner(function).plan();
  }
};

} // namespace
} // namespace ingot

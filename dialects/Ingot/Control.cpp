// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Control.h"

#include "dialects/Ingot/SymbolicDims.h"

using namespace mlir;

namespace ingot {
namespace {

void addSymbols(AffineMap map, llvm::SmallBitVector &used) {
  for (AffineExpr result : map.getResults())
    result.walk([&](AffineExpr expr) {
      auto symbol = dyn_cast<AffineSymbolExpr>(expr);
      if (!symbol)
        return;
      if (used.size() <= symbol.getPosition())
        used.resize(symbol.getPosition() + 1);
      used.set(symbol.getPosition());
    });
}

void addSymbols(Type type, llvm::SmallBitVector &used) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (auto dims = tensor ? dyn_cast_if_present<DimsAttr>(tensor.getEncoding()) : DimsAttr())
    addSymbols(dims.getMap(), used);
}

bool isTensorStage(ValueRange values) {
  return llvm::all_of(values, [](Value value) { return isa<RankedTensorType>(value.getType()); });
}

/// The tensors that a body ends with.
FailureOr<ValueRange> yieldedBy(Operation *op, Region &body) {
  if (body.front().empty() || !isa<YieldOp>(body.front().back()))
    return op->emitOpError("body must end with 'ingot.yield'");
  return ValueRange(body.front().back().getOperands());
}

/// Whether a value of type `given` may be where one of type `wanted` is expected: the same element, the same rank, and dims that are equal or, in
/// what is wanted, one of `symbols`.
bool fits(Type given, Type wanted, ArrayRef<int64_t> symbols) {
  auto from = dyn_cast<RankedTensorType>(given), to = dyn_cast<RankedTensorType>(wanted);
  if (!from || !to || from.getElementType() != to.getElementType() || from.getRank() != to.getRank())
    return false;
  for (auto [x, y] : llvm::zip_equal(getDims(from), getDims(to))) {
    auto symbol = dyn_cast<AffineSymbolExpr>(y);
    if (x != y && !(symbol && llvm::is_contained(symbols, static_cast<int64_t>(symbol.getPosition()))))
      return false;
  }
  return true;
}

bool isCondition(Type type) {
  auto shaped = dyn_cast<ShapedType>(type);
  if (!shaped || !shaped.hasRank() || shaped.getRank() != 0)
    return false;
  return shaped.getElementType().isInteger(1) || (isa<MemRefType>(type) && shaped.getElementType().isInteger(8));
}

} // namespace

llvm::SmallBitVector getUsedSymbols(Operation *op) {
  llvm::SmallBitVector used;
  op->walk([&](Operation *inner) {
    for (Type type : inner->getResultTypes())
      addSymbols(type, used);
    for (NamedAttribute attribute : inner->getAttrs())
      if (auto map = dyn_cast<AffineMapAttr>(attribute.getValue()))
        addSymbols(map.getValue(), used);
  });
  return used;
}

void forEachRead(Operation *op, llvm::function_ref<void(Value)> read) {
  op->walk([&](Operation *inner) {
    for (Value operand : inner->getOperands())
      if (!op->isAncestor(operand.getParentBlock()->getParentOp()))
        read(operand);
  });
}

SmallVector<Block *> blocksOf(Block &block) {
  SmallVector<Block *> blocks = {&block};
  for (size_t i = 0; i < blocks.size(); ++i)
    for (Operation &op : *blocks[i])
      if (isControl(&op))
        for (Region &body : op.getRegions())
          blocks.push_back(&body.front());
  return blocks;
}

SymbolDefinitions::SymbolDefinitions(Block &block) {
  for (Operation &op : block)
    if (auto definition = dyn_cast<SymbolDefinitionInterface>(op))
      for (int64_t symbol : definition.getDefinedSymbols())
        definitions[symbol] = &op;
}

void SymbolDefinitions::forEachNeeded(Operation *op, llvm::function_ref<void(Operation *)> need) const {
  if (definitions.empty())
    return;
  llvm::SmallBitVector used = getUsedSymbols(op);
  for (unsigned symbol : used.set_bits())
    if (Operation *definition = definitions.lookup(symbol); definition && definition != op)
      need(definition);
}

void YieldOp::build(OpBuilder &, OperationState &) {} // of nothing: bodies of the plan stage

SmallVector<int64_t> BindDimOp::getDefinedSymbols() { return {static_cast<int64_t>(getSymbol())}; }
SmallVector<int64_t> IfOp::getDefinedSymbols() { return llvm::to_vector(getSymbols()); }
SmallVector<int64_t> LoopOp::getDefinedSymbols() {
  return getCount() ? SmallVector<int64_t>{static_cast<int64_t>(*getCount())} : SmallVector<int64_t>();
}

AffineExpr LoopOp::getCountExpr() { return getCount() ? getAffineSymbolExpr(*getCount(), getContext()) : getTripsExpr(); }

LogicalResult IfOp::verify() {
  if (!isCondition(getCondition().getType()))
    return emitOpError("needs a condition of one boolean, has ") << getCondition().getType();
  for (auto [dims, name] : {std::pair(getThenDims(), "then"), std::pair(getElseDims(), "else")})
    if ((dims ? dims->getNumResults() : 0) != getSymbols().size())
      return emitOpError("has ") << getSymbols().size() << " symbols and " << (dims ? dims->getNumResults() : 0) << " values for them in '" << name
                                 << "'";
  for (Region *body : {&getThenBody(), &getElseBody()}) {
    FailureOr<ValueRange> yielded = yieldedBy(*this, *body);
    if (failed(yielded))
      return failure();
    if (!isTensorStage(getResults()) || (getNumResults() == 0 && yielded->empty()))
      continue;
    if (yielded->size() != getNumResults())
      return emitOpError("has ") << getNumResults() << " results, a body yields " << yielded->size();
    for (auto [value, result] : llvm::zip_equal(*yielded, getResults()))
      if (!fits(value.getType(), result.getType(), getSymbols()))
        return emitOpError("yields ") << value.getType() << " where the result is " << result.getType();
  }
  return success();
}

LogicalResult LoopOp::verify() {
  if (getTrips().getNumResults() != 1)
    return emitOpError("needs one expression for the number of its trips");
  if (getCondition() && !isCondition(getCondition().getType()))
    return emitOpError("needs a condition of one boolean, has ") << getCondition().getType();
  FailureOr<ValueRange> yielded = yieldedBy(*this, getBody());
  if (failed(yielded))
    return failure();
  if (getNumResults() == 1 && getResult(0).getType().isIndex())
    return success();
  size_t first = getCondition() ? 1 : 0, carried = getInits().size();
  if (getNumResults() < carried || yielded->size() != first + getNumResults() || getBody().getNumArguments() != carried)
    return emitOpError("has ") << carried << " carried tensors and " << getNumResults() << " results, its body takes " << getBody().getNumArguments()
                               << " tensors and yields " << yielded->size();
  if (first && !isCondition(yielded->front().getType()))
    return emitOpError("yields ") << yielded->front().getType() << " as the condition of the next trip";
  for (auto [init, argument, value, result] : llvm::zip(getInits(), getBody().getArguments(), getCarried(), getResults()))
    if (!llvm::all_equal({init.getType(), argument.getType(), value.getType(), result.getType()}))
      return emitOpError("carries ") << init.getType() << " into " << argument.getType() << " and yields " << value.getType() << " for "
                                     << result.getType();
  for (auto [value, result] : llvm::zip_equal(getStacked(), getStackedResults())) {
    auto slice = dyn_cast<RankedTensorType>(value.getType());
    Dims dims = {getCountExpr()};
    if (slice)
      llvm::append_range(dims, getDims(slice));
    if (!slice || result.getType() != makeTensorType(dims, slice.getElementType()))
      return emitOpError("stacks ") << value.getType() << " as " << result.getType();
  }
  return success();
}

/// Of results whose size depends on data: the data in the largest size, and how much of it there is.
static LogicalResult verifyCounted(Operation *op, ArrayRef<Dims> dims) {
  Type i64 = IntegerType::get(op->getContext(), 64);
  for (auto [result, expected] : llvm::zip_equal(op->getResults(), dims))
    if (result.getType() != makeTensorType(expected, i64))
      return op->emitOpError("has a result ") << result.getType() << ", which must be " << makeTensorType(expected, i64);
  return success();
}

LogicalResult NonZeroOp::verify() {
  auto x = cast<RankedTensorType>(getX().getType());
  AffineExpr rank = getAffineConstantExpr(x.getRank(), getContext());
  return verifyCounted(*this, {Dims{rank, productOf(getDims(x), getContext())}, Dims{}});
}

LogicalResult UniqueOp::verify() {
  auto x = cast<RankedTensorType>(getX().getType());
  if (x.getRank() != 2)
    return emitOpError("needs a matrix, has ") << x;
  Dims rows = {getDims(x).front()};
  return verifyCounted(*this, {rows, rows, rows, Dims{}});
}

LogicalResult NonMaxSuppressionOp::verify() {
  auto boxes = cast<RankedTensorType>(getBoxes().getType()), scores = cast<RankedTensorType>(getScores().getType());
  if (boxes.getRank() != 3 || scores.getRank() != 3 || boxes.getDimSize(2) != 4 || !boxes.getElementType().isF32() ||
      !scores.getElementType().isF32())
    return emitOpError("needs boxes [batch, spatial, 4] and scores [batch, classes, spatial] of f32, has ") << boxes << " and " << scores;
  auto disagree = [](AffineExpr x, AffineExpr y) { return getConstant(x) && getConstant(y) && x != y; };
  Dims boxDims = getDims(boxes), scoreDims = getDims(scores);
  if (disagree(boxDims[0], scoreDims[0]) || disagree(boxDims[1], scoreDims[2]))
    return emitOpError("has scores ") << scores << " for boxes " << boxes;
  Type i64 = IntegerType::get(getContext(), 64), f32 = scores.getElementType();
  for (auto [scalar, element] : {std::pair(getMaxOutput(), i64), std::pair(getIouThreshold(), f32), std::pair(getScoreThreshold(), f32)})
    if (scalar.getType() != makeTensorType({}, element))
      return emitOpError("needs a scalar of ") << element << ", has " << scalar.getType();
  auto selected = cast<RankedTensorType>(getSelected().getType());
  if (selected.getRank() != 2)
    return emitOpError("has a result ") << selected << ", which must be [most, 3]";
  Dims dims = {getDims(selected).front(), getAffineConstantExpr(3, getContext())};
  return verifyCounted(*this, {dims, Dims{}});
}

} // namespace ingot

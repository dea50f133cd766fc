// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Plain/PlainEmitter.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Kernel/BodyGraph.h"
#include "passes/Kernel/FailureSites.h"

using namespace mlir;

namespace ingot {

Dims leadingUnits(ArrayRef<AffineExpr> shape, int64_t limit) {
  Dims units;
  int64_t count = 1, rank = shape.size();
  for (int64_t i = 0; i < std::min(rank, limit) && count < 64; ++i) {
    if (i + 1 == rank && !llvm::all_of(units, isOne))
      break;
    count *= getConstant(shape[i]).value_or(1);
    units.push_back(shape[i]);
  }
  return units;
}

Dims dropDims(ArrayRef<AffineExpr> shape, ArrayRef<int64_t> axes) {
  Dims kept;
  for (auto [i, size] : llvm::enumerate(shape))
    if (!llvm::is_contained(axes, static_cast<int64_t>(i)))
      kept.push_back(size);
  return kept;
}

bool isEmpty(Value tensor) {
  return llvm::any_of(PlainEmitter::shapeOf(tensor), [](AffineExpr dim) { return getConstant(dim) == 0; });
}

//===-- Loops ----------------------------------------------------------------------------------------------------------------------------===//

void PlainEmitter::loop(Value low, Value high, function_ref<void(Value)> body, int64_t step) {
  auto loop = scf::ForOp::create(b, low, high, index(step));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

void PlainEmitter::loops(ArrayRef<AffineExpr> shape, function_ref<void(ValueRange)> body) {
  foldNest(shape, {}, [&](ValueRange indices, ValueRange) {
    body(indices);
    return SmallVector<Value>();
  });
}

SmallVector<Value> PlainEmitter::fold(Value low, Value high, ValueRange start, Carry body, int64_t step) {
  if (start.empty()) {
    loop(low, high, [&](Value iv) { body(iv, {}); }, step);
    return {};
  }
  auto loop = scf::ForOp::create(b, low, high, index(step), start);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  scf::YieldOp::create(b, body(loop.getInductionVar(), loop.getRegionIterArgs()));
  return llvm::to_vector_of<Value>(loop.getResults());
}

SmallVector<Value> PlainEmitter::foldNest(ValueRange lows, ValueRange highs, ValueRange start, NestCarry body) {
  SmallVector<Value> indices;
  auto nest = [&](auto &self, ValueRange carried) -> SmallVector<Value> {
    size_t depth = indices.size();
    if (depth == lows.size())
      return body(indices, carried);
    return fold(lows[depth], highs[depth], carried, [&](Value iv, ValueRange inner) {
      indices.push_back(iv);
      SmallVector<Value> next = self(self, inner);
      indices.pop_back();
      return next;
    });
  };
  return nest(nest, start);
}

SmallVector<Value> PlainEmitter::foldNest(ArrayRef<AffineExpr> shape, ValueRange start, NestCarry body) {
  SmallVector<Value> lows, highs;
  for (AffineExpr size : shape) {
    lows.push_back(index(0));
    highs.push_back(index(size));
  }
  return foldNest(lows, highs, start, body);
}

SmallVector<Value> PlainEmitter::repeat(ValueRange start, function_ref<Value(ValueRange)> condition,
                                        function_ref<SmallVector<Value>(ValueRange)> body) {
  SmallVector<Type> types(start.getTypes());
  SmallVector<Location> locations(start.size(), b.getLoc());
  auto loop = scf::WhileOp::create(b, types, start);
  OpBuilder::InsertionGuard guard(b);
  Block *test = b.createBlock(&loop.getBefore(), {}, types, locations);
  scf::ConditionOp::create(b, condition(test->getArguments()), test->getArguments());
  Block *turn = b.createBlock(&loop.getAfter(), {}, types, locations);
  scf::YieldOp::create(b, body(turn->getArguments()));
  return llvm::to_vector_of<Value>(loop.getResults());
}

void PlainEmitter::when(Value condition, function_ref<void()> then, function_ref<void()> otherwise) {
  auto branch = scf::IfOp::create(b, condition, static_cast<bool>(otherwise));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  then();
  if (otherwise) {
    b.setInsertionPointToStart(branch.elseBlock());
    otherwise();
  }
}

Value PlainEmitter::choose(Value condition, function_ref<Value()> then, function_ref<Value()> otherwise) {
  auto emit = [&](function_ref<Value()> side) {
    return [this, side](OpBuilder &builder, Location loc) {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPoint(builder.getInsertionBlock(), builder.getInsertionPoint());
      Value result = side();
      scf::YieldOp::create(b, result);
    };
  };
  return scf::IfOp::create(b, condition, emit(then), emit(otherwise)).getResult(0);
}

void PlainEmitter::forUnits(function_ref<void(ValueRange)> body) {
  auto [begin, end] = shareOf(b, context, productOf(units, b.getContext()));
  loop(begin, end, [&](Value unit) { body(delinearize(unit, units)); });
}

void PlainEmitter::forElements(ArrayRef<AffineExpr> shape, function_ref<void(ValueRange)> body) {
  forUnits([&](ValueRange unit) {
    loops(shape.drop_front(unit.size()), [&](ValueRange rest) {
      Indices indices(unit);
      indices.append(rest.begin(), rest.end());
      body(indices);
    });
  });
}

//===-- Index arithmetic -----------------------------------------------------------------------------------------------------------------===//

Value PlainEmitter::index(Extent value) {
  if (value.number)
    return arith::ConstantIndexOp::create(b, *value.number);
  Value &known = sizes[value.dim];
  if (!known) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(context.begin.getParentBlock());
    known = materializeDim(b, value.dim, context.symbols);
  }
  return known;
}

Value PlainEmitter::floorMod(Value x, Extent y) {
  Value divisor = y.number ? index(y) : max(index(y), index(1)), remainder = arith::RemSIOp::create(b, x, divisor);
  Value isNegative = compare(arith::CmpIPredicate::slt, remainder, index(0));
  return arith::SelectOp::create(b, isNegative, add(remainder, divisor), remainder);
}

Value PlainEmitter::anyIsZero(ArrayRef<AffineExpr> dims) {
  Value result;
  for (AffineExpr size : dims)
    if (!isNonNegative(size - 1)) {
      Value isZero = compare(arith::CmpIPredicate::sle, index(size), index(0));
      result = result ? arith::OrIOp::create(b, result, isZero).getResult() : isZero;
    }
  return result;
}

PlainEmitter::Indices PlainEmitter::delinearize(Value position, ArrayRef<AffineExpr> shape) {
  Indices indices(shape.size());
  AffineExpr stride = b.getAffineConstantExpr(1);
  int64_t left = llvm::count_if(shape, [](AffineExpr size) { return !isOne(size); }); // the outermost of these needs no remainder
  for (int64_t i = static_cast<int64_t>(shape.size()) - 1; i >= 0; --i) {
    if (isOne(shape[i])) {
      indices[i] = index(0);
      continue;
    }
    --left;
    Value quotient = div(position, stride);
    indices[i] = left == 0 ? quotient : rem(quotient, shape[i]);
    stride = stride * shape[i];
  }
  return indices;
}

Value PlainEmitter::linearize(ValueRange indices, ArrayRef<AffineExpr> shape) {
  Value position;
  for (auto [i, size] : llvm::zip_equal(indices, shape))
    if (!isOne(size))
      position = position ? add(mul(position, size), i) : i;
  return position ? position : index(0);
}

Value PlainEmitter::linearize(ValueRange indices, ArrayRef<int64_t> shape) {
  return linearize(indices, llvm::map_to_vector(shape, [&](int64_t size) { return b.getAffineConstantExpr(size); }));
}

Value PlainEmitter::toIndex(Value element, Type type, Extent size) {
  Value position = isUnsignedElement(type) ? arith::IndexCastUIOp::create(b, b.getIndexType(), element).getResult()
                                           : arith::IndexCastOp::create(b, b.getIndexType(), element).getResult();
  Value isNegative = compare(arith::CmpIPredicate::slt, position, index(0));
  position = arith::SelectOp::create(b, isNegative, add(position, size), position);
  emitFailure(b, context, anchor, compare(arith::CmpIPredicate::uge, position, index(size)));
  return arith::SelectOp::create(b, inRange(position, size), position, index(0));
}

//===-- Elements -------------------------------------------------------------------------------------------------------------------------===//

Value PlainEmitter::read(Value tensor, ValueRange indices, int64_t lanes) {
  body.restart(); // the block of an earlier read need not dominate this one
  return body.emit(tensor, indices, lanes);
}

bool PlainEmitter::isContiguous(Value tensor) {
  auto argument = dyn_cast<BlockArgument>(tensor);
  if (!argument)
    return false;
  auto [strides, offset] = cast<MemRefType>(context.inputs[argument.getArgNumber()].getType()).getStridesAndOffset();
  return !strides.empty() && strides.back() == 1;
}

bool PlainEmitter::hasContiguousRows() {
  auto isContiguous = [](Value buffer) {
    auto type = cast<MemRefType>(buffer.getType());
    auto [strides, offset] = type.getStridesAndOffset();
    return strides.empty() || strides.back() == 1 || type.getShape().back() == 1;
  };
  return llvm::all_of(context.inputs, isContiguous) && llvm::all_of(context.outputs, isContiguous);
}

Value PlainEmitter::bufferOf(unsigned result) {
  for (auto [yielded, output] : llvm::zip(context.region.getYielded(), context.outputs))
    if (yielded == anchor->getResult(result))
      return output;
  return {};
}

void PlainEmitter::write(Value element, ValueRange indices, unsigned result, int64_t lanes) {
  Value tensor = anchor->getResult(result);
  if (anchor->getNumResults() == 1) {
    body.bind(tensor, element);
    body.emitAndStore(indices, lanes);
    return;
  }
  if (Value buffer = bufferOf(result))
    storeElements(b, element, buffer, indices, elementOf(tensor));
}

void PlainEmitter::writeBody(ValueRange indices) {
  body.restart();
  body.emitAndStore(indices, 1);
}

void PlainEmitter::writeWide(Value element, ValueRange indices, unsigned result) {
  write(narrowElements(b, element, elementOf(anchor->getResult(result))), indices, result);
}

Value PlainEmitter::multiplyAdd(Value x, Value y, Value sum) {
  if (isa<FloatType>(getElementTypeOrSelf(x)))
    return math::FmaOp::create(b, x, y, sum);
  return arith::AddIOp::create(b, arith::MulIOp::create(b, x, y), sum);
}

Value PlainEmitter::dot(AffineExpr count, Type type, bool wide, function_ref<std::pair<Value, Value>(Value, int64_t)> sides) {
  constexpr int64_t kLanes = 8;
  Value sum = zero(type);
  Extent all = count, main = wide ? count.floorDiv(kLanes) * kLanes : b.getAffineConstantExpr(0);
  if (!(main == 0)) {
    Value parts = fold(
        index(0), index(main), zero(VectorType::get({kLanes}, type)),
        [&](Value k, ValueRange carried) -> SmallVector<Value> {
          auto [x, y] = sides(k, kLanes);
          return {multiplyAdd(x, y, carried[0])};
        },
        kLanes)[0];
    for (int64_t half = kLanes / 2; half > 0; half /= 2) { // a tree, so that the order is fixed
      SmallVector<int64_t> low(half), high(half);
      for (int64_t i = 0; i < half; ++i) {
        low[i] = i;
        high[i] = i + half;
      }
      Value x = vector::ShuffleOp::create(b, parts, parts, low), y = vector::ShuffleOp::create(b, parts, parts, high);
      parts = ElementMath(b, x.getType()).add(x, y);
    }
    sum = vector::ExtractOp::create(b, parts, ArrayRef<int64_t>{0});
  }
  if (main.dim == all.dim)
    return sum;
  return fold(index(main), index(all), sum, [&](Value k, ValueRange carried) -> SmallVector<Value> {
    auto [x, y] = sides(k, 1);
    return {multiplyAdd(x, y, carried[0])};
  })[0];
}

Value PlainEmitter::number(Type type, Extent value) {
  if (value.number)
    return ElementMath(b, type).number(*value.number);
  Value size = arith::IndexCastOp::create(b, b.getI64Type(), index(value));
  return castElements(b, size, size.getType(), type);
}

Value PlainEmitter::stack(ArrayRef<int64_t> shape, Type element) {
  // In the function's first block: an alloca in a loop would grow the stack with every turn.
  OpBuilder::InsertionGuard guard(b);
  Operation *scope = b.getInsertionBlock()->getParentOp();
  while (!scope->hasTrait<OpTrait::AutomaticAllocationScope>() || isa<scf::ForOp>(scope))
    scope = scope->getParentOp();
  b.setInsertionPointToStart(&scope->getRegion(0).front());
  return memref::AllocaOp::create(b, MemRefType::get(shape, element), b.getI64IntegerAttr(64));
}

WindowRange clipWindow(PlainEmitter &e, Value start, int64_t kernel, int64_t dilation, Extent from, Extent to) {
  Value low = e.ceilDiv(e.sub(e.index(from), start), dilation), high = e.ceilDiv(e.sub(e.index(to), start), dilation);
  low = e.clamp(low, 0, kernel);
  return {low, e.max(low, e.clamp(high, 0, kernel))};
}

} // namespace ingot

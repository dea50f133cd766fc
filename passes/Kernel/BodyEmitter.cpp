// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/BodyEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Kernel/Elementwise/EmitElementwise.h"
#include "passes/Kernel/Elementwise/MultiplyAdd.h"
#include "passes/Kernel/FailureSites.h"
#include "passes/Kernel/SymbolicIndex.h"

using namespace mlir;

namespace ingot {
namespace {

Value index(ImplicitLocOpBuilder &b, int64_t value) { return arith::ConstantIndexOp::create(b, value); }

/// The type of `lanes` elements: the element itself for one.
Type laneType(Type element, int64_t lanes) { return lanes == 1 ? element : VectorType::get({lanes}, element); }

Value tailMask(ImplicitLocOpBuilder &b, int64_t lanes, Value active) {
  return vector::CreateMaskOp::create(b, VectorType::get({lanes}, b.getI1Type()), ValueRange{active});
}

Value splat(ImplicitLocOpBuilder &b, Value scalar, int64_t lanes) {
  return lanes == 1 ? scalar : vector::BroadcastOp::create(b, VectorType::get({lanes}, scalar.getType()), scalar).getResult();
}

} // namespace

Value loadElements(ImplicitLocOpBuilder &b, Value memref, ValueRange indices, int64_t lanes, Type element, Value active) {
  Type storage = cast<MemRefType>(memref.getType()).getElementType();
  Value loaded;
  if (lanes == 1) {
    loaded = memref::LoadOp::create(b, memref, indices);
  } else if (!active) {
    loaded = vector::LoadOp::create(b, VectorType::get({lanes}, storage), memref, indices);
  } else {
    auto type = VectorType::get({lanes}, storage);
    Value zero = arith::ConstantOp::create(b, b.getZeroAttr(type));
    loaded = vector::MaskedLoadOp::create(b, type, memref, indices, tailMask(b, lanes, active), zero);
  }
  if (!element.isInteger(1))
    return loaded;
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(loaded.getType()));
  return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, loaded, zero);
}

void storeElements(ImplicitLocOpBuilder &b, Value value, Value memref, ValueRange indices, Type element, Value active) {
  Type storage = cast<MemRefType>(memref.getType()).getElementType();
  auto vectorType = dyn_cast<VectorType>(value.getType());
  if (element.isInteger(1))
    value = arith::ExtUIOp::create(b, laneType(storage, vectorType ? vectorType.getNumElements() : 1), value);
  if (!vectorType)
    memref::StoreOp::create(b, value, memref, indices);
  else if (!active)
    vector::StoreOp::create(b, value, memref, indices);
  else
    vector::MaskedStoreOp::create(b, memref, indices, tailMask(b, vectorType.getNumElements(), active), value);
}

void BodyEmitter::bind(Value value, Value computed) {
  done.clear();
  bound[value] = computed;
}

Value BodyEmitter::emit(Value value, ValueRange indices, int64_t lanes, Value active) {
  if (auto found = bound.find(value); found != bound.end())
    return found->second;
  for (const Entry &entry : done)
    if (entry.value == value && entry.lanes == lanes && ValueRange(entry.indices) == indices)
      return entry.result;
  Value result = emitUncached(value, indices, lanes, active);
  done.push_back({value, llvm::SmallVector<Value, 6>(indices.begin(), indices.end()), lanes, result});
  return result;
}

Value BodyEmitter::emitBroadcast(Value operand, ValueRange indices, int64_t lanes, Value active) {
  if (auto found = bound.find(operand); found != bound.end())
    return found->second;
  auto type = cast<RankedTensorType>(operand.getType());
  SmallVector<Value> own(indices.take_back(type.getRank()));
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (type.getDimSize(i) == 1)
      own[i] = index(b, 0);
  bool broadcast = lanes > 1 && (type.getRank() == 0 || type.getShape().back() == 1);
  return broadcast ? splat(b, emit(operand, own, 1, {}), lanes) : emit(operand, own, lanes, active);
}

Value BodyEmitter::emitUncached(Value value, ValueRange indices, int64_t lanes, Value active) {
  Type element = cast<RankedTensorType>(value.getType()).getElementType();
  if (auto argument = dyn_cast<BlockArgument>(value))
    return loadElements(b, context.inputs[argument.getArgNumber()], indices, lanes, element, active);

  Operation *op = value.getDefiningOp();
  if (auto constant = dyn_cast<ConstantOp>(op)) {
    auto dense = cast<DenseElementsAttr>(constant.getValue()); // a region takes everything but splats as an input
    auto scalar = cast<TypedAttr>(dense.getSplatValue<Attribute>());
    if (auto integer = dyn_cast<IntegerAttr>(scalar))
      scalar = IntegerAttr::get(getValueType(element), integer.getValue());
    return splat(b, arith::ConstantOp::create(b, scalar), lanes);
  }
  if (auto broadcast = dyn_cast<BroadcastOp>(op))
    return emitBroadcast(broadcast.getX(), indices, lanes, active);
  if (auto pack = dyn_cast<PackOp>(op)) {
    // [.., p, k, lane] is x[.., k, 16 p + lane]; lanes beyond x's columns are zero.
    assert(pack.getGroup() == 1 && "activations are packed without groups");
    AffineExpr columns = getDims(cast<RankedTensorType>(pack.getX().getType())).back();
    SmallVector<Value> from(indices.drop_back(3));
    Value column = arith::AddIOp::create(b, arith::MulIOp::create(b, indices[indices.size() - 3], index(b, kPanel)), indices.back());
    from.append({indices[indices.size() - 2], column});
    Value rest;
    if (simplifyDim(columns % kPanel) != b.getAffineConstantExpr(0)) {
      assert(lanes == kPanel && "a packed panel is written as a whole");
      rest = arith::SubIOp::create(b, SymbolicIndex(b, context).of(columns), column);
      rest = arith::MinSIOp::create(b, rest, index(b, kPanel));
    }
    return emit(pack.getX(), from, lanes, rest);
  }
  SmallVector<Value> operands;
  for (Value operand : elementwiseOperands(op))
    operands.push_back(emitBroadcast(operand, indices, lanes, active));
  FailureOr<Value> result = emitElementwise(b, op, operands);
  assert(succeeded(result) && "a region's body holds only its anchor and elementwise operations");
  emitDivisorCheck(b, context, op, operands, active);
  return *result;
}

void BodyEmitter::emitAndStore(ValueRange indices, int64_t lanes, Value active) {
  SmallVector<Value> results; // all before the first store: an output may lie in the place of an input
  for (Value yielded : context.region.getYielded())
    results.push_back(yielded.getDefiningOp<TileSumsOp>() ? Value() : emitBroadcast(yielded, indices, lanes, active));
  for (auto [yielded, result, output] : llvm::zip_equal(context.region.getYielded(), results, context.outputs))
    if (result)
      storeElements(b, result, output, indices, cast<RankedTensorType>(yielded.getType()).getElementType(), active);
}

} // namespace ingot

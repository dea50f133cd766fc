// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/ArenaLayout.h"
#include "passes/Plan/Passes.h"

#include "dialects/Ingot/Constants.h"
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
  auto type = cast<RankedTensorType>(tensor);
  Type element = getStorageType(type.getElementType());
  if (type.getNumElements() != 0)
    return MemRefType::get(type.getShape(), element);
  SmallVector<int64_t> strides(type.getRank(), 1);
  for (int64_t i = type.getRank() - 1; i > 0; --i)
    strides[i - 1] = strides[i] * std::max<int64_t>(type.getDimSize(i), 1);
  return MemRefType::get(type.getShape(), element, StridedLayoutAttr::get(tensor.getContext(), 0, strides));
}

int64_t bufferBytes(Type tensor) {
  MemRefType type = bufferType(tensor);
  return type.getNumElements() * llvm::divideCeil(type.getElementTypeBitWidth(), 8);
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
    wrapViews(function);
    copyReturned(function);
    place(function);
  }

private:
  /// A view operation outside of a region is a copy of its own.
  static void wrapViews(func::FuncOp function) {
    for (Operation &op : llvm::make_early_inc_range(function.getBody().front())) {
      auto member = dyn_cast<RegionFormationInterface>(op);
      if (!member || member.getAnchor() == Anchor::Constant)
        continue;
      wrap(op);
    }
  }

  static RegionOp wrap(Operation &op) {
    OpBuilder b(&op);
    SmallVector<Value> operands(op.getOperands());
    auto region = RegionOp::create(b, op.getLoc(), op.getResultTypes(), operands, ValueRange(), PlanAttr());
    Block *block = b.createBlock(&region.getBody());
    for (Value operand : operands)
      block->addArgument(operand.getType(), operand.getLoc());
    op.replaceAllUsesWith(region.getResults());
    op.moveBefore(block, block->end());
    op.setOperands(block->getArguments());
    b.setInsertionPointToEnd(block);
    YieldOp::create(b, op.getLoc(), op.getResults());
    region.setPlanAttr(PlanAttr::get(op.getContext(), Family::Plain, /*tile=*/{}, /*unroll=*/1, /*lanes=*/1, plainUnits(region), /*parallel=*/false));
    return region;
  }

  /// What is returned without being a region's own result (an argument, a constant, a result returned twice) is copied.
  static void copyReturned(func::FuncOp function) {
    auto ret = cast<func::ReturnOp>(function.getBody().front().getTerminator());
    llvm::SmallPtrSet<Value, 4> seen;
    for (OpOperand &operand : ret->getOpOperands()) {
      if (operand.get().getDefiningOp<RegionOp>() && seen.insert(operand.get()).second)
        continue;
      OpBuilder b(ret);
      Value copy = ReshapeOp::create(b, ret.getLoc(), operand.get().getType(), operand.get());
      operand.set(wrap(*copy.getDefiningOp()).getResult(0));
    }
  }

  void place(func::FuncOp function) {
    Block &body = function.getBody().front();
    auto ret = cast<func::ReturnOp>(body.getTerminator());
    OpBuilder b(function.getContext());
    b.setInsertionPointToStart(&body);

    // Arguments: inputs as they were, then outputs, the arena and the weights.
    DenseMap<Value, Value> bufferOf;
    unsigned inputs = function.getNumArguments();
    SmallVector<Type> types;
    for (BlockArgument argument : body.getArguments())
      types.push_back(bufferType(argument.getType()));
    for (auto [i, value] : llvm::enumerate(ret.getOperands())) {
      types.push_back(bufferType(value.getType()));
      bufferOf[value] = body.addArgument(types.back(), ret.getLoc());
    }

    // Lifetimes, in steps of regions.
    SmallVector<RegionOp> regions(body.getOps<RegionOp>());
    llvm::MapVector<Value, ArenaBuffer> lifetimes;
    for (auto [step, region] : llvm::enumerate(regions)) {
      for (Value input : region.getInputs())
        if (auto found = lifetimes.find(input); found != lifetimes.end())
          found->second.last = step;
      for (Value result : region.getResults())
        if (!bufferOf.contains(result))
          lifetimes[result] = {bufferBytes(result.getType()), static_cast<int64_t>(step), static_cast<int64_t>(step)};
    }
    SmallVector<ArenaBuffer> buffers;
    for (auto &[value, buffer] : lifetimes)
      buffers.push_back(buffer);
    int64_t arenaBytes = placeInArena(buffers);

    // Weights, in the order of first use.
    SmallVector<Attribute> layout;
    llvm::MapVector<Value, int64_t> weights;
    int64_t weightBytes = 0;
    for (auto constant : body.getOps<ConstantOp>()) {
      if (constant->use_empty())
        continue;
      weights[constant.getResult()] = weightBytes;
      layout.push_back(
          b.getDictionaryAttr({b.getNamedAttr("offset", b.getI64IntegerAttr(weightBytes)), b.getNamedAttr("value", constant.getValueAttr())}));
      weightBytes = llvm::alignTo(weightBytes + bufferBytes(constant.getType()), kBufferAlignment);
    }
    cast<ModuleOp>(function->getParentOp())->setAttr("ingot.weight_layout", b.getArrayAttr(layout));

    types.push_back(MemRefType::get({arenaBytes}, b.getI8Type()));
    Value arena = body.addArgument(types.back(), function.getLoc());
    types.push_back(MemRefType::get({weightBytes}, b.getI8Type()));
    Value blob = body.addArgument(types.back(), function.getLoc());

    auto view = [&](Value tensor, Value base, int64_t offset) -> Value {
      Value shift = arith::ConstantIndexOp::create(b, tensor.getLoc(), offset);
      MemRefType type = bufferType(tensor.getType());
      if (type.getLayout().isIdentity())
        return memref::ViewOp::create(b, tensor.getLoc(), type, base, shift, ValueRange());
      Value nothing = memref::ViewOp::create(b, tensor.getLoc(), MemRefType::get({0}, type.getElementType()), base, shift, ValueRange());
      return memref::ReinterpretCastOp::create(b, tensor.getLoc(), type, nothing, 0, type.getShape(),
                                               cast<StridedLayoutAttr>(type.getLayout()).getStrides());
    };
    for (auto [entry, buffer] : llvm::zip_equal(lifetimes, buffers))
      bufferOf[entry.first] = view(entry.first, arena, buffer.offset);
    for (auto &[constant, offset] : weights)
      bufferOf[constant] = view(constant, blob, offset);
    for (unsigned i = 0; i < inputs; ++i)
      bufferOf[body.getArgument(i)] = body.getArgument(i);

    rewrite(regions, bufferOf);
    ret->setOperands({});
    for (auto constant : llvm::make_early_inc_range(body.getOps<ConstantOp>()))
      constant.erase();
    finishSignature(function, types, inputs);
  }

  static void rewrite(ArrayRef<RegionOp> regions, const DenseMap<Value, Value> &bufferOf) {
    SmallVector<RegionOp> old;
    for (RegionOp region : regions) {
      OpBuilder b(region);
      SmallVector<Value> ins, outs;
      for (Value input : region.getInputs())
        ins.push_back(bufferOf.lookup(input));
      for (Value result : region.getResults())
        outs.push_back(bufferOf.lookup(result));
      auto planned = RegionOp::create(b, region.getLoc(), TypeRange(), ins, outs, region.getPlanAttr());
      planned.getBody().takeBody(region.getBody());
      old.push_back(region);
    }
    // Results are read by later regions and the return only, which no longer use them.
    for (RegionOp region : llvm::reverse(old)) {
      region->dropAllUses();
      region.erase();
    }
  }

  /// The function takes buffers now; result names move to the output arguments.
  void finishSignature(func::FuncOp function, ArrayRef<Type> types, unsigned inputs) {
    Block &body = function.getBody().front();
    SmallVector<Attribute> arguments;
    for (unsigned i = 0; i < inputs; ++i) {
      body.getArgument(i).setType(types[i]);
      DictionaryAttr attributes = function.getArgAttrDict(i);
      arguments.push_back(attributes ? attributes : DictionaryAttr::get(&getContext()));
    }
    for (unsigned i = 0; i < function.getNumResults(); ++i) {
      DictionaryAttr attributes = function.getResultAttrDict(i);
      arguments.push_back(attributes ? attributes : DictionaryAttr::get(&getContext()));
    }
    Builder b(&getContext());
    arguments.push_back(b.getDictionaryAttr(b.getNamedAttr("ingot.arena", b.getUnitAttr())));
    arguments.push_back(b.getDictionaryAttr(b.getNamedAttr("ingot.weights", b.getUnitAttr())));
    function->setAttr("ingot.input_count", b.getI64IntegerAttr(inputs));
    function->setAttr("ingot.output_count", b.getI64IntegerAttr(function.getNumResults()));
    function.removeResAttrsAttr();
    function.setType(b.getFunctionType(types, {}));
    function.setArgAttrsAttr(b.getArrayAttr(arguments));
  }
};

} // namespace
} // namespace ingot

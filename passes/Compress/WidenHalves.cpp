// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Control.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/TypeUtilities.h"
#include "passes/Compress/Passes.h"
#include "passes/Graph/ConstantOperands.h"

#define DEBUG_TYPE "ingot-widen-halves"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_WIDENHALVESPASS
#include "passes/Compress/Passes.h.inc"

namespace {

bool isHalf(Type type) {
  Type element = getElementTypeOrSelf(type);
  return element.isF16() || element.isBF16();
}

/// Whether there are better kernels for f32 than for halves, or the operation moves what such kernels read.
bool isCovered(Operation &op) {
  return isa<UnaryOp, BinaryOp, CompareOp, SelectOp, MatMulOp, ConvOp, ConvTransposeOp, PoolOp, ReduceOp, NormOp, ReshapeOp, TransposeOp, SliceOp,
             ConcatOp, PadOp, BroadcastOp, ResizeOp>(op);
}

struct WidenHalvesPass : impl::WidenHalvesPassBase<WidenHalvesPass> {
  void runOnOperation() override {
    widened.clear();
    f32 = Float32Type::get(&getContext());
    for (Block *block : blocksOf(getOperation().getBody().front()))
      for (Operation &op : llvm::make_early_inc_range(*block))
        if (auto cast = dyn_cast<CastOp>(op); cast && isHalf(cast.getX().getType()) && cast.getTo().isF32())
          skipRounding(cast);
        else if (isCovered(op) && llvm::any_of(op.getOperandTypes(), isHalf) && !isComputedFromConstants(op.getResult(0)))
          widen(&op);
  }

private:
  /// The model itself goes back to f32.
  void skipRounding(CastOp op) {
    Value wide = widened.lookup(op.getX());
    if (auto before = op.getX().getDefiningOp<CastOp>(); !wide && before && getElementTypeOrSelf(before.getX()).isF32())
      wide = before.getX();
    if (wide && wide != op.getResult())
      op.replaceAllUsesWith(wide);
  }

  void widen(Operation *op) {
    ImplicitLocOpBuilder b(op->getLoc(), op);
    for (OpOperand &operand : op->getOpOperands())
      if (isHalf(operand.get().getType()))
        operand.set(inF32(operand.get()));
    if (auto pad = dyn_cast<PadOp>(op); pad && isHalf(pad.getValue().getElementType()))
      pad.setValueAttr(widenNumber(pad.getValue()));
    b.setInsertionPointAfter(op);
    for (OpResult result : op->getResults()) {
      auto type = cast<RankedTensorType>(result.getType());
      if (!isHalf(type))
        continue;
      result.setType(type.clone(f32));
      auto narrow = CastOp::create(b, result, type.getElementType()); // of which only readers outside of this pass are left
      result.replaceAllUsesExcept(narrow, narrow);
      widened[narrow] = result;
    }
  }

  /// `value` in f32, without the rounding that made it a half.
  Value inF32(Value value) {
    Value &wide = widened[value];
    if (wide)
      return wide;
    auto cast = value.getDefiningOp<CastOp>();
    if (cast && getElementTypeOrSelf(cast.getX()).isF32())
      return wide = cast.getX();
    ImplicitLocOpBuilder b(value.getLoc(), &getContext());
    b.setInsertionPointAfterValue(value);
    return wide = CastOp::create(b, value, f32);
  }

  ElementsAttr widenNumber(ElementsAttr value) {
    return cast<DenseFPElementsAttr>(value).mapValues(f32, [](APFloat number) {
      bool inexact;
      number.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &inexact);
      return number.bitcastToAPInt();
    });
  }

  Type f32;
  DenseMap<Value, Value> widened;
};

} // namespace
} // namespace ingot

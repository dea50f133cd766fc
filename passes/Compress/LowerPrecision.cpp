// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Shapes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "passes/Compress/Passes.h"
#include "passes/Graph/ConstantOperands.h"
#include "passes/Graph/StoredWeights.h"

#define DEBUG_TYPE "ingot-lower-precision"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_LOWERPRECISIONPASS
#include "passes/Compress/Passes.h.inc"

namespace {

/// Elements that one instruction multiplies and adds up: packed weights hold them side by side.
constexpr int64_t kGroup = 2;

/// The operation that packs constant weights of f32; null for anything else.
PackOp packOfWeights(Value rhs) {
  auto pack = rhs.getDefiningOp<PackOp>();
  return pack && pack.getGroup() == 1 && typeOf(rhs).getElementType().isF32() && isComputedFromConstants(pack.getX()) ? pack : PackOp();
}

/// Lets a product read its weights as the model has stored them. Their scales are multiplied with what it makes of each channel.
void keepStored(OpOperand &rhs) {
  PackOp weights = packOfWeights(rhs.get());
  if (!weights || !isStoredNarrow(weights.getX()))
    return;
  ImplicitLocOpBuilder b(weights.getLoc(), weights);
  StoredWeights stored = takeStored(b, weights.getX());
  rhs.set(PackOp::create(b, stored.narrow));
  if (!stored.scales)
    return;
  Operation *product = rhs.getOwner();
  b.setLoc(product->getLoc());
  b.setInsertionPointAfter(product);
  Value result = product->getResult(0);
  auto scaled = BinaryOp::create(b, BinaryKind::Mul, result, stored.scales);
  copyValueNames(product, scaled);
  product->removeAttr("ingot.values");
  result.replaceAllUsesExcept(scaled, scaled);
}

/// Whether the operation is a product whose kernels know narrow weights.
bool isProduct(Operation *op) {
  auto conv = dyn_cast<ConvOp>(op);
  return isa<PackedMatMulOp>(op) || (conv && conv.getLayout() == Layout::ChannelsLast && !conv.isDepthwise());
}

class Narrowing {
public:
  explicit Narrowing(MLIRContext *context) : bf16(BFloat16Type::get(context)) {}

  void narrow(PackedMatMulOp op) {
    PackOp weights = packOfWeights(op.getRhs());
    if (!weights || !typeOf(op.getLhs()).getElementType().isF32())
      return;
    ImplicitLocOpBuilder b(op.getLoc(), op);
    replace(op, PackedMatMulOp::create(b, op.getType(), narrowed(op.getLhs()), pack(b, weights)));
  }

  void narrow(ConvOp op) {
    PackOp weights = packOfWeights(op.getW());
    int64_t channels = typeOf(op.getX()).getShape().back() / static_cast<int64_t>(op.getGroups());
    if (!weights || !typeOf(op.getX()).getElementType().isF32() || channels % kGroup != 0)
      return;
    ImplicitLocOpBuilder b(op.getLoc(), op);
    replace(op, ConvOp::create(b, narrowed(op.getX()), pack(b, weights), op.getLayout(), op.getKernel(), op.getStrides(), op.getPads(),
                               op.getDilations(), op.getGroups(), op.getChannels()));
  }

private:
  Value pack(ImplicitLocOpBuilder &b, PackOp weights) { return PackOp::create(b, CastOp::create(b, weights.getX(), bf16), kGroup); }

  static void replace(Operation *op, Operation *with) {
    copyValueNames(op, with->getResult(0));
    op->replaceAllUsesWith(with);
    op->erase();
  }

  /// `value` in bf16: made once, and in front of what only moves it.
  Value narrowed(Value value) {
    Value &made = known[value];
    if (made)
      return made;
    Operation *producer = value.getDefiningOp();
    ImplicitLocOpBuilder b(value.getLoc(), value.getContext());
    b.setInsertionPointAfterValue(value);
    if (auto pad = dyn_cast_or_null<PadOp>(producer); pad && pad.getMode() == PadMode::Constant) {
      Value inside = narrowed(pad.getX());
      return known[value] = PadOp::create(b, pad.getMode(), inside, pad.getLow(), pad.getHigh(), narrowConstant(pad.getValue()));
    }
    if (isa_and_present<ReshapeOp, TransposeOp>(producer)) {
      Value inside = narrowed(producer->getOperand(0));
      Operation *view = producer->clone();
      view->removeAttr("ingot.values");
      view->setOperand(0, inside);
      view->getResult(0).setType(typeOf(value).clone(bf16));
      b.insert(view);
      return known[value] = view->getResult(0);
    }
    return made = CastOp::create(b, value, bf16);
  }

  /// The value of a border, which is a scalar.
  ElementsAttr narrowConstant(ElementsAttr value) {
    APFloat number = cast<DenseElementsAttr>(value).getSplatValue<APFloat>();
    bool inexact;
    number.convert(bf16.getFloatSemantics(), APFloat::rmNearestTiesToEven, &inexact);
    return DenseElementsAttr::get(RankedTensorType::get({}, bf16), number);
  }

  BFloat16Type bf16;
  DenseMap<Value, Value> known;
};

struct LowerPrecisionPass : impl::LowerPrecisionPassBase<LowerPrecisionPass> {
  using LowerPrecisionPassBase::LowerPrecisionPassBase;

  void runOnOperation() override {
    SmallVector<Operation *> products;
    getOperation().walk([&](Operation *op) {
      if (isProduct(op))
        products.push_back(op);
    });
    Narrowing narrowing(&getContext());
    for (Operation *op : products)
      if (stored)
        keepStored(op->getOpOperand(1));
      else if (auto product = dyn_cast<PackedMatMulOp>(op))
        narrowing.narrow(product);
      else
        narrowing.narrow(cast<ConvOp>(op));
  }
};

} // namespace
} // namespace ingot

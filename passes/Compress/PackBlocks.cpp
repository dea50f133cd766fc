// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Constants.h"
#include "dialects/Ingot/Shapes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "passes/Compress/Passes.h"
#include "passes/Compress/QuantizedTensor.h"
#include "passes/Graph/ConstantOperands.h"
#include "passes/Weights/ConstantEvaluator.h"

#define DEBUG_TYPE "ingot-pack-blocks"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_PACKBLOCKSPASS
#include "passes/Compress/Passes.h.inc"

namespace {

/// Whether the constants have 4 bits, whatever views there are of them.
bool hasFourBits(Value value) {
  while (isa_and_present<ReshapeOp, TransposeOp, SliceOp>(value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  auto unpack = value.getDefiningOp<UnpackBitsOp>();
  return unpack && unpack.getBits() == 4 && isComputedFromConstants(value);
}

Value transpose(ImplicitLocOpBuilder &b, Value matrix) { return TransposeOp::create(b, matrix, ArrayRef<int64_t>{1, 0}); }

/// [columns, blocks] -> [panels, blocks, 16]
Value inPanels(ImplicitLocOpBuilder &b, Value matrix) {
  RankedTensorType type = typeOf(matrix);
  int64_t columns = type.getDimSize(0), blocks = type.getDimSize(1), panels = llvm::divideCeil(columns, kPanel);
  if (columns % kPanel != 0) {
    auto zero = DenseElementsAttr::get(RankedTensorType::get({}, type.getElementType()), b.getZeroAttr(type.getElementType()));
    matrix = PadOp::create(b, PadMode::Constant, matrix, ArrayRef<int64_t>{0, 0}, ArrayRef<int64_t>{panels * kPanel - columns, 0}, zero);
  }
  matrix = ReshapeOp::create(b, RankedTensorType::get({panels, kPanel, blocks}, type.getElementType()), matrix);
  return TransposeOp::create(b, matrix, ArrayRef<int64_t>{0, 2, 1});
}

/// Zero points as the packed weights have them: those of signed weights 8 higher.
Value asUnsigned(ImplicitLocOpBuilder &b, Value points) {
  Type ui8 = b.getIntegerType(8, /*isSigned=*/false);
  if (typeOf(points).getElementType() == ui8)
    return points;
  auto eight = ConstantOp::create(b, DenseElementsAttr::get(RankedTensorType::get({}, b.getI32Type()), b.getI32IntegerAttr(8)));
  return CastOp::create(b, BinaryOp::create(b, BinaryKind::Add, CastOp::create(b, points, b.getI32Type()), eight), ui8);
}

/// matmul(a, dequantize(q, scales, points)) -> block_matmul(a, pack_blocks(q), scales, points)
struct PackWeights : OpRewritePattern<MatMulOp> {
  PackWeights(MLIRContext *context, int64_t bytes, const ConstantEvaluator *constants)
      : OpRewritePattern(context), bytes(bytes), constants(constants) {}

  LogicalResult matchAndRewrite(MatMulOp op, PatternRewriter &rewriter) const override {
    Value right = op.getRhs();
    bool columnsFirst = op.getTransposeRhs();
    if (auto transposed = right.getDefiningOp<TransposeOp>(); transposed && typeOf(right).getRank() == 2 && transposed.getPermutation()[0] == 1) {
      right = transposed.getX();
      columnsFirst = !columnsFirst;
    }
    auto weights = right.getDefiningOp<DequantizeOp>();
    if (!weights || typeOf(right).getRank() != 2 || !hasFourBits(weights.getX()))
      return rewriter.notifyMatchFailure(op, "the right side is no matrix of constants of 4 bits");
    RankedTensorType left = typeOf(op.getLhs());
    if (!left.getElementType().isF32() || op.getTransposeLhs() || llvm::is_contained(left.getShape(), 0))
      return rewriter.notifyMatchFailure(op, "kernels exist for rows of f32 only");
    int64_t block = weights.getBlock(), depthDim = columnsFirst ? 1 : 0;
    if (block < 16 || block > 256 || !llvm::isPowerOf2_64(block) || static_cast<int64_t>(weights.getAxis()) != depthDim)
      return rewriter.notifyMatchFailure(op, "scales do not belong to blocks of 16 to 256 elements along the depth");
    Type ui8 = rewriter.getIntegerType(8, /*isSigned=*/false);
    bool isSigned = typeOf(weights.getX()).getElementType() != ui8;
    Value zero = weights.getZeroPoint();
    if (!isComputedFromConstants(weights.getScale()) || (zero && !isComputedFromConstants(zero)))
      return rewriter.notifyMatchFailure(op, "scales or zero points are no constants");

    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto byColumns = [&](Value matrix) { return columnsFirst ? matrix : transpose(b, matrix); };
    Value packed = PackBlocksOp::create(b, byColumns(weights.getX()), block), points;
    Value scales = inPanels(b, byColumns(castTo(b, weights.getScale(), b.getF32Type())));
    if (!zero && !isSigned)
      zero = ConstantOp::create(b, DenseElementsAttr::get(typeOf(weights.getScale()).clone(ui8), b.getZeroAttr(ui8)));
    if (zero && !isMiddle(zero))
      points = inPanels(b, byColumns(asUnsigned(b, zero)));
    int64_t columns = typeOf(op.getResult()).getShape().back();
    auto product = BlockMatMulOp::create(b, op.getLhs(), packed, scales, points, block, columns, bytes);
    copyValueNames(op, product);
    rewriter.replaceOp(op, product);
    return success();
  }

private:
  /// Whether all zero points are those that packed weights have anyway, as symmetric quantisers write them: one number, or bytes that hold it twice.
  bool isMiddle(Value points) const {
    int64_t middle = typeOf(points).getElementType().isUnsignedInteger() ? 8 : 0;
    while (isa_and_present<BroadcastOp, ReshapeOp, TransposeOp, SliceOp>(points.getDefiningOp()))
      points = points.getDefiningOp()->getOperand(0);
    if (auto unpack = points.getDefiningOp<UnpackBitsOp>(); unpack && unpack.getBits() == 4) {
      points = unpack.getX();
      middle *= 0x11;
    }
    if (DenseElementsAttr dense = getDenseConstant(points))
      return dense.isSplat() && dense.getSplatValue<APInt>() == middle;
    auto stored = points.getDefiningOp<ConstantOp>();
    ArrayRef<char> bytes = stored && constants ? constants->bytesOf(stored.getValue()) : ArrayRef<char>();
    return !bytes.empty() && llvm::all_of(bytes, [&](char byte) { return byte == static_cast<char>(middle); });
  }

  int64_t bytes;
  const ConstantEvaluator *constants;
};

struct PackBlocksPass : impl::PackBlocksPassBase<PackBlocksPass> {
  using PackBlocksPassBase::PackBlocksPassBase;
  PackBlocksPass(PackBlocksPassOptions options, const ConstantEvaluator *constants) : PackBlocksPassBase(options), constants(constants) {}

  void runOnOperation() override {
    if (bytes != 1 && bytes != 4) {
      getOperation().emitError("ingot-pack-blocks: integers of 1 or 4 bytes stand for activations, not ") << bytes.getValue();
      return signalPassFailure();
    }
    RewritePatternSet patterns(&getContext());
    patterns.add<PackWeights>(&getContext(), bytes, constants);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }

private:
  const ConstantEvaluator *constants = nullptr;
};

} // namespace

std::unique_ptr<Pass> createPackBlocksPass(PackBlocksPassOptions options, const ConstantEvaluator *constants) {
  return std::make_unique<PackBlocksPass>(options, constants);
}

} // namespace ingot

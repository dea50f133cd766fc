// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Shapes.h"
#include "dialects/Ingot/SymbolicDims.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "passes/Graph/ConstantOperands.h"
#include "passes/Graph/Passes.h"

#include <numeric>

#define DEBUG_TYPE "ingot-pack-contractions"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_PACKCONTRACTIONSPASS
#include "passes/Graph/Passes.h.inc"

namespace {

/// Packing an activation moves K * N elements for M * N * K multiplications: below this many rows that does not pay.
constexpr int64_t kMinRowsToPack = 4;

Value swapInnerDims(OpBuilder &b, Location loc, Value matrix) {
  SmallVector<int64_t> permutation(typeOf(matrix).getRank());
  std::iota(permutation.begin(), permutation.end(), 0);
  std::swap(permutation.end()[-1], permutation.end()[-2]);
  return TransposeOp::create(b, loc, matrix, permutation);
}

/// The matrix (or batch of matrices) with exactly these batch dims.
Value withBatchDims(OpBuilder &b, Location loc, Value matrix, ArrayRef<AffineExpr> batch) {
  RankedTensorType type = typeOf(matrix);
  Dims from = getDims(type), wanted(batch);
  wanted.append(from.end() - 2, from.end());
  RankedTensorType target = makeTensorType(wanted, type.getElementType());
  if (target == type)
    return matrix;
  if (productOf(wanted, b.getContext()) == productOf(from, b.getContext()))
    return ReshapeOp::create(b, loc, target, matrix);
  return BroadcastOp::create(b, loc, target, matrix);
}

/// matmul(a, b) -> packed_matmul(a, pack(b))
struct PackRightSide : OpRewritePattern<MatMulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MatMulOp op, PatternRewriter &rewriter) const override {
    RankedTensorType left = typeOf(op.getLhs()), right = typeOf(op.getRhs()), result = typeOf(op.getResult());
    bool bytes = left.getElementType().isUnsignedInteger(8) && right.getElementType().isSignlessInteger(8);
    if (!result.getElementType().isF32() && !bytes)
      return rewriter.notifyMatchFailure(op, "packed kernels exist for f32, and for unsigned bytes by signed ones");
    if (bytes && !isComputedFromConstants(op.getRhs()))
      return rewriter.notifyMatchFailure(op, "bytes are packed at compile time only");
    if (llvm::is_contained(result.getShape(), 0) || llvm::is_contained(left.getShape(), 0))
      return rewriter.notifyMatchFailure(op, "a shape is empty");
    Dims dims = getDims(result), rightDims = getDims(right);
    ArrayRef<AffineExpr> batch = ArrayRef(dims).drop_back(2);
    AffineExpr rows = dims[dims.size() - 2];
    bool sharedRight =
        llvm::all_of(ArrayRef(rightDims).drop_back(2), [](AffineExpr dim) { return getConstant(dim) == 1; }); // one matrix for all batches
    if (sharedRight)
      rows = productOf(ArrayRef(dims).drop_back(), op.getContext());
    if (!isComputedFromConstants(op.getRhs()) && getConstant(rows).value_or(kMinRowsToPack) < kMinRowsToPack)
      return rewriter.notifyMatchFailure(op, "too few rows to pay for packing an activation");

    Location loc = op.getLoc();
    Value lhs = op.getTransposeLhs() ? swapInnerDims(rewriter, loc, op.getLhs()) : op.getLhs();
    Value rhs = op.getTransposeRhs() ? swapInnerDims(rewriter, loc, op.getRhs()) : op.getRhs();
    lhs = withBatchDims(rewriter, loc, lhs, batch);
    rhs = withBatchDims(rewriter, loc, rhs, sharedRight ? ArrayRef<AffineExpr>() : batch);
    auto packed = PackedMatMulOp::create(rewriter, loc, result, lhs, PackOp::create(rewriter, loc, rhs, bytes ? kByteGroup : 1));
    copyValueNames(op, packed);
    rewriter.replaceOp(op, packed);
    return success();
  }
};

struct PackContractionsPass : impl::PackContractionsPassBase<PackContractionsPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<PackRightSide>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
} // namespace ingot

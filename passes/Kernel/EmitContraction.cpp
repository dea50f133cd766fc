// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/RegisterTile.h"

using namespace mlir;

namespace ingot {
namespace {

/// The families `contraction` and `gemv` write the same loops: with few rows the tile is narrow and `unroll` keeps several partial sums.
LogicalResult emitPackedMatMul(ImplicitLocOpBuilder &b, KernelContext &context, StringRef family) {
  std::string why;
  std::optional<ContractionShape> shape = ContractionShape::match(context.region, why);
  if (!shape)
    return context.region.emitOpError("is planned for '") << family << "', which " << why;
  ArrayRef<int64_t> tile = context.plan().getTile();
  if (tile.size() != 2 || tile[0] < 1 || tile[1] < 1 || tile[1] % shape->columnStep() != 0)
    return context.region.emitOpError("needs a tile [rows, columns] with columns in multiples of ") << shape->columnStep();
  int64_t parts = partsOfTile(context.plan(), shape->units(tile), shape->mostParts(tile));
  if (parts == 0)
    return context.region.emitOpError("has ") << *getConstant(shape->units(tile)) << " units with this tile, but its plan says "
                                              << context.plan().getUnits();

  RowsTimesPanels product;
  size_t batchDims = shape->batchDims.size();
  FlatBuffer rhs(b, context, shape->op.getRhs());
  int64_t group = shape->step.getGroup();
  if (getConstant(shape->depth).value_or(group + 1) > group && getConstant(rhs.strides[batchDims + 1]) != kPanel * group)
    return context.region.emitOpError("needs whole panels in its packed weights");
  product.batchDims = shape->batchDims;
  product.rowDims = shape->rowDims;
  product.rhsBatchStrides.assign(rhs.strides.begin(), rhs.strides.begin() + batchDims);
  product.rhsBuffer = rhs.memref;
  product.rhsValue = shape->op.getRhs();
  product.lhsValue = shape->op.getLhs();
  product.batchStrides.assign(batchDims, b.getAffineConstantExpr(0));
  product.rowStrides.assign(shape->rowDims.size(), b.getAffineConstantExpr(0));
  product.depthStride = b.getAffineConstantExpr(0);
  if (!shape->hasPrologue) {
    FlatBuffer lhs(b, context, shape->op.getLhs());
    product.batchStrides.assign(lhs.strides.begin(), lhs.strides.begin() + batchDims);
    product.rowStrides.assign(lhs.strides.begin() + batchDims, lhs.strides.end() - 1);
    product.depthStride = lhs.strides.back();
    product.lhsBuffer = lhs.memref;
  }
  product.step = shape->step;
  product.columns = shape->columns;
  product.depth = shape->depth;
  product.results = shape->results;
  product.tileRows = tile[0];
  product.tileColumns = tile[1];
  product.unroll = context.plan().getUnroll();
  product.parts = parts;
  emitRowsTimesPanels(b, context, product);
  return success();
}

} // namespace

LogicalResult emitContraction(ImplicitLocOpBuilder &b, KernelContext &context) { return emitPackedMatMul(b, context, "contraction"); }

LogicalResult emitGemv(ImplicitLocOpBuilder &b, KernelContext &context) { return emitPackedMatMul(b, context, "gemv"); }

} // namespace ingot

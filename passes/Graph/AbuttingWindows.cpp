// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Graph/AbuttingWindows.h"

#include "dialects/Ingot/Shapes.h"
#include "dialects/Ingot/SymbolicDims.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;

namespace ingot {
namespace {

using Shape = SmallVector<int64_t>;

} // namespace

Shape channelsToLast(int64_t rank) {
  Shape permutation = {0};
  llvm::append_range(permutation, llvm::seq<int64_t>(2, rank));
  permutation.push_back(1);
  return permutation;
}

bool hasAbuttingWindows(ConvTransposeOp op) {
  ArrayRef<int64_t> kernel = typeOf(op.getW()).getShape().drop_front(2);
  auto isZero = [](int64_t pad) { return pad == 0; };
  auto isOne = [](int64_t step) { return step == 1; };
  return op.getGroups() == 1 && kernel.size() <= 2 && llvm::all_of(op.getPads(), isZero) && kernel == op.getStrides() &&
         llvm::all_of(op.getDilations(), isOne);
}

Value joinWindows(ImplicitLocOpBuilder &b, ConvTransposeOp op, Value w, llvm::function_ref<Value(Value)> product) {
  Dims from = getDims(typeOf(op.getX()));
  ArrayRef<int64_t> kernel = op.getStrides();
  int64_t spatial = kernel.size(), outputs = typeOf(op.getW()).getDimSize(1);
  auto number = [&](int64_t size) { return b.getAffineConstantExpr(size); };
  auto reshape = [&](Value x, ArrayRef<AffineExpr> dims) { return b.createOrFold<ReshapeOp>(makeTensorType(dims, typeOf(x).getElementType()), x); };
  // [N, H, kH, W, kW, O], and the same with the pixels joined.
  Dims split = {from[0]}, joined = {from[0]};
  for (auto [size, times] : llvm::zip_equal(ArrayRef(from).drop_front(2), kernel)) {
    split.append({size, number(times)});
    joined.push_back(size * times);
  }
  split.push_back(number(outputs));
  joined.push_back(number(outputs));
  Value y;
  if (spatial == 2 && kernel[1] * outputs >= kPanel) {
    SmallVector<Value> rows;
    Dims row = split;
    Shape part(typeOf(w).getShape());
    row[2] = number(1);
    part[1] = 1;
    for (int64_t i = 0; i < kernel[0]; ++i)
      rows.push_back(reshape(product(SliceOp::create(b, w, Shape{0, i, 0, 0}, part, Shape(4, 1))), row));
    y = b.createOrFold<ConcatOp>(rows, 2);
  } else {
    Shape order = {0};
    Dims columns = {from[0]};
    columns.append(from.begin() + 2, from.end());
    for (int64_t size : kernel)
      columns.push_back(number(size));
    columns.push_back(number(outputs));
    for (int64_t i = 0; i < spatial; ++i)
      order.append({1 + i, 1 + spatial + i});
    order.push_back(1 + 2 * spatial);
    y = b.createOrFold<TransposeOp>(reshape(product(w), columns), order);
  }
  return b.createOrFold<TransposeOp>(reshape(y, joined), invertPermutationVector(channelsToLast(spatial + 2)));
}

} // namespace ingot

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/SymbolicIndex.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "passes/Kernel/BodyLoops.h"

using namespace mlir;

namespace ingot {

Dims contiguousStrides(ArrayRef<AffineExpr> dims) {
  Dims strides(dims);
  for (size_t i = dims.size(); i-- > 0;)
    strides[i] = i + 1 == dims.size()            ? getAffineConstantExpr(1, dims[i].getContext())
                 : getConstant(dims[i + 1]) == 0 ? strides[i + 1]
                                                 : simplifyDim(strides[i + 1] * dims[i + 1]);
  return strides;
}

int64_t estimateDim(AffineExpr dim, int64_t symbol) { return evaluateDim(dim, SmallVector<int64_t>(countSymbols(dim), symbol)); }

Value SymbolicIndex::of(AffineExpr dim) { return materializeDim(b, dim, symbols); }

Value SymbolicIndex::scale(Value x, AffineExpr factor) {
  if (std::optional<int64_t> number = getConstant(factor))
    return scaleIndex(b, x, *number);
  return b.createOrFold<arith::MulIOp>(x, of(factor));
}

Value SymbolicIndex::offset(Value x, AffineExpr delta) {
  if (std::optional<int64_t> number = getConstant(delta))
    return offsetBy(b, x, *number);
  // A constant term comes last: neighbours then share the rest, and the constant becomes part of an access.
  auto sum = dyn_cast<AffineBinaryOpExpr>(delta);
  std::optional<int64_t> last = sum && sum.getKind() == AffineExprKind::Add ? getConstant(sum.getRHS()) : std::nullopt;
  return last ? offsetBy(b, addIndex(b, x, of(sum.getLHS())), *last) : addIndex(b, x, of(delta));
}

SmallVector<Value> SymbolicIndex::decode(Value flat, ArrayRef<AffineExpr> sizes) {
  SmallVector<Value> digits(sizes.size());
  int64_t outer = llvm::count_if(sizes, [](AffineExpr size) { return !isOne(size); });
  for (size_t i = sizes.size(); i-- > 0;) {
    if (isOne(sizes[i])) {
      digits[i] = indexOf(b, 0);
      continue;
    }
    if (--outer == 0) { // what is left is this digit
      digits[i] = flat;
      continue;
    }
    Value size = of(sizes[i]);
    digits[i] = b.createOrFold<arith::RemUIOp>(flat, size);
    flat = b.createOrFold<arith::DivUIOp>(flat, size);
  }
  return digits;
}

std::pair<Value, Value> shareOf(ImplicitLocOpBuilder &b, KernelContext &context, AffineExpr count) {
  if (std::optional<int64_t> number = getConstant(count))
    return shareOf(b, context, *number);
  SymbolicIndex index(b, context);
  auto scale = [&](Value unit) { return b.createOrFold<arith::DivUIOp>(index.scale(unit, count), indexOf(b, context.plan().getUnits())); };
  Value from = scale(context.begin);
  return {from, scale(context.end)};
}

} // namespace ingot

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Stores/IndexDivisors.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace ingot {

int64_t IndexDivisors::of(int64_t number) {
  return number == 0 ? kMost : std::min(kMost, int64_t(1) << llvm::countr_zero(static_cast<uint64_t>(number)));
}

int64_t IndexDivisors::of(OpFoldResult index) {
  if (std::optional<int64_t> number = getConstantIntValue(index))
    return of(*number);
  return of(cast<Value>(index));
}

int64_t IndexDivisors::of(Value index) {
  if (auto found = known.find(index); found != known.end())
    return found->second;
  int64_t divisor = compute(index);
  return known[index] = divisor;
}

int64_t IndexDivisors::compute(Value index) {
  if (std::optional<int64_t> number = getConstantIntValue(index))
    return of(*number);
  if (auto argument = dyn_cast<BlockArgument>(index)) {
    auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp());
    return loop && argument == loop.getInductionVar() ? std::min(of(loop.getLowerBound()), of(loop.getStep())) : 1;
  }
  auto least = [&](Value x, Value y) { return std::min(of(x), of(y)); };
  return llvm::TypeSwitch<Operation *, int64_t>(index.getDefiningOp())
      .Case<arith::AddIOp, arith::SubIOp, arith::MinUIOp, arith::MinSIOp, arith::MaxUIOp, arith::MaxSIOp, arith::RemUIOp, arith::RemSIOp>(
          [&](auto op) { return least(op.getLhs(), op.getRhs()); })
      .Case([&](arith::MulIOp op) { return std::min(kMost, of(op.getLhs()) * of(op.getRhs())); })
      .Case([&](arith::SelectOp op) { return least(op.getTrueValue(), op.getFalseValue()); })
      .Default(int64_t(1));
}

} // namespace ingot

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reports of values that a model cannot process. The record of a call is two numbers, IngotCall::status and IngotCall::failed_site. All threads may
// write them at once: any of the sites that failed is right, so the stores are atomic, but in no order.
#include "passes/Kernel/FailureSites.h"

#include "dialects/Ingot/RunFailure.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot {
namespace {

constexpr int32_t kRunFailure = 5; // INGOT_RUN_FAILURE of runtime/include/ingot/ingot.h, which passes may not include

} // namespace

SmallVector<Operation *> failureSites(RegionOp region) {
  SmallVector<Operation *> sites;
  for (Operation &op : region.getBody().front())
    if (op.getNumResults() > 0 && getRunFailure(&op) != RunFailure::Never)
      sites.push_back(&op);
  return sites;
}

void emitFailureReport(ImplicitLocOpBuilder &b, Value failure, Value first, int32_t number, Value condition) {
  Value unlikely = arith::ConstantOp::create(b, b.getBoolAttr(false));
  condition = LLVM::ExpectOp::create(b, condition, unlikely);
  scf::IfOp::create(b, condition, [&](OpBuilder &inner, Location loc) {
    ImplicitLocOpBuilder then(loc, inner);
    auto store = [&](Value value, int32_t field) {
      Value address = LLVM::GEPOp::create(then, failure.getType(), then.getI32Type(), failure, ArrayRef<LLVM::GEPArg>{field});
      LLVM::StoreOp::create(then, value, address, /*alignment=*/4, /*isVolatile=*/false, /*isNonTemporal=*/false, /*isInvariantGroup=*/false,
                            LLVM::AtomicOrdering::monotonic);
    };
    store(arith::ConstantOp::create(then, then.getI32IntegerAttr(kRunFailure)), 0);
    store(arith::AddIOp::create(then, first, arith::ConstantOp::create(then, then.getI32IntegerAttr(number))), 1);
    scf::YieldOp::create(then);
  });
}

void emitFailure(ImplicitLocOpBuilder &b, const KernelContext &context, Operation *op, Value condition) {
  SmallVector<Operation *> sites = failureSites(context.region);
  auto found = llvm::find(sites, op);
  if (found == sites.end())
    return;
  if (auto vector = dyn_cast<VectorType>(condition.getType()))
    condition = vector::ReductionOp::create(b, vector::CombiningKind::OR, condition);
  emitFailureReport(b, context.failure, context.firstSite, found - sites.begin(), condition);
}

void emitDivisorCheck(ImplicitLocOpBuilder &b, const KernelContext &context, Operation *op, ValueRange operands, Value active) {
  if (!isa<BinaryOp>(op) || !isa<IntegerType>(getElementTypeOrSelf(operands[1])) || getRunFailure(op) == RunFailure::Never)
    return;
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(operands[1].getType()));
  Value isZero = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, operands[1], zero);
  if (active && isa<VectorType>(isZero.getType())) // other lanes hold zeros that no tensor has
    isZero = arith::AndIOp::create(b, isZero, vector::CreateMaskOp::create(b, cast<VectorType>(isZero.getType()), ValueRange{active}));
  emitFailure(b, context, op, isZero);
}

} // namespace ingot

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Plain.h"
#include "passes/Plan/BodyCost.h"

using namespace mlir;

namespace ingot {
namespace {

/// Of one iteration of a loop over elements: index arithmetic, a load, the operation, a store.
constexpr double kIterationCycles = 2;

/// How often the loops of an operation run; where that depends on symbols, about as often as its largest tensor has elements.
double iterationsOf(RegionFormationInterface op, int64_t symbol) {
  SmallVector<Type> types(op->getOperandTypes());
  llvm::append_range(types, op->getResultTypes());
  int64_t most = 0;
  for (Type type : types)
    if (!cast<RankedTensorType>(type).hasStaticShape())
      most = std::max(most, estimateElements(type, symbol));
  return most != 0 ? most : op.getIterationCount();
}

/// Loops over elements. There is no tile.
class PlainModel : public KernelModel {
public:
  explicit PlainModel(RegionOp region) : KernelModel(Family::Plain, /*lanes=*/1), region(region) {}

  void forEachTile(llvm::function_ref<void(ArrayRef<int64_t>)> offer) const override { offer({}); }
  AffineExpr units(ArrayRef<int64_t>) const override {
    RegionOp op = region;
    return getAffineConstantExpr(plainUnits(op), op.getContext());
  }
  double cycles(ArrayRef<int64_t>, int64_t symbol) const override {
    double iterations = 0;
    RegionOp whole = region;
    for (Operation &op : whole.getBody().front())
      if (auto member = dyn_cast<RegionFormationInterface>(op))
        iterations += iterationsOf(member, symbol);
    return kIterationCycles * iterations;
  }

private:
  RegionOp region;
};

} // namespace

OwnedModel modelPlain(RegionOp region, const MachineModel &) { return std::make_unique<PlainModel>(region); }

} // namespace ingot

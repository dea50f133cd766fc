// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/KernelModel.h"

using namespace mlir;

namespace ingot {
namespace {

struct FamilyRow {
  Family family;
  OwnedModel (*model)(RegionOp region, const MachineModel &machine);
};

/// The families, narrowest first: what one refuses, a later one may cover.
constexpr FamilyRow kFamilies[] = {
    {Family::Attention, modelAttention},
    {Family::Blocks, modelBlocks},
    {Family::Sparse, modelSparse},
    {Family::Pairs, modelPairs},
    {Family::Gemv, modelGemv},
    {Family::Contraction, modelContraction},
    {Family::Convolution, modelConvolution},
    {Family::Winograd, modelWinograd},
    {Family::Depthwise, modelDepthwise},
    {Family::Pool, modelPool},
    {Family::Recurrent, modelRecurrent},
    {Family::Row, modelRow},
    {Family::Map, modelMap},
    {Family::Plain, modelPlain},
};

} // namespace

std::string KernelModel::refuse(ArrayRef<int64_t> tile) const {
  std::string text;
  llvm::raw_string_ostream stream(text);
  forEachTile([&](ArrayRef<int64_t> offered) {
    if (offered == tile)
      text = "accept";
  });
  if (text == "accept")
    return "";
  text.clear();
  stream << "is not one that the family '" << stringifyFamily(family) << "' offers for this region";
  return text;
}

PlanAttr KernelModel::plan(MLIRContext *context, ArrayRef<int64_t> tile, int64_t unroll) const {
  // How many pieces there are is known only by a run: then one thread takes one.
  return PlanAttr::get(context, family, tile, unroll, lanes, getConstant(units(tile)).value_or(1), /*parallel=*/false, scratchBytes(tile));
}

PlanAttr shareOut(PlanAttr plan, AffineExpr units) {
  constexpr int64_t kVirtualUnits = 256;
  int64_t number = getConstant(units).value_or(kVirtualUnits);
  return PlanAttr::get(plan.getContext(), plan.getFamily(), plan.getTile(), plan.getUnroll(), plan.getLanes(), number, number > 1, plan.getScratch());
}

OwnedModel modelRegion(RegionOp region, const MachineModel &machine) {
  for (const FamilyRow &row : kFamilies)
    if (OwnedModel model = row.model(region, machine))
      return model;
  llvm_unreachable("the plain family covers all regions");
}

OwnedModel modelPlanned(RegionOp region, const MachineModel &machine) {
  Family family = region.getPlan()->getFamily();
  const FamilyRow *row = llvm::find_if(kFamilies, [&](const FamilyRow &row) { return row.family == family; });
  return row == std::end(kFamilies) ? OwnedModel() : row->model(region, machine);
}

} // namespace ingot

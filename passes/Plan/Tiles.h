// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_PLAN_TILES_H
#define PASSES_PLAN_TILES_H

#include "dialects/Ingot/Ingot.h"
#include "passes/Plan/MachineModel.h"

namespace ingot {

/// Each decides how one family computes a region (of the region or of the plan stage): register tile, unroll, units, parallel. A null attribute means
/// that the family does not cover the region, or, for GEMV, that it has too many rows for it. Strides of buffers are used as a hint when they are
/// known.
PlanAttr planContraction(RegionOp region, const MachineModel &machine);
PlanAttr planConvolution(RegionOp region, const MachineModel &machine);
PlanAttr planDepthwise(RegionOp region, const MachineModel &machine);
PlanAttr planGemv(RegionOp region, const MachineModel &machine);
PlanAttr planMap(RegionOp region, const MachineModel &machine);
PlanAttr planPool(RegionOp region, const MachineModel &machine);
PlanAttr planRecurrent(RegionOp region, const MachineModel &machine);
PlanAttr planRow(RegionOp region, const MachineModel &machine);

} // namespace ingot

#endif

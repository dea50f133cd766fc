// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_PLAN_BODYCOST_H
#define PASSES_PLAN_BODYCOST_H

#include "passes/Kernel/SymbolicIndex.h"
#include "passes/Plan/MachineModel.h"

namespace ingot {

/// Cycles of one core to compute the elementwise operations of a region's body, loads and stores of its arguments and results included.
double bodyCycles(RegionOp region, int64_t lanes);

/// Cycles of one core for one vector of the values that a product's left side `lhs` is computed from, stored where the kernel reads it; 0 for a
/// buffer.
double prologueCycles(mlir::Value lhs);

/// Elements of one vector for a region that yields these types: 64-bit elements take 8, all others 16 (half of both without AVX-512).
int64_t lanesOf(RegionOp region, const MachineModel &machine);

/// How many elements a tensor has; with symbolic dims a typical number.
int64_t estimateElements(mlir::Type type);

/// A plan of `family` whose outermost loop is divided as finely as any number of threads may need, if the work is worth it.
PlanAttr makeSharedPlan(RegionOp region, Family family, llvm::ArrayRef<int64_t> tile, int64_t lanes, mlir::AffineExpr pieces, double cycles);

} // namespace ingot

#endif

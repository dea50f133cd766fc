// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_FAILURESITES_H
#define PASSES_KERNEL_FAILURESITES_H

#include "passes/Kernel/Families.h"

namespace ingot {

/// The attribute of a module that lists all sites in the order of their numbers: pairs of a location and of what is wrong when it reports.
inline constexpr llvm::StringLiteral kFailureSites = "ingot.failure_sites";

/// A function that takes a condition, the same in all threads: when it holds, the model's function returns. `ingot-emit-entry` replaces its calls.
inline constexpr llvm::StringLiteral kLeaveWhen = "ingot_leave_when";

/// The operations of a region that a run can fail in. Each is a site; the region's sites are numbered in this order.
llvm::SmallVector<mlir::Operation *> failureSites(RegionOp region);

/// Writes into the call's record `failure` that the run failed at site `first + number` (`first` is an i32) when `condition` (i1) holds.
void emitFailureReport(mlir::ImplicitLocOpBuilder &b, mlir::Value failure, mlir::Value first, int32_t number, mlir::Value condition);

/// Writes into the call's record that the run failed in `op` when `condition` (i1, or a vector of them: any lane) holds. Code that calls this goes on
/// with a harmless value: what a failed run computes has no meaning, but stays inside of the buffers. Emits nothing when `op` is no site.
void emitFailure(mlir::ImplicitLocOpBuilder &b, const KernelContext &context, mlir::Operation *op, mlir::Value condition);

/// The same for an elementwise operation on `operands`, if it divides. `active` (index, may be null) is the number of lanes that count.
void emitDivisorCheck(mlir::ImplicitLocOpBuilder &b, const KernelContext &context, mlir::Operation *op, mlir::ValueRange operands,
                      mlir::Value active = {});

} // namespace ingot

#endif

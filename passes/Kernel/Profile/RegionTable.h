// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a profile says of a region, kept from the kernel stage, where regions become calls, to the model's descriptor.
#ifndef PASSES_KERNEL_PROFILE_REGIONTABLE_H
#define PASSES_KERNEL_PROFILE_REGIONTABLE_H

#include "dialects/Ingot/Ingot.h"

namespace ingot {

/// Of a module: a dictionary for each call of a region or of a chain, with `name`, `family`, `kind` (strings), `flops` and `bytes` (of one call).
inline constexpr llvm::StringLiteral kRegionTable = "ingot.profile_table";

/// Of the call of a region in the model's function: its number in the table.
inline constexpr llvm::StringLiteral kRegionNumber = "ingot.profile_number";

/// Of the call of a barrier: the number of the region before it.
inline constexpr llvm::StringLiteral kAfterRegion = "ingot.profile_after";

/// Of the model's function: which argument is the number of the thread.
inline constexpr llvm::StringLiteral kThreadArgument = "ingot.thread_argument";

/// Of the argument of the model's function that is the call's profiler, or null.
inline constexpr llvm::StringLiteral kProfilerArgument = "ingot.profiler";

/// The entry of a planned region.
mlir::DictionaryAttr describeRegion(RegionOp region);
/// The entry of regions that one call runs.
mlir::DictionaryAttr describeChain(llvm::ArrayRef<RegionOp> regions);

} // namespace ingot

#endif

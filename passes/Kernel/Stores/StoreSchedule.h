// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_STORES_STORESCHEDULE_H
#define PASSES_KERNEL_STORES_STORESCHEDULE_H

#include "dialects/Ingot/Ingot.h"

namespace ingot {

/// On a planned region, set by `ingot-schedule-stores`: the numbers of the results that are written past the caches. Without it all of them come into
/// the caches line by line, and leave them when they are full.
inline constexpr llvm::StringLiteral kStoresAttr = "ingot.stores";

/// On an argument of a kernel, from `ingot-emit-kernels` for `ingot-bypass-caches`: it is a result that is written past the caches. True: it begins
/// with a cache line in every call; false: what the caller gave need not.
inline constexpr llvm::StringLiteral kBypassAttr = "ingot.bypass";

/// The numbers of the attribute, of results that there are; none without it.
inline llvm::SmallVector<int64_t> resultsPastCaches(RegionOp region) {
  auto numbers = region->getAttrOfType<mlir::DenseI64ArrayAttr>(kStoresAttr);
  auto count = static_cast<int64_t>(region.getYielded().size());
  llvm::SmallVector<int64_t> results;
  for (int64_t number : numbers ? numbers.asArrayRef() : llvm::ArrayRef<int64_t>())
    if (number >= 0 && number < count)
      results.push_back(number);
  return results;
}

} // namespace ingot

#endif

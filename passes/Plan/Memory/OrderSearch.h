// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_PLAN_MEMORY_ORDERSEARCH_H
#define PASSES_PLAN_MEMORY_ORDERSEARCH_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <utility>
#include <vector>

namespace ingot {

/// Steps that may be taken in several orders, and the buffers that are in use from the first to the last step that touches them.
struct OrderProblem {
  struct Step {
    llvm::SmallVector<unsigned, 4> after;                        ///< steps that must have been taken
    llvm::SmallVector<unsigned, 4> buffers;                      ///< each once
    llvm::SmallVector<std::pair<unsigned, unsigned>, 1> inPlace; ///< the first buffer may lie where the second one does, if that ends here
    int64_t own = 0;                                             ///< bytes that only this step needs
  };
  std::vector<Step> steps;
  std::vector<int64_t> bytes; ///< of the buffers

  /// The most bytes in use at once.
  int64_t peakOf(llvm::ArrayRef<unsigned> order) const;
  /// No order needs less: what the most demanding step touches.
  int64_t leastPeak() const;
};

struct FoundOrder {
  std::vector<unsigned> order;
  int64_t peak = 0;
  bool isExact = false; ///< no other order has a lower peak
};

/// The order of the least peak, by best-first search over the sets of steps taken: exact while there are few of them. Of more than `mostStates` sets
/// it keeps the `width` best of each size. Of orders that are as good, the one nearest to the numbers of the steps.
FoundOrder findOrder(const OrderProblem &problem, size_t mostStates = 4096, size_t width = 8);

} // namespace ingot

#endif

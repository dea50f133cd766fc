// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_TOOLS_REGIONTIMES_H
#define COMPILER_TOOLS_REGIONTIMES_H

#include "absl/status/statusor.h"

#include <string>
#include <vector>

namespace ingot {

/// What the regions of a program take.
struct RegionTimes {
  double run = 0;              ///< microseconds of a whole run, the median
  std::vector<double> regions; ///< of all calls of each region in a run, by its number; 0 for one that did not run
};

/// Runs a program with `--profile` for about half a second. It has `regions` regions.
absl::StatusOr<RegionTimes> profileRegions(const std::string &program, uint32_t threads, size_t regions);

} // namespace ingot

#endif

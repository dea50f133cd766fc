// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The cost model held against a clock.
#ifndef COMPILER_TOOLS_PREDICTIONS_H
#define COMPILER_TOOLS_PREDICTIONS_H

#include "llvm/Support/JSON.h"

#include <string>

namespace ingot {

/// Gives each region of a report that has a `measured_us` its `prediction_ratio`, predicted over measured time. Returns `predictions` of the report's
/// measurement: that of the whole model, and the spread over regions and families. Regions of less than a microsecond count in sums alone: a look
/// at the clock is a part of what is measured of them.
llvm::json::Object comparePredictions(llvm::json::Array &regions);

/// The same in a line.
std::string describePredictions(const llvm::json::Object &predictions);

} // namespace ingot

#endif

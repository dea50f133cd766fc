// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_TOOLS_CHART_H
#define COMPILER_TOOLS_CHART_H

#include "compiler/tools/Bench.h"

#include <string>

namespace ingot {

/// A picture of a measurement, as SVG that needs no other file: the time of each run on the left, its percentiles on the right, both from 0 on one
/// axis. Every one of several hundred runs is a dot; of more, a column of dots is a bar from its shortest to its longest run.
std::string latencyChart(const BenchResult &result);

/// Text between the tags of HTML and SVG; control characters, which XML does not have, become question marks.
std::string escaped(llvm::StringRef text);

} // namespace ingot

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/Compress/BudgetFlags.h"

#include "compiler/tools/CommandLine.h"
#include "llvm/ADT/Twine.h"

#include <limits>

namespace ingot::budget_flags {
namespace {

absl::Status setNumber(llvm::StringRef option, llvm::StringRef text, double most, std::optional<double> &field) {
  double value;
  if (text.getAsDouble(value) || !(value >= 0 && value <= most))
    return usage(option + " wants a number " + (most <= 1 ? "from 0 to 1" : "of at least 0") + ", got '" + text + "'");
  field = value;
  return absl::OkStatus();
}

} // namespace

absl::Status setMaxError(llvm::StringRef text, CommandLine &line) {
  return setNumber("--max-error", text, std::numeric_limits<double>::max(), line.measures.budget.maxError);
}

absl::Status setMinCosine(llvm::StringRef text, CommandLine &line) { return setNumber("--min-cosine", text, 1, line.measures.budget.minCosine); }
absl::Status setMinTop1(llvm::StringRef text, CommandLine &line) { return setNumber("--min-top1", text, 1, line.measures.budget.minTop1); }

absl::Status addMeasureOn(llvm::StringRef text, CommandLine &line) {
  line.measures.samples.push_back(text.str());
  return text.empty() ? usage("--measure-on wants a .npz file, a picture, a text, or a folder of them") : absl::OkStatus();
}

absl::Status setBiasCorrection(llvm::StringRef, CommandLine &line) {
  compress::Fit &fit = line.measures.fit;
  fit = fit == compress::Fit::None ? compress::Fit::Bias : fit;
  return absl::OkStatus();
}

absl::Status setDistill(llvm::StringRef, CommandLine &line) {
  line.measures.fit = compress::Fit::Everything;
  return absl::OkStatus();
}

absl::Status setSearch(llvm::StringRef, CommandLine &line) {
  line.search.isOn = true;
  return absl::OkStatus();
}

absl::Status setTimeBudget(llvm::StringRef text, CommandLine &line) {
  llvm::StringRef number = text;
  double unit = number.consume_back("m") ? 60 : 1;
  number.consume_back("s");
  if (number.getAsDouble(line.search.seconds) || !(line.search.seconds > 0 && line.search.seconds <= 86400))
    return usage("--time-budget wants a time as 60s or 5m, got '" + text + "'");
  line.search.seconds *= unit;
  line.search.hasTime = true;
  return absl::OkStatus();
}

absl::Status setSearchFile(llvm::StringRef text, CommandLine &line) {
  line.search.file = text.str();
  return text.ends_with(".json") ? absl::OkStatus() : usage("--search-file holds JSON: its name must end in .json, got '" + text + "'");
}

absl::Status setPoint(llvm::StringRef text, CommandLine &line) {
  int point;
  if (text.getAsInteger(10, point) || point < 1)
    return usage("--point wants the number of a point, from 1 on, got '" + text + "'");
  line.search.point = point;
  return absl::OkStatus();
}

} // namespace ingot::budget_flags

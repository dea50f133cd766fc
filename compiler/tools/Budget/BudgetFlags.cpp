// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/Budget/BudgetFlags.h"

#include "compiler/tools/CommandLine.h"
#include "llvm/ADT/Twine.h"

#include <limits>

namespace ingot::budget_flags {
namespace {

absl::Status usage(const llvm::Twine &message) { return absl::InvalidArgumentError(message.str()); }

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
  return text.empty() ? usage("--measure-on wants a .npz file or a folder of them") : absl::OkStatus();
}

} // namespace ingot::budget_flags

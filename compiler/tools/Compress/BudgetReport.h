// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_TOOLS_COMPRESS_BUDGETREPORT_H
#define COMPILER_TOOLS_COMPRESS_BUDGETREPORT_H

#include "absl/status/status.h"
#include "compiler/Compress/Budget/Measured.h"
#include "llvm/Support/JSON.h"

namespace ingot {

/// The error at the outputs, the most sensitive layers and those that stayed because of the budget, a line each.
std::string measuredText(const compress::Measured &summary);

/// Adds `outputs`, `layers` (to those that are there already, `name` and `error`), `most_sensitive`, `kept_by_budget`, and `fitted` and
/// `error_before_fit` where layers were fitted. A number that is not finite is null.
void addMeasured(llvm::json::Object &object, const compress::Measured &summary);

/// The measures of an error: `max_error`, `sqnr_db` (null: no noise), `cosine`, `least_cosine`, `top1`.
llvm::json::Object errorJson(const compress::ValueError &error);

/// Writes the object as it is (.json), or as a page that needs no other file (.html), which the headline begins.
absl::Status writeCompressionReport(const std::string &path, const llvm::json::Object &object, llvm::StringRef headline = "");

/// Says before any work whether `path` can be such a report.
absl::Status checkCompressionReport(const std::string &path);

} // namespace ingot

#endif

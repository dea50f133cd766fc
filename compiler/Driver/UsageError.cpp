// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/UsageError.h"

#include "llvm/ADT/STLExtras.h"

namespace ingot {

constexpr absl::string_view kUsageError = "ingot/usage";

absl::Status usageError(absl::string_view message) {
  absl::Status status = absl::InvalidArgumentError(message);
  status.SetPayload(kUsageError, absl::Cord());
  return status;
}

bool isUsageError(const absl::Status &status) { return status.GetPayload(kUsageError).has_value(); }

std::string suggestion(llvm::StringRef word, llvm::ArrayRef<llvm::StringRef> known) {
  if (known.empty())
    return "";
  llvm::StringRef nearest =
      *llvm::min_element(known, [&](llvm::StringRef a, llvm::StringRef b) { return word.edit_distance(a) < word.edit_distance(b); });
  // Beyond half of the word it would be a guess.
  return word.edit_distance(nearest) <= std::max<size_t>(2, word.size() / 2) ? "; did you mean '" + nearest.str() + "'?" : "";
}

} // namespace ingot

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_BUDGET_ACCURACYBUDGET_H
#define COMPILER_COMPRESS_BUDGET_ACCURACYBUDGET_H

#include "compiler/Compress/Compare/ValueError.h"

#include <optional>
#include <string>

namespace ingot::compress {

/// What a compressed model may lose at its outputs, on samples.
struct AccuracyBudget {
  std::optional<double> maxError = std::nullopt;  ///< the largest difference, as a share of the largest magnitude
  std::optional<double> minCosine = std::nullopt; ///< of every sample
  std::optional<double> minTop1 = std::nullopt;   ///< share of the rows whose largest element stays where it is

  bool isSet() const { return maxError || minCosine || minTop1; }
  bool isMetBy(const ValueError &error) const;
  /// As options, with a blank between.
  std::string text() const;

  bool operator==(const AccuracyBudget &) const = default;
};

/// The measures that budgets are of, for a person.
std::string errorText(const ValueError &error);

} // namespace ingot::compress

#endif

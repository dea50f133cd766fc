// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/Predictions.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

#include <map>
#include <vector>

namespace ingot {
namespace {

constexpr double kLeastMicroseconds = 1;

/// Some regions together.
struct Group {
  double predicted = 0, measured = 0;
  std::vector<double> ratios; ///< of those that are long enough

  void add(double own, double clock) {
    predicted += own;
    measured += clock;
    if (clock >= kLeastMicroseconds)
      ratios.push_back(own / clock);
  }

  llvm::json::Value quantile(double part) const {
    if (ratios.empty())
      return nullptr;
    std::vector<double> sorted = ratios;
    llvm::sort(sorted);
    return sorted[static_cast<size_t>(part * static_cast<double>(sorted.size() - 1) + 0.5)];
  }

  llvm::json::Object asJson() const {
    return llvm::json::Object{{"regions", static_cast<int64_t>(ratios.size())},
                              {"predicted_us", predicted},
                              {"measured_us", measured},
                              {"ratio", measured > 0 ? llvm::json::Value(predicted / measured) : nullptr},
                              {"low", quantile(0.1)},
                              {"median", quantile(0.5)},
                              {"high", quantile(0.9)}};
  }
};

} // namespace

llvm::json::Object comparePredictions(llvm::json::Array &regions) {
  Group all;
  std::map<std::string, Group> families;
  for (llvm::json::Value &value : regions) {
    llvm::json::Object &region = *value.getAsObject();
    double measured = region.getNumber("measured_us").value_or(0);
    double predicted = region.getNumber("predicted_us").value_or(0) * region.getNumber("calls").value_or(1);
    region["prediction_ratio"] = measured > 0 ? llvm::json::Value(predicted / measured) : nullptr;
    if (measured <= 0)
      continue;
    all.add(predicted, measured);
    families[region.getString("family").value_or("").str()].add(predicted, measured);
  }
  llvm::json::Object result = all.asJson();
  llvm::json::Array list;
  for (const auto &[name, group] : families) {
    llvm::json::Object family = group.asJson();
    family["family"] = name;
    list.push_back(std::move(family));
  }
  result["families"] = std::move(list);
  return result;
}

std::string describePredictions(const llvm::json::Object &predictions) {
  auto ratio = predictions.getNumber("ratio"), low = predictions.getNumber("low"), median = predictions.getNumber("median"),
       high = predictions.getNumber("high");
  if (!ratio)
    return "";
  std::string text = llvm::formatv("predicted time over measured time, one thread: {0:f2}", *ratio);
  if (median && low && high)
    text += llvm::formatv("; of {0} regions above 1 us: median {1:f2}, four of five from {2:f2} to {3:f2}",
                          predictions.getInteger("regions").value_or(0), *median, *low, *high);
  return text;
}

} // namespace ingot

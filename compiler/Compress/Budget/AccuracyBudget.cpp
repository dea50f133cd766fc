// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Budget/AccuracyBudget.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

namespace ingot::compress {

bool AccuracyBudget::isMetBy(const ValueError &error) const {
  return !(maxError && !(error.maxError <= *maxError)) && !(minCosine && !(error.leastCosine >= *minCosine)) &&
         !(minTop1 && !(error.top1 >= *minTop1));
}

std::string AccuracyBudget::text() const {
  std::string text;
  for (auto [name, value] : {std::pair("--max-error", maxError), {"--min-cosine", minCosine}, {"--min-top1", minTop1}})
    if (value)
      text += llvm::formatv("{0}{1}={2}", text.empty() ? "" : " ", name, llvm::format("%g", *value)).str();
  return text;
}

std::string errorText(const ValueError &error) {
  return llvm::formatv("max {0}, SQNR {1} dB, cosine {2} on average and {3} at least, top-1 {4} %", llvm::format("%.3g", error.maxError),
                       llvm::format("%.1f", error.sqnr()), llvm::format("%.5f", error.cosine), llvm::format("%.5f", error.leastCosine),
                       llvm::format("%.1f", 100 * error.top1));
}

} // namespace ingot::compress

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/Compress/SearchCommand.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cmath>

namespace ingot {
namespace {

using compress::SearchPoint;

// The page, in pixels.
constexpr double kWidth = 900, kHeight = 520, kLeft = 70, kRight = 870, kTop = 60, kBottom = 460, kLargest = 18;
/// Points without noise lie so far above the best one with noise, in dB.
constexpr double kAbove = 10;
constexpr double kLeastRange = 20;
constexpr int kTicks = 5;

std::string escaped(llvm::StringRef text) {
  std::string result;
  llvm::raw_string_ostream stream(result);
  llvm::printHTMLEscaped(text, stream);
  return result;
}

} // namespace

std::string frontChart(llvm::ArrayRef<SearchPoint> points, llvm::StringRef model) {
  double longest = 0, best = kLeastRange, largest = 1;
  for (const SearchPoint &point : points) {
    longest = std::max(longest, point.milliseconds);
    largest = std::max(largest, static_cast<double>(point.bytes));
    if (std::isfinite(point.error.sqnr()))
      best = std::max(best, point.error.sqnr());
  }
  longest *= 1.1;
  double highest = best + kAbove;
  auto x = [&](double ms) { return kLeft + (longest > 0 ? ms / longest : 0) * (kRight - kLeft); };
  auto y = [&](double decibels) { return kBottom - std::clamp(decibels / highest, 0.0, 1.0) * (kBottom - kTop); };
  std::string text;
  llvm::raw_string_ostream out(text);
  auto label = [&](double atX, double atY, const char *anchor, const std::string &words) {
    out << llvm::format("<text x='%.1f' y='%.1f' text-anchor='%s'>", atX, atY, anchor) << words << "</text>\n";
  };
  out << llvm::format("<svg xmlns='http://www.w3.org/2000/svg' width='%.0f' height='%.0f' font-family='system-ui,sans-serif' font-size='13'>\n",
                      kWidth, kHeight)
      << "<rect width='100%' height='100%' fill='white'/>\n";
  label(kLeft, kTop / 2, "start",
        escaped(model) + ": time and signal to noise; circles are as large as the weights, those of the Pareto front filled");
  for (int tick = 0; tick <= kTicks; ++tick) {
    double ms = longest * tick / kTicks, decibels = highest * tick / kTicks;
    out << llvm::format("<path d='M%.1f %.1fV%.1fM%.1f %.1fH%.1f' stroke='#ddd' fill='none'/>\n", x(ms), kTop, kBottom, kLeft, y(decibels), kRight);
    std::string number;
    llvm::raw_string_ostream(number) << llvm::format("%.3g", ms);
    label(x(ms), kBottom + 18, "middle", number);
    number.clear();
    llvm::raw_string_ostream(number) << llvm::format("%.0f", decibels);
    label(kLeft - 8, y(decibels) + 4, "end", number);
  }
  label((kLeft + kRight) / 2, kHeight - 14, "middle", "time of a run on one thread, ms");
  label(kLeft, kTop - 8, "end", "dB");
  for (const SearchPoint &point : points) {
    double decibels = std::isfinite(point.error.sqnr()) ? point.error.sqnr() : highest;
    double radius = 3 + (kLargest - 3) * std::sqrt(static_cast<double>(point.bytes) / largest);
    out << llvm::format("<circle cx='%.1f' cy='%.1f' r='%.1f' stroke='#0b62a8' fill='#0b62a8' fill-opacity='%s'><title>", x(point.milliseconds),
                        y(decibels), radius, point.isOnFront ? "0.5" : "0")
        << point.number << ": " << escaped(point.recipe.name) << "</title></circle>\n";
    label(x(point.milliseconds), y(decibels) + 4, "middle", std::to_string(point.number));
  }
  out << "</svg>\n";
  return text;
}

} // namespace ingot

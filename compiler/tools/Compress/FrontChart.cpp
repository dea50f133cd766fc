// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/Chart.h"
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
constexpr double kPageWidth = 900, kPageHeight = 520, kPageLeft = 70, kPageRight = 870, kPageTop = 60, kPageBottom = 460, kLargest = 18;
/// Points without noise lie so far above the best one with noise, in dB.
constexpr double kAbove = 10;
constexpr double kLeastRange = 20;
constexpr int kTicks = 5;

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
  auto x = [&](double ms) { return kPageLeft + (longest > 0 ? ms / longest : 0) * (kPageRight - kPageLeft); };
  auto y = [&](double decibels) { return kPageBottom - std::clamp(decibels / highest, 0.0, 1.0) * (kPageBottom - kPageTop); };
  std::string text;
  llvm::raw_string_ostream out(text);
  auto label = [&](double atX, double atY, const char *anchor, const std::string &words) {
    out << llvm::format("<text x='%.1f' y='%.1f' text-anchor='%s'>", atX, atY, anchor) << words << "</text>\n";
  };
  out << llvm::format("<svg xmlns='http://www.w3.org/2000/svg' width='%.0f' height='%.0f' font-family='system-ui,sans-serif' font-size='13'>\n",
                      kPageWidth, kPageHeight)
      << "<rect width='100%' height='100%' fill='white'/>\n";
  label(kPageLeft, kPageTop / 2, "start",
        escaped(model) + ": time and signal to noise; circles are as large as the weights, those of the Pareto front filled");
  for (int tick = 0; tick <= kTicks; ++tick) {
    double ms = longest * tick / kTicks, decibels = highest * tick / kTicks;
    out << llvm::format("<path d='M%.1f %.1fV%.1fM%.1f %.1fH%.1f' stroke='#ddd' fill='none'/>\n", x(ms), kPageTop, kPageBottom, kPageLeft,
                        y(decibels), kPageRight);
    std::string number;
    llvm::raw_string_ostream(number) << llvm::format("%.3g", ms);
    label(x(ms), kPageBottom + 18, "middle", number);
    number.clear();
    llvm::raw_string_ostream(number) << llvm::format("%.0f", decibels);
    label(kPageLeft - 8, y(decibels) + 4, "end", number);
  }
  label((kPageLeft + kPageRight) / 2, kPageHeight - 14, "middle", "time of a run on one thread, ms");
  label(kPageLeft, kPageTop - 8, "end", "dB");
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

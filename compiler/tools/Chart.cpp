// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/Chart.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

namespace ingot {
namespace {

// The page, in pixels.
constexpr double kWidth = 960, kHeight = 500, kTop = 122, kBottom = 440, kLeft = 72, kRight = 600, kBarsLeft = 660, kBarsRight = 936;
constexpr size_t kMostDots = 600;

/// Told apart by people who do not see red or green, too.
constexpr llvm::StringLiteral kColours[] = {"#0b62a8", "#d1600a"};
constexpr std::pair<llvm::StringLiteral, llvm::StringLiteral> kPercentiles[] = {
    {"min_ms", "min"}, {"median_ms", "median"}, {"p90_ms", "90 %"}, {"p99_ms", "99 %"}};

/// Three digits, as a person would write them.
std::string threeDigits(double value) {
  int digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : value >= 0.01 ? 3 : 4;
  return llvm::formatv("{0}", llvm::format("%.*f", digits, value)).str();
}

/// 1, 2 or 5 times a power of ten, so that about five of them make `most`.
double stepOf(double most) {
  double rough = most / 5, power = std::pow(10, std::floor(std::log10(rough)));
  for (double factor : {1.0, 2.0, 5.0})
    if (factor * power >= rough * 0.999)
      return factor * power;
  return 10 * power;
}

class ChartWriter {
public:
  explicit ChartWriter(const BenchResult &result) : result(result), out(text) {
    // A few long runs do not flatten the rest.
    for (const llvm::json::Value &value : *result.object.getArray("results")) {
      const llvm::json::Object &row = *value.getAsObject();
      most = std::max(most, std::min(1.5 * *row.getNumber("p99_ms"), 3 * *row.getNumber("p90_ms")));
    }
    double longest = 0;
    for (const std::vector<double> &samples : result.samples)
      longest = std::max(longest, *llvm::max_element(samples));
    most = std::max(std::min(longest, most), 1e-6);
    step = stepOf(most);
    most = step * std::ceil(most / step * 0.999);
  }

  std::string write() {
    out << llvm::formatv("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
                         "font-family=\"system-ui, sans-serif\" font-size=\"13\" fill=\"#222\">\n",
                         kWidth, kHeight);
    out << llvm::formatv("<rect width=\"{0}\" height=\"{1}\" fill=\"#fff\"/>\n", kWidth, kHeight);
    head();
    grid();
    for (auto [i, samples] : llvm::enumerate(result.samples))
      runs(i, samples);
    percentiles();
    out << "</svg>\n";
    return std::move(text);
  }

private:
  const llvm::json::Object &row(size_t i) const { return *(*result.object.getArray("results"))[i].getAsObject(); }
  double heightOf(double milliseconds) const { return kBottom - std::min(milliseconds / most, 1.0) * (kBottom - kTop); }

  void label(double x, double y, llvm::StringRef anchor, llvm::StringRef what, llvm::StringRef more = "") {
    out << llvm::formatv("<text x=\"{0:f1}\" y=\"{1:f1}\" text-anchor=\"{2}\"{3}>{4}</text>\n", x, y, anchor, more, escaped(what));
  }

  /// The title, what was measured, and a line for each series.
  void head() {
    const llvm::json::Object &object = result.object;
    llvm::StringRef file = llvm::sys::path::filename(*object.getString("file"));
    int64_t threads = *object.getInteger("threads"), sessions = *object.getInteger("sessions");
    label(kLeft, 32, "start", file, " font-size=\"19\" font-weight=\"600\"");
    std::string facts = (threads == 0 ? "one thread per core" : std::to_string(threads) + (threads == 1 ? " thread" : " threads")) + " a session, " +
                        (sessions == 1 ? "one session" : std::to_string(sessions) + " sessions at the same time") + ", " +
                        std::to_string(*object.getInteger("warmup")) + " runs before the measured ones";
    if (auto ratio = object.getNumber("time_ratio"))
      facts += llvm::formatv("; median {0:f2} of onnxruntime's", *ratio).str();
    label(kLeft, 52, "start", facts, " fill=\"#555\"");
    for (size_t i = 0; i < result.samples.size(); ++i) {
      double y = 73 + 18 * static_cast<double>(i);
      out << llvm::formatv("<rect x=\"{0:f1}\" y=\"{1:f1}\" width=\"11\" height=\"11\" fill=\"{2}\"/>\n", kLeft, y - 10, kColours[i]);
      std::string line = llvm::formatv("{0}: median {1} ms, {2} runs/s, peak memory {3:f1} MiB", *row(i).getString("name"),
                                       threeDigits(*row(i).getNumber("median_ms")), threeDigits(*row(i).getNumber("throughput_per_s")),
                                       *row(i).getInteger("peak_memory_bytes") / 1048576.0);
      if (auto above = llvm::count_if(result.samples[i], [&](double sample) { return sample > most; }))
        line += llvm::formatv("; {0} {1} above the chart, up to {2} ms", above, above == 1 ? "run" : "runs",
                              threeDigits(*llvm::max_element(result.samples[i])));
      label(kLeft + 18, y, "start", line);
    }
  }

  /// Lines of equal time through both panels, with their numbers.
  void grid() {
    out << "<g class=\"axis\" stroke=\"#ddd\">\n";
    for (double at = 0; at <= most * 1.001; at += step)
      for (auto [left, right] : {std::pair(kLeft, kRight), std::pair(kBarsLeft, kBarsRight)})
        out << llvm::formatv("<line x1=\"{0:f1}\" y1=\"{2:f1}\" x2=\"{1:f1}\" y2=\"{2:f1}\"{3}/>\n", left, right, heightOf(at),
                             at == 0 ? " stroke=\"#555\"" : "");
    out << "</g>\n";
    int digits = std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9)));
    for (double at = 0; at <= most * 1.001; at += step)
      label(kLeft - 8, heightOf(at) + 4, "end", llvm::formatv("{0}", llvm::format("%.*f", digits, at)).str());
    label(kLeft - 8, kTop - 14, "end", "ms");
    label(kLeft, kBottom + 40, "start", "time of each run, in order", " fill=\"#555\"");
    label(kBarsLeft, kBottom + 40, "start", "share of the runs that take no longer", " fill=\"#555\"");
    size_t longest = 0;
    for (const std::vector<double> &samples : result.samples)
      longest = std::max(longest, samples.size());
    label(kLeft, kBottom + 18, "start", "1");
    label(kRight, kBottom + 18, "end", std::to_string(longest));
  }

  /// At the upper edge, for what is off the chart.
  void arrow(double x, llvm::StringRef more = " stroke=\"none\"") {
    out << llvm::formatv("<path d=\"M{0:f1} {1:f1}l3 5h-6z\"{2}/>\n", x, kTop - 7, more);
  }

  /// The runs of a series over the width of the left panel, with a line at the median.
  void runs(size_t series, const std::vector<double> &samples) {
    llvm::StringRef name = *row(series).getString("name"), colour = kColours[series];
    out << llvm::formatv("<g class=\"series\" data-name=\"{0}\" data-runs=\"{1}\" fill=\"{2}\" stroke=\"{2}\">\n", escaped(name), samples.size(),
                         colour);
    size_t columns = std::min(samples.size(), kMostDots);
    for (size_t column = 0; column < columns; ++column) {
      auto begin = samples.begin() + samples.size() * column / columns, end = samples.begin() + samples.size() * (column + 1) / columns;
      auto [least, greatest] = std::minmax_element(begin, end);
      double x = kLeft + (kRight - kLeft) * (static_cast<double>(column) + 0.5) / static_cast<double>(columns);
      if (end - begin == 1 && *greatest <= most)
        out << llvm::formatv("<circle cx=\"{0:f1}\" cy=\"{1:f1}\" r=\"1.8\" stroke=\"none\" fill-opacity=\"0.6\"/>\n", x, heightOf(*greatest));
      else if (end - begin > 1)
        out << llvm::formatv("<line x1=\"{0:f1}\" y1=\"{1:f1}\" x2=\"{0:f1}\" y2=\"{2:f1}\" stroke-opacity=\"0.6\"/>\n", x, heightOf(*greatest),
                             heightOf(*least) + 0.5);
      if (*greatest > most)
        arrow(x);
    }
    double median = heightOf(*row(series).getNumber("median_ms"));
    out << llvm::formatv("<line class=\"median\" x1=\"{0:f1}\" y1=\"{2:f1}\" x2=\"{1:f1}\" y2=\"{2:f1}\" stroke-width=\"1.5\"/>\n</g>\n", kLeft,
                         kRight, median);
  }

  /// Groups of bars, one for each percentile, with their numbers on top.
  void percentiles() {
    double group = (kBarsRight - kBarsLeft) / std::size(kPercentiles), bar = std::min(30.0, (group - 6) / result.samples.size());
    for (auto [i, percentile] : llvm::enumerate(kPercentiles)) {
      double centre = kBarsLeft + group * (static_cast<double>(i) + 0.5), left = centre - bar * static_cast<double>(result.samples.size()) / 2;
      label(centre, kBottom + 18, "middle", percentile.second);
      for (size_t series = 0; series < result.samples.size(); ++series, left += bar) {
        double value = *row(series).getNumber(percentile.first), top = heightOf(value);
        out << llvm::formatv("<rect class=\"percentile\" x=\"{0:f1}\" y=\"{1:f1}\" width=\"{2:f1}\" height=\"{3:f1}\" fill=\"{4}\"/>\n", left + 1,
                             top, bar - 2, kBottom - top, kColours[series]);
        if (value > most)
          arrow(left + bar / 2, (" fill=\"" + kColours[series] + "\"").str());
        label(left + bar / 2, top - (value > most ? 10 : 4), "middle", threeDigits(value), " font-size=\"9.5\"");
      }
    }
  }

  const BenchResult &result;
  std::string text;
  llvm::raw_string_ostream out;
  double most = 0, step = 1; ///< of the time axis
};

} // namespace

std::string escaped(llvm::StringRef text) {
  std::string result;
  llvm::raw_string_ostream stream(result);
  for (unsigned char c : text)
    if (c < 32 || c == 127)
      stream << '?'; // no character of XML
    else
      llvm::printHTMLEscaped(llvm::StringRef(reinterpret_cast<const char *>(&c), 1), stream);
  return result;
}

std::string latencyChart(const BenchResult &result) { return ChartWriter(result).write(); }

} // namespace ingot

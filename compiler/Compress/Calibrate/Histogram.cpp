// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Calibrate/Histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ingot::compress {
namespace {

/// At most, and at least half of that once values fill them.
constexpr int64_t kBins = 4096;
constexpr int kCodes = 256;

/// The shares of the whole range that are tried.
constexpr int kShares = 40;
constexpr double kLeastShare = 0.05;

} // namespace

int64_t Histogram::add(llvm::ArrayRef<float> values) {
  float low = 0, high = 0;
  int64_t others = 0;
  for (float value : values) {
    if (!std::isfinite(value)) {
      ++others;
      continue;
    }
    low = std::min(low, value);
    high = std::max(high, value);
  }
  seen = {std::min<double>(seen.low, low), std::max<double>(seen.high, high)};
  widen(low);
  widen(high);
  double inverse = 1 / width; // exact: a power of two
  for (float value : values)
    if (std::isfinite(value)) {
      ++bins[static_cast<int64_t>(std::floor(value * inverse)) - first];
      ++total;
    }
  return others;
}

/// Makes room for a value.
void Histogram::widen(double value) {
  if (width == 0) {
    // The least exponent of normal floats keeps 1 / width finite.
    int exponent = value == 0 ? -40 : std::max(std::ilogb(std::abs(value)) - 11, -120);
    width = std::ldexp(1.0, exponent);
    bins.assign(1, 0);
  }
  auto number = [&] { return static_cast<int64_t>(std::floor(value / width)); };
  while (std::max<int64_t>(number(), first + static_cast<int64_t>(bins.size()) - 1) - std::min(number(), first) >= kBins) {
    int64_t halfFirst = first >> 1; // rounds down, of negative numbers too
    std::vector<uint64_t> halves(((first + static_cast<int64_t>(bins.size()) - 1) >> 1) - halfFirst + 1);
    for (size_t i = 0; i < bins.size(); ++i)
      halves[((first + static_cast<int64_t>(i)) >> 1) - halfFirst] += bins[i];
    bins = std::move(halves);
    first = halfFirst;
    width *= 2;
  }
  if (number() < first) {
    bins.insert(bins.begin(), first - number(), 0);
    first = number();
  }
  if (int64_t last = number() - first; last >= static_cast<int64_t>(bins.size()))
    bins.resize(last + 1);
}

ValueRange Histogram::range(RangeMethod method, double percentile) const {
  if (total == 0 || method == RangeMethod::MinMax)
    return seen;
  ValueRange found = method == RangeMethod::Percentile ? percentileRange(percentile)
                     : method == RangeMethod::Mse      ? leastSquaresRange()
                                                       : entropyRange();
  return {std::clamp(found.low, seen.low, 0.0), std::clamp(found.high, 0.0, seen.high)};
}

/// Half of what is left out lies on either side.
ValueRange Histogram::percentileRange(double percentile) const {
  double outside = static_cast<double>(total) * (100 - percentile) / 200;
  ValueRange range;
  uint64_t below = 0, above = 0;
  for (size_t i = 0; i < bins.size(); ++i) {
    if (static_cast<double>(below + bins[i]) > outside) {
      range.low = (static_cast<double>(first) + static_cast<double>(i)) * width;
      break;
    }
    below += bins[i];
  }
  for (size_t i = bins.size(); i-- > 0;) {
    if (static_cast<double>(above + bins[i]) > outside) {
      range.high = (static_cast<double>(first) + static_cast<double>(i) + 1) * width;
      break;
    }
    above += bins[i];
  }
  return range;
}

/// The range whose codes have the least squared error: each end is moved in turn.
ValueRange Histogram::leastSquaresRange() const {
  auto errorOf = [&](const ValueRange &range) {
    double step = (range.high - range.low) / (kCodes - 1), sum = 0;
    if (step <= 0)
      return std::numeric_limits<double>::infinity();
    for (size_t i = 0; i < bins.size(); ++i) {
      if (bins[i] == 0)
        continue;
      double x = centre(i), error = std::clamp(x, range.low, range.high) - x;
      // Inside, errors are spread evenly over a step.
      sum += static_cast<double>(bins[i]) * (error * error + step * step / 12);
    }
    return sum;
  };
  ValueRange best = seen;
  double least = errorOf(best);
  for (int round = 0; round < 2; ++round)
    for (double ValueRange::*end : {&ValueRange::low, &ValueRange::high})
      for (int i = 0; i <= kShares; ++i) {
        ValueRange candidate = best;
        candidate.*end = seen.*end * (kLeastShare + (1 - kLeastShare) * i / kShares);
        if (double error = errorOf(candidate); error < least) {
          least = error;
          best = candidate;
        }
      }
  return best;
}

/// The threshold of magnitude for which the distribution of codes tells most of the distribution of values: least Kullback-Leibler divergence of the
/// clipped histogram from itself spread over the codes (Migacz, "8-bit inference with TensorRT", 2017).
ValueRange Histogram::entropyRange() const {
  double largest = std::max(-seen.low, seen.high), least = std::numeric_limits<double>::infinity();
  ValueRange best = seen;
  for (int share = 0; share <= kShares; ++share) {
    double threshold = largest * (kLeastShare + (1 - kLeastShare) * share / kShares);
    ValueRange range = {std::max(seen.low, -threshold), std::min(seen.high, threshold)};
    double step = (range.high - range.low) / kCodes;
    if (step <= 0)
      continue;
    auto codeOf = [&](double x) { return std::clamp(static_cast<int>((x - range.low) / step), 0, kCodes - 1); };
    std::vector<double> inside(kCodes), clipped(kCodes);
    std::vector<int> used(kCodes);
    double below = 0, above = 0;
    for (size_t i = 0; i < bins.size(); ++i) {
      double x = centre(i), count = static_cast<double>(bins[i]);
      if (x < range.low || x > range.high) {
        (x < range.low ? below : above) += count;
      } else if (bins[i] != 0) {
        inside[codeOf(x)] += count;
        ++used[codeOf(x)];
      }
    }
    // What is clipped counts at the ends of the values, but the codes know only what lies inside.
    auto isUsed = [](int number) { return number != 0; };
    if (auto end = std::find_if(used.begin(), used.end(), isUsed); end != used.end())
      clipped[end - used.begin()] += below;
    if (auto end = std::find_if(used.rbegin(), used.rend(), isUsed); end != used.rend())
      clipped[used.rend() - end - 1] += above;
    double insideTotal = 0, divergence = 0;
    for (double count : inside)
      insideTotal += count;
    if (insideTotal == 0)
      continue;
    double all = static_cast<double>(total);
    for (size_t i = 0; i < bins.size(); ++i) {
      double x = centre(i);
      if (bins[i] == 0 || x < range.low || x > range.high)
        continue;
      int code = codeOf(x);
      double p = (static_cast<double>(bins[i]) + clipped[code] / used[code]) / all, q = inside[code] / used[code] / insideTotal;
      divergence += p * std::log(p / q);
    }
    if (divergence < least) {
      least = divergence;
      best = range;
    }
  }
  return best;
}

} // namespace ingot::compress

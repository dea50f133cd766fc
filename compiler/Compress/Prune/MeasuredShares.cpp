// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Prune/MeasuredShares.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <tuple>

namespace ingot::compress {
namespace {

using Point = std::pair<double, double>;

double slope(const Point &from, const Point &to) { return (to.second - from.second) / (to.first - from.first); }

/// From the share 0 on.
std::vector<Point> lowerHull(llvm::ArrayRef<Point> points) {
  std::vector<Point> hull = {{0, 0}};
  for (const Point &point : points) {
    if (point.first <= hull.back().first)
      continue;
    while (hull.size() > 1 && slope(hull[hull.size() - 2], hull.back()) >= slope(hull.back(), point))
      hull.pop_back();
    hull.push_back(point);
  }
  return hull;
}

/// A part of a layer's weights that goes before its others.
struct Step {
  double costPerWeight, share;
  size_t layer;
};

} // namespace

std::vector<double> sharesOfLeastError(llvm::ArrayRef<ErrorCurve> curves, double sparsity) {
  std::vector<Step> steps;
  double left = 0; // weights that are to go
  for (auto [i, curve] : llvm::enumerate(curves)) {
    auto weights = static_cast<double>(curve.weights);
    left += sparsity * weights;
    std::vector<Point> hull = lowerHull(curve.points);
    for (size_t at = 1; at < hull.size(); ++at)
      steps.push_back({slope(hull[at - 1], hull[at]) / weights, hull[at].first - hull[at - 1].first, i});
  }
  // The steps of a layer have ascending costs; of equal ones the order of the layers decides.
  llvm::sort(steps, [](const Step &a, const Step &b) { return std::tuple(a.costPerWeight, a.layer) < std::tuple(b.costPerWeight, b.layer); });
  std::vector<double> shares(curves.size());
  for (const Step &step : steps) {
    auto weights = static_cast<double>(curves[step.layer].weights);
    double taken = std::clamp(left / weights, 0.0, step.share);
    shares[step.layer] += taken;
    left -= taken * weights;
  }
  return shares;
}

} // namespace ingot::compress

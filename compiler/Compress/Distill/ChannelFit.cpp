// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Distill/ChannelFit.h"

#include <algorithm>

namespace ingot::compress {
namespace {

/// By which scales are drawn to 1, as a share of the variance.
constexpr double kDamping = 0.01;
constexpr double kLeastScale = 0.5, kMostScale = 2;

} // namespace

void ChannelFit::add(double wanted, double got) {
  count += 1;
  wantedSum += wanted;
  gotSum += got;
  wantedSquared += wanted * wanted;
  gotSquared += got * got;
  products += wanted * got;
}

std::pair<double, double> ChannelFit::scaleAndShift(bool withScale, bool withShift) const {
  if (count == 0)
    return {1, 0};
  double centre = withShift ? gotSum / count : 0, variance = gotSquared - gotSum * centre, covariance = products - wantedSum * centre, scale = 1;
  if (withScale && variance > 0)
    scale = std::clamp((covariance + kDamping * variance) / ((1 + kDamping) * variance), kLeastScale, kMostScale);
  return {scale, withShift ? (wantedSum - scale * gotSum) / count : 0};
}

double ChannelFit::squaredError(double scale, double shift) const {
  return std::max(0.0, wantedSquared + scale * scale * gotSquared + count * shift * shift - 2 * scale * products - 2 * shift * wantedSum +
                           2 * scale * shift * gotSum);
}

} // namespace ingot::compress

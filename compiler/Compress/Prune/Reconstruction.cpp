// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Prune/Reconstruction.h"

#include <cmath>
#include <numeric>

namespace ingot::compress {
namespace {

/// Weights hand their errors to all others after so many, at least.
constexpr int64_t kLazy = 128;
/// Outputs whose products are in memory at a time.
constexpr int64_t kOutputs = 256;

/// Which units of the inputs [from, to) go: scores of what is left of the weights there.
std::vector<bool> chooseUnits(const FloatMatrix &left, const TriangleView &factors, int64_t from, const WeightUnits &part, bool isTwoFour,
                              double &owed) {
  std::vector<float> scores(part.count());
  for (int64_t k = 0; k < part.depth; ++k)
    for (int64_t channel = 0; channel < part.channels; ++channel) {
      float lost = left(from + k, channel) / factors(from + k, from + k);
      scores[part.unitOf(k, channel)] += lost * lost;
    }
  if (isTwoFour)
    return twoOfEachFour(scores, part);
  for (int64_t unit = 0; unit < part.count(); ++unit)
    scores[unit] /= static_cast<float>(part.sizeOf(unit));
  int64_t count = std::min<int64_t>(std::llround(owed), part.count());
  owed -= static_cast<double>(count);
  return leastUnits(scores, count);
}

/// Sum over outputs of w^T H w.
double energy(const FloatMatrix &weights, const SecondMoments &moments) {
  FloatMatrix product = FloatMatrix::Zero(weights.rows(), weights.cols());
  addSymmetricProduct(product, moments.sums(), weights);
  return product.cast<double>().cwiseProduct(weights.cast<double>()).sum();
}

} // namespace

void pruneWithFeedback(WeightMatrix &weights, const WeightUnits &units, double share, bool isTwoFour, SecondMoments &moments) {
  int64_t depth = units.depth, channels = units.channels;
  std::vector<int64_t> order(depth);
  std::iota(order.begin(), order.end(), 0);
  const TriangleView factors = moments.factors(order);
  FloatMatrix left(depth, channels);
  for (int64_t k = 0; k < depth; ++k)
    for (int64_t channel = 0; channel < channels; ++channel)
      left(k, channel) = weights.at(k, channel);
  int64_t group = (kLazy + units.rows - 1) / units.rows * units.rows, step = isTwoFour ? 4 : group;
  double owed = 0;          // units that are still to go, so that rounding does not add up
  WeightUnits part = units; // of the inputs from `begin` on, which are chosen together
  int64_t begin = 0;
  std::vector<bool> marked;
  FloatMatrix errors(group, channels);
  for (int64_t from = 0; from < depth; from += group) {
    int64_t to = std::min(from + group, depth), count = to - from;
    for (int64_t k = from; k < to; ++k) {
      if (k % step == 0) {
        begin = k;
        part.depth = std::min(step, depth - k);
        owed += share * static_cast<double>(part.count());
        marked = chooseUnits(left, factors, begin, part, isTwoFour, owed);
      }
      for (int64_t channel = 0; channel < channels; ++channel) {
        float value = marked[part.unitOf(k - begin, channel)] ? 0 : left(k, channel);
        weights.at(k, channel) = value;
        errors(k - from, channel) = (left(k, channel) - value) / factors(k, k);
      }
      for (int64_t j = k + 1; j < to; ++j)
        left.row(j) -= factors(k, j) * errors.row(k - from);
    }
    addTransposedProduct(left.bottomRows(depth - to), -1, factors.block(from, to, count, depth - to), errors.topRows(count));
  }
}

double relativeError(const WeightMatrix &original, const WeightMatrix &changed, const SecondMoments &moments) {
  double lost = 0, all = 0;
  for (int64_t from = 0; from < original.channels; from += kOutputs) {
    int64_t count = std::min(kOutputs, original.channels - from);
    FloatMatrix before(original.depth, count), difference(original.depth, count);
    for (int64_t k = 0; k < original.depth; ++k)
      for (int64_t i = 0; i < count; ++i) {
        before(k, i) = original.at(k, from + i);
        difference(k, i) = before(k, i) - changed.at(k, from + i);
      }
    lost += energy(difference, moments);
    all += energy(before, moments);
  }
  return all > 0 ? std::sqrt(std::max(lost, 0.0) / all) : 0;
}

} // namespace ingot::compress

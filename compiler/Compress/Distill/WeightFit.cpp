// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Distill/WeightFit.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace ingot::compress {
namespace {

/// Strengths of damping; each begins where the one before ended.
constexpr float kDampings[] = {1, 0.1F, 0.01F};
/// Steps of conjugate gradients for each.
constexpr int kSteps = 12;

using Row = Eigen::Array<float, 1, Eigen::Dynamic>;

/// Numerators over denominators, 0 where these are not positive: an output that is solved, or has nothing to choose.
Row ratios(const Row &numerators, const Row &denominators) { return (denominators > 0).select(numerators / denominators, 0); }

/// The normal equations of the factors.
class Equations {
public:
  Equations(const FitSums &sums, const FitBasis &basis) : basis(basis), moments(sums.centredMoments()) {
    right = basis.gathered(sums.centredProducts());
    mean = moments.trace() / static_cast<float>(std::max<int64_t>(moments.rows(), 1));
  }

  void setDamping(float share) {
    moments.diagonal().array() += (share - damping) * mean;
    damping = share;
    // The diagonal of the equations: q^T H q of each block.
    diagonal.resize(right.rows(), right.cols());
    for (int64_t b = 0; b < right.rows(); ++b) {
      int64_t from = b * basis.block, count = std::min(basis.block, moments.rows() - from);
      auto part = basis.directions.middleRows(from, count);
      diagonal.row(b) = (moments.block(from, from, count, count) * part).cwiseProduct(part).colwise().sum();
    }
  }

  /// Goes on from `factors`.
  void solve(FloatMatrix &factors) const {
    FloatMatrix left = right - apply(factors), scaled = preconditioned(left), direction = scaled;
    Row size = left.cwiseProduct(scaled).colwise().sum();
    for (int step = 0; step < kSteps; ++step) {
      FloatMatrix image = apply(direction);
      Row length = ratios(size, direction.cwiseProduct(image).colwise().sum());
      factors.array() += direction.array().rowwise() * length;
      left.array() -= image.array().rowwise() * length;
      scaled = preconditioned(left);
      Row next = left.cwiseProduct(scaled).colwise().sum();
      direction = (scaled.array() + direction.array().rowwise() * ratios(next, size)).matrix();
      size = next;
    }
  }

  bool isSolvable() const { return mean > 0 && std::isfinite(mean); }

private:
  FloatMatrix apply(const FloatMatrix &factors) const {
    FloatMatrix product = FloatMatrix::Zero(moments.rows(), basis.directions.cols());
    addProduct(product, 1, moments, basis.change(factors));
    return basis.gathered(product);
  }
  FloatMatrix preconditioned(const FloatMatrix &values) const { return (diagonal.array() > 0).select(values.array() / diagonal.array(), 0); }

  const FitBasis &basis;
  FloatMatrix moments, right, diagonal;
  float mean = 0, damping = 0;
};

} // namespace

FitSums::FitSums(int64_t depth, int64_t channels)
    : moments(depth), products(FloatMatrix::Zero(depth, channels)), inputSums(Eigen::VectorXd::Zero(depth)),
      residualSums(Eigen::VectorXd::Zero(channels)) {}

void FitSums::add(llvm::ArrayRef<float> inputs, llvm::ArrayRef<float> residuals) {
  int64_t depth = products.rows(), channels = products.cols();
  assert(inputs.size() / depth == residuals.size() / channels && "a row of residuals for each row of inputs");
  std::vector<float> finite[2];
  auto isFinite = [](float x) { return std::isfinite(x); };
  for (size_t row = 0; row * depth < inputs.size(); ++row) {
    llvm::ArrayRef<float> input = inputs.slice(row * depth, depth), residual = residuals.slice(row * channels, channels);
    if (!llvm::all_of(input, isFinite) || !llvm::all_of(residual, isFinite))
      continue;
    llvm::append_range(finite[0], input);
    llvm::append_range(finite[1], residual);
  }
  auto count = static_cast<int64_t>(finite[0].size()) / depth;
  Eigen::Map<const FloatMatrix> x(finite[0].data(), count, depth), r(finite[1].data(), count, channels);
  moments.add(finite[0]);
  addTransposedProduct(products, 1, x, r);
  inputSums += x.cast<double>().colwise().sum().transpose();
  residualSums += r.cast<double>().colwise().sum().transpose();
  residualSquares += r.cast<double>().squaredNorm();
  rows += static_cast<double>(count);
}

double FitSums::squaredError(const FloatMatrix &change, llvm::ArrayRef<float> shifts) const {
  Eigen::Map<const Eigen::VectorXf> floats(shifts.data(), static_cast<int64_t>(shifts.size()));
  Eigen::VectorXd shift = floats.cast<double>();
  double error = residualSquares + rows * shift.squaredNorm() - 2 * shift.dot(residualSums);
  if (change.size() > 0) {
    FloatMatrix image = -2 * products;
    addSymmetricProduct(image, moments.sums(), change);
    error += image.cast<double>().cwiseProduct(change.cast<double>()).sum();
    error += 2 * shift.dot(change.cast<double>().transpose() * inputSums);
  }
  return std::max(error, 0.0);
}

std::vector<float> FitSums::shiftsFor(const FloatMatrix &change) const {
  Eigen::VectorXd shift = residualSums;
  if (change.size() > 0)
    shift -= change.cast<double>().transpose() * inputSums;
  std::vector<float> result;
  for (double sum : shift)
    result.push_back(rows > 0 ? static_cast<float>(sum / rows) : 0);
  return result;
}

FloatMatrix FitSums::centredMoments() const {
  FloatMatrix centred = moments.sums().selfadjointView<Eigen::Lower>();
  if (rows > 0)
    centred.noalias() -= (inputSums / rows).cast<float>() * inputSums.cast<float>().transpose();
  return centred;
}

FloatMatrix FitSums::centredProducts() const {
  FloatMatrix centred = products;
  if (rows > 0)
    centred.noalias() -= (inputSums / rows).cast<float>() * residualSums.cast<float>().transpose();
  return centred;
}

FloatMatrix FitBasis::change(const FloatMatrix &factors) const {
  FloatMatrix result = directions;
  for (int64_t k = 0; k < result.rows(); ++k)
    result.row(k).array() *= factors.row(k / block).array();
  return result;
}

FloatMatrix FitBasis::gathered(const FloatMatrix &values) const {
  FloatMatrix result = FloatMatrix::Zero(blocks(), directions.cols());
  for (int64_t k = 0; k < directions.rows(); ++k)
    result.row(k / block).array() += values.row(k).array() * directions.row(k).array();
  return result;
}

std::optional<WeightFit> fitWeights(const FitSums &seen, const FitSums &judge, const FitBasis &basis) {
  Equations equations(seen, basis);
  std::optional<WeightFit> best;
  if (!equations.isSolvable())
    return best;
  double least = judge.squaredError({}, seen.shiftsFor({}));
  FloatMatrix factors = FloatMatrix::Zero(basis.blocks(), basis.directions.cols());
  for (float damping : kDampings) {
    equations.setDamping(damping);
    equations.solve(factors);
    FloatMatrix kept = factors;
    if (basis.least)
      kept = kept.cwiseMax(*basis.least);
    if (basis.most)
      kept = kept.cwiseMin(*basis.most);
    FloatMatrix change = basis.change(kept);
    std::vector<float> shifts = seen.shiftsFor(change);
    double error = judge.squaredError(change, shifts);
    if (!(error < least))
      continue;
    least = error;
    best = WeightFit{std::move(kept), std::move(shifts)};
  }
  return best;
}

} // namespace ingot::compress

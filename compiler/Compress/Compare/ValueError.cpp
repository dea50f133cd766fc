// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Compare/ValueError.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

namespace ingot::compress {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double ratio(double part, double whole) { return whole > 0 ? part / whole : part > 0 ? kInfinity : 0; }

size_t largestOf(llvm::ArrayRef<float> row) { return std::max_element(row.begin(), row.end()) - row.begin(); }

} // namespace

double ValueError::sqnr() const { return noise > 0 ? -10 * std::log10(noise) : kInfinity; }

void ErrorMeter::add(llvm::ArrayRef<float> reference, llvm::ArrayRef<float> actual, int64_t rowLength) {
  assert(reference.size() == actual.size() && "both models give values of one shape");
  double squares = 0, actualSquares = 0, products = 0, differences = 0;
  for (size_t i = 0; i < reference.size(); ++i) {
    double wanted = reference[i], got = actual[i];
    if (!std::isfinite(wanted))
      continue;
    double difference = std::isfinite(got) ? std::abs(got - wanted) : kInfinity;
    largest = std::max(largest, std::abs(wanted));
    largestDifference = std::max(largestDifference, difference);
    squares += wanted * wanted;
    actualSquares += got * got;
    products += wanted * got;
    differences += difference * difference;
  }
  signal += squares;
  noise += differences;
  elements += static_cast<int64_t>(reference.size());
  double cosine = squares == 0 && actualSquares == 0 ? 1 : products / std::sqrt(squares * actualSquares);
  cosine = std::isfinite(cosine) ? std::clamp(cosine, -1.0, 1.0) : 0;
  cosines += cosine;
  leastCosine = std::min(leastCosine, cosine);
  ++samples;
  for (size_t at = 0; rowLength > 0 && at + rowLength <= reference.size(); at += rowLength, ++rows)
    agreeing += largestOf(reference.slice(at, rowLength)) == largestOf(actual.slice(at, rowLength));
}

ValueError ErrorMeter::error() const {
  ValueError result;
  result.maxError = ratio(largestDifference, largest);
  result.noise = ratio(noise, signal);
  result.cosine = samples == 0 ? 1 : cosines / static_cast<double>(samples);
  result.leastCosine = leastCosine;
  result.top1 = rows == 0 ? 1 : static_cast<double>(agreeing) / static_cast<double>(rows);
  result.elements = elements;
  return result;
}

ValueError worstOf(const ValueError &left, const ValueError &right) {
  return {std::max(left.maxError, right.maxError),       std::max(left.noise, right.noise), std::min(left.cosine, right.cosine),
          std::min(left.leastCosine, right.leastCosine), std::min(left.top1, right.top1),   left.elements + right.elements};
}

} // namespace ingot::compress

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Calibrate/SecondMoments.h"
#include "test/compress/RandomMatrix.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <numeric>
#include <random>
#include <string>

namespace ingot::compress {
namespace {

using Doubles = Eigen::MatrixXd;

llvm::ArrayRef<float> elements(const FloatMatrix &matrix) { return {matrix.data(), static_cast<size_t>(matrix.size())}; }

std::vector<int64_t> shuffled(int64_t count) {
  std::vector<int64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::mt19937(7));
  return order;
}

/// The damped moments of rows in an order, exactly.
Doubles damped(const FloatMatrix &rows, llvm::ArrayRef<int64_t> order) {
  Doubles taken(rows.rows(), rows.cols());
  for (int64_t i = 0; i < rows.cols(); ++i)
    taken.col(i) = rows.col(order[i]).cast<double>();
  Doubles result = taken.transpose() * taken;
  result.diagonal().array() += 0.01 * result.trace() / static_cast<double>(rows.cols());
  return result;
}

/// How far U^T U H is from the identity, as a share of it.
double distanceFromInverse(const TriangleView &factors, const Doubles &moments) {
  Doubles upper = factors.cast<double>().triangularView<Eigen::Upper>();
  return (upper.transpose() * (upper * moments) - Doubles::Identity(moments.rows(), moments.rows())).norm() /
         std::sqrt(static_cast<double>(moments.rows()));
}

TEST(SecondMoments, AddUpRowsAndLeaveOutWhatIsNoNumber) {
  SecondMoments moments(2);
  moments.add({1, 2, std::numeric_limits<float>::quiet_NaN(), 1});
  moments.add({3, -1, 5, std::numeric_limits<float>::infinity()});
  moments.add({std::numeric_limits<float>::quiet_NaN(), 4});
  EXPECT_EQ(moments.at(0, 0), 10);
  EXPECT_EQ(moments.at(1, 0), -1);
  EXPECT_EQ(moments.at(0, 1), -1);
  EXPECT_EQ(moments.at(1, 1), 5);
}

TEST(SecondMoments, HaveFactorsOfTheirInverse) {
  for (int64_t depth : {1, 5, 128, 129, 300}) { // blocks of 128
    FloatMatrix rows = normal(2 * depth, depth, 1);
    SecondMoments moments(depth);
    moments.add(elements(rows));
    std::vector<int64_t> order = shuffled(depth);
    EXPECT_LT(distanceFromInverse(moments.factors(order), damped(rows, order)), 1e-4) << depth;
  }
}

/// Moments whose own rank is far below their size are what calibration with few samples gives: only the damping makes them regular.
TEST(SecondMoments, HaveFactorsWhenThereAreFewRows) {
  constexpr int64_t kDepth = 600;
  FloatMatrix rows = normal(10, kDepth, 2);
  SecondMoments moments(kDepth);
  moments.add(elements(rows));
  std::vector<int64_t> order = shuffled(kDepth);
  EXPECT_LT(distanceFromInverse(moments.factors(order), damped(rows, order)), 1e-2);
}

TEST(SecondMoments, StayWhatTheyAreBesideTheirFactors) {
  constexpr int64_t kDepth = 200;
  FloatMatrix rows = normal(300, kDepth, 3), more = normal(50, kDepth, 4);
  SecondMoments moments(kDepth), untouched(kDepth);
  moments.add(elements(rows));
  untouched.add(elements(rows));
  std::vector<int64_t> order = shuffled(kDepth), reversed(order.rbegin(), order.rend());
  FloatMatrix first = moments.factors(order).triangularView<Eigen::Upper>();
  for (int64_t i = 0; i < kDepth; ++i)
    for (int64_t j = 0; j <= i; ++j)
      ASSERT_EQ(moments.at(i, j), untouched.at(i, j));
  // Another order, and more rows, are not answered by the factors that are there.
  EXPECT_LT(distanceFromInverse(moments.factors(reversed), damped(rows, reversed)), 1e-4);
  EXPECT_EQ(FloatMatrix(moments.factors(order).triangularView<Eigen::Upper>()), first);
  moments.add(elements(more));
  FloatMatrix all(rows.rows() + more.rows(), kDepth);
  all << rows, more;
  EXPECT_LT(distanceFromInverse(moments.factors(order), damped(all, order)), 1e-4);
}

TEST(SecondMoments, BeyondFloatsGiveNoFeedback) {
  SecondMoments moments(2);
  moments.add({1e30F, 1, 2, 1e30F});
  EXPECT_EQ(FloatMatrix(moments.factors({0, 1}).triangularView<Eigen::Upper>()), FloatMatrix::Identity(2, 2));
}

/// A line of /proc/self/status, in bytes.
int64_t statusOf(const std::string &name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.rfind(name + ":", 0) == 0)
      return std::stoll(line.substr(name.size() + 1)) * 1024;
  return -1;
}

TEST(SecondMoments, TakeFourBytesForEachPairOfInputsWithTheirFactors) {
  constexpr int64_t kDepth = 3000, kAside = 4 << 20; // 36 MB of moments; aside: blocks of rows, and what the allocator keeps
  FloatMatrix rows = normal(8, kDepth, 5);
  std::vector<int64_t> order = shuffled(kDepth);
  std::ofstream("/proc/self/clear_refs") << "5" << std::flush; // the most memory so far is that of now
  int64_t before = statusOf("VmRSS");
  ASSERT_LE(statusOf("VmHWM"), before + kAside) << "the peak of memory cannot be reset here";
  SecondMoments moments(kDepth);
  moments.add(elements(rows));
  EXPECT_NE(moments.factors(order)(0, 0), 0);
  int64_t taken = statusOf("VmHWM") - before;
  EXPECT_EQ(SecondMoments::bytesFor(kDepth), 4 * kDepth * (kDepth + 1));
  EXPECT_GE(taken, SecondMoments::bytesFor(kDepth) / 2) << "nothing was measured";
  EXPECT_LE(taken, SecondMoments::bytesFor(kDepth) + kAside);
}

} // namespace
} // namespace ingot::compress

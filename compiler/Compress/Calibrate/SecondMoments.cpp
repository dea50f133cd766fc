// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Calibrate/SecondMoments.h"

#include "llvm/ADT/STLExtras.h"

#include <Eigen/Core>
#include <cmath>

namespace ingot::compress {

void SecondMoments::add(llvm::ArrayRef<float> rows) {
  std::vector<float> finite;
  for (size_t at = 0; at + depth <= rows.size(); at += depth)
    if (llvm::ArrayRef<float> row = rows.slice(at, depth); llvm::all_of(row, [](float x) { return std::isfinite(x); }))
      llvm::append_range(finite, row);
  using Floats = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Eigen::Map<Floats> matrix(sums.data(), depth, depth);
  Eigen::Map<const Floats> taken(finite.data(), static_cast<int64_t>(finite.size()) / depth, depth);
  matrix.selfadjointView<Eigen::Lower>().rankUpdate(taken.transpose());
}

} // namespace ingot::compress

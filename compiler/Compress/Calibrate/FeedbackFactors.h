// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_CALIBRATE_FEEDBACKFACTORS_H
#define COMPILER_COMPRESS_CALIBRATE_FEEDBACKFACTORS_H

#include "compiler/Compress/Calibrate/SecondMoments.h"

#include <Eigen/Core>

namespace ingot::compress {

using FloatMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// What the weights after one take over of its error, so that products change least: the upper triangle U with U^T U = H^-1, where H are the damped
/// moments with rows and columns in the order given (Frantar et al., "GPTQ", 2022). With H = R R^T, R an upper triangle (the Cholesky factor from the
/// last row to the first), U is R^-1: the inverse of H itself is never formed.
FloatMatrix feedbackFactors(const SecondMoments &moments, llvm::ArrayRef<int64_t> order);

} // namespace ingot::compress

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_TOOLS_TENSORDATA_H
#define COMPILER_TOOLS_TENSORDATA_H

#include "absl/status/statusor.h"
#include "compiler/Codegen/ModelInterface.h"

#include <memory>
#include <string>
#include <vector>

namespace ingot::conformance {

/// A tensor of a data set, in the form of raw_data, but for elements of fewer than 8 bits, which have a byte each.
struct TensorData {
  std::string name;
  int32_t elementType = 0;
  std::vector<int64_t> dims;
  std::shared_ptr<const std::string> bytes;
};

/// Reads an ONNX TensorProto; fails for other protos.
absl::StatusOr<TensorData> readTensorFile(const std::string &path);

struct Tolerance {
  double relative = 1e-3, absolute = 1e-7;
};

/// Empty when the output is right: type and shape the same, and |actual - expected| <= absolute + relative * |expected| for every element (NaN equals
/// NaN).
std::string difference(const TensorInterface &output, const void *actual, const TensorData &expected, const Tolerance &tolerance);

} // namespace ingot::conformance

#endif

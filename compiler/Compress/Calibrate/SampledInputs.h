// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_CALIBRATE_SAMPLEDINPUTS_H
#define COMPILER_COMPRESS_CALIBRATE_SAMPLEDINPUTS_H

#include "compiler/Compress/Calibrate/CalibrationSamples.h"
#include "compiler/Compress/Calibrate/InputRows.h"

namespace ingot::compress {

/// What samples make of the inputs of products. Each pass runs the model on all samples.
class SampledInputs {
public:
  /// Of the model at this path, on these files or folders of samples; without any, on random ones.
  static absl::StatusOr<SampledInputs> open(const std::string &model, llvm::ArrayRef<std::string> calibration, const SampleFormat &format);

  /// The number of these rows; equal ones have one number.
  size_t add(InputRows rows);
  const InputRows &operator[](size_t number) const { return inputs[number]; }

  /// Hands over the rows with the given numbers, those of one sample after the other.
  absl::Status visit(llvm::ArrayRef<size_t> numbers, llvm::function_ref<void(size_t number, llvm::ArrayRef<float> rows)> take);

  int64_t samples = 0; ///< of the last pass

private:
  SampledInputs(const std::string &model, SampleFiles files) : model(model), files(std::move(files)) {}

  std::string model;
  SampleFiles files;
  std::vector<InputRows> inputs;
};

} // namespace ingot::compress

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_CALIBRATE_CALIBRATIONMODEL_H
#define COMPILER_COMPRESS_CALIBRATE_CALIBRATIONMODEL_H

#include "compiler/Compress/Calibrate/CalibrationSamples.h"
#include "compiler/Driver/JitModel.h"

#include <memory>
#include <string>
#include <vector>

namespace ingot::compress {

/// A model whose intermediate values are looked at: compiled in this process with them as additional outputs, for each set of input shapes.
class CalibrationModel {
public:
  /// `values` are names of f32 tensors of the main graph.
  static absl::StatusOr<std::unique_ptr<CalibrationModel>> open(const std::string &path, std::vector<std::string> values,
                                                                const StageOptions &stages = StageOptions::ofLevel(3));
  ~CalibrationModel();

  const std::vector<SampleInput> &inputs() const;

  /// The values of one sample, with the shapes that they have there.
  absl::StatusOr<std::vector<JitModel::Output>> values(const Sample &sample);

  /// Bytes of the weights of the compiled model that ran last.
  uint64_t weightBytes() const;

  /// Runs one sample and hands over each value; `value` is its place in the list.
  absl::Status run(const Sample &sample, llvm::function_ref<absl::Status(size_t value, llvm::ArrayRef<float> data)> take);

private:
  CalibrationModel();
  struct Compiled;
  struct State;
  absl::StatusOr<Compiled *> compiledFor(const Sample &sample);

  std::unique_ptr<State> state;
};

/// Visits all samples of the files, or, with no files, a few random ones: normal floats, zeros and ones for integers, open dims at a small size.
/// Returns their number.
absl::StatusOr<int64_t> forEachSample(llvm::ArrayRef<SampleInput> inputs, const SampleFiles &files,
                                      llvm::function_ref<absl::Status(const Sample &)> visit);

/// Runs these samples. Returns their number.
absl::StatusOr<int64_t> runSamples(CalibrationModel &model, const SampleFiles &files,
                                   llvm::function_ref<absl::Status(size_t value, llvm::ArrayRef<float> data)> take);

} // namespace ingot::compress

#endif

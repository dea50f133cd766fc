// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Calibrate/SampledInputs.h"

#include "compiler/Compress/Calibrate/CalibrationModel.h"
#include "llvm/ADT/STLExtras.h"

namespace ingot::compress {

absl::StatusOr<SampledInputs> SampledInputs::open(const std::string &model, llvm::ArrayRef<std::string> calibration, const SampleFormat &format) {
  absl::StatusOr<SampleFiles> files = SampleFiles::open(calibration, format);
  if (!files.ok())
    return files.status();
  return SampledInputs(model, std::move(*files));
}

size_t SampledInputs::add(InputRows rows) {
  auto it = llvm::find(inputs, rows);
  if (it == inputs.end())
    it = inputs.insert(it, std::move(rows));
  return it - inputs.begin();
}

absl::Status SampledInputs::visit(llvm::ArrayRef<size_t> numbers, llvm::function_ref<void(size_t number, llvm::ArrayRef<float> rows)> take) {
  std::vector<std::string> values;
  std::vector<std::vector<size_t>> numbersOf; // several convolutions may look at a value through different filters
  for (size_t number : numbers) {
    auto it = llvm::find(values, inputs[number].value);
    size_t value = it - values.begin();
    if (it == values.end()) {
      values.push_back(inputs[number].value);
      numbersOf.emplace_back();
    }
    numbersOf[value].push_back(number);
  }
  if (values.empty())
    return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<CalibrationModel>> runner = CalibrationModel::open(model, values);
  if (!runner.ok())
    return runner.status();
  std::vector<float> storage;
  absl::StatusOr<int64_t> count = runSamples(**runner, files, [&](size_t value, llvm::ArrayRef<float> data) {
    for (size_t number : numbersOf[value])
      take(number, inputs[number].rowsOf(data, storage));
    return absl::OkStatus();
  });
  if (!count.ok())
    return count.status();
  samples = *count;
  return absl::OkStatus();
}

} // namespace ingot::compress

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Compare/SampleSet.h"

#include "compiler/Compress/Calibrate/CalibrationModel.h"

namespace ingot::compress {

absl::StatusOr<SampleSet> SampleSet::read(llvm::ArrayRef<SampleInput> inputs, const SampleFiles &files, size_t most) {
  SampleSet set;
  absl::StatusOr<int64_t> visited = forEachSample(inputs, files, [&](const Sample &sample) {
    if (set.all.size() == most)
      return absl::CancelledError("enough samples");
    Sample &copy = set.all.emplace_back();
    for (const auto &[name, tensor] : sample) {
      const std::string &bytes = *set.storage.emplace_back(std::make_unique<std::string>(tensor.bytes.data(), tensor.bytes.size()));
      copy[name] = {tensor.dims, {bytes.data(), bytes.size()}};
    }
    return absl::OkStatus();
  });
  if (!visited.ok() && !absl::IsCancelled(visited.status()))
    return visited.status();
  return set;
}

} // namespace ingot::compress

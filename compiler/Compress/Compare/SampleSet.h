// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_COMPARE_SAMPLESET_H
#define COMPILER_COMPRESS_COMPARE_SAMPLESET_H

#include "absl/status/statusor.h"
#include "compiler/Compress/Calibrate/CalibrationSamples.h"

#include <memory>
#include <string>
#include <vector>

namespace ingot::compress {

/// Samples in memory, to be run again and again.
class SampleSet {
public:
  /// The first `most` samples of the files, or random ones when there are no files.
  static absl::StatusOr<SampleSet> read(llvm::ArrayRef<SampleInput> inputs, const SampleFiles &files, size_t most);

  llvm::ArrayRef<Sample> samples() const { return all; }
  /// All but the last fifth, and that; of a single sample both are the sample.
  llvm::ArrayRef<Sample> fitted() const { return all.size() < 2 ? samples() : samples().drop_back(heldOutCount()); }
  llvm::ArrayRef<Sample> heldOut() const { return all.size() < 2 ? samples() : samples().take_back(heldOutCount()); }

  void shorten(size_t most) { all.resize(std::min(all.size(), most)); }

private:
  size_t heldOutCount() const { return (all.size() + 4) / 5; }

  std::vector<Sample> all;
  std::vector<std::unique_ptr<std::string>> storage; ///< of the samples' bytes
};

} // namespace ingot::compress

#endif

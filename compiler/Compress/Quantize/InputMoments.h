// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_QUANTIZE_INPUTMOMENTS_H
#define COMPILER_COMPRESS_QUANTIZE_INPUTMOMENTS_H

#include "compiler/Compress/Calibrate/SampledInputs.h"
#include "compiler/Compress/Calibrate/SecondMoments.h"

#include <map>

namespace ingot::compress {

/// The second moments of what products multiply by their weights, which say what errors of the weights cost. Those of convolutions are of patches,
/// with the channels of a tap together, and each group has its own.
class InputMoments {
public:
  explicit InputMoments(SampledInputs inputs) : inputs(std::move(inputs)) {}

  /// Measures those of as many of the products as fit into memory, at least one, in place of those before, with a run of the model on each sample.
  /// Returns how many products that were.
  absl::StatusOr<size_t> measure(const ModelEditor &editor, llvm::ArrayRef<Product> products);

  /// One for each group of a product that was measured; none when it does not multiply rows that are known.
  std::vector<SecondMoments *> of(const Product &product);

  int64_t samples() const { return inputs.samples; }
  /// Products without moments, by the reason.
  const std::map<std::string, std::vector<std::string>> &unknown() const { return nodesByReason; }

private:
  SampledInputs inputs;
  std::map<size_t, SecondMoments> moments;          ///< by numbers of inputs
  std::map<int, std::vector<size_t>> numbersByNode; ///< of inputs, by numbers of nodes
  std::map<std::string, std::vector<std::string>> nodesByReason;
};

} // namespace ingot::compress

#endif

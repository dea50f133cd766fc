// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_COMPARE_MODELERROR_H
#define COMPILER_COMPRESS_COMPARE_MODELERROR_H

#include "absl/status/statusor.h"
#include "compiler/Compress/Calibrate/CalibrationModel.h"
#include "compiler/Compress/Compare/ValueError.h"

#include <memory>
#include <string>
#include <vector>

namespace ingot::compress {

/// A product of the original model, of which the compressed one has the result too.
struct Layer {
  std::string node, op, value; ///< `value`: its result
  int64_t weights = 0, depth = 0;
  int64_t spatialDims = 0; ///< of the result, behind its channels
};

/// The error of an output of the model, or of the result of a layer.
struct NamedError {
  std::string name;
  ValueError error;
};

/// What a compressed model makes of samples, beside the original.
struct ModelError {
  std::vector<NamedError> outputs, layers;
  int64_t samples = 0;
  std::vector<std::string> notes; ///< on outputs that are no f32

  ValueError atOutputs() const;
};

/// What an output of f32 holds.
llvm::ArrayRef<float> floatsOf(const JitModel::Output &output);

/// The original of a model, and the errors of others beside it. Both run in this process, on one thread.
class ErrorReference {
public:
  /// `files` are samples; without any a few random ones are taken. A failure when no output is f32.
  static absl::StatusOr<std::unique_ptr<ErrorReference>> open(const std::string &original, SampleFiles files);

  llvm::ArrayRef<Layer> layers() const { return products; }
  llvm::ArrayRef<std::string> outputs() const { return outputNames; }
  const SampleFiles &files() const { return samples; }
  const std::vector<SampleInput> &inputs() const { return model->inputs(); }
  const std::string &path() const { return original; }

  /// Runs both models on all samples. Layers whose result the other model does not have, or in another shape, are
  /// left out; without `withLayers` all are.
  absl::StatusOr<ModelError> measure(const std::string &compressed, bool withLayers);

private:
  ErrorReference() = default;

  std::string original;
  SampleFiles samples;
  std::vector<std::string> outputNames, notes;
  std::vector<Layer> products;
  std::unique_ptr<CalibrationModel> model, modelWithLayers; ///< the second one is made when it is wanted
};

} // namespace ingot::compress

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_BUDGET_LAYERSWITCHES_H
#define COMPILER_COMPRESS_BUDGET_LAYERSWITCHES_H

#include "compiler/Compress/Compare/ModelError.h"
#include "compiler/Compress/Compare/SampleSet.h"
#include "compiler/Compress/Edit/WorkFolder.h"
#include "llvm/ADT/BitVector.h"

namespace ingot::compress {

/// A model that holds each compressed layer beside the original one, with an input that says which of them counts: any choice of layers is measured
/// without compiling again. What static quantisation does between layers is left out, so the last word has the model itself.
class LayerSwitches {
public:
  /// `compressed` is a model made of the reference's with the names of its values. Takes the first `most` samples.
  static absl::StatusOr<std::unique_ptr<LayerSwitches>> open(const ErrorReference &reference, const std::string &compressed, const WorkFolder &folder,
                                                             size_t most);

  /// Those that differ between the models.
  llvm::ArrayRef<Layer> layers() const { return switched; }

  /// The error at the outputs, each measure at its worst, when these layers are compressed.
  absl::StatusOr<ValueError> measure(const llvm::BitVector &chosen);

private:
  absl::StatusOr<std::vector<JitModel::Output>> run(const Sample &sample, const llvm::BitVector &chosen);

  std::vector<Layer> switched;
  std::vector<std::string> flags; ///< inputs, one per layer
  std::unique_ptr<CalibrationModel> model;
  SampleSet samples;
  std::vector<std::vector<JitModel::Output>> wanted; ///< of each sample
};

} // namespace ingot::compress

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_DISTILL_STUDENT_H
#define COMPILER_COMPRESS_DISTILL_STUDENT_H

#include "compiler/Compress/Distill/LayerWeights.h"
#include "compiler/Compress/Edit/WorkFolder.h"

namespace ingot::compress {

/// A layer that is fitted, and its weights if they are.
struct FitTarget {
  LayerFold fold;
  std::optional<LayerWeights> weights = std::nullopt;
};

/// A compressed model in which the result of each layer is scaled and shifted by inputs, and weights that are fitted are inputs: it is compiled once
/// for all that fits try.
class Student {
public:
  static absl::StatusOr<std::unique_ptr<Student>> open(const std::string &compressed, llvm::ArrayRef<FitTarget> targets, const WorkFolder &folder);

  /// What the layers give before they are scaled and shifted; behind them, what the layers with weights multiply (`inputPlace`).
  absl::StatusOr<std::vector<JitModel::Output>> run(const Sample &sample);
  /// Where the activation of a layer with weights is among the values.
  size_t inputPlace(size_t layer) const { return layers[layer].inputPlace; }

  std::vector<float> &scales(size_t layer) { return layers[layer].scales; }
  std::vector<float> &shifts(size_t layer) { return layers[layer].shifts; }
  std::vector<float> &weights(size_t layer) { return layers[layer].weights; }

private:
  struct Layer {
    std::string scaleName, shiftName, weightName; ///< of inputs
    std::vector<int64_t> dims, weightDims;
    std::vector<float> scales, shifts, weights;
    size_t inputPlace = 0;
  };

  std::string addInputs(ModelEditor &editor, const FitTarget &target);

  std::vector<Layer> layers;
  std::unique_ptr<CalibrationModel> model;
};

} // namespace ingot::compress

#endif

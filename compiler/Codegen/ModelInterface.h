// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef COMPILER_CODEGEN_MODELINTERFACE_H
#define COMPILER_CODEGEN_MODELINTERFACE_H

#include <cstdint>
#include <string>
#include <vector>

namespace ingot {

/// An input or output, row-major and contiguous.
struct TensorInterface {
  std::string name;        ///< The ONNX name.
  int32_t elementType = 0; ///< IngotElementType, which has the numbers of ONNX.
  std::vector<int64_t> dims;
  uint64_t bytes = 0; ///< Of the whole tensor.
};

/// One body of the model's code.
struct VariantInterface {
  std::string name;      ///< TargetSpec::name.
  std::string runSymbol; ///< The function `void(IngotCall *, int64_t thread, int64_t threads)`.
  uint64_t arenaBytes = 0;
  uint64_t features = 0; ///< TargetSpec::cpuFeatureBits.
};

/// Everything about a model that its descriptor and its C header state.
struct ModelInterface {
  std::string prefix; ///< A C identifier; the model is the symbol `<prefix>_model`.
  std::string manifest;
  std::vector<TensorInterface> inputs;
  std::vector<TensorInterface> outputs;
  std::vector<VariantInterface> variants; ///< Best first.
  std::string weightsSymbol;              ///< Empty: the model has no weights.
  uint64_t weightBytes = 0;
  std::vector<std::string> sites; ///< Where a run can fail, and why, by the numbers that generated code reports.

  std::string modelSymbol() const { return prefix + "_model"; }
};

} // namespace ingot

#endif

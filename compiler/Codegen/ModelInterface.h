// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef COMPILER_CODEGEN_MODELINTERFACE_H
#define COMPILER_CODEGEN_MODELINTERFACE_H

#include <cstdint>
#include <string>
#include <vector>

namespace ingot {

/// An input or output, row-major and contiguous.
struct TensorInterface {
  std::string name;          ///< The ONNX name.
  int32_t elementType = 0;   ///< IngotElementType, which has the numbers of ONNX.
  std::vector<int64_t> dims; ///< d < 0 is ModelInterface::symbols[-1 - d].
  uint64_t bytes = 0;        ///< Of the whole tensor, with symbols at their maxima.
};

/// A dim that is known at run time only.
struct SymbolInterface {
  std::string name;
  int64_t minimum = 0, maximum = 0;
  int32_t kind = 0; ///< INGOT_SYMBOL_*.
};

/// One body of the model's code.
struct VariantInterface {
  std::string name;      ///< TargetSpec::name.
  std::string runSymbol; ///< The function `void(IngotCall *, int64_t thread, int64_t threads)`.
  uint64_t arenaBytes = 0;
  uint64_t features = 0;          ///< TargetSpec::cpuFeatureBits.
  std::string prepareSymbol = {}; ///< The function `int64_t(int64_t *values)`; empty in a model without symbols.
  uint64_t valueCount = 0;        ///< Slots of `values`.
};

/// What a profile says of a region.
struct RegionInterface {
  std::string name; ///< Of its ONNX nodes.
  std::string family;
  std::string kind;   ///< As in "3x3 convolutions".
  uint64_t flops = 0; ///< Of one call.
  uint64_t bytes = 0;
  uint32_t arithmetic = 0; ///< INGOT_ARITHMETIC_*
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
  std::vector<SymbolInterface> symbols;
  std::string weightsFile; ///< The name of the file that holds the weights, without folder; then `weightsSymbol` is empty.
  uint64_t weightsHash = 0;
  uint64_t scratchBytes = 0;      ///< Of each thread of a run: the most that a variant needs.
  std::vector<std::string> sites; ///< Where a run can fail, and why, by the numbers that generated code reports.

  std::vector<std::string> relations; ///< What has to be true of the symbols, by the numbers that `prepare` reports.

  std::vector<RegionInterface> regions; ///< Of all variants and bodies, by the numbers in their code.

  std::string modelSymbol() const { return prefix + "_model"; }
};

} // namespace ingot

#endif

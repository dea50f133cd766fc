// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_DRIVER_JITMODEL_H
#define COMPILER_DRIVER_JITMODEL_H

#include "absl/status/statusor.h"
#include "compiler/Codegen/Jit.h"
#include "compiler/Codegen/ModelInterface.h"
#include "compiler/Driver/WeightMemory.h"
#include "compiler/Pipelines/Stages.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/ArrayRef.h"

#include <memory>
#include <string>

namespace ingot {
class DiagnosticCollector;
class WeightStore;

/// A model that lives in this process: compiled by the same stages as a file, run through the JIT by one thread.
class JitModel {
public:
  /// Takes the imported `module` through all stages. It and the store are not needed afterwards.
  static absl::StatusOr<std::unique_ptr<JitModel>> compile(mlir::ModuleOp module, const WeightStore &weights, const StageOptions &options,
                                                           const DiagnosticCollector &diagnostics);

  /// In the order of the function's arguments and results.
  const std::vector<TensorInterface> &inputs() const { return interface.inputs; }
  const std::vector<TensorInterface> &outputs() const { return interface.outputs; }

  uint64_t weightBytes() const { return weights.size(); }

  struct Output {
    TensorInterface tensor; ///< With the dims that the run found.
    std::string data;
  };

  /// One inference. A pointer per input, aligned to its element and of TensorInterface::bytes.
  absl::StatusOr<std::vector<Output>> run(llvm::ArrayRef<const void *> inputs) const;

private:
  JitModel() = default;
  void sizeOutputs(llvm::ArrayRef<int64_t> values, std::vector<Output> &outputs) const;
  std::vector<int64_t> firstValues() const;

  ModelInterface interface;
  std::unique_ptr<Jit> jit;
  void *entry = nullptr, *prepare = nullptr; ///< `prepare` is null in a model whose sizes are all fixed
  uint64_t valueCount = 0;
  WeightMemory weights;
  std::vector<uint64_t> elementBytes; ///< of the outputs
  uint64_t arenaBytes = 0;
};

} // namespace ingot

#endif

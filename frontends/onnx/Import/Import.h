// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a validated ONNX model to `ingot` operations: one function, static or symbolic shapes, no shape arithmetic left.
#ifndef FRONTENDS_ONNX_IMPORT_IMPORT_H
#define FRONTENDS_ONNX_IMPORT_IMPORT_H

#include "dialects/Ingot/SymbolicDims.h"
#include "frontends/onnx/Ingest/Model.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "passes/Weights/WeightStore.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ingot::importer {

/// The value of a graph input that is fixed at compile time.
struct ConstantBytes {
  int32_t elementType = 0; ///< TensorProto::DataType
  std::vector<int64_t> dims;
  llvm::ArrayRef<char> bytes; ///< in the form of raw_data, elements of fewer than 8 bits in a byte each
  std::shared_ptr<const void> keepAlive;
};

/// Symbolic dims for which no range is given have one of these sizes at run time: the first dim of an input, which is most often a batch, and others.
inline constexpr SymbolRange kDefaultBatch = {1, 256}, kDefaultRange = {1, 8192};

struct ImportOptions {
  std::map<std::string, int64_t> dims = {};                     ///< sizes of symbolic dims that are fixed, by name
  std::map<std::string, SymbolRange> ranges = {};               ///< sizes that symbolic dims may have at run time, by name
  bool dynamic = false;                                         ///< symbolic dims without size and range take a default one
  std::map<std::string, std::vector<int64_t>> inputShapes = {}; ///< whole shapes, by graph input
  std::map<std::string, ConstantBytes> boundInputs = {};        ///< inputs that become constants and leave the function's signature
};

/// Whether the options fit the model: they name its dims and inputs and do not contradict its types. Problems are MLIR diagnostics.
mlir::LogicalResult checkOptions(mlir::MLIRContext &context, const ingest::Model &model, const ImportOptions &options);

/// The nodes of the main graph whose operator has neither an importer nor a function body. Needs no valid model; knows nothing of attributes and
/// types.
std::vector<const onnx::NodeProto *> unsupportedNodes(const ingest::Model &model);

/// Imports the main graph of a model that validate() found no problem in. Problems are MLIR diagnostics at `NameLoc(node name)`, all of them in one
/// run where they do not follow from each other; the result is null then. Every operation carries the names of the ONNX values it computes in
/// `ingot.values`, the function the names of the symbols of its types in `ingot.symbols`, and what they can be at run time in `ingot.ranges` (absent
/// when no dim may be open). Inputs and outputs of a type that MLIR lacks here carry its ONNX number in `ingot.element_type`.
mlir::OwningOpRef<mlir::ModuleOp> importModel(mlir::MLIRContext &context, const ingest::Model &model, WeightStore &weights,
                                              const ImportOptions &options);

} // namespace ingot::importer

#endif

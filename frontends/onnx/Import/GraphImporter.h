// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef FRONTENDS_ONNX_IMPORT_GRAPHIMPORTER_H
#define FRONTENDS_ONNX_IMPORT_GRAPHIMPORTER_H

#include "frontends/onnx/Import/Import.h"
#include "frontends/onnx/Import/Symbols.h"
#include "frontends/onnx/Import/TensorBuilder.h"
#include "frontends/onnx/Schema/Schema.h"
#include "llvm/ADT/StringMap.h"

#include <list>

namespace ingot::importer {

/// Imports nodes one after the other at the insertion point, graphs inside nodes included: the result is one flat block.
class GraphImporter {
public:
  GraphImporter(mlir::OpBuilder &b, const ingest::Model &model, WeightStore &weights, Symbols &symbols)
      : b(b), model(model), weights(weights), symbols(symbols), scopes(1) {}

  /// Gives a value a name in the innermost scope. A null value marks one whose node has failed: nodes that use it are left out silently.
  /// `narrowType`: what ONNX calls its elements where that is a type without one of MLIR here (NarrowTypes.h), otherwise 0.
  void define(llvm::StringRef name, mlir::Value value, int32_t narrowType = 0) { scopes.back()[name] = {value, narrowType}; }

  /// The value of a name; an initialiser becomes a constant at its first use. Nothing for an unknown name.
  std::optional<mlir::Value> lookup(llvm::StringRef name);
  /// The `narrowType` of a name that is defined.
  int32_t narrowType(llvm::StringRef name) const;

  /// Imports the nodes in order. What is wrong with them is reported and makes `failed()` true.
  void importNode(const onnx::NodeProto &node, const schema::OpsetImports &opsets);

  /// Imports a graph inside a node with these inputs and returns its outputs, null ones where it failed.
  llvm::SmallVector<mlir::Value> importSubgraph(const onnx::GraphProto &graph, llvm::ArrayRef<mlir::Value> inputs);

  /// A tensor of the model (an attribute or an initialiser) as a constant, null when its type is not supported.
  mlir::Value importTensor(const onnx::TensorProto &tensor, llvm::StringRef name, mlir::Location loc);

  bool failed() const { return anyFailed; }
  void fail() { anyFailed = true; }

  void reportSymbolic(mlir::Location loc, llvm::ArrayRef<mlir::AffineExpr> dims) const { symbols.reportSymbolic(loc, dims); }
  std::optional<Dims> declaredDims(llvm::StringRef value) const;
  Symbols &getSymbols() { return symbols; }
  /// The operator sets of the nodes that are imported now.
  const schema::OpsetImports &currentOpsets() const { return *opsets; }

private:
  void importFunction(const onnx::NodeProto &node, llvm::ArrayRef<mlir::Value> inputs, mlir::Location loc, const onnx::OpSchema *schema);
  struct Named {
    mlir::Value value;
    int32_t narrowType = 0;
  };

  mlir::Value importConstant(const ingest::Initializer &tensor, mlir::Location loc);
  void defineOutputs(const onnx::NodeProto &node, llvm::ArrayRef<mlir::Value> results, llvm::ArrayRef<int32_t> narrowTypes = {});

  mlir::OpBuilder &b;
  const ingest::Model &model;
  WeightStore &weights;
  Symbols &symbols;
  const schema::OpsetImports *opsets = nullptr;
  std::list<llvm::StringMap<Named>> scopes; // innermost last
  int functionDepth = 0;
  bool anyFailed = false;
};

/// Writes the names of ONNX values onto the operations that compute them.
void setValueName(mlir::Value value, llvm::StringRef name);

} // namespace ingot::importer

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef FRONTENDS_ONNX_INGEST_CHECKGRAPH_H
#define FRONTENDS_ONNX_INGEST_CHECKGRAPH_H

#include "frontends/onnx/Ingest/CheckNode.h"
#include "frontends/onnx/Ingest/Diagnostic.h"
#include "frontends/onnx/Ingest/Model.h"
#include "llvm/ADT/StringSet.h"

#include <vector>

namespace ingot::ingest {

/// What a check of graphs found out beside the problems themselves.
struct GraphFindings {
  std::vector<Diagnostic> problems;
  bool typesMakeSense = true;     ///< false when values are missing or ambiguous, so that inferring types would only repeat that
  llvm::StringSet<> brokenValues; ///< outputs of main graph nodes that have a problem
};

/// Checks the main graph with its subgraphs, sorts all nodes and removes inputs that have an initialiser.
void checkMainGraph(const Model &model, onnx::GraphProto &graph, GraphFindings &findings);

/// Checks the body of one of the model's functions and sorts its nodes.
void checkFunction(const Model &model, onnx::FunctionProto &function, GraphFindings &findings);

} // namespace ingot::ingest

#endif

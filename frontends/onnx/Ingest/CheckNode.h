// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef FRONTENDS_ONNX_INGEST_CHECKNODE_H
#define FRONTENDS_ONNX_INGEST_CHECKNODE_H

#include "frontends/onnx/Ingest/Diagnostic.h"
#include "frontends/onnx/Ingest/Model.h"

#include <vector>

namespace ingot::ingest {

/// Where a node stands: the main graph or the body of one of the model's functions, which has opset imports of its own.
struct NodeEnvironment {
  const schema::OpsetImports &opsets;
  const onnx::FunctionProto *function = nullptr;
};

/// A problem of `node`; `message` follows the node's description.
Diagnostic problemOf(const onnx::NodeProto &node, const schema::OpsetImports &opsets, std::string message);

/// Checks one node alone against its schema: domain, operator, arity, attributes, and the tensors in its attributes.
void checkNode(const Model &model, const onnx::NodeProto &node, const NodeEnvironment &environment, std::vector<Diagnostic> &problems);

} // namespace ingot::ingest

#endif

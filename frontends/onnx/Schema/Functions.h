// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Function bodies of operators: those that ONNX's schemas define and those that a model brings along.
#ifndef FRONTENDS_ONNX_SCHEMA_FUNCTIONS_H
#define FRONTENDS_ONNX_SCHEMA_FUNCTIONS_H

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "frontends/onnx/Schema/Schema.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <vector>

namespace ingot::schema {

/// The nodes that stand for one call of a function. Values at the border have the caller's names, all other values and nodes
/// `<prefix>/<name>`. A node may itself be a function: expand it with `opsets` and a prefix of its own.
struct ExpandedFunction {
  std::vector<onnx::NodeProto> nodes;
  OpsetImports opsets; ///< the versions that `nodes` are written in; they may differ from the caller's
};

/// The opset imports of a model or function, domains normalised.
OpsetImports opsetImports(const onnx::ModelProto &model);
OpsetImports opsetImports(const onnx::FunctionProto &function);

/// The function of `model` that `node` calls, nullptr when it calls none. A model's function wins over an operator of the same name.
const onnx::FunctionProto *findLocalFunction(const onnx::ModelProto &model, const onnx::NodeProto &node);

/// True when the schema can be expressed by other operators.
bool hasFunctionBody(const onnx::OpSchema &schema);

/// The schema's body for `node`, written for the opset that `opsets` names. `inputTypes` (one per input, an empty TypeProto when unknown or
/// absent) is what context-dependent bodies are made from. Attributes that the schema gives a default are in `attribute_proto`.
/// NotFound: the operator has no body. FailedPrecondition: it has one, but not for these types or attributes.
absl::StatusOr<onnx::FunctionProto> functionBody(const onnx::NodeProto &node, const OpsetImports &opsets, llvm::ArrayRef<onnx::TypeProto> inputTypes);

/// `body` in the place of `node`: attribute references resolved, values renamed, inputs and outputs bound.
absl::StatusOr<ExpandedFunction> expandFunction(const onnx::NodeProto &node, const onnx::FunctionProto &body, llvm::StringRef prefix);

/// The same for the function that `node` calls, whether it is the model's (`model` may be nullptr) or its schema's.
absl::StatusOr<ExpandedFunction> expandFunction(const onnx::NodeProto &node, const OpsetImports &opsets, llvm::ArrayRef<onnx::TypeProto> inputTypes,
                                                llvm::StringRef prefix, const onnx::ModelProto *model = nullptr);

} // namespace ingot::schema

#endif

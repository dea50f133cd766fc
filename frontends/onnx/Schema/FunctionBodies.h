// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How operators that ONNX does not define get a body in its own operators.
#ifndef FRONTENDS_ONNX_SCHEMA_FUNCTIONBODIES_H
#define FRONTENDS_ONNX_SCHEMA_FUNCTIONBODIES_H

#include "onnx/defs/function.h"
#include "onnx/defs/schema.h"

#include <map>
#include <string>

namespace ingot::schema {

/// Adds the nodes of the body for one node's inputs and attributes; false when there is none for them.
using BodyWriter = bool (*)(const onnx::FunctionBodyBuildContext &context, onnx::FunctionBuilder &body);

/// Completes the schema of a com.microsoft operator and adds it to the table; without a `writer` an importer has to know the operator.
void addMicrosoftOp(std::map<std::string, onnx::OpSchema> &ops, const char *name, onnx::OpSchema schema, BodyWriter writer);

/// The value of an attribute, 0 when there is none.
int64_t intAttribute(const onnx::FunctionBodyBuildContext &context, const char *name);

/// The rank of an input, -1 when it is unknown.
int rankOfInput(const onnx::FunctionBodyBuildContext &context, int input);

/// Those on integers with scales and zero points, in MicrosoftQuantized.cpp.
void addMicrosoftQuantizedOps(std::map<std::string, onnx::OpSchema> &ops);

} // namespace ingot::schema

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef FRONTENDS_ONNX_SCHEMA_MICROSOFTOPS_H
#define FRONTENDS_ONNX_SCHEMA_MICROSOFTOPS_H

#include "onnx/defs/schema.h"
#include "llvm/ADT/StringRef.h"

#include <map>
#include <string>

namespace ingot::schema {

inline constexpr llvm::StringLiteral kMicrosoftDomain = "com.microsoft";

/// The operators of domain com.microsoft (version 1) that optimised exports contain, by name. Most have a function body in ONNX's
/// own operators, so an importer needs no code for them.
const std::map<std::string, onnx::OpSchema> &microsoftOps();

} // namespace ingot::schema

#endif

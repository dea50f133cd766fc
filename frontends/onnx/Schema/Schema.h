// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the importer and the validator ask about ONNX operators. The answers come from ONNX's own schema registry, and for the few
// com.microsoft operators that exporters write from a table in MicrosoftOps.cpp.
#ifndef FRONTENDS_ONNX_SCHEMA_SCHEMA_H
#define FRONTENDS_ONNX_SCHEMA_SCHEMA_H

#include "onnx/defs/schema.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ingot::schema {

/// The operator set version per domain. ONNX's own domain is "" everywhere (files may also call it "ai.onnx").
using OpsetImports = std::map<std::string, int>;

/// Both versions are included.
struct VersionRange {
  int first, last;
};

/// "" for "ai.onnx", any other domain unchanged.
llvm::StringRef normalDomain(llvm::StringRef domain);

/// "ai.onnx" for "", for messages.
llvm::StringRef printedDomain(llvm::StringRef domain);

/// The opsets of `domain` that can be compiled, or nullopt when the domain is unknown.
std::optional<VersionRange> supportedOpsets(llvm::StringRef domain);

/// All known domains, "" among them.
std::vector<std::string> knownDomains();

/// ONNX's registry extended by our own table, in the form that ONNX's shape inference takes.
const onnx::ISchemaRegistry &registry();

/// The schema of `op` that is valid in version `opset` of `domain`, nullptr when there is none. A deprecated schema is returned as such.
const onnx::OpSchema *findSchema(llvm::StringRef domain, llvm::StringRef op, int opset);

/// The version in which the meaning of `op` last changed, seen from `opset`; with (domain, op) the key of the import table.
std::optional<int> sinceVersion(llvm::StringRef domain, llvm::StringRef op, int opset);

/// The first version of `domain` that has `op`, nullopt when no version has it.
std::optional<int> firstVersion(llvm::StringRef domain, llvm::StringRef op);

/// The value that attribute `name` has when a node does not state it; nullptr when the schema gives none.
const onnx::AttributeProto *attributeDefault(const onnx::OpSchema &schema, llvm::StringRef name);

/// The attribute a node states, else the default of its schema, else nullptr.
const onnx::AttributeProto *attributeOrDefault(const onnx::NodeProto &node, const onnx::OpSchema &schema, llvm::StringRef name);

/// Names of the operators of `domain` in any version.
std::vector<std::string> opNames(llvm::StringRef domain);

/// The candidate that `name` was probably meant to be: the one with the fewest changed letters, case not counted, when these are few.
std::optional<std::string> nearestName(llvm::StringRef name, llvm::ArrayRef<std::string> candidates);

/// " (did you mean 'X'?)" or "".
std::string didYouMean(llvm::StringRef name, llvm::ArrayRef<std::string> candidates);

} // namespace ingot::schema

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef FRONTENDS_ONNX_INGEST_VALIDATE_H
#define FRONTENDS_ONNX_INGEST_VALIDATE_H

#include "absl/status/statusor.h"
#include "frontends/onnx/Ingest/Diagnostic.h"
#include "frontends/onnx/Ingest/Model.h"
#include "llvm/ADT/ArrayRef.h"

#include <memory>
#include <string>
#include <vector>

namespace ingot::ingest {

/// Finds all problems of a model, in its subgraphs and functions too, and brings it into the form that the importer expects:
/// - every node has a name (`<op>_<position>` where the file gives none), the domain "ai.onnx" is written "";
/// - nodes stand after the nodes whose values they use;
/// - a graph input with an initialiser is a constant: it is removed from the inputs;
/// - a declared dim of -1, which some exporters write, is an unknown dim;
/// - initializer() and valueType() of the model are filled.
std::vector<Diagnostic> validate(Model &model);

/// One problem per line.
std::string printed(llvm::ArrayRef<Diagnostic> problems);

/// readModel and validate in one: a model without problems, or one status with all of them.
absl::StatusOr<std::unique_ptr<Model>> loadModel(const std::string &path, const IngestOptions &options = {});

} // namespace ingot::ingest

#endif

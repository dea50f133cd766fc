// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef FRONTENDS_ONNX_INGEST_INFERTYPES_H
#define FRONTENDS_ONNX_INGEST_INFERTYPES_H

#include "frontends/onnx/Ingest/Diagnostic.h"
#include "frontends/onnx/Ingest/Model.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

#include <vector>

namespace ingot::ingest {

/// Runs ONNX's type and shape inference over a checked and sorted main graph. Reports every node whose inputs contradict its operator and every value
/// whose declared type contradicts the inferred one; nodes that use a value of unknown type (`brokenValues` and what follows) are left out.
/// Returns the types of the values.
llvm::StringMap<onnx::TypeProto> inferTypes(const Model &model, const llvm::StringSet<> &brokenValues, std::vector<Diagnostic> &problems);

} // namespace ingot::ingest

#endif

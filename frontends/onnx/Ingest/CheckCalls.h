// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef FRONTENDS_ONNX_INGEST_CHECKCALLS_H
#define FRONTENDS_ONNX_INGEST_CHECKCALLS_H

#include "frontends/onnx/Ingest/IngestOptions.h"
#include "onnx/onnx_pb.h"

#include <optional>
#include <string>

namespace ingot::ingest {

/// What is wrong with the way in which a model's functions call each other: a function that reaches itself, calls nested too deeply, or so many calls
/// that a small file would become a huge graph. nullopt when the functions can be inlined.
std::optional<std::string> checkCalls(const onnx::ModelProto &model, const IngestOptions &options);

} // namespace ingot::ingest

#endif

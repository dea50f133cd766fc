// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Parsing a ModelProto copies every weight into a string. To avoid that the file is first rewritten on the wire level: payloads larger than a
// limit are left out and each tensor gets a note where in the file its payload lies.
#ifndef FRONTENDS_ONNX_INGEST_PAYLOADCUTTER_H
#define FRONTENDS_ONNX_INGEST_PAYLOADCUTTER_H

#include "absl/status/statusor.h"
#include "frontends/onnx/Ingest/IngestOptions.h"
#include "llvm/ADT/StringRef.h"

#include <map>
#include <optional>
#include <string>

namespace onnx {
class TensorProto;
}

namespace ingot::ingest {

/// A payload that was left out of the rewritten model.
struct CutPayload {
  uint64_t offset = 0, bytes = 0;
  int field = 0; ///< of TensorProto: raw_data, or packed float_data / double_data, whose wire form is the same
};

struct CutModel {
  std::string structure;                   ///< a serialised ModelProto without large payloads
  std::map<uint64_t, CutPayload> payloads; ///< by offset in the file
};

/// Rewrites the serialised ModelProto `file`. The error says whether it is truncated, no ONNX model at all, or beyond a limit.
absl::StatusOr<CutModel> cutPayloads(llvm::StringRef file, const IngestOptions &options);

/// The offset of the payload that was cut from `tensor`, nullopt when it was left as it is.
std::optional<uint64_t> cutOffset(const onnx::TensorProto &tensor);

} // namespace ingot::ingest

#endif

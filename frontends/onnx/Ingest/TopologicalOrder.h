// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef FRONTENDS_ONNX_INGEST_TOPOLOGICALORDER_H
#define FRONTENDS_ONNX_INGEST_TOPOLOGICALORDER_H

#include "onnx/onnx_pb.h"

#include <vector>

namespace ingot::ingest {

/// Puts every node after the nodes whose values it, or a subgraph in it, uses; nodes that may stay where they are do. When that is impossible the
/// nodes are left alone and the indices of one cycle are returned, each node using a value of the one before it.
std::vector<int> sortTopologically(google::protobuf::RepeatedPtrField<onnx::NodeProto> &nodes);

} // namespace ingot::ingest

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_EDIT_NEARESTNODE_H
#define COMPILER_COMPRESS_EDIT_NEARESTNODE_H

#include "onnx/onnx_pb.h"
#include "llvm/ADT/StringRef.h"

#include <string>

namespace ingot::compress {

/// For a name that no node has: "; did you mean 'X'?", or, where no name is near, the number of the nodes and the name that is nearest.
/// `withOperators`: those of operators are meant, too.
std::string nearestNode(const onnx::GraphProto &graph, llvm::StringRef word, bool withOperators);

} // namespace ingot::compress

#endif

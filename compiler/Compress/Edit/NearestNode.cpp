// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Edit/NearestNode.h"

#include "compiler/Driver/UsageError.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

namespace ingot::compress {

std::string nearestNode(const onnx::GraphProto &graph, llvm::StringRef word, bool withOperators) {
  llvm::SmallVector<llvm::StringRef> known;
  for (const onnx::NodeProto &node : graph.node()) {
    if (!node.name().empty())
      known.push_back(node.name());
    if (withOperators)
      known.push_back(node.op_type());
  }
  std::string near = suggestion(word, known);
  if (!near.empty() || known.empty())
    return near.empty() ? "; it has no names" : near;
  llvm::StringRef nearest =
      *llvm::min_element(known, [&](llvm::StringRef a, llvm::StringRef b) { return word.edit_distance(a) < word.edit_distance(b); });
  int count = graph.node_size();
  return "; of its " + std::to_string(count) + (count == 1 ? " node" : " nodes") + " the nearest name is '" + nearest.str() + "'";
}

} // namespace ingot::compress

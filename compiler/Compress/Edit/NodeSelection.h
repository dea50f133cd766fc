// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_EDIT_NODESELECTION_H
#define COMPILER_COMPRESS_EDIT_NODESELECTION_H

#include "absl/status/statusor.h"
#include "onnx/onnx_pb.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringSet.h"

#include <string>
#include <vector>

namespace ingot::compress {

/// Which nodes a user wants, by names, operators and regular expressions for whole names.
class NodeSelection {
public:
  /// An error of use when a word stands for no node of the graph; it names the nearest name.
  static absl::StatusOr<NodeSelection> make(const onnx::GraphProto &graph, llvm::ArrayRef<std::string> include, llvm::ArrayRef<std::string> exclude);

  bool isExcluded(const onnx::NodeProto &node) const { return excluded.contains(node.name()); }
  /// Whether the node is in the list of those that are wanted; without such a list none is.
  bool isListed(const onnx::NodeProto &node) const { return included.contains(node.name()); }
  bool hasList() const { return listed; }

private:
  llvm::StringSet<> included, excluded;
  bool listed = false;
};

} // namespace ingot::compress

#endif

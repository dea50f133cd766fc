// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Edit/NodeSelection.h"

#include "compiler/Compress/Edit/NearestNode.h"
#include "compiler/Driver/UsageError.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Regex.h"

namespace ingot::compress {
namespace {

/// Adds the nodes that `word` stands for: one of that name, else those of an operator, else those whose names match.
absl::Status add(const onnx::GraphProto &graph, const std::string &word, llvm::StringRef option, llvm::StringSet<> &names) {
  bool found = false;
  auto addWhere = [&](llvm::function_ref<bool(const onnx::NodeProto &)> isMeant) {
    for (const onnx::NodeProto &node : graph.node())
      if (isMeant(node)) {
        names.insert(node.name());
        found = true;
      }
  };
  addWhere([&](const onnx::NodeProto &node) { return node.name() == word; });
  if (!found)
    addWhere([&](const onnx::NodeProto &node) { return node.op_type() == word; });
  std::string problem;
  llvm::Regex expression("^(" + word + ")$");
  if (!found && expression.isValid(problem))
    addWhere([&](const onnx::NodeProto &node) { return expression.match(node.name()); });
  if (found)
    return absl::OkStatus();
  std::string text = "--" + option.str() + ": the model has no node and no operator '" + word + "', nor does a name match it";
  return usageError(problem.empty() ? text + nearestNode(graph, word, /*withOperators=*/true) : text + " as a regular expression: " + problem);
}

} // namespace

absl::StatusOr<NodeSelection> NodeSelection::make(const onnx::GraphProto &graph, llvm::ArrayRef<std::string> include,
                                                  llvm::ArrayRef<std::string> exclude) {
  NodeSelection selection;
  selection.listed = !include.empty();
  for (const std::string &word : include)
    if (absl::Status status = add(graph, word, "include", selection.included); !status.ok())
      return status;
  for (const std::string &word : exclude)
    if (absl::Status status = add(graph, word, "exclude", selection.excluded); !status.ok())
      return status;
  return selection;
}

} // namespace ingot::compress

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Ingest/CheckCalls.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "onnx/common/proto_util.h"
#include "llvm/ADT/StringMap.h"

#include <algorithm>
#include <vector>

namespace ingot::ingest {
namespace {

class CallChecker {
public:
  CallChecker(const onnx::ModelProto &model, const IngestOptions &options) : options(options) {
    for (const onnx::FunctionProto &function : model.functions())
      functions.try_emplace(onnx::GetFunctionImplId(function), Function{&function});
  }

  std::optional<std::string> check(const onnx::ModelProto &model) {
    for (auto &entry : functions)
      expand(entry.second);
    int depth = 0;
    if (problem.empty() && countNodes(model.graph(), depth) > options.maxNodes)
      problem = absl::StrCat("with its functions inlined the model has more nodes than the limit of ", options.maxNodes);
    return problem.empty() ? std::nullopt : std::optional<std::string>(problem);
  }

private:
  struct Function {
    const onnx::FunctionProto *proto;
    uint64_t nodes = 0; ///< with all calls inlined, at most a little more than the limit
    int depth = 0;      ///< of calls, 1 when it calls nothing
    bool done = false, active = false;
  };

  uint64_t expand(Function &function) {
    if (function.done || !problem.empty())
      return function.nodes;
    const std::string &name = function.proto->name();
    path.push_back(name);
    if (function.active) {
      auto first = std::find(path.begin(), path.end(), name);
      problem = absl::StrCat("function '", name, "' calls itself: ", absl::StrJoin(first, path.end(), " -> "));
    } else if (tooDeep(path.size())) {
      reportDepth(name);
    } else {
      function.active = true;
      function.nodes = countNodes(*function.proto, function.depth);
      ++function.depth;
      function.active = false;
      function.done = true;
      if (problem.empty() && tooDeep(function.depth)) // parts of the chain may have been visited before
        reportDepth(name);
      if (problem.empty() && function.nodes > options.maxNodes)
        problem = absl::StrCat("function '", name, "' has, with the functions it calls, more nodes than the limit of ", options.maxNodes);
    }
    path.pop_back();
    return function.nodes;
  }

  bool tooDeep(size_t depth) const { return depth > static_cast<size_t>(options.maxGraphDepth); }

  void reportDepth(const std::string &name) {
    problem = absl::StrCat("calls of functions are nested deeper than the limit of ", options.maxGraphDepth, ", at function '", name, "'");
  }

  /// The nodes of `body` with all calls inlined; raises `depth` to that of the functions called.
  template <class Body> uint64_t countNodes(const Body &body, int &depth) {
    uint64_t count = 0;
    for (const onnx::NodeProto &node : body.node()) {
      auto callee = functions.find(onnx::GetCalleeId(node));
      count += callee == functions.end() ? 1 : expand(callee->second);
      if (callee != functions.end())
        depth = std::max(depth, callee->second.depth);
      for (const onnx::AttributeProto &attribute : node.attribute()) {
        if (attribute.has_g())
          count += countNodes(attribute.g(), depth);
        for (const onnx::GraphProto &graph : attribute.graphs())
          count += countNodes(graph, depth);
      }
      if (!problem.empty() || count > options.maxNodes)
        break;
    }
    return count;
  }

  const IngestOptions &options;
  llvm::StringMap<Function> functions;
  std::vector<std::string> path;
  std::string problem;
};

} // namespace

std::optional<std::string> checkCalls(const onnx::ModelProto &model, const IngestOptions &options) {
  return CallChecker(model, options).check(model);
}

} // namespace ingot::ingest

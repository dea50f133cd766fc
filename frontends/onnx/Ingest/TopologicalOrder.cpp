// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Ingest/TopologicalOrder.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

#include <algorithm>
#include <functional>
#include <queue>

namespace ingot::ingest {
namespace {

using Nodes = google::protobuf::RepeatedPtrField<onnx::NodeProto>;

void addUses(const onnx::NodeProto &node, llvm::StringSet<> &uses);

/// Adds the names that `graph` uses and does not define: values of the graphs around it.
void addCaptures(const onnx::GraphProto &graph, llvm::StringSet<> &uses) {
  llvm::StringSet<> inner, defined;
  for (const onnx::ValueInfoProto &input : graph.input())
    defined.insert(input.name());
  for (const onnx::TensorProto &tensor : graph.initializer())
    defined.insert(tensor.name());
  for (const onnx::SparseTensorProto &tensor : graph.sparse_initializer())
    defined.insert(tensor.values().name());
  for (const onnx::NodeProto &node : graph.node()) {
    addUses(node, inner);
    for (const std::string &output : node.output())
      defined.insert(output);
  }
  for (const onnx::ValueInfoProto &output : graph.output())
    inner.insert(output.name());
  for (const auto &name : inner)
    if (!defined.contains(name.getKey()))
      uses.insert(name.getKey());
}

void addUses(const onnx::NodeProto &node, llvm::StringSet<> &uses) {
  for (const std::string &input : node.input())
    if (!input.empty())
      uses.insert(input);
  for (const onnx::AttributeProto &attribute : node.attribute()) {
    if (attribute.has_g())
      addCaptures(attribute.g(), uses);
    for (const onnx::GraphProto &graph : attribute.graphs())
      addCaptures(graph, uses);
  }
}

std::vector<int> findCycle(const std::vector<std::vector<int>> &sources, const std::vector<bool> &done) {
  // Every node that is left has a source that is left, so going back from any of them must come round.
  int node = static_cast<int>(std::find(done.begin(), done.end(), false) - done.begin());
  std::vector<int> path, position(done.size(), -1);
  while (position[node] < 0) {
    position[node] = static_cast<int>(path.size());
    path.push_back(node);
    node = *std::find_if(sources[node].begin(), sources[node].end(), [&](int source) { return !done[source]; });
  }
  path.erase(path.begin(), path.begin() + position[node]);
  std::reverse(path.begin(), path.end());
  std::rotate(path.begin(), std::min_element(path.begin(), path.end()), path.end()); // begin where the file does
  return path;
}

} // namespace

std::vector<int> sortTopologically(Nodes &nodes) {
  int count = nodes.size();
  llvm::StringMap<int> producer;
  for (int i = 0; i < count; ++i)
    for (const std::string &output : nodes[i].output())
      if (!output.empty())
        producer.try_emplace(output, i);
  std::vector<std::vector<int>> sources(count), users(count);
  std::vector<int> waiting(count, 0);
  bool sorted = true;
  for (int i = 0; i < count; ++i) {
    llvm::StringSet<> uses;
    addUses(nodes[i], uses);
    for (const auto &name : uses)
      if (auto it = producer.find(name.getKey()); it != producer.end()) {
        sources[i].push_back(it->second);
        users[it->second].push_back(i);
        ++waiting[i];
        sorted &= it->second < i;
      }
  }
  if (sorted)
    return {};

  std::priority_queue<int, std::vector<int>, std::greater<int>> ready;
  std::vector<bool> done(count, false);
  std::vector<int> order;
  for (int i = 0; i < count; ++i)
    if (waiting[i] == 0)
      ready.push(i);
  while (!ready.empty()) {
    int node = ready.top();
    ready.pop();
    done[node] = true;
    order.push_back(node);
    for (int user : users[node])
      if (--waiting[user] == 0)
        ready.push(user);
  }
  if (static_cast<int>(order.size()) != count)
    return findCycle(sources, done);

  Nodes result;
  result.Reserve(count);
  for (int node : order)
    result.Add()->Swap(nodes.Mutable(node));
  nodes.Swap(&result);
  return {};
}

} // namespace ingot::ingest

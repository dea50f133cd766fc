// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Edit/NodeSelection.h"
#include "compiler/Compress/Edit/NearestNode.h"
#include "compiler/Driver/UsageError.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::compress {
namespace {

onnx::GraphProto graph() {
  onnx::GraphProto graph;
  for (auto [name, op] : {std::pair("/layer.0/MatMul", "MatMul"), {"/layer.1/MatMul", "MatMul"}, {"head", "Gemm"}, {"MatMul", "Relu"}}) {
    onnx::NodeProto &node = *graph.add_node();
    node.set_name(name);
    node.set_op_type(op);
  }
  return graph;
}

std::vector<std::string> included(const std::vector<std::string> &words) {
  onnx::GraphProto all = graph();
  absl::StatusOr<NodeSelection> selection = NodeSelection::make(all, words, {});
  if (!selection.ok())
    return {std::string(selection.status().message())};
  std::vector<std::string> names;
  for (const onnx::NodeProto &node : all.node())
    if (selection->isListed(node))
      names.push_back(node.name());
  return names;
}

TEST(NodeSelection, TakesNamesBeforeOperatorsBeforeExpressions) {
  EXPECT_THAT(included({"/layer.0/MatMul"}), testing::ElementsAre("/layer.0/MatMul"));
  EXPECT_THAT(included({"Gemm"}), testing::ElementsAre("head"));
  EXPECT_THAT(included({"MatMul"}), testing::ElementsAre("MatMul"));
  EXPECT_THAT(included({"/layer.*"}), testing::ElementsAre("/layer.0/MatMul", "/layer.1/MatMul"));
  EXPECT_THAT(included({"/layer.[01]/.*|head"}), testing::ElementsAre("/layer.0/MatMul", "/layer.1/MatMul", "head"));
}

TEST(NodeSelection, MatchesWholeNames) {
  EXPECT_THAT(included({"layer"}), testing::ElementsAre(testing::HasSubstr("no node and no operator 'layer'")));
}

TEST(NodeSelection, NamesTheNearest) {
  EXPECT_THAT(included({"haed"}),
              testing::ElementsAre("--include: the model has no node and no operator 'haed', nor does a name match it; did you mean "
                                   "'head'?"));
  EXPECT_THAT(included({"Gem"}), testing::ElementsAre(testing::HasSubstr("did you mean 'Gemm'?")));
}

TEST(NodeSelection, NamesTheNearestOfThoseThatAreNotNear) {
  EXPECT_THAT(included({"encoder/layer.1/attention/MatMul"}),
              testing::ElementsAre(testing::EndsWith("nor does a name match it; of its 4 nodes the nearest name is '/layer.1/MatMul'")));
  EXPECT_EQ(nearestNode(graph(), "encoder/layer.1/attention/MatMul", /*withOperators=*/false),
            "; of its 4 nodes the nearest name is '/layer.1/MatMul'");
  EXPECT_EQ(nearestNode(onnx::GraphProto(), "x", /*withOperators=*/true), "; it has no names");
}

TEST(NodeSelection, SaysWhatIsWrongWithAnExpression) {
  EXPECT_THAT(included({"layer(0"}), testing::ElementsAre(testing::HasSubstr("as a regular expression: ")));
}

TEST(NodeSelection, ExcludesWithAnErrorOfUse) {
  onnx::GraphProto all = graph();
  absl::StatusOr<NodeSelection> selection = NodeSelection::make(all, {}, {"head"});
  ASSERT_TRUE(selection.ok());
  EXPECT_TRUE(selection->isExcluded(all.node(2)));
  EXPECT_FALSE(selection->isExcluded(all.node(1)));
  EXPECT_FALSE(selection->hasList());
  EXPECT_TRUE(isUsageError(NodeSelection::make(all, {}, {"tail"}).status()));
}

} // namespace
} // namespace ingot::compress

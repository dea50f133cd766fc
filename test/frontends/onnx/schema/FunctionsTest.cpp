// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Schema/Functions.h"

#include "onnx/defs/parser.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <set>

namespace ingot::schema {
namespace {

using testing::ElementsAre;
using testing::Optional;

onnx::NodeProto node(const char *text) {
  onnx::NodeProto result;
  EXPECT_TRUE(onnx::OnnxParser::Parse(result, text).IsOK()) << text;
  return result;
}

onnx::TypeProto type(const char *text) {
  onnx::TypeProto result;
  EXPECT_TRUE(onnx::OnnxParser::Parse(result, text).IsOK()) << text;
  return result;
}

std::vector<std::string> opsOf(const ExpandedFunction &function) {
  std::vector<std::string> ops;
  for (const onnx::NodeProto &node : function.nodes)
    ops.push_back(node.op_type());
  return ops;
}

/// Every value that a node uses is made before or comes from outside, and every name inside carries the prefix.
void expectWellFormed(const ExpandedFunction &function, std::set<std::string> known, const std::set<std::string> &outputs,
                      const std::string &prefix) {
  for (const onnx::NodeProto &node : function.nodes) {
    EXPECT_EQ(node.name().rfind(prefix + "/", 0), 0u) << node.name();
    for (const std::string &input : node.input())
      EXPECT_TRUE(input.empty() || known.contains(input)) << node.name() << " uses " << input;
    for (const std::string &output : node.output()) {
      EXPECT_TRUE(output.empty() || outputs.contains(output) || output.rfind(prefix + "/", 0) == 0) << output;
      known.insert(output);
    }
    for (const onnx::AttributeProto &attribute : node.attribute())
      EXPECT_TRUE(attribute.ref_attr_name().empty()) << attribute.name();
  }
  for (const std::string &output : outputs)
    EXPECT_TRUE(known.contains(output)) << output;
}

TEST(FunctionsTest, PlainBody) {
  auto result = expandFunction(node("y = Softplus (x)"), {{"", 20}}, {type("float[2]")}, "act");
  ASSERT_TRUE(result.ok()) << result.status().message();
  expectWellFormed(*result, {"x"}, {"y"}, "act");
  EXPECT_EQ(result->opsets.at(""), 20);
}

TEST(FunctionsTest, ContextDependentBody) {
  auto result = expandFunction(node("y = Gelu <approximate = \"tanh\"> (x)"), {{"", 20}}, {type("float[2]")}, "act");
  ASSERT_TRUE(result.ok()) << result.status().message();
  expectWellFormed(*result, {"x"}, {"y"}, "act");
  EXPECT_THAT(opsOf(*result), testing::Contains("Tanh"));
  auto untyped = functionBody(node("y = LayerNormalization (x, w)"), {{"", 20}}, {onnx::TypeProto(), onnx::TypeProto()});
  EXPECT_EQ(untyped.status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(FunctionsTest, ABodyWrittenForALaterOpsetSaysSo) {
  auto result = expandFunction(node("y = Shrink (x)"), {{"", 9}}, {type("float[2]")}, "s");
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result->opsets.at(""), 18);
}

TEST(FunctionsTest, SchemaDefaultsReachTheBody) {
  auto result = expandFunction(node("y = com.microsoft.QuickGelu (x)"), {{"com.microsoft", 1}}, {type("float[2]")}, "q");
  ASSERT_TRUE(result.ok()) << result.status().message();
  ASSERT_THAT(opsOf(*result), ElementsAre("Constant", "CastLike", "Mul", "Sigmoid", "Mul"));
  EXPECT_FLOAT_EQ(result->nodes[0].attribute(0).f(), 1.702f);
  auto stated = expandFunction(node("y = com.microsoft.QuickGelu <alpha = 2.0> (x)"), {{"com.microsoft", 1}}, {type("float[2]")}, "q");
  ASSERT_TRUE(stated.ok());
  EXPECT_FLOAT_EQ(stated->nodes[0].attribute(0).f(), 2.0f);
  EXPECT_EQ(stated->nodes[0].attribute(0).name(), "value_float");
}

TEST(FunctionsTest, NoBody) {
  EXPECT_EQ(functionBody(node("y = Conv (x, w)"), {{"", 17}}, {}).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(functionBody(node("y = Gelu (x)"), {{"", 17}}, {}).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(functionBody(node("y = other.Gelu (x)"), {{"", 20}}, {}).status().code(), absl::StatusCode::kNotFound);
}

class LocalFunctionTest : public testing::Test {
protected:
  void parse(const std::string &functions) {
    onnx::Common::Status status = onnx::OnnxParser::Parse(model, "<ir_version: 10, opset_import: [\"\": 17, \"f\": 1]> g () => () {}\n" + functions);
    ASSERT_TRUE(status.IsOK()) << status.ErrorMessage();
  }

  absl::StatusOr<ExpandedFunction> expand(const char *call) { return expandFunction(node(call), {{"", 17}, {"f", 1}}, {}, "p", &model); }

  onnx::ModelProto model;
};

TEST_F(LocalFunctionTest, NamesAreBoundAndPrefixed) {
  parse("<domain: \"f\", opset_import: [\"\": 15]> twice (a, opt) => (b) { t = Clip (a, opt) b = Add (t, t) }");
  auto result = expand("out = f.twice (in)");
  ASSERT_TRUE(result.ok()) << result.status().message();
  expectWellFormed(*result, {"in"}, {"out"}, "p");
  EXPECT_THAT(result->nodes[0].input(), ElementsAre("in", "")); // an argument that the call leaves out
  EXPECT_THAT(result->nodes[1].input(), ElementsAre("p/t", "p/t"));
  EXPECT_EQ(result->opsets.at(""), 15);
}

TEST_F(LocalFunctionTest, AttributesInSubgraphs) {
  parse(R"(<domain: "f", opset_import: ["": 17]> pick <slope: float = 0.5> (c, a) => (b) {
    t = Neg (a)
    b = If (c) <then_branch = g1 () => (u) { t2 = LeakyRelu <alpha: float = @slope> (t) u = Neg (t2) }, else_branch = g2 () => (v) { v = Relu (a) }>
  })");
  auto result = expand("y = f.pick (cond, x)");
  ASSERT_TRUE(result.ok()) << result.status().message();
  expectWellFormed(*result, {"cond", "x"}, {"y"}, "p");
  const onnx::GraphProto &branch = result->nodes[1].attribute(0).g();
  EXPECT_EQ(branch.node(0).input(0), "p/t");
  EXPECT_EQ(branch.node(0).output(0), "p/t2");
  EXPECT_FLOAT_EQ(branch.node(0).attribute(0).f(), 0.5f);
  EXPECT_EQ(branch.output(0).name(), branch.node(1).output(0));
}

TEST_F(LocalFunctionTest, OutputsThatAreInputsOrAreLeftOut) {
  parse("<domain: \"f\", opset_import: [\"\": 17]> pass (a) => (a, b) { b = Relu (a) }");
  auto result = expand("y, z = f.pass (x)");
  ASSERT_TRUE(result.ok()) << result.status().message();
  expectWellFormed(*result, {"x"}, {"y", "z"}, "p");
  EXPECT_THAT(opsOf(*result), ElementsAre("Relu", "Identity"));
  auto first = expand("y = f.pass (x)");
  ASSERT_TRUE(first.ok());
  expectWellFormed(*first, {"x"}, {"y"}, "p");
  EXPECT_EQ(expand("y = f.pass (x, x)").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(LocalFunctionTest, Overloads) {
  parse("<domain: \"f\", opset_import: [\"\": 17]> act (a) => (b) { b = Relu (a) }\n"
        "<domain: \"f\", overload: \"neg\", opset_import: [\"\": 17]> act (a) => (b) { b = Neg (a) }");
  onnx::NodeProto call = node("y = f.act (x)");
  EXPECT_EQ(findLocalFunction(model, call)->node(0).op_type(), "Relu");
  call.set_overload("neg");
  EXPECT_EQ(findLocalFunction(model, call)->node(0).op_type(), "Neg");
  call.set_overload("other");
  EXPECT_EQ(findLocalFunction(model, call), nullptr);
}

} // namespace
} // namespace ingot::schema

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Schema/Schema.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ingot::schema {
namespace {

using testing::Contains;
using testing::Optional;

TEST(SchemaTest, FindsTheVersionOfAnOpset) {
  EXPECT_THAT(sinceVersion("", "Softmax", 12), Optional(11));
  EXPECT_THAT(sinceVersion("ai.onnx", "Softmax", 17), Optional(13));
  EXPECT_EQ(sinceVersion("", "Gelu", 17), std::nullopt);
  EXPECT_THAT(firstVersion("", "Gelu"), Optional(20));
  EXPECT_EQ(findSchema("", "NoSuchOp", 17), nullptr);
  EXPECT_EQ(findSchema("no.such.domain", "Relu", 17), nullptr);
  ASSERT_NE(findSchema("com.microsoft", "QuickGelu", 1), nullptr);
  EXPECT_EQ(registry().GetSchema("QuickGelu", 1, "com.microsoft"), findSchema("com.microsoft", "QuickGelu", 1));
}

TEST(SchemaTest, AttributeDefaults) {
  const onnx::OpSchema *schema = findSchema("", "LeakyRelu", 17);
  ASSERT_NE(schema, nullptr);
  onnx::NodeProto node;
  ASSERT_NE(attributeOrDefault(node, *schema, "alpha"), nullptr);
  EXPECT_FLOAT_EQ(attributeOrDefault(node, *schema, "alpha")->f(), 0.01f);
  onnx::AttributeProto &alpha = *node.add_attribute();
  alpha.set_name("alpha");
  alpha.set_f(3);
  EXPECT_FLOAT_EQ(attributeOrDefault(node, *schema, "alpha")->f(), 3.0f);
  EXPECT_EQ(attributeDefault(*schema, "beta"), nullptr);
  EXPECT_EQ(attributeDefault(*findSchema("", "Conv", 17), "pads"), nullptr);
}

TEST(SchemaTest, SupportedOpsets) {
  ASSERT_TRUE(supportedOpsets("ai.onnx").has_value());
  EXPECT_EQ(supportedOpsets("")->first, 7);
  EXPECT_EQ(supportedOpsets("")->last, 28);
  EXPECT_FALSE(supportedOpsets("no.such.domain").has_value());
  EXPECT_THAT(knownDomains(), Contains("com.microsoft"));
}

TEST(SchemaTest, NearestName) {
  std::vector<std::string> names = {"Relu", "Selu", "LeakyRelu", "Softmax"};
  EXPECT_THAT(nearestName("relu", names), Optional(std::string("Relu")));
  EXPECT_THAT(nearestName("LeekyRelu", names), Optional(std::string("LeakyRelu")));
  EXPECT_EQ(nearestName("Conv", names), std::nullopt);
  EXPECT_EQ(nearestName("x", {}), std::nullopt);
  EXPECT_EQ(didYouMean("Sofmax", names), " (did you mean 'Softmax'?)");
  EXPECT_EQ(didYouMean("Conv", names), "");
}

} // namespace
} // namespace ingot::schema

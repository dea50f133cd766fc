// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ModelFixture.h"

#include <cstring>
#include <numeric>

namespace ingot::ingest {
namespace {

using testing::HasSubstr;

const char *const kScale = "g (float[2, 512] x) => (float[2, 512] y) { y = Mul (x, w) }";

class ModelTest : public ModelFixture {
protected:
  static onnx::ModelProto scaleModel() {
    onnx::ModelProto result = model(kScale);
    std::vector<float> values(512);
    std::iota(values.begin(), values.end(), 1.0f);
    *result.mutable_graph()->add_initializer() = floats("w", values);
    return result;
  }
};

TEST_F(ModelTest, LargePayloadsStayInTheFile) {
  auto loaded = load(scaleModel());
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  const Initializer *w = (*loaded)->initializer("w");
  ASSERT_NE(w, nullptr);
  ASSERT_TRUE(w->source.has_value());
  EXPECT_EQ(w->bytes().data(), w->source->file->bytes().data() + w->source->offset);
  ASSERT_EQ(w->bytes().size(), 512 * sizeof(float));
  std::vector<float> values(512);
  memcpy(values.data(), w->bytes().data(), w->bytes().size());
  EXPECT_EQ(values[0], 1.0f);
  EXPECT_EQ(values[511], 512.0f);
  EXPECT_LT((*loaded)->proto().ByteSizeLong(), 400u);
  EXPECT_FALSE((*loaded)->graph().initializer(0).has_raw_data());
}

TEST_F(ModelTest, AHandleOutlivesItsModel) {
  TensorSource source;
  {
    auto loaded = load(scaleModel());
    ASSERT_TRUE(loaded.ok());
    source = *(*loaded)->initializer("w")->source;
  }
  float second = 0;
  memcpy(&second, source.file->bytes().data() + source.offset + sizeof second, sizeof second);
  EXPECT_EQ(second, 2.0f);
}

TEST_F(ModelTest, LargePackedFloatDataStaysInTheFile) {
  onnx::ModelProto proto = scaleModel();
  onnx::TensorProto &w = *proto.mutable_graph()->mutable_initializer(0);
  w.clear_raw_data();
  for (int i = 0; i < 512; ++i)
    w.add_float_data(static_cast<float>(i));
  auto loaded = load(proto);
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  const Initializer *initializer = (*loaded)->initializer("w");
  ASSERT_TRUE(initializer->source.has_value());
  float last = 0;
  memcpy(&last, initializer->bytes().data() + 511 * sizeof last, sizeof last);
  EXPECT_EQ(last, 511.0f);
}

TEST_F(ModelTest, TensorsInSubgraphsAndAttributesStayInTheFile) {
  onnx::ModelProto proto = model(R"(g (bool c, float[512] x) => (float[512] y) {
    y = If (c) <then_branch = t () => (float[512] a) { a = Add (x, inner) }, else_branch = e () => (float[512] b) { k = Constant () b = Add (x, k) }>
  })");
  std::vector<float> values(512, 3.0f);
  onnx::NodeProto &branch = *proto.mutable_graph()->mutable_node(0);
  *branch.mutable_attribute(0)->mutable_g()->add_initializer() = floats("inner", values);
  onnx::AttributeProto &value = *branch.mutable_attribute(1)->mutable_g()->mutable_node(0)->add_attribute();
  value.set_name("value");
  value.set_type(onnx::AttributeProto::TENSOR);
  *value.mutable_t() = floats("", values);
  auto loaded = load(proto);
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_LT((*loaded)->proto().ByteSizeLong(), 700u);
  const onnx::NodeProto &node = (*loaded)->graph().node(0);
  onnx::NodeProto copy = node.attribute(1).g().node(0); // what is copied out of the model still finds its data
  for (const onnx::TensorProto *tensor : {&node.attribute(0).g().initializer(0), &copy.attribute(0).t()}) {
    auto data = (*loaded)->tensor(*tensor);
    ASSERT_TRUE(data.ok()) << data.status().message();
    ASSERT_TRUE(data->source.has_value());
    float first = 0;
    memcpy(&first, data->bytes().data(), sizeof first);
    EXPECT_EQ(first, 3.0f);
  }
}

TEST_F(ModelTest, GivesMetadataOpsetsAndHash) {
  onnx::ModelProto proto = model(kScale, "\"ai.onnx\": 17, \"com.microsoft\": 1");
  *proto.mutable_graph()->add_initializer() = floats("w", std::vector<float>(512));
  onnx::StringStringEntryProto &entry = *proto.add_metadata_props();
  entry.set_key("character");
  entry.set_value("a\nb");
  auto loaded = load(proto);
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_EQ((*loaded)->metadata().at("character"), "a\nb");
  EXPECT_EQ((*loaded)->opsets().at(""), 17);
  EXPECT_EQ((*loaded)->opsets().at("com.microsoft"), 1);
  EXPECT_EQ((*loaded)->sha256().size(), 64u);
  EXPECT_EQ(readModel(write("abc", "abc")).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ModelTest, HashIsSha256OfTheFile) {
  onnx::ModelProto proto = model("g () => () {}");
  std::string path = write(proto);
  auto loaded = readModel(path);
  ASSERT_TRUE(loaded.ok());
  // Changing a byte of the file changes the hash; the same bytes give the same hash.
  auto again = readModel(write("copy.onnx", proto.SerializeAsString()));
  proto.set_producer_name("p");
  auto other = readModel(write("other.onnx", proto.SerializeAsString()));
  EXPECT_EQ((*loaded)->sha256(), (*again)->sha256());
  EXPECT_NE((*loaded)->sha256(), (*other)->sha256());
}

TEST_F(ModelTest, FilesThatAreNoModel) {
  EXPECT_THAT(errorOf(pathOf("absent.onnx")), HasSubstr("absent.onnx: no such file"));
  EXPECT_THAT(errorOf(folder), HasSubstr("is not a regular file"));
  EXPECT_THAT(errorOf(write("empty.onnx", "")), HasSubstr("empty.onnx: is empty"));
  EXPECT_THAT(errorOf(write("text.onnx", "{\"json\": true}")), HasSubstr("text.onnx: is not an ONNX model"));
  EXPECT_THAT(errorOf(write("words.onnx", "hello world, this is no model\n")), HasSubstr("is not an ONNX model"));
  EXPECT_THAT(errorOf(write("zip.onnx", std::string("PK\x03\x04\x14\0\0\0\x08\0", 10))), HasSubstr("is not an ONNX model"));
  EXPECT_THAT(errorOf(write("lfs.onnx", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n")), HasSubstr("git lfs pull"));
  EXPECT_THAT(errorOf(onnx::ModelProto()), HasSubstr("is empty"));
  onnx::ModelProto noGraph;
  noGraph.set_ir_version(9);
  EXPECT_THAT(errorOf(noGraph), HasSubstr("it has no graph"));
}

TEST_F(ModelTest, TruncatedFile) {
  std::string bytes = scaleModel().SerializeAsString();
  EXPECT_THAT(errorOf(write("half.onnx", bytes.substr(0, bytes.size() / 2))), HasSubstr("half.onnx: is truncated or damaged"));
}

TEST_F(ModelTest, Limits) {
  EXPECT_THAT(errorOf(scaleModel(), {.maxFileBytes = 100}), HasSubstr("the limit is 100"));
  EXPECT_THAT(errorOf(scaleModel(), {.maxStructureBytes = 20}), HasSubstr("more than 20 bytes besides"));
  EXPECT_THAT(errorOf(model("g (float[1] x) => (float[1] y) { a = Relu (x) y = Relu (a) }"), {.maxNodes = 1}),
              HasSubstr("more nodes than the limit of 1"));
  EXPECT_THAT(errorOf(scaleModel(), {.maxRank = 1}), HasSubstr("value 'x' is declared with 2 dims, the limit is 1"));
}

TEST_F(ModelTest, DeeplyNestedGraphs) {
  onnx::GraphProto graph;
  for (int i = 0; i < 150; ++i) {
    onnx::GraphProto outer;
    onnx::AttributeProto &attribute = *outer.add_node()->add_attribute();
    attribute.set_name("body");
    attribute.set_type(onnx::AttributeProto::GRAPH);
    attribute.mutable_g()->Swap(&graph);
    graph.Swap(&outer);
  }
  onnx::ModelProto proto;
  proto.set_ir_version(9);
  proto.mutable_graph()->Swap(&graph);
  EXPECT_THAT(errorOf(proto), HasSubstr("nested deeper than the limit of 100"));
}

} // namespace
} // namespace ingot::ingest

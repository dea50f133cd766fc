// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ModelFixture.h"

namespace ingot::ingest {
namespace {

using onnx::TensorProto;
using testing::ElementsAre;
using testing::HasSubstr;

class TensorTest : public ModelFixture {
protected:
  /// Reads `tensor` as an initialiser of a model that uses nothing else.
  absl::StatusOr<Initializer> read(TensorProto tensor) {
    tensor.set_name("w");
    onnx::ModelProto proto = model("g () => () {}");
    *proto.mutable_graph()->add_initializer() = tensor;
    auto loaded = readModel(write(proto));
    if (!loaded.ok())
      return loaded.status();
    return (*loaded)->tensor((*loaded)->graph().initializer(0));
  }

  std::string errorOfTensor(const TensorProto &tensor) {
    auto result = read(tensor);
    return result.ok() ? "" : std::string(result.status().message());
  }

  static TensorProto typed(TensorProto::DataType type, std::vector<int64_t> dims) {
    TensorProto tensor;
    tensor.set_data_type(type);
    tensor.mutable_dims()->Assign(dims.begin(), dims.end());
    return tensor;
  }

  std::vector<int> bytesOf(const TensorProto &tensor) {
    auto result = read(tensor);
    if (!result.ok()) {
      ADD_FAILURE() << result.status().message();
      return {};
    }
    std::vector<int> bytes;
    for (char byte : result->bytes())
      bytes.push_back(static_cast<unsigned char>(byte));
    return bytes;
  }
};

TEST_F(TensorTest, TypedFieldsBecomeRawBytes) {
  TensorProto half = typed(TensorProto::FLOAT16, {2});
  half.add_int32_data(0x3c00);
  half.add_int32_data(0xc000);
  EXPECT_THAT(bytesOf(half), ElementsAre(0x00, 0x3c, 0x00, 0xc0));
  TensorProto wide = typed(TensorProto::INT64, {1});
  wide.add_int64_data(-2);
  EXPECT_THAT(bytesOf(wide), ElementsAre(0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff));
  TensorProto word = typed(TensorProto::UINT32, {1});
  word.add_uint64_data(0x01020304);
  EXPECT_THAT(bytesOf(word), ElementsAre(4, 3, 2, 1));
  TensorProto flags = typed(TensorProto::BOOL, {2});
  flags.add_int32_data(1);
  flags.add_int32_data(0);
  EXPECT_THAT(bytesOf(flags), ElementsAre(1, 0));
  TensorProto complex = typed(TensorProto::COMPLEX64, {1});
  complex.add_float_data(0);
  complex.add_float_data(1);
  EXPECT_THAT(bytesOf(complex), ElementsAre(0, 0, 0, 0, 0, 0, 0x80, 0x3f));
}

TEST_F(TensorTest, SmallElementsArePacked) {
  TensorProto nibbles = typed(TensorProto::INT4, {3});
  nibbles.add_int32_data(0x21);
  nibbles.add_int32_data(0x0f);
  EXPECT_THAT(bytesOf(nibbles), ElementsAre(0x21, 0x0f));
  nibbles.clear_int32_data();
  nibbles.set_raw_data("\x21\x0f");
  EXPECT_THAT(bytesOf(nibbles), ElementsAre(0x21, 0x0f));
  TensorProto pairs = typed(TensorProto::UINT2, {5});
  pairs.add_int32_data(0xe4);
  pairs.add_int32_data(0x01);
  EXPECT_THAT(bytesOf(pairs), ElementsAre(0xe4, 0x01));
  TensorProto sixes = typed(TensorProto::FLOAT6E2M3, {4}); // one entry each; raw: four in three bytes
  for (int value : {0x3f, 0x00, 0x21, 0x02})
    sixes.add_int32_data(value);
  EXPECT_THAT(bytesOf(sixes), ElementsAre(0x3f, 0x10, 0x0a));
  EXPECT_THAT(errorOfTensor(typed(TensorProto::UINT4, {3})), HasSubstr("tensor 'w' has 0 values, its type uint4[3] needs 2"));
}

TEST_F(TensorTest, StringsAreSeparate) {
  TensorProto words = typed(TensorProto::STRING, {2});
  words.add_string_data("a");
  words.add_string_data(std::string("b\0c", 3));
  auto result = read(words);
  ASSERT_TRUE(result.ok());
  EXPECT_THAT(result->strings, ElementsAre("a", std::string("b\0c", 3)));
  EXPECT_TRUE(result->bytes().empty());
  words.add_string_data("too many");
  EXPECT_THAT(errorOfTensor(words), HasSubstr("tensor 'w' has 3 values, its type string[2] needs 2"));
}

TEST_F(TensorTest, EmptyTensors) {
  auto result = read(typed(TensorProto::FLOAT, {0, 5}));
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_TRUE(result->bytes().empty());
}

TEST_F(TensorTest, PayloadSizeMustFitTheShape) {
  TensorProto tensor = typed(TensorProto::FLOAT, {2, 3});
  tensor.set_raw_data(std::string(20, '\0'));
  EXPECT_THAT(errorOfTensor(tensor), HasSubstr("tensor 'w' has 20 bytes of data, its type float32[2, 3] needs 24"));
  tensor.set_raw_data(std::string(5000, '\0')); // one that is cut
  EXPECT_THAT(errorOfTensor(tensor), HasSubstr("tensor 'w' has 5000 bytes of data, its type float32[2, 3] needs 24"));
  TensorProto values = typed(TensorProto::FLOAT, {3});
  values.add_float_data(1);
  EXPECT_THAT(errorOfTensor(values), HasSubstr("tensor 'w' has 1 values, its type float32[3] needs 3"));
}

TEST_F(TensorTest, PayloadMustBeInAFieldOfItsType) {
  TensorProto tensor = typed(TensorProto::INT32, {1000});
  for (int i = 0; i < 1000; ++i)
    tensor.add_float_data(0);
  EXPECT_THAT(errorOfTensor(tensor), HasSubstr("tensor 'w' has its data in a field that does not belong to its type int32"));
}

TEST_F(TensorTest, DimsMustBeSane) {
  EXPECT_THAT(errorOfTensor(typed(TensorProto::FLOAT, {2, -3})), HasSubstr("tensor 'w' has shape [2, -3]: a dim cannot be negative"));
  EXPECT_THAT(errorOfTensor(typed(TensorProto::FLOAT, {1 << 20, 1 << 20})), HasSubstr("tensor 'w' has shape [1048576, 1048576], which is more than"));
  EXPECT_THAT(errorOfTensor(typed(TensorProto::INT8, {INT64_MAX, INT64_MAX, INT64_MAX})), HasSubstr("which is more than the limit"));
  EXPECT_THAT(errorOfTensor(typed(TensorProto::UNDEFINED, {1})), HasSubstr("tensor 'w' has an unknown element type (code 0)"));
  EXPECT_THAT(errorOfTensor(typed(static_cast<TensorProto::DataType>(0), std::vector<int64_t>(65, 1))), HasSubstr("unknown element type"));
  EXPECT_THAT(errorOfTensor(typed(TensorProto::FLOAT, std::vector<int64_t>(65, 1))), HasSubstr("tensor 'w' has 65 dims, the limit is 64"));
}

TEST_F(TensorTest, AForgedNoteIsRefused) {
  TensorProto tensor = typed(TensorProto::INT8, {4});
  onnx::StringStringEntryProto &entry = *tensor.add_external_data();
  entry.set_key("ingot.payload-offset");
  entry.set_value("0");
  EXPECT_THAT(errorOfTensor(tensor), HasSubstr("tensor 'w' refers to data that the model does not contain"));
}

} // namespace
} // namespace ingot::ingest

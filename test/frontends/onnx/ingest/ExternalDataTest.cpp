// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ModelFixture.h"

#include <cstring>

namespace ingot::ingest {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class ExternalDataTest : public ModelFixture {
protected:
  /// A model whose initialiser 'w' of type float32[3] has the given entries of external data.
  static onnx::ModelProto externalModel(const std::vector<std::pair<std::string, std::string>> &entries) {
    onnx::ModelProto result = model("g (float[3] x) => (float[3] y) { y = Mul (x, w) }");
    onnx::TensorProto &tensor = *result.mutable_graph()->add_initializer();
    tensor = floats("w", {0, 0, 0});
    tensor.clear_raw_data();
    tensor.set_data_location(onnx::TensorProto::EXTERNAL);
    for (const auto &[key, value] : entries) {
      onnx::StringStringEntryProto &entry = *tensor.add_external_data();
      entry.set_key(key);
      entry.set_value(value);
    }
    return result;
  }
};

TEST_F(ExternalDataTest, IsMapped) {
  llvm::sys::fs::create_directory(pathOf("weights"));
  float values[] = {-1, 1, 2, 3};
  write("weights/w.bin", std::string(reinterpret_cast<const char *>(values), sizeof values));
  for (const auto &entries : std::vector<std::vector<std::pair<std::string, std::string>>>{
           {{"location", "weights/w.bin"}, {"offset", "4"}, {"length", "12"}}, {{"location", "weights/w.bin"}, {"offset", "4"}}}) {
    auto loaded = load(externalModel(entries));
    ASSERT_TRUE(loaded.ok()) << loaded.status().message();
    const Initializer *w = (*loaded)->initializer("w");
    ASSERT_TRUE(w && w->source);
    EXPECT_EQ(w->source->offset, 4u);
    ASSERT_EQ(w->bytes().size(), 12u);
    float first = 0;
    memcpy(&first, w->bytes().data(), sizeof first);
    EXPECT_EQ(first, 1.0f);
  }
}

TEST_F(ExternalDataTest, IsHashedByFile) {
  write("w.bin", std::string(12, '\0'));
  auto loaded = load(externalModel({{"location", "w.bin"}}));
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  using Hashes = std::map<std::string, std::string>; // sha256sum of 12 and of 13 zeros
  EXPECT_EQ((*loaded)->externalSha256(), (Hashes{{"w.bin", "15ec7bf0b50732b49f8228e07d24365338f9e3ab994b00af08e5a3bffe55fd8b"}}));
  write("w.bin", std::string(13, '\0'));
  loaded = load(externalModel({{"location", "w.bin"}}));
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_EQ((*loaded)->externalSha256(), (Hashes{{"w.bin", "dd46c3eebb1884ff3b5258c0a2fc9398e560a29e0780d4b53869b6254aa46a96"}}));
  EXPECT_EQ((*load(model("g () => () {}")))->externalSha256(), Hashes());
}

TEST_F(ExternalDataTest, MissingFile) {
  EXPECT_THAT(errorOf(externalModel({{"location", "w.bin"}})), AllOf(HasSubstr("tensor 'w'"), HasSubstr("'w.bin' is missing"), HasSubstr(folder)));
}

TEST_F(ExternalDataTest, TooShort) {
  write("w.bin", std::string(10, '\0'));
  EXPECT_THAT(errorOf(externalModel({{"location", "w.bin"}})),
              HasSubstr("tensor 'w' needs 12 bytes at offset 0 of external data file 'w.bin', which has only 10 bytes"));
  EXPECT_THAT(errorOf(externalModel({{"location", "w.bin"}, {"offset", "18446744073709551615"}})),
              HasSubstr("needs 12 bytes at offset 18446744073709551615 of external data file 'w.bin', which has only 10 bytes"));
}

TEST_F(ExternalDataTest, LengthContradictsTheShape) {
  write("w.bin", std::string(100, '\0'));
  EXPECT_THAT(errorOf(externalModel({{"location", "w.bin"}, {"length", "16"}})),
              HasSubstr("tensor 'w' has 16 bytes of external data in 'w.bin', its type float32[3] needs 12"));
}

TEST_F(ExternalDataTest, BadEntries) {
  EXPECT_THAT(errorOf(externalModel({{"location", "w.bin"}, {"offset", "-4"}})), HasSubstr("tensor 'w' the offset of its external data is '-4'"));
  EXPECT_THAT(errorOf(externalModel({{"offset", "4"}})), HasSubstr("tensor 'w' its data is external, but no file is named"));
  onnx::ModelProto both = externalModel({{"location", "w.bin"}});
  both.mutable_graph()->mutable_initializer(0)->set_raw_data(std::string(12, '\0'));
  EXPECT_THAT(errorOf(both), HasSubstr("tensor 'w' has its data both in the model and in an external file"));
}

TEST_F(ExternalDataTest, PathsOutOfTheFolder) {
  EXPECT_THAT(errorOf(externalModel({{"location", "/etc/passwd"}})), AllOf(HasSubstr("tensor 'w'"), HasSubstr("'/etc/passwd' is an absolute path")));
  EXPECT_THAT(errorOf(externalModel({{"location", "../w.bin"}})), HasSubstr("'../w.bin' leads out of the folder by '..'"));
  EXPECT_THAT(errorOf(externalModel({{"location", "a/../../w.bin"}})), HasSubstr("leads out of the folder by '..'"));
  llvm::sys::fs::create_directory(pathOf("inside"));
  std::string outside = write("w.bin", std::string(12, '\0'));
  ASSERT_FALSE(llvm::sys::fs::create_link(outside, pathOf("inside/link.bin")));
  std::string model = write("inside/model.onnx", externalModel({{"location", "link.bin"}}).SerializeAsString());
  EXPECT_THAT(errorOf(model), HasSubstr("'link.bin' is a link to a file outside the folder"));
  EXPECT_THAT(errorOf(externalModel({{"location", "inside"}})), HasSubstr("is not a regular file"));
}

TEST_F(ExternalDataTest, ALinkInsideTheFolderIsFollowed) {
  ASSERT_FALSE(llvm::sys::fs::create_link(write("w.bin", std::string(12, '\0')), pathOf("link.bin")));
  EXPECT_EQ(errorOf(externalModel({{"location", "link.bin"}})), "");
}

} // namespace
} // namespace ingot::ingest

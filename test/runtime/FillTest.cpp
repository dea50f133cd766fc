// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values without a file, and files without a header.
#include "runtime/program/Fill.h"
#include "runtime/program/Narrow.h"
#include "runtime/program/RawFile.h"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <vector>

using testing::HasSubstr;

namespace {

constexpr int32_t types[] = {INGOT_F32, INGOT_F64, INGOT_F16, INGOT_BF16, INGOT_U8,  INGOT_I8, INGOT_BOOL,
                             INGOT_U16, INGOT_I16, INGOT_U32, INGOT_I32,  INGOT_U64, INGOT_I64};

std::vector<double> filled(int32_t type, FillKind kind, int64_t count, const char *name = "x", uint64_t seed = 0) {
  HostTensor tensor = {};
  tensor.element_type = type;
  tensor.rank = 1;
  tensor.dims[0] = count;
  ErrorText error;
  EXPECT_EQ(ingot_tensor_allocate(&tensor, &error), PROGRAM_OK);
  ingot_tensor_fill(&tensor, kind, name, seed);
  std::vector<double> result(static_cast<size_t>(count));
  for (size_t i = 0; i < result.size(); ++i)
    result[i] = ingot_element_value(type, tensor.data, i);
  ingot_tensor_free(&tensor);
  return result;
}

TEST(FillTest, RandomDependsOnNameAndSeedOnly) {
  EXPECT_EQ(filled(INGOT_F32, FILL_RANDOM, 5000, "x", 1), filled(INGOT_F32, FILL_RANDOM, 5000, "x", 1));
  EXPECT_NE(filled(INGOT_F32, FILL_RANDOM, 5000, "x", 1), filled(INGOT_F32, FILL_RANDOM, 5000, "y", 1));
  EXPECT_NE(filled(INGOT_F32, FILL_RANDOM, 5000, "x", 1), filled(INGOT_F32, FILL_RANDOM, 5000, "x", 2));
  for (int32_t type : {INGOT_F32, INGOT_F64, INGOT_F16, INGOT_BF16}) {
    double sum = 0;
    for (double value : filled(type, FILL_RANDOM, 5000, "x", 3)) {
      ASSERT_GE(value, -1);
      ASSERT_LT(value, 1);
      sum += value;
    }
    EXPECT_NEAR(sum / 5000, 0, 0.05);
  }
  for (int32_t type : {INGOT_U8, INGOT_I8, INGOT_BOOL, INGOT_U16, INGOT_I16, INGOT_U32, INGOT_I32, INGOT_U64, INGOT_I64})
    for (double value : filled(type, FILL_RANDOM, 5000, "x", 3))
      ASSERT_TRUE(value == 0 || value == 1);
}

TEST(FillTest, ZerosOnesAndIotaInEveryType) {
  for (int32_t type : types) {
    EXPECT_EQ(filled(type, FILL_ZEROS, 3), (std::vector<double>{0, 0, 0})) << type;
    EXPECT_EQ(filled(type, FILL_ONES, 3), (std::vector<double>{1, 1, 1})) << type;
    const double two = type == INGOT_BOOL ? 0 : 2;
    EXPECT_EQ(filled(type, FILL_IOTA, 4), (std::vector<double>{0, 1, two, type == INGOT_BOOL ? 1.0 : 3.0})) << type;
  }
}

TEST(FillTest, NarrowTypesHaveTheNumbersOfTheirBits) {
  EXPECT_EQ(filled(INGOT_I4, FILL_IOTA, 10), (std::vector<double>{0, 1, 2, 3, 4, 5, 6, 7, 0, 1}));
  EXPECT_EQ(filled(INGOT_U2, FILL_IOTA, 5), (std::vector<double>{0, 1, 2, 3, 0}));
  for (int32_t type :
       {INGOT_U4, INGOT_I2, INGOT_F8E4M3FN, INGOT_F8E4M3FNUZ, INGOT_F8E5M2, INGOT_F8E5M2FNUZ, INGOT_F6E2M3, INGOT_F6E3M2, INGOT_F4E2M1}) {
    EXPECT_EQ(filled(type, FILL_ZEROS, 2), (std::vector<double>{0, 0})) << ingot_element_name(type);
    if (type != INGOT_I2)
      EXPECT_EQ(filled(type, FILL_ONES, 2), (std::vector<double>{1, 1})) << ingot_element_name(type);
  }
  EXPECT_EQ(filled(INGOT_F8E8M0, FILL_ONES, 1), (std::vector<double>{1}));
}

TEST(FillTest, NarrowTypesTakeBytesThatAreElements) {
  uint64_t at = 99;
  uint8_t withoutSign[] = {8, 15, 7, 0xf8}, tooLarge[] = {3, 16}, float4[] = {15, 0};
  EXPECT_TRUE(ingot_narrow_adopt(INGOT_I4, withoutSign, 4, &at));
  EXPECT_THAT(withoutSign, testing::ElementsAre(0xf8, 0xff, 7, 0xf8));
  for (int32_t type : {INGOT_I4, INGOT_U4, INGOT_F4E2M1}) {
    EXPECT_FALSE(ingot_narrow_adopt(type, tooLarge, 2, &at)) << type;
    EXPECT_EQ(at, 1u);
  }
  EXPECT_TRUE(ingot_narrow_adopt(INGOT_F4E2M1, float4, 2, &at));
  EXPECT_EQ(float4[0], 15);
}

TEST(FillTest, IotaBeginsAgainWhereTheTypeEnds) {
  const struct {
    int32_t type;
    int64_t period;
  } cases[] = {{INGOT_I8, 128}, {INGOT_U8, 256}, {INGOT_BF16, 256}, {INGOT_F16, 2048}, {INGOT_I16, 32768}, {INGOT_U16, 65536}};
  for (auto [type, period] : cases) {
    const std::vector<double> values = filled(type, FILL_IOTA, period + 2);
    for (int64_t i = 0; i < period + 2; ++i)
      ASSERT_EQ(values[static_cast<size_t>(i)], static_cast<double>(i % period)) << ingot_element_name(type);
  }
  EXPECT_EQ(filled(INGOT_F32, FILL_IOTA, 100001).back(), 100000);
}

TEST(FillTest, KindsByName) {
  FillKind kind;
  EXPECT_TRUE(ingot_fill_kind("iota", &kind));
  EXPECT_EQ(kind, FILL_IOTA);
  EXPECT_TRUE(ingot_fill_kind("random", &kind));
  EXPECT_EQ(kind, FILL_RANDOM);
  for (const char *word : {"", "zero", "ONES"})
    EXPECT_FALSE(ingot_fill_kind(word, &kind)) << word;
}

std::string typeOf(const RawSpec &spec) {
  char text[INGOT_TYPE_TEXT];
  ingot_format_type(text, spec.tensor.element_type, spec.tensor.dims, spec.tensor.rank);
  return spec.has_type ? text : "";
}

TEST(RawFileTest, PathAndType) {
  const struct {
    const char *text, *path, *type;
  } cases[] = {
      {"x.bin", "x.bin", ""},
      {"x.bin:f32:1x3x224x224", "x.bin", "f32 [1, 3, 224, 224]"},
      {"a:b/x:i64:7", "a:b/x", "i64 [7]"},
      {"x:bf16:0x3", "x", "bf16 [0, 3]"},
      {"a:b", "a:b", ""},
      {"a:7", "a:7", ""},
      {"a:b:c", "a:b:c", ""},
  };
  for (const auto &test : cases) {
    RawSpec spec;
    ErrorText error = {};
    EXPECT_EQ(ingot_raw_parse(test.text, &spec, &error), PROGRAM_OK) << error.text;
    EXPECT_STREQ(spec.path, test.path);
    EXPECT_EQ(typeOf(spec), test.type) << test.text;
  }
}

TEST(RawFileTest, WrongWords) {
  std::string deep = "x:f32:1";
  for (int i = 0; i < INGOT_MAX_RANK; ++i)
    deep += "x1";
  const std::pair<std::string, const char *> cases[] = {
      {"x.bin:float:1x3", "'float' in --raw x.bin:float:1x3 is no element type; the types are f32, "},
      {"x.bin:f32:1xthree", "'1xthree' in --raw x.bin:f32:1xthree is no shape as 1x3x224x224"},
      {"x.bin:f32:", "is no shape"},
      {"x.bin:f32:1x", "is no shape"},
      {"x.bin:f32:99999999999999999999", "is no shape"},
      {deep, "is no shape"},
      {":f32:3", "names no file"},
      {std::string(5000, 'a'), "is too long"},
  };
  for (const auto &[text, message] : cases) {
    RawSpec spec;
    ErrorText error = {};
    EXPECT_EQ(ingot_raw_parse(text.c_str(), &spec, &error), PROGRAM_BAD_USAGE) << text;
    EXPECT_THAT(error.text, HasSubstr(message));
  }
}

TEST(RawFileTest, ReadsFilesOfTheRightSizeOnly) {
  const std::filesystem::path path = std::filesystem::temp_directory_path() / ("ingot-raw-" + std::to_string(getpid()));
  for (size_t size : {0, 7, 8, 9}) {
    std::ofstream(path, std::ios::binary) << std::string("\1\0\xff\xff\3\0\4\0\5", 9).substr(0, size);
    RawSpec spec;
    ErrorText error = {};
    ASSERT_EQ(ingot_raw_parse((path.string() + ":i16:2x2").c_str(), &spec, &error), PROGRAM_OK);
    const ProgramStatus status = ingot_raw_read(spec.path, &spec.tensor, &error);
    ASSERT_EQ(status, size == 8 ? PROGRAM_OK : PROGRAM_BAD_INPUT) << error.text;
    if (size == 8)
      EXPECT_EQ(ingot_element_value(INGOT_I16, spec.tensor.data, 1), -1);
    else
      EXPECT_THAT(error.text, HasSubstr(" has " + std::to_string(size) + " bytes, but i16 [2, 2] takes 8"));
    ingot_tensor_free(&spec.tensor);
  }
  std::filesystem::remove(path);
}

} // namespace

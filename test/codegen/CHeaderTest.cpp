// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/Codegen/CHeader.h"
#include "runtime/include/ingot/ingot.h"
#include "test/codegen/TestModel.h"
#include "llvm/Support/Program.h"

using namespace ingot;
using namespace ingot::test;

namespace {

std::string headerOf(const ModelInterface &interface) {
  TestFolder folder;
  EXPECT_OK(writeHeader(folder.file("m.h"), interface));
  return readFile(folder.file("m.h"));
}

} // namespace

TEST(CHeader, DeclaresTheModel) {
  std::string text = headerOf(demoInterface());
  for (const char *line :
       {"#ifndef INGOT_MODEL_DEMO_H\n", "extern INGOT_API const IngotModel demo_model;\n", "enum { DEMO_INPUT_X = 0, DEMO_INPUTS = 1 };\n",
        "enum { DEMO_OUTPUT_Y_0 = 0, DEMO_OUTPUTS = 1 };\n", "/* x: f32[2 x 2] */\n", "#define DEMO_NAME_OUTPUT_Y_0 \"y/0\"\n",
        "#define DEMO_RANK_INPUT_X 2\n", "#define DEMO_DIMS_INPUT_X {2, 2}\n", "#define DEMO_BYTES_INPUT_X UINT64_C(16)\n",
        "  const float *input_x; /* f32[2 x 2] */\n} demo_inputs;\n",
        "demo_run_named(IngotSession *session, const demo_inputs *inputs, const demo_outputs *outputs) {\n",
        "demo_open(const IngotSessionOptions *options, IngotSession **session) {\n",
        "demo_run(IngotSession *session, const float *input_x, float *output_y_0) {\n", "typedef struct IngotModel {\n", "#ifndef INGOT_INGOT_H\n"})
    EXPECT_TRUE(llvm::StringRef(text).contains(line)) << line << text;
}

TEST(CHeader, KeepsNamesApart) {
  ModelInterface interface = demoInterface();
  interface.inputs = {
      {"a.b", INGOT_F16, {1}, 2}, {"A_b", INGOT_I64, {1}, 8}, {"a b_1", INGOT_BOOL, {1}, 1}, {"*/ int x;", INGOT_F32, {1}, 4}, {"", 99, {}, 4}};
  std::string text = headerOf(interface);
  EXPECT_TRUE(
      llvm::StringRef(text).contains("demo_run(IngotSession *session, const uint16_t *input_a_b, const int64_t *input_A_b_1, "
                                     "const uint8_t *input_a_b_1_2, const float *input____int_x_, const void *input_4, float *output_y_0) {\n"))
      << text;
  EXPECT_TRUE(llvm::StringRef(text).contains("/* __ int x;: f32[1] */\n")) << text;
  EXPECT_TRUE(llvm::StringRef(text).contains("#define DEMO_NAME_INPUT____INT_X_ \"*/ int x;\"\n")) << text;
}

TEST(CHeader, CompilesAloneAsCAndCxx) {
  TestFolder folder;
  ModelInterface interface = demoInterface();
  interface.inputs = {{"a.b", INGOT_F16, {1}, 2}, {"A_b", INGOT_I64, {1}, 8}, {"bytes_a.b", INGOT_BOOL, {}, 1}, {"S", INGOT_F32, {0}, 0}};
  ASSERT_OK(writeHeader(folder.file("m.h"), interface));
  interface.prefix = "empty";
  interface.inputs.clear();
  ASSERT_OK(writeHeader(folder.file("empty.h"), interface));
  llvm::StringRef compiler = TEST_C_COMPILER;
  for (const char *standard : {"-std=c11", "-std=c++17", "-std=c++20"}) {
    llvm::StringRef language = llvm::StringRef(standard).contains("++") ? "c++" : "c";
    std::string error;
    int code = llvm::sys::ExecuteAndWait(compiler,
                                         {compiler, "-x", language, standard, "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
                                          "-Wno-unused-function", "-include", folder.file("m.h"), "-include", folder.file("empty.h"), "/dev/null"},
                                         std::nullopt, {}, 60, 0, &error);
    EXPECT_EQ(code, 0) << standard << " " << error;
  }
}

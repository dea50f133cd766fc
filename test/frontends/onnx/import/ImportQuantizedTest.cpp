// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Element types of fewer bits than a byte, and weights in blocks: the form in which passes look for them.
#include "frontends/onnx/Import/NarrowTypes.h"
#include "test/frontends/onnx/import/ImportFixture.h"

#include <cmath>

namespace ingot::importer {
namespace {

using onnx::TensorProto;

class ImportQuantized : public ImportFixture {
protected:
  static TensorProto raw(const std::string &name, int32_t type, std::vector<int64_t> dims, size_t bytes) {
    TensorProto tensor;
    tensor.set_name(name);
    tensor.set_data_type(type);
    for (int64_t dim : dims)
      tensor.add_dims(dim);
    tensor.set_raw_data(std::string(bytes, '\x21'));
    return tensor;
  }
};

TEST_F(ImportQuantized, DividesInTheTypeThatAModelWants) {
  auto dividedIn = [&](int32_t type) {
    onnx::ModelProto proto =
        model("g (float[2] x, float s) => (uint8[2] y) { [n] y = QuantizeLinear<precision = " + std::to_string(type) + ">(x, s) }", "\"\": 23");
    return import(proto);
  };
  EXPECT_THAT(dividedIn(TensorProto::FLOAT), HasSubstr("ingot.quantize"));
  EXPECT_THAT(dividedIn(TensorProto::FLOAT), Not(HasSubstr("ingot.bitcast")));
  EXPECT_THAT(dividedIn(TensorProto::FLOAT16), HasSubstr("ingot.bitcast %0 to i16 : tensor<f16>"));
  EXPECT_THAT(dividedIn(TensorProto::BFLOAT16), HasSubstr("ingot.bitcast %0 to i16 : tensor<bf16>"));
  EXPECT_THAT(dividedIn(TensorProto::DOUBLE), HasSubstr("QuantizeLinear node 'n' divides in float64, which is not supported"));
}

TEST_F(ImportQuantized, UnpacksNibblesInARecipeAndKeepsTheTypeOfInputsAndOutputs) {
  onnx::ModelProto proto =
      model("g (int4[2, 3] x, float[64, 40] z) => (int4[2, 3] y, float[64, 40] d) { y = Identity(x) w = Cast<to = 1>(q) d = Add(w, z) }", "\"\": 21");
  *proto.mutable_graph()->add_initializer() = raw("q", TensorProto::INT4, {64, 40}, 64 * 20);
  std::string ir = import(proto);
  EXPECT_THAT(ir, AllOf(HasSubstr("tensor<2x3xi8> {ingot.element_type = 22 : i32, ingot.name = \"x\"}"),
                        HasSubstr("(tensor<2x3xi8> {ingot.element_type = 22 : i32, ingot.name = \"y\"}"),
                        HasSubstr("bits 4 to i8 : tensor<64x20xui8> -> tensor<64x40xi8>")));
}

TEST_F(ImportQuantized, CutsTheEndOfRowsThatAreNoWholeBytes) {
  onnx::ModelProto proto = model("g (float[21, 5] z) => (float[21, 5] d) { w = Cast<to = 1>(q) d = Add(w, z) }", "\"\": 21");
  *proto.mutable_graph()->add_initializer() = raw("q", TensorProto::UINT4, {21, 5}, 53);
  EXPECT_THAT(import(proto), AllOf(HasSubstr("bits 4 to ui8 : tensor<53xui8> -> tensor<106xui8>"), HasSubstr("tensor<106xui8> -> tensor<105xui8>"),
                                   HasSubstr("tensor<105xui8> -> tensor<21x5xui8>")));
}

TEST_F(ImportQuantized, WritesBlockProductsAsDequantizedWeights) {
  onnx::ModelProto proto =
      model("g (float[3, 64] x) => (float[3, 48] y) { y = com.microsoft.MatMulNBits<K = 64, N = 48, block_size = 32>(x, b, s, z) }",
            "\"\": 21, \"com.microsoft\": 1");
  *proto.mutable_graph()->add_initializer() = raw("b", TensorProto::UINT8, {48, 2, 16}, 48 * 32);
  *proto.mutable_graph()->add_initializer() = raw("s", TensorProto::FLOAT, {48, 2}, 48 * 2 * 4);
  *proto.mutable_graph()->add_initializer() = raw("z", TensorProto::UINT8, {48, 1}, 48);
  std::string ir = import(proto);
  EXPECT_THAT(ir, AllOf(HasSubstr("bits 4 to ui8 : tensor<48x32xui8> -> tensor<48x64xui8>"),
                        HasSubstr("bits 4 to ui8 : tensor<48x1xui8> -> tensor<48x2xui8>"), HasSubstr("{axis = 1 : i64, block = 32 : i64} to f32"),
                        HasSubstr("transpose_rhs"), Not(HasSubstr("ingot.slice"))));
}

TEST_F(ImportQuantized, RoundsFloatsOfABitLessThanTheyHave) {
  // Halfway between 1 and 1.125 lies 1.0625: the even one of the two.
  EXPECT_EQ(encodeNarrow(TensorProto::FLOAT8E4M3FN, 1.0625f, {}), 0x38);
  EXPECT_EQ(encodeNarrow(TensorProto::FLOAT8E4M3FN, std::nextafter(1.0625f, 2.0f), {}), 0x39);
  EXPECT_EQ(encodeNarrow(TensorProto::FLOAT8E4M3FN, 1e9f, {.saturate = true}), 0x7e);
  EXPECT_EQ(encodeNarrow(TensorProto::FLOAT8E4M3FN, 1e9f, {.saturate = false}), 0x7f);
  EXPECT_EQ(encodeNarrow(TensorProto::FLOAT8E5M2, -INFINITY, {.saturate = false}), 0xfc);
  EXPECT_EQ(encodeNarrow(TensorProto::FLOAT8E5M2, -INFINITY, {.saturate = true}), 0xfb);
  EXPECT_EQ(encodeNarrow(TensorProto::FLOAT8E8M0, 1.5f, {.rounding = NarrowRounding::Up}), 128);
  EXPECT_EQ(encodeNarrow(TensorProto::FLOAT8E8M0, 1.5f, {.rounding = NarrowRounding::Down}), 127);
  EXPECT_EQ(encodeNarrow(TensorProto::FLOAT4E2M1, 5.0f, {}), 6); // between 4 and 6
  for (int32_t type : {TensorProto::FLOAT8E4M3FN, TensorProto::FLOAT8E4M3FNUZ, TensorProto::FLOAT8E5M2, TensorProto::FLOAT8E5M2FNUZ,
                       TensorProto::FLOAT8E8M0, TensorProto::FLOAT6E2M3, TensorProto::FLOAT6E3M2, TensorProto::FLOAT4E2M1})
    for (int bits = 0; bits < (type == TensorProto::FLOAT4E2M1 ? 16 : type >= TensorProto::FLOAT6E2M3 ? 64 : 256); ++bits)
      // 2^-127 is no normal f32, and ONNX reads no more than an f32's exponent.
      if (float value = decodeNarrow(type, static_cast<uint8_t>(bits)); std::isfinite(value) && value != 0x1p-127f) {
        EXPECT_EQ(encodeNarrow(type, value, {}), bits) << type << ": " << value;
      }
}

TEST_F(ImportQuantized, ReportsScalesThatGiveNoNumbers) {
  auto withScale = [&](const std::string &op, float scale) {
    onnx::ModelProto proto = model("g (" + std::string(op == "QuantizeLinear" ? "float" : "int8") + "[2] x) => (" +
                                   (op == "QuantizeLinear" ? "uint8" : "float") + "[2] y) { [n] y = " + op + "(x, s) }");
    *proto.mutable_graph()->add_initializer() = floats("s", {scale});
    return import(proto);
  };
  EXPECT_THAT(withScale("QuantizeLinear", NAN), HasSubstr("node 'n' has nan as element 0 of 'y_scale', which is no finite number"));
  EXPECT_THAT(withScale("QuantizeLinear", 0.0f), HasSubstr("which divides by 0"));
  EXPECT_THAT(withScale("QuantizeLinear", 1e-40f), HasSubstr("which is denormal, too small to divide by"));
  EXPECT_THAT(withScale("QuantizeLinear", -0.5f), HasSubstr("ingot.quantize"));
  EXPECT_THAT(withScale("DequantizeLinear", 0.0f), HasSubstr("ingot.dequantize")); // a channel of zeros
  EXPECT_THAT(withScale("DequantizeLinear", INFINITY), HasSubstr("which is no finite number"));
}

} // namespace
} // namespace ingot::importer

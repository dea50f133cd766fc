// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The C++ header: owners, spans, errors with text.
#include "AllocationCount.h"
#include "SmallModel.h"
#include "ingot/ingot.hpp"

#include <array>
#include <gtest/gtest.h>
#include <string>

namespace {

TEST(CxxHeaderTest, RunsOnSpansVectorsAndArrays) {
  Model model;
  ingot::Session session(model.model, ingot::Options(2));
  EXPECT_EQ(session.threads(), 2u);
  std::vector<float> x(size, 3), y(size);
  std::array<float, size> z;
  const std::span<const float> input = x;
  session.run({input}, {y, z});
  EXPECT_EQ(y[0], 9);
  EXPECT_EQ(z[size - 1], 9);
  const long before = allocationCount();
  const IngotStatus status = session.tryRun({x}, {y, z});
  EXPECT_EQ(allocationCount(), before);
  EXPECT_EQ(status, INGOT_OK);
  EXPECT_EQ(ingot::dims(ingot::inputs(model.model)[0])[0], size);
  EXPECT_STREQ(ingot::outputs(model.model)[1].name, "z");
}

TEST(CxxHeaderTest, ChecksTypesAndSizes) {
  Model model;
  ingot::Session session(model.model, ingot::Options(1));
  std::vector<float> x(size), y(size), z(size), shorter(size - 1);
  std::vector<int32_t> integers(size);
  EXPECT_EQ(session.tryRun({shorter}, {y, z}), INGOT_WRONG_SHAPE);
  EXPECT_EQ(session.tryRun({integers}, {y, z}), INGOT_WRONG_SHAPE);
  EXPECT_EQ(session.tryRun({x}, {y}), INGOT_WRONG_SHAPE);
  EXPECT_EQ(session.tryRun({}, {y, z}), INGOT_WRONG_SHAPE);
  EXPECT_EQ(session.tryRun({x}, {y, y}), INGOT_OVERLAP);
  EXPECT_EQ(session.tryRun({x}, {y, z}), INGOT_OK);
  EXPECT_TRUE(ingot::storesAs<bool>(INGOT_BOOL));
  EXPECT_FALSE(ingot::storesAs<float>(INGOT_F16));
}

TEST(CxxHeaderTest, StridedTensors) {
  Model model;
  ingot::Options options(1);
  options.flags = INGOT_STAGING;
  ingot::Session session(model.model, options);
  std::vector<float> x(2 * size, 5), y(size), z(size);
  const int64_t stride = 2;
  const IngotTensor in[] = {{x.data(), nullptr, &stride}};
  IngotTensor out[] = {{y.data(), nullptr, nullptr}, {z.data(), nullptr, nullptr}};
  EXPECT_EQ(session.tryRun(in, out), INGOT_OK);
  EXPECT_EQ(y[5], 10);
  EXPECT_EQ(session.tryRun(std::span(in), std::span(out).first(1)), INGOT_INVALID_ARGUMENT);
}

/// y[rows, n + 1] = 7 everywhere, of x[rows, n]: 1 to 9 rows, n from 2 to 100. The relation is that rows and n differ.
struct OpenModel : Model {
  static constexpr int64_t in[] = {-1, -2}, out[] = {-1, -3};
  IngotSymbol symbols[3] = {{"rows", 1, 9, INGOT_SYMBOL_INPUT, 0}, {"n", 2, 100, INGOT_SYMBOL_INPUT, 0}, {"n + 1", 3, 101, INGOT_SYMBOL_COMPUTED, 0}};
  const char *relations[1] = {"node 'a': rows and n must differ"};
  OpenModel() {
    inputs[0] = {"x", in, 9 * 100 * sizeof(float), INGOT_F32, 2};
    outputs[0] = {"y", out, 9 * 101 * sizeof(float), INGOT_F32, 2};
    model.output_count = 1;
    model.symbol_count = 3;
    model.symbols = symbols;
    model.relation_count = 1;
    model.relations = relations;
    variants[0].value_count = 3;
    variants[0].prepare = [](int64_t *values) {
      values[2] = values[1] + 1;
      return values[0] == values[1] ? int64_t{-1} : 64 * values[0];
    };
    variants[0].run = [](IngotCall *call, int64_t thread, int64_t) {
      for (int64_t i = 0; thread == 0 && i < call->values[0] * call->values[2]; ++i)
        static_cast<float *>(call->outputs[0])[i] = 7;
    };
  }
};

TEST(CxxHeaderTest, RunsWithDims) {
  OpenModel model;
  ingot::Session session(model.model, ingot::Options(1));
  std::vector<float> x(10), y(12);
  const int64_t rows = 2;
  const long before = allocationCount();
  const IngotStatus status = session.tryRun({{x, {rows, 5}}}, {{y, {rows, 6}}});
  EXPECT_EQ(allocationCount(), before);
  EXPECT_EQ(status, INGOT_OK);
  EXPECT_EQ(y, std::vector<float>(12, 7));
  const std::vector<int64_t> in = {1, 10}, out = {1, 11};
  EXPECT_EQ(session.tryRun({{x, in}}, {{std::span(y).first(11), out}}), INGOT_OK);
  EXPECT_EQ(session.tryRun({{x, {2, 5}}}, {{y, {2, 5}}}), INGOT_WRONG_SHAPE) << "fewer elements than the vector";
  EXPECT_EQ(session.tryRun({{x, {10}}}, {{y, {2, 6}}}), INGOT_WRONG_SHAPE) << "another rank";
  EXPECT_EQ(session.tryRun({{x, {-2, -5}}}, {{y, {2, 6}}}), INGOT_WRONG_SHAPE);
  EXPECT_EQ(session.tryRun({x}, {y}), INGOT_WRONG_SHAPE) << "no dims";
  EXPECT_EQ(session.tryRun({{x, {2, 5}}}, {{y, {3, 4}}}), INGOT_WRONG_SHAPE);
  EXPECT_STREQ(session.error(), "dim 0 of output 'y' is 3: the model has 2");
}

TEST(CxxHeaderTest, ShapesFollowFromTheInputs) {
  OpenModel model;
  ingot::Shapes shapes(model.model, {{3, 20}});
  EXPECT_EQ(shapes.output(0), (std::vector<int64_t>{3, 21}));
  EXPECT_EQ(shapes.arenaBytes(), 192u);
  std::string text;
  EXPECT_EQ(ingot::Shapes::find(model.model, {{10, 20}}, shapes, &text), INGOT_WRONG_SHAPE);
  EXPECT_EQ(text, "input 'x' has dims that the model does not take");
  EXPECT_EQ(ingot::Shapes::find(model.model, {{3, 20, 1}}, shapes), INGOT_WRONG_SHAPE);
  EXPECT_EQ(ingot::Shapes::find(model.model, {}, shapes), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(ingot::Shapes::find(model.model, {{5, 5}}, shapes, &text), INGOT_WRONG_SHAPE);
  EXPECT_EQ(text, "node 'a': rows and n must differ");
  Model closed;
  EXPECT_EQ(ingot::Shapes(closed.model, {{size}}).output(1), std::vector<int64_t>{size});
  EXPECT_EQ(ingot::Shapes::find(closed.model, {{size + 1}}, shapes), INGOT_WRONG_SHAPE);
}

TEST(CxxHeaderTest, TellsWhereTheTimeGoes) {
  Model model;
  ingot::Options options(1);
  std::vector<float> x(size), y(size), z(size);
  IngotStatus status;
  EXPECT_EQ(ingot::Session(model.model, options).profile(INGOT_PROFILE_TABLE, &status), "");
  EXPECT_EQ(status, INGOT_INVALID_ARGUMENT);
  options.flags = INGOT_PROFILE;
  ingot::Session session(model.model, options);
  session.run({x}, {y, z});
  EXPECT_EQ(session.profile(INGOT_PROFILE_TABLE, &status).rfind("profile of 1 run with 1 thread, ", 0), 0u);
  EXPECT_EQ(status, INGOT_OK);
}

TEST(CxxHeaderTest, OwnsItsSession) {
  Model model;
  std::vector<float> x(size), y(size), z(size);
  ingot::Session first(model.model, ingot::Options(1)), second;
  EXPECT_EQ(second.tryRun({x}, {y, z}), INGOT_INVALID_ARGUMENT);
  second = std::move(first);
  EXPECT_EQ(second.tryRun({x}, {y, z}), INGOT_OK);
  ingot::Session third(std::move(second));
  EXPECT_EQ(third.tryRun({x}, {y, z}), INGOT_OK);
  third.cancel();
  EXPECT_EQ(third.tryRun({x}, {y, z}), INGOT_CANCELLED);
}

#if defined(__cpp_exceptions)
TEST(CxxHeaderTest, ErrorsHaveStatusAndText) {
  Model model;
  model.variants[0].features = uint64_t{1} << 63;
  try {
    ingot::Session session(model.model);
    FAIL();
  } catch (const ingot::Error &error) {
    EXPECT_EQ(error.status(), INGOT_UNSUPPORTED_MACHINE);
    EXPECT_STREQ(error.what(), "no code variant of the model runs on this CPU");
  }
  EXPECT_THROW(ingot::Weights(model.model, "nowhere"), ingot::Error);
}
#endif

TEST(CxxHeaderTest, OpensWithoutExceptions) {
  Model model;
  model.variants[0].arena_bytes = uint64_t{1} << 62;
  ingot::Session session;
  std::string text;
  EXPECT_EQ(ingot::Session::open(model.model, ingot::Options(1), session, &text), INGOT_OUT_OF_MEMORY);
  EXPECT_EQ(text, "no memory for an arena of 4611686018427387904 bytes");
}

} // namespace

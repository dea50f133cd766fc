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

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Weights/WeightStore.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>

namespace ingot {
namespace {

class WeightStoreTest : public testing::Test {
protected:
  mlir::RankedTensorType floats(llvm::ArrayRef<int64_t> shape) { return mlir::RankedTensorType::get(shape, mlir::Builder(&context).getF32Type()); }

  mlir::MLIRContext context;
  WeightStore store;
};

TEST_F(WeightStoreTest, AddingCopiesNothingAndKeepsTheOwnerAlive) {
  auto owner = std::make_shared<std::string>(16, 'x');
  std::weak_ptr<std::string> watched = owner;
  const char *bytes = owner->data();
  int64_t id = store.add("w", floats({4}), {bytes, 16}, owner);
  owner.reset();
  EXPECT_FALSE(watched.expired());
  EXPECT_EQ(store.bytes(id).data(), bytes);
  EXPECT_EQ(store.get(id).name, "w");
}

TEST_F(WeightStoreTest, NumbersCountUp) {
  EXPECT_EQ(store.addOwned("a", floats({1}), std::string(4, 'a')), 0);
  EXPECT_EQ(store.addOwned("b", floats({1}), std::string(4, 'b')), 1);
  EXPECT_EQ(store.size(), 2);
  EXPECT_EQ(store.bytes(0).front(), 'a');
}

TEST_F(WeightStoreTest, AViewSharesTheBytes) {
  int64_t id = store.addOwned("w", floats({2, 3}), std::string("aaaabbbbccccddddeeeeffff"));
  int64_t row = store.addView(id, floats({3}), 12);
  EXPECT_EQ(store.bytes(row).data(), store.bytes(id).data() + 12);
  EXPECT_EQ(store.bytes(row).size(), 12u);
  EXPECT_EQ(store.bytes(row).front(), 'd');
}

} // namespace
} // namespace ingot

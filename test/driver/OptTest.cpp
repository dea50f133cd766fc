// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/Opt.h"

#include "compiler/Pipelines/OptionalPasses.h"
#include "compiler/Pipelines/PassNames.h"
#include "gtest/gtest.h"

using namespace ingot;

TEST(Opt, PipelineText) {
  EXPECT_EQ(pipelineText("a,b"), "a,b");
  EXPECT_EQ(pipelineText("a(x=1,y=2),b"), "a{x=1 y=2},b");
  EXPECT_EQ(pipelineText("func.func(a(x=1),b),any(c)"), "func.func(a{x=1},b),any(c)");
  EXPECT_EQ(pipelineText("a{x=1}"), "a{x=1}"); // MLIR's own way of writing it
}

TEST(Opt, PassNames) {
  EXPECT_EQ(passNames("builtin.module(func.func(a{x=1 y={b,c}},b),c)"), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(passNames(""), std::vector<std::string>{});
  for (const Stage &stage : stages()) {
    std::vector<std::string> plain = passNames(stage, StageOptions::ofLevel(0)), all = passNames(stage, {});
    EXPECT_LE(plain.size(), all.size());
    EXPECT_FALSE(plain.empty());
  }
}

TEST(Opt, OptionalPasses) {
  EXPECT_EQ(whyNeeded("ingot-sink-views"), "");
  for (const char *needed : {"ingot-plan-buffers", "ingot-verify-plan", "canonicalize", "convert-vector-to-llvm"})
    EXPECT_NE(whyNeeded(needed), "") << needed;
  std::vector<std::string> names = optionalPasses({});
  EXPECT_TRUE(llvm::is_contained(names, "ingot-split-padding"));
  EXPECT_EQ(llvm::count(names, "cse"), 1) << "each once";
  EXPECT_FALSE(llvm::is_contained(optionalPasses(StageOptions::ofLevel(0)), "ingot-split-padding"));

  StageOptions fewer = withoutPasses({}, {"ingot-split-padding", "ingot-form-regions"});
  names = optionalPasses(fewer);
  EXPECT_FALSE(fewer.fuse) << "each operation for itself";
  EXPECT_TRUE(llvm::is_contained(names, "ingot-form-regions"));
  EXPECT_FALSE(llvm::is_contained(names, "ingot-split-padding"));
  EXPECT_FALSE(llvm::is_contained(names, "ingot-channels-last")) << "rests on ingot-split-padding";

  fewer = withoutPasses({}, {"ingot-choose-kernels"});
  EXPECT_TRUE(fewer.plainKernels);
  EXPECT_TRUE(llvm::is_contained(fewer.left, "ingot-recognize-attention")) << "the plain family has no loops for it";
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/src/Internal.h"

#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sstream>
#include <string>

namespace {

constexpr uint64_t v3 = INGOT_CPU_X86_64_V3, v4 = v3 | INGOT_CPU_X86_64_V4, vnni = v4 | INGOT_CPU_AVX512_VNNI, bf16 = vnni | INGOT_CPU_AVX512_BF16;

TEST(CpuFeaturesTest, TakesTheFirstVariantThatRuns) {
  const IngotVariant variants[] = {{"bf16", nullptr, 1, bf16, nullptr, 0},
                                   {"v4", nullptr, 1, v4, nullptr, 0},
                                   {"v3", nullptr, 1, v3, nullptr, 0},
                                   {"any", nullptr, 1, 0, nullptr, 0}};
  IngotModel model = {};
  model.variants = variants;
  model.variant_count = 4;
  EXPECT_STREQ(ingot_first_variant(&model, bf16)->name, "bf16");
  EXPECT_STREQ(ingot_first_variant(&model, ~uint64_t{0})->name, "bf16");
  EXPECT_STREQ(ingot_first_variant(&model, vnni)->name, "v4");
  EXPECT_STREQ(ingot_first_variant(&model, v4)->name, "v4");
  EXPECT_STREQ(ingot_first_variant(&model, v3)->name, "v3");
  EXPECT_STREQ(ingot_first_variant(&model, 0)->name, "any");
  model.variant_count = 3;
  EXPECT_EQ(ingot_first_variant(&model, 0), nullptr);
  EXPECT_EQ(ingot_first_variant(&model, INGOT_CPU_X86_64_V4), nullptr) << "one of two needed features is not enough";
  EXPECT_EQ(ingot_model_variant(nullptr), nullptr);
}

TEST(CpuFeaturesTest, HigherLevelsContainLowerOnes) {
  const uint64_t features = ingot_cpu_features();
  if (features & INGOT_CPU_X86_64_V4)
    EXPECT_TRUE(features & INGOT_CPU_X86_64_V3);
  if (features & (INGOT_CPU_AVX512_VNNI | INGOT_CPU_AVX512_BF16))
    EXPECT_TRUE(features & INGOT_CPU_X86_64_V4);
}

#if defined(__x86_64__)
/// The kernel's own reading of the same CPU.
TEST(CpuFeaturesTest, AgreesWithTheKernel) {
  std::ifstream file("/proc/cpuinfo");
  std::set<std::string> flags;
  for (std::string line; flags.empty() && std::getline(file, line);)
    if (line.rfind("flags", 0) == 0) {
      std::istringstream words(line.substr(line.find(':') + 1));
      for (std::string word; words >> word;)
        flags.insert(word);
    }
  ASSERT_FALSE(flags.empty());
  const auto all = [&](std::initializer_list<const char *> names) {
    for (const char *name : names)
      if (!flags.count(name))
        return false;
    return true;
  };
  const bool hasV3 = all({"avx", "avx2", "fma", "bmi1", "bmi2", "f16c", "abm", "movbe"});
  const bool hasV4 = hasV3 && all({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"});
  const uint64_t features = ingot_cpu_features();
  EXPECT_EQ((features & INGOT_CPU_X86_64_V3) != 0, hasV3);
  EXPECT_EQ((features & INGOT_CPU_X86_64_V4) != 0, hasV4);
  EXPECT_EQ((features & INGOT_CPU_AVX512_VNNI) != 0, hasV4 && all({"avx512_vnni"}));
  EXPECT_EQ((features & INGOT_CPU_AVX512_BF16) != 0, hasV4 && all({"avx512_bf16"}));
}
#endif

} // namespace

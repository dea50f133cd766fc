// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/Target/TargetSpec.h"
#include "compiler/Codegen/TemporaryFile.h"
#include "runtime/include/ingot/ingot.h"
#include "test/codegen/TestModel.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace ingot;
using namespace ingot::test;

TEST(TargetSpec, OrdersBestFirst) {
  auto targets = parseTargets("x86-64-v3, x86-64-v4+vnni,x86-64-v4");
  ASSERT_OK(targets.status());
  ASSERT_EQ(targets->size(), 3u);
  EXPECT_EQ((*targets)[0].name, "x86-64-v4+vnni");
  EXPECT_EQ((*targets)[1].name, "x86-64-v4");
  EXPECT_EQ((*targets)[2].name, "x86-64-v3");
}

TEST(TargetSpec, StatesCapabilities) {
  TargetSpec v3 = namedTarget("x86-64-v3"), v4 = namedTarget("x86-64-v4"), bf16 = namedTarget("x86-64-v4+vnni+bf16");
  EXPECT_EQ(v3.vectorRegisters, 16u);
  EXPECT_EQ(v3.vectorBits, 256u);
  EXPECT_EQ(v3.cpuFeatureBits, uint64_t(INGOT_CPU_X86_64_V3));
  EXPECT_EQ(v4.vectorRegisters, 32u);
  EXPECT_EQ(v4.vectorBits, 512u);
  EXPECT_EQ(v4.cpuFeatureBits, uint64_t(INGOT_CPU_X86_64_V3 | INGOT_CPU_X86_64_V4));
  EXPECT_FALSE(v4.hasAvx512Vnni);
  EXPECT_TRUE(bf16.hasAvx512Vnni && bf16.hasAvx512Bf16);
  EXPECT_EQ(bf16.cpuFeatureBits, uint64_t(INGOT_CPU_X86_64_V3 | INGOT_CPU_X86_64_V4 | INGOT_CPU_AVX512_VNNI | INGOT_CPU_AVX512_BF16));
}

TEST(TargetSpec, NamesKnownTargetsInErrors) {
  EXPECT_EQ(parseTargets("x86-64-v3,pentium").status().message(),
            "unknown target 'pentium'; known targets: native, x86-64-v3, x86-64-v4, x86-64-v4+vnni, x86-64-v4+vnni+bf16, aarch64-linux");
  EXPECT_FALSE(parseTargets("").ok());
  EXPECT_FALSE(parseTargets("x86-64-v3,").ok());
  EXPECT_EQ(parseTargets("x86-64-v3,x86-64-v3").status().message(), "target 'x86-64-v3' is listed twice");
}

TEST(TargetSpec, KnowsAarch64) {
  TargetSpec spec = namedTarget("aarch64-linux");
  EXPECT_EQ(spec.triple, "aarch64-unknown-linux-gnu");
  EXPECT_EQ(spec.vectorRegisters, 32u);
  EXPECT_EQ(spec.vectorBits, 128u);
  EXPECT_EQ(spec.cpuFeatureBits, 0u); // every CPU has NEON
  for (const char *list : {"aarch64-linux,x86-64-v3", "x86-64-v3,aarch64-linux"}) {
    absl::Status status = parseTargets(list).status();
    EXPECT_TRUE(llvm::StringRef(std::string(status.message())).ends_with("cannot share one file: compile one for each")) << status.ToString();
  }
}

TEST(TargetSpec, SaysWhatDoesNotRunHere) {
  EXPECT_TRUE(checkRunsHere("native").ok());
  EXPECT_TRUE(checkRunsHere("no target").ok()); // who compiles says so
  absl::Status status = checkRunsHere("aarch64-linux");
  EXPECT_TRUE(isUnsupportedMachine(status));
  EXPECT_EQ(status.message(), "code for the target 'aarch64-linux' does not run on this machine: compile it, and run it on one that it is for");
}

TEST(TargetSpec, NativeNeedsNoMoreThanItChecks) {
  TargetSpec native = namedTarget("native");
  EXPECT_EQ(native.name, "native");
  // Same instruction set as a named target: code for this machine fails with a clear error on an older one.
  EXPECT_TRUE(native.cpu == "x86-64-v3" || native.cpu == "x86-64-v4") << native.cpu;
  EXPECT_FALSE(native.tuneCpu.empty());
  EXPECT_GE(native.l2Bytes, native.l1Bytes);
}

TEST(TargetSpec, ReadsCaches) {
  TestFolder folder;
  struct Entry {
    const char *type, *level, *size;
  } entries[] = {{"Data", "1", "48K\n"}, {"Instruction", "1", "32K\n"}, {"Unified", "2", "2048K\n"}, {"Unified", "3", "105M\n"}};
  for (auto [index, entry] : llvm::enumerate(entries)) {
    std::string path = folder.file("index" + std::to_string(index));
    ASSERT_FALSE(llvm::sys::fs::create_directory(path));
    for (auto [name, text] : {std::pair("type", entry.type), std::pair("level", entry.level), std::pair("size", entry.size)})
      ASSERT_OK(writeFileAtomically(path + "/" + name, [&](llvm::raw_ostream &os) {
        os << text;
        return absl::OkStatus();
      }));
  }
  CacheSizes sizes = readCacheSizes(folder.file(""));
  EXPECT_EQ(sizes.l1, 48u << 10);
  EXPECT_EQ(sizes.l2, 2u << 20);
  EXPECT_EQ(sizes.l3, 105u << 20);
  EXPECT_EQ(readCacheSizes(folder.file("nowhere")).l1, 0u);
}

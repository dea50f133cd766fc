// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/Machine.h"

#include "gtest/gtest.h"

using namespace ingot;

namespace {

MachineModel machineOf(llvm::StringRef target) {
  absl::StatusOr<std::vector<TargetSpec>> targets = parseTargets(target);
  EXPECT_TRUE(targets.ok()) << targets.status().ToString();
  return ingot::machineOf(targets->front());
}

} // namespace

TEST(Machine, CountsRegistersInVectorsOf16) {
  // Sums, operands and all: what a tile may use.
  for (auto [target, vectors] : {std::pair("x86-64-v4", 32), std::pair("x86-64-v3", 8), std::pair("aarch64-linux", 8)}) {
    MachineModel machine = machineOf(target);
    EXPECT_EQ(machine.vectorRegisters / machine.registersPerVector(), vectors) << target;
  }
  EXPECT_FALSE(machineOf("aarch64-linux").isWide());
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/Machine.h"

namespace ingot {

MachineModel machineOf(const TargetSpec &target) {
  // The plan knows 32 registers of 512 bits, and 16 of 256. NEON's 32 of 128 bits hold what the latter hold and are used in pairs: with the same
  // tiles (6 x 16 in 24 of them), and eight lanes keep two of its pipes busy.
  bool avx512 = target.vectorBits >= 512;
  return {.vectorRegisters = target.vectorRegisters * target.vectorBits / (avx512 ? 512 : 256),
          .l1Bytes = static_cast<int64_t>(target.l1Bytes),
          .l2Bytes = static_cast<int64_t>(target.l2Bytes),
          .avx512 = avx512};
}

} // namespace ingot

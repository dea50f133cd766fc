// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/Machine.h"

namespace ingot {

MachineModel machineOf(const TargetSpec &target) {
  return {.vectorRegisters = target.vectorRegisters,
          .l1Bytes = static_cast<int64_t>(target.l1Bytes),
          .l2Bytes = static_cast<int64_t>(target.l2Bytes),
          .avx512 = target.vectorBits >= 512};
}

} // namespace ingot

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_PLAN_MACHINEMODEL_H
#define PASSES_PLAN_MACHINEMODEL_H

#include <cstdint>

namespace ingot {

/// The few numbers of a CPU core that the choice of a tile rests on.
struct MachineModel {
  int64_t vectorRegisters = 32;
  int64_t l1Bytes = 32 << 10;
  int64_t l2Bytes = 1 << 20;
  bool avx512 = true;  ///< without it a vector of 16 f32 takes two registers
  int64_t threads = 2; ///< a typical number, for the balance of few large units; results do not depend on it

  /// Registers of one vector of 16 f32.
  int64_t registersPerVector() const { return avx512 ? 1 : 2; }
};

} // namespace ingot

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/Machine.h"

namespace ingot {

MachineModel machineOf(const TargetSpec &target) {
  bool isX86 = llvm::StringRef(target.triple).starts_with("x86_64");
  MachineModel machine = *MachineModel::ofLevel(!isX86 ? "aarch64" : target.vectorBits >= 512 ? "x86-64-v4" : "x86-64-v3");
  machine.l1Bytes = target.l1Bytes;
  machine.l2Bytes = target.l2Bytes;
  machine.l3Bytes = target.l3Bytes;
  machine.largestL3Bytes = target.name == "native" ? target.l3Bytes : std::max<int64_t>(target.l3Bytes, machine.largestL3Bytes);
  machine.avx512Bf16 = target.hasAvx512Bf16;
  machine.avx512Vnni = target.hasAvx512Vnni;
  machine.wordPairs = isX86;
  machine.bypassesCaches = isX86;
  return machine;
}

} // namespace ingot

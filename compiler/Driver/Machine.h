// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_DRIVER_MACHINE_H
#define COMPILER_DRIVER_MACHINE_H

#include "compiler/Target/TargetSpec.h"
#include "passes/Plan/MachineModel.h"

namespace ingot {

/// What the plan stage asks of a target.
MachineModel machineOf(const TargetSpec &target);

} // namespace ingot

#endif

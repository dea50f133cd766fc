// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_PLAN_MACHINEMODEL_H
#define PASSES_PLAN_MACHINEMODEL_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

#include <cstdint>

namespace ingot {

/// What the plan stage knows of a CPU: all numbers that its cost functions rest on, as data. `MachineModel.cpp` has the table of the known levels; a
/// function carries its machine as the attribute `ingot.machine`, which `ingot-describe-machine` sets.
struct MachineModel {
  // One core.
  int64_t vectorRegisters = 32;
  int64_t vectorBits = 512;
  double vectorsPerCycle = 1; ///< fused multiply-adds of whole vectors begun per cycle
  double fmaLatency = 4;
  double gigahertz = 3.7;
  // For the kernel stage, so not in the attribute: what one instruction multiplies.
  bool avx512Bf16 = false; ///< pairs of bf16
  bool avx512Vnni = false; ///< groups of four bytes
  bool wordPairs = false;  ///< pairs of 16-bit integers
  // Not in the attribute either: stores can go past the caches, and a fence of x86-64 makes them seen.
  bool bypassesCaches = true;
  // What it reads from; bytes per cycle are those of one core.
  int64_t l1Bytes = 32 << 10;
  int64_t l2Bytes = 1 << 20;
  int64_t l3Bytes = 16 << 20;
  int64_t largestL3Bytes = 32 << 20; ///< of the machines that the code is for: what is larger leaves every one's
  double l2BytesPerCycle = 20;
  double l3BytesPerCycle = 7;
  double dramBytesPerCycle = 7;
  double sharedDramBytesPerCycle = 12; ///< of all cores together
  // Threads.
  int64_t threads = 2;         ///< a typical number, for the balance of few large units; results do not depend on it
  double forkCycles = 1500;    ///< to wake the others for a run
  double barrierCycles = 1000; ///< for two to meet and go on, what each of them waits for lines of the other included

  /// A vector of 16 f32 takes one register.
  bool isWide() const { return vectorBits >= 512; }
  /// Registers of one vector of 16 f32.
  int64_t registersPerVector() const { return isWide() ? 1 : 2; }
  /// Cycles of a fused multiply-add of 16 f32.
  double cyclesPerVector() const { return registersPerVector() / vectorsPerCycle; }
  /// From the nearest cache that holds a working set of `bytes` together with others, or from memory.
  double bytesPerCycle(double bytes) const;

  /// The machine of a function: that of its attribute, else the default.
  static MachineModel of(mlir::FunctionOpInterface function);
  mlir::DictionaryAttr asAttribute(mlir::MLIRContext *context) const;

  /// The named level ("x86-64-v4", "x86-64-v3", "aarch64"), if there is one.
  static std::optional<MachineModel> ofLevel(llvm::StringRef level);
  /// Sets the number of that name (as in the attribute); false if there is none, or if it makes no sense.
  bool set(llvm::StringRef name, double number);
  /// All numbers as "name:number", as `ingot-describe-machine` takes them.
  std::vector<std::string> asTexts() const;
};

/// On a function of the plan stage: its machine.
inline constexpr llvm::StringLiteral kMachineAttr = "ingot.machine";

} // namespace ingot

#endif

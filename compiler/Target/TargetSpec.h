// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the compiler knows about a machine: plain data that passes and code generation ask for capabilities.

#ifndef COMPILER_TARGET_TARGETSPEC_H
#define COMPILER_TARGET_TARGETSPEC_H

#include "absl/status/statusor.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ingot {

struct TargetSpec {
  std::string name;            ///< The value of --target, as in "x86-64-v4"; also the name of the model's variant.
  std::string triple;          ///< LLVM target triple.
  std::string cpu;             ///< LLVM processor name that states the instruction set, never more than `cpuFeatureBits` checks at run time.
  std::string tuneCpu;         ///< LLVM processor name whose scheduling model is used; empty: that of `cpu`.
  std::string features;        ///< LLVM feature string on top of `cpu`, as in "+avx512vnni".
  uint64_t cpuFeatureBits = 0; ///< INGOT_CPU_* that a CPU must have to run the code.
  unsigned vectorRegisters = 16;
  unsigned vectorBits = 256;
  bool hasAvx512Vnni = false;
  bool hasAvx512Bf16 = false;
  /// Data caches seen by one core, in bytes.
  uint64_t l1Bytes = 32 << 10;
  uint64_t l2Bytes = 512 << 10;
  uint64_t l3Bytes = 8 << 20;
};

/// Data cache sizes in bytes; 0: unknown.
struct CacheSizes {
  uint64_t l1 = 0, l2 = 0, l3 = 0;
};

/// Reads the data caches of one core from a folder laid out as Linux's `/sys/devices/system/cpu/cpu0/cache`.
CacheSizes readCacheSizes(llvm::StringRef folder);

/// The names that `parseTargets` knows, separated by ", ".
std::string knownTargets();

/// Parses a list as in "native" or "x86-64-v3,x86-64-v4". The result is ordered best first, as a model lists its variants.
absl::StatusOr<std::vector<TargetSpec>> parseTargets(llvm::StringRef list);

/// The best target that this machine runs, for code that is used at once in this process. Its name is "native".
absl::StatusOr<TargetSpec> nativeTarget();

/// Fails when code for one of these targets is for another kind of CPU than this one's.
absl::Status checkRunsHere(llvm::StringRef list);

/// Whether a failure is that this machine cannot run generated code.
bool isUnsupportedMachine(const absl::Status &status);

} // namespace ingot

#endif

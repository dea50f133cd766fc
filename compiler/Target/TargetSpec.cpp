// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/Target/TargetSpec.h"
#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "runtime/include/ingot/ingot.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

using namespace llvm;

namespace ingot {
namespace {

constexpr absl::string_view kUnsupportedMachine = "ingot/machine"; // payload of the error that this CPU cannot run generated code

constexpr uint64_t kV3 = INGOT_CPU_X86_64_V3, kV4 = kV3 | INGOT_CPU_X86_64_V4;
constexpr uint64_t kVnni = INGOT_CPU_AVX512_VNNI, kBf16 = INGOT_CPU_AVX512_BF16;

constexpr StringLiteral kX86 = "x86_64-unknown-linux-gnu", kAarch64 = "aarch64-unknown-linux-gnu";

struct TargetRow {
  StringRef name, triple, cpu, features;
  uint64_t bits;
  unsigned registers, vectorBits;
  uint64_t l1, l2, l3;
};

/// The named targets, best first. Caches are the smallest of the common machines of that level, so that tiles chosen for them fit everywhere.
/// LLVM prefers 256-bit vectors on some AVX-512 processors and would halve ours: the feature is switched off.
/// Every AArch64 processor that Linux runs on has NEON: there is nothing to check at run time.
constexpr TargetRow kTargets[] = {
    {"aarch64-linux", kAarch64, "generic", "", 0, 32, 128, 32 << 10, 256 << 10, 2 << 20},
    {"x86-64-v4+vnni+bf16", kX86, "x86-64-v4", "+avx512vnni,+avx512bf16,-prefer-256-bit", kV4 | kVnni | kBf16, 32, 512, 32 << 10, 1 << 20, 16 << 20},
    {"x86-64-v4+vnni", kX86, "x86-64-v4", "+avx512vnni,-prefer-256-bit", kV4 | kVnni, 32, 512, 32 << 10, 1 << 20, 16 << 20},
    {"x86-64-v4", kX86, "x86-64-v4", "-prefer-256-bit", kV4, 32, 512, 32 << 10, 1 << 20, 16 << 20},
    {"x86-64-v3", kX86, "x86-64-v3", "", kV3, 16, 256, 32 << 10, 256 << 10, 8 << 20},
};

/// The LLVM feature names behind the run-time bits; a bit holds when all its names do.
struct FeatureRow {
  StringRef name;
  uint64_t bit;
};
constexpr FeatureRow kFeatures[] = {
    {"avx2", INGOT_CPU_X86_64_V3},
    {"fma", INGOT_CPU_X86_64_V3},
    {"bmi", INGOT_CPU_X86_64_V3},
    {"bmi2", INGOT_CPU_X86_64_V3},
    {"f16c", INGOT_CPU_X86_64_V3},
    {"lzcnt", INGOT_CPU_X86_64_V3},
    {"movbe", INGOT_CPU_X86_64_V3},
    {"avx512f", INGOT_CPU_X86_64_V4},
    {"avx512bw", INGOT_CPU_X86_64_V4},
    {"avx512cd", INGOT_CPU_X86_64_V4},
    {"avx512dq", INGOT_CPU_X86_64_V4},
    {"avx512vl", INGOT_CPU_X86_64_V4},
    {"avx512vnni", kVnni},
    {"avx512bf16", kBf16},
};

TargetSpec makeSpec(const TargetRow &row) {
  TargetSpec spec;
  spec.name = row.name.str();
  spec.triple = row.triple.str();
  spec.cpu = row.cpu.str();
  spec.features = row.features.str();
  spec.cpuFeatureBits = row.bits;
  spec.vectorRegisters = row.registers;
  spec.vectorBits = row.vectorBits;
  spec.hasAvx512Vnni = row.bits & kVnni;
  spec.hasAvx512Bf16 = row.bits & kBf16;
  spec.l1Bytes = row.l1;
  spec.l2Bytes = row.l2;
  spec.l3Bytes = row.l3;
  return spec;
}

uint64_t hostFeatureBits() {
  StringMap<bool> host = sys::getHostCPUFeatures();
  uint64_t bits = kV4 | kVnni | kBf16;
  for (const FeatureRow &feature : kFeatures)
    if (!host.lookup(feature.name))
      bits &= ~feature.bit;
  return bits;
}

absl::Status unsupportedMachine(absl::string_view message) {
  absl::Status status = absl::FailedPreconditionError(message);
  status.SetPayload(kUnsupportedMachine, absl::Cord());
  return status;
}

unsigned rank(const TargetSpec &spec) { return llvm::popcount(spec.cpuFeatureBits); }

} // namespace

std::string knownTargets() {
  std::string text = "native";
  for (const TargetRow &row : llvm::reverse(kTargets))
    text += (", " + row.name).str();
  return text;
}

bool isUnsupportedMachine(const absl::Status &status) { return status.GetPayload(kUnsupportedMachine).has_value(); }

absl::Status checkRunsHere(StringRef list) {
  absl::StatusOr<std::vector<TargetSpec>> specs = parseTargets(list);
  if (!specs.ok() || specs->front().triple == kX86)
    return absl::OkStatus(); // who compiles reports what is wrong with the list
  return unsupportedMachine("code for the target '" + specs->front().name +
                            "' does not run on this machine: compile it, and run it on one that it is for");
}

absl::StatusOr<TargetSpec> nativeTarget() {
  uint64_t host = hostFeatureBits();
  const TargetRow *row = llvm::find_if(kTargets, [&](const TargetRow &row) { return row.triple == kX86 && (row.bits & ~host) == 0; });
  if (row == std::end(kTargets))
    return unsupportedMachine("this CPU lacks AVX2, FMA, BMI2 or F16C, which generated code needs (x86-64-v3), and so does the compiler to compute a "
                              "model's weights");
  TargetSpec spec = makeSpec(*row);
  spec.name = "native";
  // The instruction set stays that of the row: what the model needs is then exactly what it checks at start, on whatever machine it is copied to.
  spec.tuneCpu = sys::getHostCPUName().str();
  CacheSizes caches = readCacheSizes("/sys/devices/system/cpu/cpu0/cache");
  spec.l1Bytes = caches.l1 ? caches.l1 : spec.l1Bytes;
  spec.l2Bytes = caches.l2 ? caches.l2 : spec.l2Bytes;
  spec.l3Bytes = caches.l3 ? caches.l3 : spec.l3Bytes;
  return spec;
}

absl::StatusOr<std::vector<TargetSpec>> parseTargets(StringRef list) {
  std::vector<TargetSpec> specs;
  SmallVector<StringRef> names;
  list.split(names, ',');
  for (StringRef name : names) {
    name = name.trim();
    if (llvm::any_of(specs, [&](const TargetSpec &spec) { return spec.name == name; }))
      return absl::InvalidArgumentError(("target '" + name + "' is listed twice").str());
    if (name == "native") {
      absl::StatusOr<TargetSpec> native = nativeTarget();
      if (!native.ok())
        return native.status();
      specs.push_back(*std::move(native));
      continue;
    }
    const TargetRow *row = llvm::find_if(kTargets, [&](const TargetRow &row) { return row.name == name; });
    if (row == std::end(kTargets))
      return absl::InvalidArgumentError(("unknown target '" + name + "'; known targets: " + knownTargets()).str());
    specs.push_back(makeSpec(*row));
  }
  for (const TargetSpec &spec : specs)
    if (spec.triple != specs.front().triple)
      return absl::InvalidArgumentError("the targets '" + specs.front().name + "' and '" + spec.name +
                                        "' cannot share one file: compile one for each");
  // The runtime takes the first variant that the CPU can run.
  for (size_t end = 1; end < specs.size(); ++end) // a stable insertion sort of a handful
    for (size_t at = end; at > 0 && rank(specs[at]) > rank(specs[at - 1]); --at)
      std::swap(specs[at], specs[at - 1]);
  return specs;
}

} // namespace ingot

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/MachineModel.h"

#include "mlir/IR/Builders.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace ingot {
namespace {

/// One number of the model: its name, and where it stands.
struct Fact {
  StringLiteral name;
  int64_t MachineModel::*whole = nullptr;
  double MachineModel::*real = nullptr;

  double of(const MachineModel &machine) const { return whole ? machine.*whole : machine.*real; }
};

constexpr Fact kFacts[] = {
    {.name = "vector-registers", .whole = &MachineModel::vectorRegisters},
    {.name = "vector-bits", .whole = &MachineModel::vectorBits},
    {.name = "vectors-per-cycle", .real = &MachineModel::vectorsPerCycle},
    {.name = "fma-latency", .real = &MachineModel::fmaLatency},
    {.name = "gigahertz", .real = &MachineModel::gigahertz},
    {.name = "l1-bytes", .whole = &MachineModel::l1Bytes},
    {.name = "l2-bytes", .whole = &MachineModel::l2Bytes},
    {.name = "l3-bytes", .whole = &MachineModel::l3Bytes},
    {.name = "largest-l3-bytes", .whole = &MachineModel::largestL3Bytes},
    {.name = "l2-bytes-per-cycle", .real = &MachineModel::l2BytesPerCycle},
    {.name = "l3-bytes-per-cycle", .real = &MachineModel::l3BytesPerCycle},
    {.name = "dram-bytes-per-cycle", .real = &MachineModel::dramBytesPerCycle},
    {.name = "shared-dram-bytes-per-cycle", .real = &MachineModel::sharedDramBytesPerCycle},
    {.name = "threads", .whole = &MachineModel::threads},
    {.name = "fork-cycles", .real = &MachineModel::forkCycles},
    {.name = "barrier-cycles", .real = &MachineModel::barrierCycles},
};

/// The levels. Those of x86-64 were measured on Zen 4, with 512-bit vectors executed in halves; caches are the smallest of the common machines of the
/// level, so that tiles chosen for them fit everywhere. NEON's 32 registers of 128 bits hold what 16 of 256 hold and are used in pairs:
/// with the same tiles (6 x 16 in 24 of them), and eight lanes keep two of its pipes busy.
struct Level {
  StringLiteral name;
  MachineModel machine;
};

constexpr Level kLevels[] = {
    {"x86-64-v4", {}},
    {"x86-64-v3", {.vectorRegisters = 16, .vectorBits = 256, .vectorsPerCycle = 2, .gigahertz = 3.5, .l2Bytes = 256 << 10, .l3Bytes = 8 << 20}},
    {"aarch64", {.vectorRegisters = 16, .vectorBits = 256, .vectorsPerCycle = 2, .gigahertz = 2.6, .l2Bytes = 256 << 10, .l3Bytes = 2 << 20}},
};

} // namespace

double MachineModel::bytesPerCycle(double bytes) const {
  constexpr double kL1BytesPerCycle = 64;
  if (bytes <= 0.5 * l1Bytes)
    return kL1BytesPerCycle;
  return bytes <= 0.7 * l2Bytes ? l2BytesPerCycle : bytes <= 0.7 * l3Bytes ? l3BytesPerCycle : dramBytesPerCycle;
}

std::optional<MachineModel> MachineModel::ofLevel(StringRef name) {
  const Level *level = llvm::find_if(kLevels, [&](const Level &level) { return level.name == name; });
  return level == std::end(kLevels) ? std::nullopt : std::optional(level->machine);
}

bool MachineModel::set(StringRef name, double number) {
  const Fact *fact = llvm::find_if(kFacts, [&](const Fact &fact) { return fact.name == name; });
  if (fact == std::end(kFacts) || !(number > 0) || number > 1e15)
    return false;
  if (fact->whole)
    this->*fact->whole = static_cast<int64_t>(number);
  else
    this->*fact->real = number;
  return true;
}

DictionaryAttr MachineModel::asAttribute(MLIRContext *context) const {
  Builder b(context);
  return b.getDictionaryAttr(llvm::map_to_vector(kFacts, [&](const Fact &fact) {
    Attribute number = fact.whole ? Attribute(b.getI64IntegerAttr(this->*fact.whole)) : b.getF64FloatAttr(this->*fact.real);
    return b.getNamedAttr(fact.name, number);
  }));
}

MachineModel MachineModel::of(FunctionOpInterface function) {
  MachineModel machine;
  auto facts = function->getAttrOfType<DictionaryAttr>(kMachineAttr);
  for (const Fact &fact : kFacts)
    if (Attribute number = facts ? facts.get(fact.name) : Attribute()) {
      auto whole = dyn_cast<IntegerAttr>(number);
      auto real = dyn_cast<FloatAttr>(number);
      machine.set(fact.name, whole ? whole.getInt() : real ? real.getValueAsDouble() : 0);
    }
  return machine;
}

std::vector<std::string> MachineModel::asTexts() const {
  std::vector<std::string> texts;
  for (const Fact &fact : kFacts)
    texts.push_back(llvm::formatv("{0}:{1:f3}", fact.name, fact.of(*this)).str());
  return texts;
}

} // namespace ingot

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/ReportRegions.h"

#include "compiler/Driver/PeakMemory.h"
#include "dialects/Ingot/Shapes.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/Kernel/Product/WeightFetch.h"
#include "passes/Plan/Cost/RegionCost.h"
#include "llvm/ADT/SetVector.h"

#include <set>

using namespace mlir;

namespace ingot {
namespace {

struct Cost {
  double flops = 0, read = 0, written = 0, cycles = 0;
};

/// That of the plan stage, or where its passes left none, a bound.
Cost costOf(RegionOp region, const Roofs &roofs) {
  if (auto cost = region->getAttrOfType<CostAttr>(kCostAttr))
    return {static_cast<double>(cost.getFlops()), static_cast<double>(cost.getRead()), static_cast<double>(cost.getWritten()),
            static_cast<double>(cost.getCycles())};
  RegionWork work = RegionWork::of(region);
  return {work.flops, work.read, work.written, roofs.leastCycles(work.flops, work.read + work.written)};
}

/// How often a region runs in a run of the model; loops without a known end count once.
double callsOf(RegionOp region) {
  double calls = 1;
  for (auto loop = region->getParentOfType<LoopOp>(); loop; loop = loop->getParentOfType<LoopOp>())
    calls *= static_cast<double>(std::max<int64_t>(getConstant(loop.getTripsExpr()).value_or(1), 1));
  return calls;
}

/// All ONNX nodes that a location stands for.
void addNodes(Location location, llvm::SetVector<StringAttr> &names) {
  if (auto name = dyn_cast<NameLoc>(location))
    names.insert(name.getName());
  else if (auto fused = dyn_cast<FusedLoc>(location))
    for (Location part : fused.getLocations())
      addNodes(part, names);
  else if (auto call = dyn_cast<CallSiteLoc>(location))
    addNodes(call.getCaller(), names);
}

llvm::json::Array nodesOf(RegionOp region) {
  llvm::SetVector<StringAttr> names;
  for (Operation &op : region.getBody().front().without_terminator())
    if (!isa<ConstantOp>(op))
      addNodes(op.getLoc(), names);
  if (names.empty())
    addNodes(region.getLoc(), names);
  llvm::json::Array texts;
  for (StringAttr name : names)
    texts.push_back(name.str());
  return texts;
}

/// The operations of the body, in order, as "conv" or "add".
llvm::json::Array operationsOf(RegionOp region) {
  llvm::json::Array texts;
  for (Operation &op : region.getBody().front().without_terminator()) {
    if (isa<ConstantOp>(op))
      continue;
    if (auto unary = dyn_cast<UnaryOp>(op))
      texts.push_back(stringifyUnaryKind(unary.getKind()));
    else if (auto binary = dyn_cast<BinaryOp>(op))
      texts.push_back(stringifyBinaryKind(binary.getKind()));
    else
      texts.push_back(op.getName().stripDialect().str()); // JSON keeps no copy of a StringRef
  }
  return texts;
}

std::string shapeOf(Type type) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  auto tensor = cast<RankedTensorType>(type);
  for (int64_t dim : tensor.getShape())
    stream << (ShapedType::isDynamic(dim) ? "?" : std::to_string(dim)) << 'x';
  stream << tensor.getElementType();
  return text;
}

llvm::json::Array shapesOf(TypeRange types) {
  llvm::json::Array texts;
  for (Type type : types)
    texts.push_back(shapeOf(type));
  return texts;
}

/// The prediction of `ingot-auto-parallelize`; without one, the region runs on one thread.
llvm::json::Array efficiencies(RegionOp region) {
  constexpr int64_t kThreads[] = {1, 2, 4, 8, 16, 32, 64};
  auto predicted = region->getAttrOfType<DenseI32ArrayAttr>(kEfficiencyAttr);
  llvm::json::Array list;
  for (auto [i, threads] : llvm::enumerate(kThreads)) {
    double share = predicted && i < static_cast<size_t>(predicted.size()) ? predicted[i] / 1000.0 : 1.0 / static_cast<double>(threads);
    list.push_back(llvm::json::Object{{"threads", threads}, {"efficiency", std::min(share, 1.0)}});
  }
  return list;
}

llvm::json::Array rejectedOf(RegionOp region, const Roofs &roofs) {
  llvm::json::Array list;
  if (auto rejected = region->getAttrOfType<ArrayAttr>(kRejectedAttr))
    for (auto candidate : rejected.getAsRange<CandidateAttr>())
      list.push_back(llvm::json::Object{{"family", stringifyFamily(candidate.getFamily())},
                                        {"tile", llvm::json::Array(candidate.getTile())},
                                        {"unroll", candidate.getUnroll()},
                                        {"predicted_us", roofs.microseconds(static_cast<double>(candidate.getCycles()))}});
  return list;
}

llvm::json::Array numbersOf(const LoadSchedule &loads) { return llvm::json::Array{loads.tiles, loads.ahead}; }

llvm::json::Array otherLoadsOf(RegionOp region) {
  llvm::json::Array list;
  for (const LoadSchedule &other : LoadSchedule::othersOf(region))
    list.push_back(numbersOf(other));
  return list;
}

llvm::json::Object describeRegion(RegionOp region, int64_t number, const Roofs &roofs) {
  Cost cost = costOf(region, roofs);
  PlanAttr plan = *region.getPlan();
  double bytes = cost.read + cost.written, least = roofs.leastCycles(cost.flops, bytes);
  auto key = region->getAttrOfType<StringAttr>(kKeyAttr);
  return llvm::json::Object{{"region", number},
                            {"key", key ? llvm::json::Value(key.str()) : nullptr},
                            {"nodes", nodesOf(region)},
                            {"operations", operationsOf(region)},
                            {"inputs", shapesOf(region.getBody().getArgumentTypes())},
                            {"outputs", shapesOf(region.getYielded().getTypes())},
                            {"reads", llvm::json::Array()},
                            {"family", stringifyFamily(plan.getFamily())},
                            {"tile", llvm::json::Array(plan.getTile())},
                            {"unroll", plan.getUnroll()},
                            {"loads", numbersOf(LoadSchedule::of(region))},
                            {"other_loads", otherLoadsOf(region)},
                            {"lanes", plan.getLanes()},
                            {"units", plan.getUnits()},
                            {"parallel", plan.getParallel()},
                            {"border", region.getInputs().empty() && plan.getFamily() == Family::Map},
                            {"scratch_bytes", plan.getScratch()},
                            {"calls", callsOf(region)},
                            {"flops", cost.flops},
                            {"bytes_read", cost.read},
                            {"bytes_written", cost.written},
                            {"predicted_us", roofs.microseconds(cost.cycles)},
                            {"bound", cost.flops / roofs.flopsPerCycle >= bytes / roofs.bytesPerCycle ? "arithmetic" : "memory"},
                            {"roofline_share", cost.cycles > 0 ? std::min(least / cost.cycles, 1.0) : 1.0},
                            {"efficiency", efficiencies(region)},
                            {"rejected", rejectedOf(region, roofs)},
                            {"function", nullptr},
                            {"code_bytes", nullptr},
                            {"measured_us", nullptr},
                            {"prediction_ratio", nullptr}};
}

} // namespace

Roofs Roofs::of(const MachineModel &machine) {
  double flopsPerCycle = 2 * 16 / machine.cyclesPerVector();
  return {machine.gigahertz, flopsPerCycle, machine.dramBytesPerCycle, machine.sharedDramBytesPerCycle};
}

llvm::json::Object Roofs::asJson() const {
  return llvm::json::Object{{"gigahertz", gigahertz},
                            {"gflops", gigahertz * flopsPerCycle},
                            {"gigabytes_per_s", gigahertz * bytesPerCycle},
                            {"shared_gigabytes_per_s", gigahertz * sharedBytesPerCycle}};
}

Totals Totals::of(func::FuncOp planned, const Roofs &roofs) {
  Totals totals;
  planned.walk([&](RegionOp region) {
    Cost cost = costOf(region, roofs);
    double calls = callsOf(region);
    ++totals.regions;
    totals.flops += calls * cost.flops;
    totals.bytes += calls * (cost.read + cost.written);
    totals.cycles += calls * cost.cycles;
  });
  for (auto [i, type] : llvm::enumerate(planned.getArgumentTypes()))
    if (planned.getArgAttr(i, "ingot.arena"))
      totals.arenaBytes = cast<MemRefType>(type).getNumElements();
  return totals;
}

llvm::json::Object Totals::asJson(const Roofs &roofs) const {
  return llvm::json::Object{
      {"regions", regions}, {"flops", flops}, {"bytes", bytes}, {"arena_bytes", arenaBytes}, {"predicted_us", roofs.microseconds(cycles)}};
}

llvm::json::Array describeRegions(func::FuncOp planned, const Roofs &roofs) {
  size_t count = 0;
  planned.walk([&](RegionOp) { ++count; });
  std::vector<std::set<int64_t>> reads(count); // of each region, those whose results it reads
  for (const Occupant &occupant : occupantsOf(planned))
    for (int64_t reader : occupant.readers)
      for (int64_t writer : occupant.writers)
        if (writer != reader)
          reads[reader].insert(writer);
  llvm::json::Array list;
  planned.walk([&](RegionOp region) {
    size_t number = list.size();
    llvm::json::Object object = describeRegion(region, static_cast<int64_t>(number), roofs);
    object["reads"] = llvm::json::Array(reads[number]);
    list.push_back(std::move(object));
  });
  return list;
}

llvm::json::Array describeMemory(func::FuncOp planned) {
  llvm::json::Array list;
  for (const Occupant &occupant : occupantsOf(planned))
    list.push_back(llvm::json::Object{{"name", occupant.tensor.name},
                                      {"type", occupant.tensor.type},
                                      {"offset", occupant.begin},
                                      {"bytes", occupant.end - occupant.begin},
                                      {"first", occupant.first},
                                      {"last", occupant.last}});
  return list;
}

} // namespace ingot

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/Report.h"

#include "compiler/Codegen/TemporaryFile.h"
#include "compiler/Driver/UsageError.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Kernel/Shares/Pieces.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace ingot {
namespace {

constexpr llvm::StringLiteral kKernelPrefix = "region_";

llvm::json::Value asJson(const std::optional<Totals> &totals, const Roofs &roofs) {
  return totals ? llvm::json::Value(totals->asJson(roofs)) : nullptr;
}

} // namespace

absl::Status checkReportPath(const std::string &path) {
  llvm::StringRef name = path;
  if (!name.ends_with(".json") && !name.ends_with(".html"))
    return usageError("--report writes .html or .json, got '" + path + "'");
  return checkWritable(path);
}

void EffectReport::watch(PassManager &manager, const Stage &stage, const StageOptions &options) { passes.watch(manager, stage, options, roofs); }

void EffectReport::beginBody(llvm::StringRef target, const MachineModel &machine, std::vector<std::string> sizes) {
  bodies.push_back({.target = target.str(), .roofs = Roofs::of(machine), .sizes = std::move(sizes)});
}

void EffectReport::addPlan(func::FuncOp planned) {
  Body &body = bodies.back();
  body.totals = Totals::of(planned, body.roofs);
  body.regions = describeRegions(planned, body.roofs);
  body.memory = describeMemory(planned);
}

void EffectReport::addKernels(ModuleOp kernels) {
  std::vector<StringRef> called; // in the order of the regions
  for (auto function : kernels.getOps<func::FuncOp>())
    if (!function.isPrivate() && !function->hasAttr("ingot.prepares"))
      function.walk([&](func::CallOp call) {
        StringRef name = call.getCallee();
        name.consume_front(kPiecesPrefix);
        if (name.starts_with(kKernelPrefix))
          called.push_back(name);
      });
  llvm::json::Array &regions = bodies.back().regions;
  if (called.size() != regions.size())
    return;
  for (auto [region, name] : llvm::zip_equal(regions, called))
    (*region.getAsObject())["function"] = name.str();
}

void EffectReport::addObject(llvm::ArrayRef<char> object) {
  using namespace llvm::object;
  llvm::MemoryBufferRef buffer(StringRef(object.data(), object.size()), "object");
  llvm::Expected<std::unique_ptr<ObjectFile>> file = ObjectFile::createObjectFile(buffer);
  if (!file) {
    llvm::consumeError(file.takeError());
    return;
  }
  Body &body = bodies.back();
  llvm::StringMap<int64_t> sizes;
  for (const ELFSymbolRef symbol : cast<ELFObjectFileBase>(**file).symbols()) {
    llvm::Expected<llvm::StringRef> name = symbol.getName();
    if (name && symbol.getELFType() == llvm::ELF::STT_FUNC) {
      sizes[*name] = static_cast<int64_t>(symbol.getSize());
      body.codeBytes += static_cast<int64_t>(symbol.getSize());
    }
    llvm::consumeError(name.takeError());
  }
  for (llvm::json::Value &region : body.regions) {
    std::optional<llvm::StringRef> name = region.getAsObject()->getString("function");
    if (auto size = name ? sizes.find(*name) : sizes.end(); size != sizes.end()) // small ones become a part of their caller
      (*region.getAsObject())["code_bytes"] = size->second;
  }
}

llvm::json::Object EffectReport::Body::asJson(const CompileSummary &summary) {
  llvm::json::Object all = totals.asJson(roofs);
  all["weight_bytes"] = static_cast<int64_t>(summary.weightBytes);
  all["code_bytes"] = codeBytes;
  all["operations"] = summary.operations;
  return llvm::json::Object{{"target", target},         {"sizes", llvm::json::Array(sizes)}, {"machine", roofs.asJson()},
                            {"totals", std::move(all)}, {"regions", std::move(regions)},     {"memory", std::move(memory)}};
}

llvm::json::Object EffectReport::finish(const CompileOptions &options, const CompileSummary &summary) {
  llvm::json::Array effects;
  for (const PassEffect &effect : passes.all())
    effects.push_back(llvm::json::Object{{"stage", effect.stage},
                                         {"name", effect.name},
                                         {"seconds", effect.seconds},
                                         {"operations_before", effect.operationsBefore},
                                         {"operations_after", effect.operationsAfter},
                                         {"operations_changed", effect.operationsChanged},
                                         {"regions_changed", effect.regionsChanged},
                                         {"before", asJson(effect.before, roofs)},
                                         {"after", asJson(effect.after, roofs)}});
  llvm::json::Object report = bodies.front().asJson(summary);
  report["version"] = 1;
  report["compiler"] = "ingot " INGOT_VERSION;
  report["model"] = llvm::sys::path::filename(options.input).str();
  report["level"] = options.level;
  report["open_dims"] = llvm::json::Array(summary.dims);
  report["disabled_passes"] = llvm::json::Array(options.disabledPasses);
  report["passes"] = std::move(effects);
  report["measurement"] = nullptr;
  llvm::json::Array others;
  for (Body &body : llvm::MutableArrayRef(bodies).drop_front())
    others.push_back(body.asJson(summary));
  report["others"] = std::move(others);
  return report;
}

absl::Status writeReport(const std::string &path, const llvm::json::Object &report) {
  return writeFileAtomically(path, [&](llvm::raw_ostream &out) {
    if (llvm::StringRef(path).ends_with(".html"))
      out << reportPage(report);
    else
      out << llvm::json::Value(llvm::json::Object(report)) << '\n';
    return absl::OkStatus();
  });
}

} // namespace ingot

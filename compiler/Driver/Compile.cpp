// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/Compile.h"

#include "compiler/Codegen/CHeader.h"
#include "compiler/Codegen/Descriptor.h"
#include "compiler/Codegen/Dispatch.h"
#include "compiler/Codegen/Link.h"
#include "compiler/Codegen/ObjectCode.h"
#include "compiler/Codegen/PackageFiles.h"
#include "compiler/Codegen/TemporaryFile.h"
#include "compiler/Codegen/Translate.h"
#include "compiler/Codegen/WeightsObject.h"
#include "compiler/Driver/Diagnostics.h"
#include "compiler/Driver/FloatProductLines.h"
#include "compiler/Driver/ImportFile.h"
#include "compiler/Driver/Inspect.h"
#include "compiler/Driver/Interface.h"
#include "compiler/Driver/Machine.h"
#include "compiler/Driver/Manifest.h"
#include "compiler/Driver/PeakMemory.h"
#include "compiler/Driver/PrecisionError.h"
#include "compiler/Driver/RecipeRunner.h"
#include "compiler/Driver/Report.h"
#include "compiler/Driver/UsageError.h"
#include "compiler/Driver/WeightBlob.h"
#include "compiler/Driver/WeightEvaluator.h"
#include "compiler/Init/Init.h"
#include "compiler/Pipelines/OptionalPasses.h"
#include "compiler/Target/TargetSpec.h"
#include "dialects/Ingot/Ingot.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Weights/WeightStore.h"
#include "runtime/include/ingot/model.h"
#include "runtime/src/WeightsHash.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <chrono>
#include <future>

using namespace mlir;

namespace ingot {
namespace {

/// The output's name, of a library without its "lib".
std::string defaultPrefix(const CompileOptions &options) {
  llvm::StringRef name = llvm::sys::path::stem(options.output);
  if ((options.emit == Emit::Shared || options.emit == Emit::Static) && name.size() > 3)
    name.consume_front("lib");
  return toIdentifier(name);
}

/// One compilation, step by step.
class Compilation {
public:
  explicit Compilation(const CompileOptions &options) : options(options), registry(makeRegistry()), context(registry), diagnostics(context) {}

  absl::Status import();
  absl::StatusOr<std::vector<std::string>> check();
  absl::Status checkOutputIsNoInput() const;
  absl::Status runStage(ModuleOp target, const Stage &stage, const StageOptions &stageOptions);
  absl::StatusOr<CompileSummary> printStage();
  absl::StatusOr<CompileSummary> compile();

private:
  static DialectRegistry makeRegistry() {
    DialectRegistry registry;
    registerDialects(registry);
    return registry;
  }

  StageOptions stageOptions() const {
    StageOptions stage = stageOptionsOf(options);
    stage.constants = &evaluator;
    return stage;
  }
  absl::Status describePrecision(llvm::ArrayRef<TargetSpec> targets);
  absl::Status checkMemory(func::FuncOp planned, uint64_t arenaBytes);
  absl::Status lowerVariant(ModuleOp body, const StageOptions &stageOptions, VariantInterface &variant);
  absl::StatusOr<std::vector<std::vector<int64_t>>> specialSizes() const;
  std::vector<std::string> describeSizes(llvm::ArrayRef<int64_t> sizes) const;
  absl::StatusOr<VariantInterface> emitVariant(const TargetSpec &target, LinkJob &job);
  absl::StatusOr<VariantInterface> emitBody(const TargetSpec &target, const std::string &symbol, llvm::ArrayRef<int64_t> sizes, LinkJob &job);
  absl::Status writeWeights(LinkJob &job);
  absl::Status writeArtefact(LinkJob &job);
  void begin(llvm::StringRef stage);
  void end();

  const CompileOptions &options;
  DialectRegistry registry;
  MLIRContext context;
  DiagnosticCollector diagnostics;
  WeightStore weights;
  WeightEvaluator evaluator{context, weights, diagnostics};
  std::unique_ptr<ingest::Model> model; // owns the mapped files that weights point into
  OwningOpRef<ModuleOp> module;
  ModelInterface interface;
  std::optional<TemporaryFile> weightsFile; // an object to link, or what becomes options.weights
  CompileSummary summary;
  std::unique_ptr<EffectReport> report;
  EffectReport *watcher = nullptr; // of the passes that run now: the report, until the first body of code is made
  std::string stageName;           // that runs now, since:
  std::chrono::steady_clock::time_point stageBegin;
};

void Compilation::begin(llvm::StringRef stage) {
  stageName = stage.str();
  stageBegin = std::chrono::steady_clock::now();
  if (options.progress)
    options.progress(stage, std::nullopt);
}

void Compilation::end() {
  if (options.progress)
    options.progress(stageName, std::chrono::duration<double>(std::chrono::steady_clock::now() - stageBegin).count());
}

absl::Status Compilation::import() {
  begin("import");
  absl::StatusOr<ImportedModel> imported = importFile(context, options, diagnostics);
  if (!imported.ok())
    return imported.status();
  model = std::move(imported->model);
  weights = std::move(imported->weights);
  module = std::move(imported->module);
  end();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> Compilation::check() {
  if (absl::Status status = import(); !status.ok())
    return status;
  absl::StatusOr<std::vector<std::string>> lines = describeFloatProducts(*module, diagnostics);
  if (!lines.ok())
    return lines;
  for (const Stage &stage : stages())
    if (absl::Status status = stage.name == "llvm" ? absl::OkStatus() : runStage(*module, stage, StageOptions::ofLevel(0)); !status.ok())
      return status;
  return lines;
}

absl::Status Compilation::runStage(ModuleOp target, const Stage &stage, const StageOptions &stageOptions) {
  begin(stage.name);
  if (stage.name == "kernel")
    dropRecipes(target);
  PassManager passes(&context);
  stage.build(passes, stageOptions);
  if (watcher && !options.keepCandidates)
    watcher->watch(passes, stage, stageOptions);
  if (failed(passes.run(target)))
    return diagnostics.status("stage '" + stage.name.str() + "' failed without a message");
  end();
  return absl::OkStatus();
}

absl::StatusOr<CompileSummary> Compilation::printStage() {
  bool known = options.compileTo == "import";
  for (const Stage &stage : stages())
    known |= stage.name == options.compileTo;
  if (!known)
    return usageError("unknown stage '" + options.compileTo + "' for --compile-to: the stages are import, graph, region, plan, kernel, llvm");
  absl::StatusOr<std::vector<TargetSpec>> targets = parseTargets(options.target);
  if (!targets.ok())
    return targets.status();
  if (absl::Status status = import(); !status.ok())
    return status;
  StageOptions stageOptions = this->stageOptions();
  stageOptions.machine = machineOf(targets->front());
  for (const Stage &stage : stages()) {
    if (options.compileTo == "import")
      break;
    if (absl::Status status = runStage(*module, stage, stageOptions); !status.ok())
      return status;
    if (stage.name == options.compileTo)
      break;
  }
  if (options.keepCandidates && options.compileTo == "plan") { // the regions alone
    EffectReport regions(machineOf(targets->front()));
    regions.beginBody(targets->front().name, machineOf(targets->front()), {});
    regions.addPlan(*module->getOps<func::FuncOp>().begin());
    summary.report = regions.finish(options, summary);
    return summary;
  }
  llvm::raw_string_ostream stream(summary.text);
  module->print(stream);
  return summary;
}

std::string mebibytes(uint64_t bytes) { return llvm::formatv("{0:f2} MiB", bytes / 1048576.0).str(); }

/// Holds the plan against --max-memory, and says what the memory is for.
absl::Status Compilation::checkMemory(func::FuncOp planned, uint64_t arenaBytes) {
  constexpr size_t kListed = 8;
  uint64_t weightBytes = weightBlobBytes(*module);
  if (!options.maxMemoryBytes || arenaBytes + weightBytes <= *options.maxMemoryBytes)
    return absl::OkStatus();
  std::string text = "the model needs " + mebibytes(arenaBytes + weightBytes) + " (intermediate values " + mebibytes(arenaBytes) + ", weights " +
                     mebibytes(weightBytes) + "), --max-memory allows " + mebibytes(*options.maxMemoryBytes);
  if (weightBytes > *options.maxMemoryBytes)
    return absl::ResourceExhaustedError(text + "\nthe weights alone are more: this needs a smaller model");
  std::vector<LiveTensor> tensors = tensorsAtPeak(planned);
  for (const LiveTensor &tensor : llvm::ArrayRef<LiveTensor>(tensors).take_front(kListed))
    text += "\nat the peak: " + tensor.name + " (" + tensor.type + ") with " + mebibytes(tensor.bytes);
  if (tensors.size() > kListed)
    text += "\nat the peak: " + std::to_string(tensors.size() - kListed) + " smaller ones";
  return absl::ResourceExhaustedError(text + (options.level == 0 ? "\n-O3 fuses operations, so that fewer values are stored; a smaller batch or "
                                                                   "smaller inputs (--dim, --input-shape) help too"
                                                                 : "\na smaller batch or smaller inputs (--dim, --input-shape) help"));
}

/// Runs the stages from plan to llvm on a target's copy of the module. All variants read the same weight blob.
absl::Status Compilation::lowerVariant(ModuleOp body, const StageOptions &stageOptions, VariantInterface &variant) {
  constexpr llvm::StringRef kLayout = "ingot.weight_layout";
  for (const Stage &stage : stages()) {
    if (stage.name != "plan" && stage.name != "kernel" && stage.name != "llvm")
      continue;
    if (absl::Status status = runStage(body, stage, stageOptions); !status.ok())
      return status;
    if (stage.name == "kernel")
      describeKernels(body, diagnostics, interface);
    if (stage.name == "kernel" && report)
      report->addKernels(body);
    if (stage.name != "plan")
      continue;
    Attribute layout = body->removeAttr(kLayout), first = (*module)->getAttr(kLayout);
    if (first && first != layout)
      return absl::InternalError("the variants of the model lay out their weights differently");
    (*module)->setAttr(kLayout, layout);
    auto function = *body.getOps<func::FuncOp>().begin();
    if (report)
      report->addPlan(function);
    for (auto [i, type] : llvm::enumerate(function.getArgumentTypes())) {
      if (function.getArgAttr(i, "ingot.arena"))
        variant.arenaBytes = cast<MemRefType>(type).getNumElements();
      if (function.getArgAttr(i, "ingot.values")) {
        variant.valueCount = cast<MemRefType>(type).getNumElements();
        variant.prepareSymbol = variant.runSymbol + "_prepare";
      }
    }
    if (absl::Status status = checkMemory(function, variant.arenaBytes); !status.ok())
      return status;
    if (auto peak = function->getAttrOfType<ArrayAttr>("ingot.peak"); peak && variant.arenaBytes >= summary.arenaBytes) {
      auto texts = peak.getAsValueRange<StringAttr>();
      summary.peak.assign(texts.begin(), texts.end());
    }
    summary.arenaBytes = std::max(summary.arenaBytes, variant.arenaBytes);
  }
  return absl::OkStatus();
}

/// The sizes for which there is code of its own, one per symbol or -1 for any, last the general ones: every choice of a special size, or none, per
/// dim.
absl::StatusOr<std::vector<std::vector<int64_t>>> Compilation::specialSizes() const {
  constexpr size_t kMostBodies = 32;
  std::vector<std::vector<int64_t>> all = {{}};
  for (const SymbolInterface &symbol : interface.symbols) {
    if (symbol.kind != INGOT_SYMBOL_INPUT)
      continue;
    std::vector<int64_t> choices;
    if (auto special = options.special.find(symbol.name); special != options.special.end())
      choices = special->second;
    for (int64_t size : choices)
      if (size < symbol.minimum || size > symbol.maximum)
        return usageError("--dim " + symbol.name + ": the size " + std::to_string(size) + " is not in " + std::to_string(symbol.minimum) + ".." +
                          std::to_string(symbol.maximum));
    choices.push_back(-1);
    std::vector<std::vector<int64_t>> longer;
    for (const std::vector<int64_t> &sizes : all)
      for (int64_t choice : choices) {
        longer.push_back(sizes);
        longer.back().push_back(choice);
      }
    all = std::move(longer);
    if (all.size() > kMostBodies)
      return usageError("the special sizes of --dim make more than " + std::to_string(kMostBodies) + " combinations: give fewer");
  }
  return all;
}

/// The variant of a target: one body, or one per combination of special sizes and a function that chooses among them.
absl::StatusOr<VariantInterface> Compilation::emitVariant(const TargetSpec &target, LinkJob &job) {
  absl::StatusOr<std::vector<std::vector<int64_t>>> all = specialSizes();
  if (!all.ok())
    return all.status();
  std::string symbol = interface.prefix + "_run_" + toIdentifier(target.name);
  if (all->size() == 1)
    return emitBody(target, symbol, {}, job);
  VariantInterface variant{.name = target.name, .runSymbol = symbol, .features = target.cpuFeatureBits, .prepareSymbol = symbol + "_prepare"};
  std::vector<SpecialBody> bodies;
  for (auto [i, sizes] : llvm::enumerate(*all)) {
    absl::StatusOr<VariantInterface> body = emitBody(target, symbol + "_" + std::to_string(i), sizes, job);
    if (!body.ok())
      return body;
    variant.arenaBytes = std::max(variant.arenaBytes, body->arenaBytes);
    variant.valueCount = std::max(variant.valueCount, body->valueCount);
    SpecialBody &special = bodies.emplace_back(SpecialBody{body->runSymbol, body->prepareSymbol, {}});
    for (int64_t size : sizes)
      special.sizes.push_back(size < 0 ? std::nullopt : std::optional(size));
  }
  llvm::LLVMContext llvmContext;
  llvm::Module dispatch("dispatch", llvmContext);
  emitDispatch(dispatch, variant, bodies);
  if (absl::Status status = optimizeModule(dispatch, target); !status.ok())
    return status;
  absl::StatusOr<llvm::SmallVector<char, 0>> object = emitObject(dispatch, target);
  if (!object.ok())
    return object.status();
  job.objects.push_back(std::move(*object));
  return variant;
}

/// The sizes as "batch 8", without those that stay open.
std::vector<std::string> Compilation::describeSizes(llvm::ArrayRef<int64_t> sizes) const {
  std::vector<std::string> texts;
  for (const SymbolInterface &symbol : interface.symbols) {
    if (symbol.kind != INGOT_SYMBOL_INPUT || sizes.empty())
      continue;
    if (sizes.front() >= 0)
      texts.push_back(symbol.name + " " + std::to_string(sizes.front()));
    sizes = sizes.drop_front();
  }
  return texts;
}

/// The code for these sizes of the symbols (none: for all).
absl::StatusOr<VariantInterface> Compilation::emitBody(const TargetSpec &target, const std::string &symbol, llvm::ArrayRef<int64_t> sizes,
                                                       LinkJob &job) {
  VariantInterface variant{.name = target.name, .runSymbol = symbol, .features = target.cpuFeatureBits};
  StageOptions stageOptions = this->stageOptions();
  stageOptions.runSymbol = variant.runSymbol;
  stageOptions.machine = machineOf(target);
  stageOptions.sizes.assign(sizes.begin(), sizes.end());
  stageOptions.firstRegion = interface.regions.size();
  if (report)
    report->beginBody(target.name, stageOptions.machine, describeSizes(sizes));
  OwningOpRef<ModuleOp> body = module->clone();
  if (absl::Status status = lowerVariant(*body, stageOptions, variant); !status.ok())
    return status;

  begin("object");
  llvm::LLVMContext llvmContext;
  absl::StatusOr<std::unique_ptr<llvm::Module>> translated = translateToLLVM(*body, llvmContext, interface.prefix);
  if (!translated.ok())
    return translated.status();
  bool plain = options.level == 0;
  OptimizeOptions optimize{.level = OptLevel::O2, .loopVectorize = plain, .slpVectorize = false, .loopUnroll = plain};
  if (absl::Status status = optimizeModule(**translated, target, optimize); !status.ok())
    return status;
  absl::StatusOr<llvm::SmallVector<char, 0>> object = emitObject(**translated, target);
  if (!object.ok())
    return object.status();
  if (report)
    report->addObject(*object);
  watcher = nullptr; // forecasts of what passes do are made for the first body
  job.objects.push_back(std::move(*object));
  end();
  return variant;
}

/// Writes the weights to an object that will be linked, or to what becomes the file of --weights.
absl::Status Compilation::writeWeights(LinkJob &job) {
  interface.weightBytes = weightBlobBytes(*module);
  if (interface.weightBytes == 0)
    return absl::OkStatus();
  begin("weights");
  absl::StatusOr<std::unique_ptr<RecipeRunner>> recipes = RecipeRunner::create(*module, diagnostics);
  if (!recipes.ok())
    return diagnostics.status(recipes.status());
  bool isBeside = !options.weights.empty();
  absl::StatusOr<TemporaryFile> file = TemporaryFile::create(isBeside ? options.weights : options.output, ".weights.o");
  if (!file.ok())
    return file.status();
  weightsFile.emplace(std::move(*file));
  auto write = [&](llvm::raw_ostream &out) { return writeWeightBlob(*module, weights, recipes->get(), out); };
  if (isBeside) {
    if (absl::Status status = weightsFile->write(write); !status.ok())
      return status;
    auto written = llvm::MemoryBuffer::getFile(weightsFile->path(), /*IsText=*/false, /*RequiresNullTerminator=*/false);
    if (!written)
      return absl::UnavailableError("cannot read '" + weightsFile->path() + "': " + written.getError().message());
    interface.weightsFile = llvm::sys::path::filename(options.weights).str();
    interface.weightsHash = ingot_weights_hash(reinterpret_cast<const uint8_t *>((*written)->getBufferStart()), (*written)->getBufferSize());
  } else {
    interface.weightsSymbol = interface.prefix + "_weights";
    if (absl::Status status = emitWeightsObject(weightsFile->path(), interface.weightsSymbol, interface.weightBytes, *job.platform, write);
        !status.ok())
      return status;
    job.objectFiles.push_back(weightsFile->path());
  }
  end();
  return absl::OkStatus();
}

absl::Status Compilation::writeArtefact(LinkJob &job) {
  begin("link");
  absl::Status linked;
  switch (options.emit) {
  case Emit::Program:
    linked = linkProgram(job);
    break;
  case Emit::Shared:
    linked = linkShared(job);
    break;
  case Emit::Static:
    linked = makeStaticLibrary(job);
    break;
  case Emit::Object:
    linked = writeObject(job);
    break;
  }
  if (linked.ok() && !interface.weightsFile.empty())
    linked = weightsFile->moveTo(options.weights);
  if (!linked.ok() || options.emit == Emit::Program)
    return linked;
  llvm::SmallString<128> header(options.output);
  llvm::sys::path::remove_filename(header);
  llvm::sys::path::append(header, interface.prefix + ".h");
  if (absl::Status status = writeHeader(header, interface); !status.ok() || options.emit == Emit::Object)
    return status;
  return writePackageFiles(options.output, interface.prefix, options.emit == Emit::Shared);
}

absl::Status Compilation::checkOutputIsNoInput() const {
  if (!options.weights.empty() && (options.weights == options.output || llvm::sys::fs::equivalent(options.weights, options.output)))
    return usageError("the output and its weights have the same name '" + options.output + "'");
  auto isOutput = [&](const llvm::Twine &path) {
    return llvm::sys::fs::equivalent(path, options.output) || (!options.weights.empty() && llvm::sys::fs::equivalent(path, options.weights));
  };
  if (isOutput(options.input))
    return usageError("the output '" + options.output + "' or its weights would replace the model itself");
  for (const onnx::TensorProto &tensor : model->graph().initializer())
    for (const onnx::StringStringEntryProto &entry : tensor.external_data())
      if (entry.key() == "location" && isOutput(llvm::sys::path::parent_path(options.input) + "/" + entry.value()))
        return usageError("the output '" + options.output + "' or its weights would replace the model's weights");
  return absl::OkStatus();
}

/// What a lower precision costs and gives here.
absl::Status Compilation::describePrecision(llvm::ArrayRef<TargetSpec> targets) {
  if (options.precision == Precision::Stored)
    return absl::OkStatus();
  for (const TargetSpec &target : targets)
    if (!target.hasAvx512Bf16)
      summary.notes.push_back("target " + target.name + " has no instructions for bf16: it multiplies numbers rounded to bf16 in f32");
  if (!options.measureError)
    return absl::OkStatus();
  begin("error");
  absl::StatusOr<std::vector<std::string>> lines = measurePrecisionError(options);
  if (!lines.ok())
    return lines.status();
  for (const std::string &line : *lines)
    summary.notes.push_back("error against f32, with random inputs: " + line);
  end();
  return absl::OkStatus();
}

absl::StatusOr<CompileSummary> Compilation::compile() {
  if (absl::Status status = checkWritable(options.output); !status.ok())
    return status;
  if (!options.weights.empty())
    if (absl::Status status = checkWritable(options.weights); !status.ok())
      return status;
  if (!options.report.empty()) {
    if (absl::Status status = checkReportPath(options.report); !status.ok())
      return status;
    context.disableMultithreading(); // passes are watched one after the other
  }
  absl::StatusOr<std::vector<TargetSpec>> targets = parseTargets(options.target);
  if (!targets.ok())
    return isUnsupportedMachine(targets.status()) ? targets.status() : usageError(targets.status().message());
  interface.prefix = options.prefix.empty() ? defaultPrefix(options) : options.prefix;
  if (!isPrefix(interface.prefix))
    return usageError("--prefix wants a C identifier other than 'ingot', got '" + interface.prefix + "'");
  LinkJob job;
  job.platform = &platformOf(targets->front());
  if (absl::StatusOr<RuntimeLibraries> libraries = findRuntimeLibraries(options.toolPath, *job.platform); libraries.ok())
    job.libraries = *libraries;
  else
    return libraries.status();
  if (absl::Status status = import(); !status.ok())
    return status;
  if (absl::Status status = checkOutputIsNoInput(); !status.ok())
    return status;
  std::future<ModelHashes> hashes = std::async(std::launch::async, [this] { return ModelHashes{model->sha256(), model->externalSha256()}; });
  if (!options.report.empty() || options.keepCandidates)
    report = std::make_unique<EffectReport>(machineOf(targets->front()));
  watcher = report.get();
  StageOptions stageOptions = this->stageOptions();
  stageOptions.machine = machineOf(targets->front()); // for the forecasts of the report
  for (const Stage &stage : stages()) {
    if (stage.name == "plan")
      break;
    if (absl::Status status = runStage(*module, stage, stageOptions); !status.ok())
      return status;
  }
  describeInterface(*module->getOps<func::FuncOp>().begin(), diagnostics, interface);
  for (const SymbolInterface &symbol : interface.symbols)
    if (symbol.kind == INGOT_SYMBOL_INPUT)
      summary.dims.push_back(llvm::formatv("{0} {1}..{2}", symbol.name, symbol.minimum, symbol.maximum).str());
  for (const TargetSpec &target : *targets) {
    absl::StatusOr<VariantInterface> variant = emitVariant(target, job);
    if (!variant.ok())
      return variant.status();
    interface.variants.push_back(*variant);
  }
  if (absl::Status status = writeWeights(job); !status.ok())
    return status;
  llvm::json::Object described = describePorts(interface);
  described["arena_bytes"] = static_cast<int64_t>(summary.arenaBytes);
  described["weight_bytes"] = static_cast<int64_t>(interface.weightBytes);
  described["scratch_bytes"] = static_cast<int64_t>(interface.scratchBytes);
  interface.manifest = manifestOf(options, *targets, {hashes.get(), summary.peak, std::move(described)});
  llvm::LLVMContext llvmContext;
  llvm::Module descriptor("descriptor", llvmContext);
  if (absl::Status status = emitDescriptor(descriptor, interface); !status.ok())
    return status;
  absl::StatusOr<llvm::SmallVector<char, 0>> object = emitObject(descriptor, targets->back());
  if (!object.ok())
    return object.status();
  job.objects.push_back(std::move(*object));
  job.output = options.output;
  job.prefix = interface.prefix;
  job.isStatic = options.isStatic;
  if (absl::Status status = writeArtefact(job); !status.ok())
    return status;
  end();

  module->walk([&](RegionOp region) {
    ++summary.regions;
    int64_t operations = llvm::count_if(region.getBody().front().without_terminator(), [](Operation &op) { return !isa<ConstantOp>(op); });
    summary.operations += operations;
    summary.fused += operations > 1 ? operations : 0;
  });
  if (absl::Status status = describePrecision(*targets); !status.ok())
    return status;
  summary.weightBytes = interface.weightBytes;
  uint64_t size = 0;
  if (!llvm::sys::fs::file_size(options.output, size))
    summary.fileBytes = size;
  if (report)
    summary.report = report->finish(options, summary);
  return summary;
}

} // namespace

StageOptions stageOptionsOf(const CompileOptions &options) {
  StageOptions stages = withoutPasses(StageOptions::ofLevel(options.level), options.disabledPasses);
  stages.bf16 = options.precision == Precision::Bf16;
  stages.activationBytes = options.activations == Activations::Int8 ? 1 : 4;
  stages.tiles = options.tiles;
  stages.keepCandidates = options.keepCandidates;
  stages.exact = options.exact;
  return stages;
}

absl::Status checkOptions(const CompileOptions &options) {
  if (options.level == 0 && options.precision != Precision::Stored)
    return usageError("--precision=bf16 needs -O3: the plain path computes as the model says");
  if (options.level == 0 && options.activations != Activations::F32)
    return usageError("--activations=int8 needs -O3: the plain path computes as the model says");
  return absl::OkStatus();
}

absl::StatusOr<CompileSummary> compileModel(const CompileOptions &options) {
  for (absl::Status status : {checkDisabledPasses(options), checkOptions(options)})
    if (!status.ok())
      return status;
  Compilation compilation(options);
  return options.compileTo.empty() ? compilation.compile() : compilation.printStage();
}

absl::StatusOr<std::vector<std::string>> checkModel(const CompileOptions &options) { return Compilation(options).check(); }

} // namespace ingot

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/Compile.h"

#include "compiler/Codegen/CHeader.h"
#include "compiler/Codegen/Descriptor.h"
#include "compiler/Codegen/Link.h"
#include "compiler/Codegen/ObjectCode.h"
#include "compiler/Codegen/TemporaryFile.h"
#include "compiler/Codegen/Translate.h"
#include "compiler/Codegen/WeightsObject.h"
#include "compiler/Driver/Diagnostics.h"
#include "compiler/Driver/RecipeRunner.h"
#include "compiler/Driver/WeightBlob.h"
#include "compiler/Init/Init.h"
#include "compiler/Pipelines/Stages.h"
#include "compiler/Target/TargetSpec.h"
#include "dialects/Ingot/Ingot.h"
#include "frontends/onnx/Import/Import.h"
#include "frontends/onnx/Ingest/Validate.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Graph/Passes.h"
#include "passes/Weights/WeightStore.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"

#include <chrono>

using namespace mlir;

namespace ingot {
namespace {

/// ONNX's number of an element type (TensorProto.DataType).
int32_t onnxElementType(Type element) {
  if (auto integer = dyn_cast<IntegerType>(element)) {
    bool isUnsigned = integer.isUnsigned();
    switch (integer.getWidth()) {
    case 1:
      return 9;
    case 8:
      return isUnsigned ? 2 : 3;
    case 16:
      return isUnsigned ? 4 : 5;
    case 32:
      return isUnsigned ? 12 : 6;
    default:
      return isUnsigned ? 13 : 7;
    }
  }
  return element.isF16() ? 10 : element.isBF16() ? 16 : element.isF64() ? 11 : 1;
}

TensorInterface interfaceOf(Type type, DictionaryAttr attributes) {
  auto tensor = cast<RankedTensorType>(type);
  TensorInterface result;
  if (auto name = attributes ? attributes.getAs<StringAttr>("ingot.name") : StringAttr())
    result.name = name.str();
  result.elementType = onnxElementType(tensor.getElementType());
  result.dims.assign(tensor.getShape().begin(), tensor.getShape().end());
  result.bytes = tensor.getNumElements() * (getStorageType(tensor.getElementType()).getIntOrFloatBitWidth() / 8);
  return result;
}

/// One compilation, step by step.
class Compilation {
public:
  explicit Compilation(const CompileOptions &options) : options(options), registry(makeRegistry()), context(registry), diagnostics(context) {}

  absl::Status import();
  absl::Status runStage(ModuleOp target, const Stage &stage, const StageOptions &stageOptions);
  absl::StatusOr<CompileSummary> printStage();
  absl::StatusOr<CompileSummary> compile();

private:
  static DialectRegistry makeRegistry() {
    DialectRegistry registry;
    registerDialects(registry);
    return registry;
  }

  StageOptions stageOptions() const { return {.fuse = options.level > 0, .plainKernels = options.level == 0}; }
  void describeInterface();
  std::string manifest(llvm::ArrayRef<TargetSpec> targets) const;
  absl::StatusOr<VariantInterface> emitVariant(ModuleOp planned, const TargetSpec &target, LinkJob &job);
  absl::Status writeArtefact(LinkJob &job, ModuleOp planned);
  void report(llvm::StringRef stage);

  const CompileOptions &options;
  DialectRegistry registry;
  MLIRContext context;
  DiagnosticCollector diagnostics;
  WeightStore weights;
  std::unique_ptr<ingest::Model> model; // owns the mapped files that weights point into
  OwningOpRef<ModuleOp> module;
  ModelInterface interface;
  CompileSummary summary;
  std::chrono::steady_clock::time_point last = std::chrono::steady_clock::now();
};

void Compilation::report(llvm::StringRef stage) {
  auto now = std::chrono::steady_clock::now();
  if (options.progress)
    options.progress(stage, std::chrono::duration<double>(now - last).count());
  last = now;
}

absl::Status Compilation::import() {
  absl::StatusOr<std::unique_ptr<ingest::Model>> loaded = ingest::loadModel(options.input);
  if (!loaded.ok())
    return loaded.status();
  model = std::move(*loaded);
  importer::ImportOptions importOptions{.dims = options.dims, .inputShapes = options.inputShapes, .boundInputs = {}};
  module = importer::importModel(context, *model, weights, importOptions);
  if (!module)
    return diagnostics.status("import failed without a message");
  report("import");
  return absl::OkStatus();
}

absl::Status Compilation::runStage(ModuleOp target, const Stage &stage, const StageOptions &stageOptions) {
  PassManager passes(&context);
  stage.build(passes, stageOptions);
  if (failed(passes.run(target)))
    return diagnostics.status("stage '" + stage.name.str() + "' failed without a message");
  report(stage.name);
  return absl::OkStatus();
}

absl::StatusOr<CompileSummary> Compilation::printStage() {
  bool known = options.compileTo == "import";
  for (const Stage &stage : stages())
    known |= stage.name == options.compileTo;
  if (!known)
    return absl::InvalidArgumentError("unknown stage '" + options.compileTo +
                                      "' for --compile-to: the stages are import, graph, region, plan, kernel, llvm");
  if (absl::Status status = import(); !status.ok())
    return status;
  for (const Stage &stage : stages()) {
    if (options.compileTo == "import")
      break;
    if (absl::Status status = runStage(*module, stage, stageOptions()); !status.ok())
      return status;
    if (stage.name == options.compileTo)
      break;
  }
  llvm::raw_string_ostream stream(summary.text);
  module->print(stream);
  return summary;
}

void Compilation::describeInterface() {
  auto function = *module->getOps<func::FuncOp>().begin();
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes()))
    interface.inputs.push_back(interfaceOf(type, function.getArgAttrDict(i)));
  for (auto [i, type] : llvm::enumerate(function.getResultTypes()))
    interface.outputs.push_back(interfaceOf(type, function.getResultAttrDict(i)));
}

std::string Compilation::manifest(llvm::ArrayRef<TargetSpec> targets) const {
  llvm::json::Array names;
  for (const TargetSpec &target : targets)
    names.push_back(target.name);
  llvm::json::Object object{{"compiler", "ingot 0.1.0"},
                            {"llvm", LLVM_VERSION_STRING},
                            {"model_sha256", model->sha256()},
                            {"level", options.level},
                            {"targets", std::move(names)}};
  return llvm::formatv("{0}", llvm::json::Value(std::move(object))).str();
}

absl::StatusOr<VariantInterface> Compilation::emitVariant(ModuleOp planned, const TargetSpec &target, LinkJob &job) {
  VariantInterface variant{
      .name = target.name, .runSymbol = interface.prefix + "_run_" + toIdentifier(target.name), .features = target.cpuFeatureBits};
  auto function = *planned.getOps<func::FuncOp>().begin();
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (function.getArgAttr(i, "ingot.arena"))
      variant.arenaBytes = cast<MemRefType>(function.getArgumentTypes()[i]).getNumElements();

  StageOptions stageOptions = this->stageOptions();
  stageOptions.runSymbol = variant.runSymbol;
  OwningOpRef<ModuleOp> body = planned.clone();
  body->getOperation()->removeAttr("ingot.weight_layout");
  if (auto recipes = body->lookupSymbol<ModuleOp>(kRecipesModule))
    recipes.erase(); // compiled for this machine by the RecipeRunner
  for (const Stage &stage : stages())
    if (stage.name == "kernel" || stage.name == "llvm")
      if (absl::Status status = runStage(*body, stage, stageOptions); !status.ok())
        return status;

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
  job.objects.push_back(std::move(*object));
  report("object");
  return variant;
}

absl::Status Compilation::writeArtefact(LinkJob &job, ModuleOp planned) {
  std::optional<TemporaryFile> weightsFile;
  if (interface.weightBytes > 0) {
    absl::StatusOr<std::unique_ptr<RecipeRunner>> recipes = RecipeRunner::create(planned);
    if (!recipes.ok())
      return diagnostics.status(std::string(recipes.status().message()));
    report("recipes");
    absl::StatusOr<TemporaryFile> file = TemporaryFile::create(options.output, ".weights.o");
    if (!file.ok())
      return file.status();
    weightsFile.emplace(std::move(*file));
    absl::Status status = emitWeightsObject(weightsFile->path(), interface.weightsSymbol, interface.weightBytes,
                                            [&](llvm::raw_ostream &out) { return writeWeightBlob(planned, weights, recipes->get(), out); });
    if (!status.ok())
      return status;
    job.objectFiles.push_back(weightsFile->path());
  }
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
  if (!linked.ok() || options.emit == Emit::Program)
    return linked;
  llvm::SmallString<128> header(options.output);
  llvm::sys::path::replace_extension(header, "h");
  return writeHeader(header, interface);
}

absl::StatusOr<CompileSummary> Compilation::compile() {
  if (absl::Status status = checkWritable(options.output); !status.ok())
    return status;
  absl::StatusOr<std::vector<TargetSpec>> targets = parseTargets(options.target);
  if (!targets.ok())
    return targets.status();
  LinkJob job;
  if (absl::StatusOr<RuntimeLibraries> libraries = findRuntimeLibraries(options.toolPath); libraries.ok())
    job.libraries = *libraries;
  else
    return libraries.status();
  if (absl::Status status = import(); !status.ok())
    return status;
  interface.prefix = options.prefix.empty() ? toIdentifier(llvm::sys::path::stem(options.output)) : options.prefix;
  interface.manifest = manifest(*targets);
  // Names are checked here, types after the region stage has shown that every dim is fixed.
  for (const Stage &stage : stages()) {
    if (stage.name == "plan")
      describeInterface();
    if (stage.name == "kernel")
      break;
    if (absl::Status status = runStage(*module, stage, stageOptions()); !status.ok())
      return status;
  }
  interface.weightBytes = weightBlobBytes(*module);
  interface.weightsSymbol = interface.weightBytes > 0 ? interface.prefix + "_weights" : "";
  for (const TargetSpec &target : *targets) {
    absl::StatusOr<VariantInterface> variant = emitVariant(*module, target, job);
    if (!variant.ok())
      return variant.status();
    summary.arenaBytes = std::max(summary.arenaBytes, variant->arenaBytes);
    interface.variants.push_back(*variant);
  }
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
  if (absl::Status status = writeArtefact(job, *module); !status.ok())
    return status;
  report("link");

  module->walk([&](RegionOp region) {
    ++summary.regions;
    for (Operation &op : region.getBody().front().without_terminator())
      summary.operations += isa<ConstantOp>(op) ? 0 : 1;
  });
  summary.weightBytes = interface.weightBytes;
  uint64_t size = 0;
  if (!llvm::sys::fs::file_size(options.output, size))
    summary.fileBytes = size;
  return summary;
}

} // namespace

absl::StatusOr<CompileSummary> compileModel(const CompileOptions &options) {
  Compilation compilation(options);
  return options.compileTo.empty() ? compilation.compile() : compilation.printStage();
}

absl::Status checkModel(const CompileOptions &options) {
  Compilation compilation(options);
  if (absl::Status status = compilation.import(); !status.ok())
    return status;
  return absl::OkStatus();
}

} // namespace ingot

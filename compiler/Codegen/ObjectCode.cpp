// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/Codegen/ObjectCode.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Analysis/TargetTransformInfo.h"
#include "llvm/IR/DiagnosticHandler.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"

using namespace llvm;

namespace ingot {
namespace {

/// Collects the errors that LLVM reports through its context while it lives: without a handler LLVM prints them and ends the process.
class CapturedDiagnostics {
public:
  explicit CapturedDiagnostics(LLVMContext &context) : context(context), previous(context.getDiagnosticHandler()) {
    context.setDiagnosticHandler(std::make_unique<Handler>(errors));
  }
  ~CapturedDiagnostics() { context.setDiagnosticHandler(std::move(previous)); }

  absl::Status status() const { return errors.empty() ? absl::OkStatus() : absl::InternalError("LLVM: " + errors); }

private:
  struct Handler : DiagnosticHandler {
    explicit Handler(std::string &errors) : errors(errors) {}
    bool handleDiagnostics(const DiagnosticInfo &info) override {
      if (info.getSeverity() != DS_Error)
        return true;
      raw_string_ostream stream(errors);
      if (!errors.empty())
        stream << "; ";
      DiagnosticPrinterRawOStream printer(stream);
      info.print(printer);
      return true;
    }
    std::string &errors;
  };

  LLVMContext &context;
  std::unique_ptr<DiagnosticHandler> previous;
  std::string errors;
};

/// Registers the targets that are generated here; the parsers serve module-level assembly.
void initializeTargets() {
  static const bool initialized = [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86AsmParser();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
    LLVMInitializeAArch64AsmParser();
    return true;
  }();
  (void)initialized;
}

OptimizationLevel passLevel(OptLevel level) {
  switch (level) {
  case OptLevel::O0:
    return OptimizationLevel::O0;
  case OptLevel::O1:
    return OptimizationLevel::O1;
  case OptLevel::O2:
    return OptimizationLevel::O2;
  case OptLevel::O3:
    return OptimizationLevel::O3;
  }
  llvm_unreachable("not an OptLevel");
}

void setTargetAttributes(Function &function, const TargetSpec &spec) {
  function.addFnAttr("target-cpu", spec.cpu);
  if (!spec.tuneCpu.empty())
    function.addFnAttr("tune-cpu", spec.tuneCpu);
  if (!spec.features.empty())
    function.addFnAttr("target-features", spec.features);
  function.addFnAttr("prefer-vector-width", utostr(spec.vectorBits)); // or else a tuning model may halve 512-bit vectors
  function.setDoesNotThrow();                                         // no C++ behind it: spares the unwind tables
  // The register allocator decides too late that it needs slots for vectors: on a stack of 16 bytes most of them would lie in two cache lines each,
  // in three of four runs of a program.
  function.addFnAttr(Attribute::getWithStackAlignment(function.getContext(), Align(spec.vectorBits / 8)));
}

} // namespace

CodeGenOptLevel codeGenLevel(OptLevel level) {
  switch (level) {
  case OptLevel::O0:
    return CodeGenOptLevel::None;
  case OptLevel::O1:
    return CodeGenOptLevel::Less;
  case OptLevel::O2:
    return CodeGenOptLevel::Default;
  case OptLevel::O3:
    return CodeGenOptLevel::Aggressive;
  }
  llvm_unreachable("not an OptLevel");
}

absl::StatusOr<std::unique_ptr<TargetMachine>> createTargetMachine(const TargetSpec &spec, OptLevel level) {
  initializeTargets();
  Triple triple(spec.triple);
  std::string message;
  const Target *target = TargetRegistry::lookupTarget(triple, message);
  if (!target)
    return absl::InvalidArgumentError("no code generator for '" + spec.triple + "': " + message);
  TargetOptions options;
  options.FunctionSections = true;
  options.DataSections = true;
  std::unique_ptr<TargetMachine> machine(
      target->createTargetMachine(triple, spec.cpu, spec.features, options, Reloc::PIC_, CodeModel::Small, codeGenLevel(level)));
  if (!machine)
    return absl::InternalError("LLVM made no target machine for '" + spec.triple + "'");
  return machine;
}

absl::Status optimizeModule(Module &module, const TargetSpec &spec, const OptimizeOptions &options) {
  absl::StatusOr<std::unique_ptr<TargetMachine>> machine = createTargetMachine(spec, options.level);
  if (!machine.ok())
    return machine.status();
  module.setTargetTriple(Triple(spec.triple));
  module.setDataLayout((*machine)->createDataLayout());
  module.setPICLevel(PICLevel::BigPIC);
  for (Function &function : module)
    if (!function.isDeclaration())
      setTargetAttributes(function, spec);
  if (options.verifyInput) {
    std::string message;
    raw_string_ostream stream(message);
    if (verifyModule(module, &stream))
      return absl::InternalError("LLVM module '" + module.getModuleIdentifier() + "' is not valid: " + message);
  }

  PipelineTuningOptions tuning;
  tuning.LoopVectorization = tuning.LoopInterleaving = options.loopVectorize;
  tuning.SLPVectorization = options.slpVectorize;
  tuning.LoopUnrolling = options.loopUnroll;
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager components;
  ModuleAnalysisManager modules;
  PassBuilder builder(machine->get(), tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  OptimizationLevel level = passLevel(options.level);
  ModulePassManager passes = options.level == OptLevel::O0 ? builder.buildO0DefaultPipeline(level) : builder.buildPerModuleDefaultPipeline(level);
  CapturedDiagnostics diagnostics(module.getContext());
  passes.run(module, modules);
  return diagnostics.status();
}

absl::StatusOr<SmallVector<char, 0>> emitObject(Module &module, const TargetSpec &spec, OptLevel level) {
  absl::StatusOr<std::unique_ptr<TargetMachine>> machine = createTargetMachine(spec, level);
  if (!machine.ok())
    return machine.status();
  if (module.getTargetTriple().empty())
    module.setTargetTriple(Triple(spec.triple));
  if (module.getDataLayoutStr().empty())
    module.setDataLayout((*machine)->createDataLayout());
  if (module.getDataLayout() != (*machine)->createDataLayout())
    return absl::InternalError("LLVM module '" + module.getModuleIdentifier() + "' has the data layout of another target than '" + spec.name + "'");
  SmallVector<char, 0> object;
  raw_svector_ostream stream(object);
  legacy::PassManager passes;
  if ((*machine)->addPassesToEmitFile(passes, stream, nullptr, CodeGenFileType::ObjectFile))
    return absl::InternalError("LLVM writes no object files for '" + spec.triple + "'");
  CapturedDiagnostics diagnostics(module.getContext());
  passes.run(module);
  if (absl::Status status = diagnostics.status(); !status.ok())
    return status;
  return object;
}

} // namespace ingot

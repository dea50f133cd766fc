// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/Codegen/Jit.h"
#include "compiler/Codegen/LLVMStatus.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/ExecutionEngine/Orc/ThreadSafeModule.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;

namespace ingot {

struct Jit::State {
  std::unique_ptr<orc::LLJIT> jit;
  std::string firstError; ///< What the session reported; a failed lookup itself names only the symbols.
};

Jit::Jit(std::unique_ptr<State> state) : state(std::move(state)) {}
Jit::~Jit() = default;

absl::StatusOr<std::unique_ptr<Jit>> Jit::create(const TargetSpec &spec, OptLevel level) {
  // Asked for its side effect and its data layout: registers the target, and says what is wrong with the specification.
  absl::StatusOr<std::unique_ptr<TargetMachine>> machine = createTargetMachine(spec, level);
  if (!machine.ok())
    return machine.status();
  orc::JITTargetMachineBuilder builder((Triple(spec.triple)));
  builder.setCPU(spec.cpu);
  builder.getFeatures() = SubtargetFeatures(spec.features);
  builder.setRelocationModel(Reloc::PIC_);
  builder.setCodeModel(CodeModel::Small);
  builder.setCodeGenOptLevel(codeGenLevel(level));
  Expected<std::unique_ptr<orc::LLJIT>> jit =
      orc::LLJITBuilder().setJITTargetMachineBuilder(std::move(builder)).setDataLayout((*machine)->createDataLayout()).create();
  if (!jit)
    return toStatus(jit.takeError(), "cannot compile for this process");
  auto state = std::make_unique<State>();
  state->jit = std::move(*jit);
  state->jit->getExecutionSession().setErrorReporter([state = state.get()](Error error) {
    std::string text = toString(std::move(error));
    if (state->firstError.empty())
      state->firstError = std::move(text);
  });
  return std::unique_ptr<Jit>(new Jit(std::move(state)));
}

absl::Status Jit::define(StringRef name, const void *address) {
  orc::SymbolMap symbols;
  symbols[state->jit->mangleAndIntern(name)] = {orc::ExecutorAddr::fromPtr(address), JITSymbolFlags::Exported};
  return toStatus(state->jit->getMainJITDylib().define(orc::absoluteSymbols(std::move(symbols))), "cannot define '" + name + "'");
}

absl::Status Jit::addModule(std::unique_ptr<LLVMContext> context, std::unique_ptr<Module> module) {
  std::string name = module->getModuleIdentifier();
  return toStatus(state->jit->addIRModule(orc::ThreadSafeModule(std::move(module), std::move(context))), "cannot add module '" + name + "'");
}

absl::Status Jit::addObject(ArrayRef<char> object, StringRef name) {
  return toStatus(state->jit->addObjectFile(MemoryBuffer::getMemBufferCopy(StringRef(object.data(), object.size()), name)),
                  "cannot add object '" + name + "'");
}

absl::StatusOr<void *> Jit::lookup(StringRef name) {
  state->firstError.clear();
  Expected<orc::ExecutorAddr> address = state->jit->lookup(name);
  if (!address) {
    absl::Status status = toStatus(address.takeError(), "cannot find '" + name + "' in the compiled code");
    return state->firstError.empty() ? status : absl::InternalError(std::string(status.message()) + ": " + state->firstError);
  }
  return address->toPtr<void *>();
}

} // namespace ingot

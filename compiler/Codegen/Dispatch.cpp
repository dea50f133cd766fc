// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Codegen/Dispatch.h"

#include "runtime/include/ingot/model.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

using namespace llvm;

namespace ingot {
namespace {

Function *hidden(Module &module, StringRef name, FunctionType *type) {
  auto *function = cast<Function>(module.getOrInsertFunction(name, type).getCallee());
  function->setVisibility(GlobalValue::HiddenVisibility);
  return function;
}

/// One function: `valuesOf` finds the values of the symbols, `nameOf` the function of each body.
void emit(Module &module, StringRef name, FunctionType *type, ArrayRef<SpecialBody> bodies, function_ref<Value *(IRBuilder<> &, Function *)> valuesOf,
          function_ref<StringRef(const SpecialBody &)> nameOf) {
  LLVMContext &context = module.getContext();
  Function *function = hidden(module, name, type);
  IRBuilder<> b(BasicBlock::Create(context, "", function));
  Value *values = valuesOf(b, function);
  SmallVector<Value *> arguments(llvm::make_pointer_range(function->args()));
  for (const SpecialBody &body : bodies) {
    Value *fits = b.getTrue();
    for (auto [i, size] : enumerate(body.sizes))
      if (size) {
        Value *value = b.CreateLoad(b.getInt64Ty(), b.CreateConstInBoundsGEP1_64(b.getInt64Ty(), values, i));
        fits = b.CreateAnd(fits, b.CreateICmpEQ(value, b.getInt64(*size)));
      }
    BasicBlock *here = BasicBlock::Create(context, "", function), *next = BasicBlock::Create(context, "", function);
    b.CreateCondBr(fits, here, next);
    b.SetInsertPoint(here);
    CallInst *call = b.CreateCall(hidden(module, nameOf(body), type), arguments);
    call->setTailCall();
    if (type->getReturnType()->isVoidTy())
      b.CreateRetVoid();
    else
      b.CreateRet(call);
    b.SetInsertPoint(next);
  }
  b.CreateUnreachable(); // the last body takes any sizes
}

} // namespace

void emitDispatch(Module &module, const VariantInterface &variant, ArrayRef<SpecialBody> bodies) {
  LLVMContext &context = module.getContext();
  Type *pointer = PointerType::getUnqual(context), *i64 = Type::getInt64Ty(context);
  emit(
      module, variant.runSymbol, FunctionType::get(Type::getVoidTy(context), {pointer, i64, i64}, /*isVarArg=*/false), bodies,
      [&](IRBuilder<> &b, Function *run) -> Value * {
        Value *field = b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), run->getArg(0), offsetof(IngotCall, values));
        return b.CreateLoad(pointer, field);
      },
      [](const SpecialBody &body) -> StringRef { return body.runSymbol; });
  emit(
      module, variant.prepareSymbol, FunctionType::get(i64, {pointer}, /*isVarArg=*/false), bodies,
      [](IRBuilder<> &, Function *prepare) -> Value * { return prepare->getArg(0); },
      [](const SpecialBody &body) -> StringRef { return body.prepareSymbol; });
}

} // namespace ingot

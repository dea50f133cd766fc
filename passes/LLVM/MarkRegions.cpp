// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The code of a model exists once, for runs with a profile and without: where nobody asks for one, a mark is the test of a register and a branch that
// is never taken.
#include "passes/Kernel/Profile/RegionTable.h"
#include "passes/LLVM/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_MARKREGIONSPASS
#include "passes/LLVM/Passes.h.inc"

namespace {

constexpr llvm::StringLiteral kMark = "ingot_profiler_mark"; // runtime/include/ingot/model.h
constexpr int32_t kNever = 1, kAlways = 2000;                // weights of branches

struct MarkRegionsPass : impl::MarkRegionsPassBase<MarkRegionsPass> {
  using MarkRegionsPassBase::MarkRegionsPassBase;

  void runOnOperation() override {
    for (auto function : llvm::make_early_inc_range(getOperation().getOps<LLVM::LLVMFuncOp>()))
      if (!function.isExternal() && function->hasAttr("ingot.input_count") && failed(markCalls(function)))
        return signalPassFailure();
  }

private:
  LogicalResult markCalls(LLVM::LLVMFuncOp model) {
    SmallVector<std::pair<LLVM::CallOp, int32_t>> marks; // behind a call, what to note
    model.walk([&](LLVM::CallOp call) {
      if (auto region = cast_if_present<IntegerAttr>(call->removeAttr(kRegionNumber)))
        marks.emplace_back(call, firstRegion + region.getInt());
      else if (auto after = cast_if_present<IntegerAttr>(call->removeAttr(kAfterRegion)))
        marks.emplace_back(call, -1 - (firstRegion + after.getInt()));
    });
    auto number = cast_if_present<IntegerAttr>(model->removeAttr(kThreadArgument));
    if (marks.empty())
      return success();
    if (!number || number.getInt() < 0 || number.getInt() >= model.getNumArguments())
      return model.emitOpError("has regions to mark, but no argument is known to be the number of the thread");
    Value thread = model.getArgument(number.getInt()), profiler = addProfiler(model);
    LLVM::LLVMFuncOp mark = declareMark();
    for (auto [call, what] : marks)
      emitMark(call, mark, profiler, thread, what);
    return success();
  }

  /// The model's function gets one more argument, which `ingot-emit-entry` loads from the call.
  static Value addProfiler(LLVM::LLVMFuncOp model) {
    Type pointer = LLVM::LLVMPointerType::get(model.getContext());
    unsigned number = model.getNumArguments();
    SmallVector<Type> types(model.getFunctionType().getParams());
    types.push_back(pointer);
    model.setFunctionType(LLVM::LLVMFunctionType::get(model.getFunctionType().getReturnType(), types));
    SmallVector<Attribute> attributes(number + 1, DictionaryAttr::get(model.getContext()));
    for (unsigned i = 0; i < number; ++i)
      if (DictionaryAttr known = model.getArgAttrDict(i))
        attributes[i] = known;
    model.setArgAttrsAttr(ArrayAttr::get(model.getContext(), attributes));
    Value argument = model.getBody().front().addArgument(pointer, model.getLoc());
    model.setArgAttr(number, kProfilerArgument, UnitAttr::get(model.getContext()));
    return argument;
  }

  LLVM::LLVMFuncOp declareMark() {
    if (auto known = getOperation().lookupSymbol<LLVM::LLVMFuncOp>(kMark))
      return known;
    MLIRContext *context = &getContext();
    ImplicitLocOpBuilder b(getOperation().getLoc(), context);
    b.setInsertionPointToStart(getOperation().getBody());
    auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context), {LLVM::LLVMPointerType::get(context), b.getI64Type(), b.getI32Type()});
    return LLVM::LLVMFuncOp::create(b, kMark, type);
  }

  /// before: call; if (profiler) mark; after: ...
  static void emitMark(LLVM::CallOp call, LLVM::LLVMFuncOp mark, Value profiler, Value thread, int32_t what) {
    Block *before = call->getBlock(), *after = before->splitBlock(std::next(call->getIterator()));
    ImplicitLocOpBuilder b(call.getLoc(), call.getContext());
    Block *note = b.createBlock(after);
    LLVM::CallOp::create(b, mark, ValueRange{profiler, thread, LLVM::ConstantOp::create(b, b.getI32Type(), what)});
    LLVM::BrOp::create(b, after);
    b.setInsertionPointToEnd(before);
    Value wanted = LLVM::ICmpOp::create(b, LLVM::ICmpPredicate::ne, profiler, LLVM::ZeroOp::create(b, profiler.getType()));
    LLVM::CondBrOp::create(b, wanted, note, ValueRange(), after, ValueRange(), std::pair<uint32_t, uint32_t>(kNever, kAlways));
  }
};

} // namespace
} // namespace ingot

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The code of a model exists once, for runs with a profile and without: where nobody asks for one, a mark is the call of a function that tests a
// register and returns. Its being a call keeps the model's function in one piece: a branch for each mark took a third of the time in which LLVM makes
// the code of a model with many layers.
#include "passes/Kernel/Profile/RegionTable.h"
#include "passes/LLVM/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_MARKREGIONSPASS
#include "passes/LLVM/Passes.h.inc"

namespace {

constexpr llvm::StringLiteral kProfilerMark = "ingot_profiler_mark"; // runtime/include/ingot/model.h
constexpr llvm::StringLiteral kMark = "mark_region";
constexpr int32_t kNever = 1, kAlways = 2000; // weights of branches

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
    LLVM::LLVMFuncOp mark = markFunction();
    for (auto [call, what] : marks) {
      ImplicitLocOpBuilder b(call.getLoc(), &getContext());
      b.setInsertionPointAfter(call);
      LLVM::CallOp::create(b, mark, ValueRange{profiler, thread, LLVM::ConstantOp::create(b, b.getI32Type(), what)});
    }
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

  /// if (profiler) tell it
  LLVM::LLVMFuncOp markFunction() {
    if (auto known = getOperation().lookupSymbol<LLVM::LLVMFuncOp>(kMark))
      return known;
    MLIRContext *context = &getContext();
    ImplicitLocOpBuilder b(getOperation().getLoc(), context);
    b.setInsertionPointToStart(getOperation().getBody());
    auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context), {LLVM::LLVMPointerType::get(context), b.getI64Type(), b.getI32Type()});
    auto tell = LLVM::LLVMFuncOp::create(b, kProfilerMark, type), mark = LLVM::LLVMFuncOp::create(b, kMark, type, LLVM::Linkage::Internal);
    mark.setNoInline(true);
    Block *entry = mark.addEntryBlock(b), *wanted = b.createBlock(&mark.getBody(), mark.getBody().end());
    LLVM::CallOp::create(b, tell, entry->getArguments());
    Block *leave = b.createBlock(&mark.getBody(), mark.getBody().end());
    LLVM::ReturnOp::create(b, ValueRange());
    b.setInsertionPointToEnd(wanted);
    LLVM::BrOp::create(b, leave);
    b.setInsertionPointToEnd(entry);
    Value profiler = entry->getArgument(0),
          isThere = LLVM::ICmpOp::create(b, LLVM::ICmpPredicate::ne, profiler, LLVM::ZeroOp::create(b, profiler.getType()));
    LLVM::CondBrOp::create(b, isThere, wanted, ValueRange(), leave, ValueRange(), std::pair<uint32_t, uint32_t>(kNever, kAlways));
    return mark;
  }
};

} // namespace
} // namespace ingot

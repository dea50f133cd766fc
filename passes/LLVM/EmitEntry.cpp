// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/FailureSites.h"
#include "passes/Kernel/Families.h"
#include "passes/Kernel/Profile/RegionTable.h"
#include "passes/LLVM/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_EMITENTRYPASS
#include "passes/LLVM/Passes.h.inc"

namespace {

/// Places of the fields of IngotCall, in pointers. `status` and `failed_site` share one place: the record of a failure.
enum CallField { kWeights = 0, kArena = 1, kInputs = 2, kOutputs = 3, kTeam = 4, kFailure = 5, kValues = 6, kScratch = 7, kProfiler = 8 };

/// After a barrier that says so, and where a size is found that rules out the rest, the model's function returns.
void writeReturns(LLVM::LLVMFuncOp model) {
  SmallVector<LLVM::CallOp> exits;
  model.walk([&](LLVM::CallOp call) {
    if ((call.getCallee() == "ingot_team_barrier" && call.getNumResults() == 1) || call.getCallee() == kLeaveWhen)
      exits.push_back(call);
  });
  if (exits.empty())
    return;
  ImplicitLocOpBuilder b(model.getLoc(), model.getContext());
  Block *leave = b.createBlock(&model.getBody(), model.getBody().end());
  LLVM::ReturnOp::create(b, ValueRange());
  for (LLVM::CallOp exit : exits) {
    Block *before = exit->getBlock(), *after = before->splitBlock(std::next(exit->getIterator()));
    b.setInsertionPointToEnd(before);
    if (exit.getNumResults() == 1) {
      Value zero = LLVM::ConstantOp::create(b, b.getI32Type(), 0);
      Value cancelled = LLVM::ICmpOp::create(b, LLVM::ICmpPredicate::ne, exit.getResult(), zero);
      LLVM::CondBrOp::create(b, cancelled, leave, after);
    } else {
      LLVM::CondBrOp::create(b, exit.getOperand(0), leave, after);
      exit.erase();
    }
  }
}

struct EmitEntryPass : impl::EmitEntryPassBase<EmitEntryPass> {
  using EmitEntryPassBase::EmitEntryPassBase;

  void runOnOperation() override {
    SmallVector<LLVM::LLVMFuncOp> models;
    for (auto function : getOperation().getOps<LLVM::LLVMFuncOp>()) {
      if (function.isExternal())
        continue;
      if (function->hasAttr("ingot.input_count"))
        models.push_back(function);
      else
        function.setNoInline(true); // kernels do not gain by it, but the model's function would take long to compile
      function.setLinkage(LLVM::Linkage::Internal);
      if (function->hasAttr("ingot.prepares")) {
        function.setLinkage(LLVM::Linkage::External);
        function.setName(symbol + "_prepare");
      }
    }
    if (models.empty()) {
      getOperation().emitError("has no model function: run the stages up to kernel first");
      return signalPassFailure();
    }
    for (LLVM::LLVMFuncOp model : models) {
      writeReturns(model);
      emitEntry(model, models.size() == 1 ? symbol.getValue() : (symbol + "_" + model.getName()).str());
    }
    if (Operation *declaration = getOperation().lookupSymbol(kLeaveWhen))
      declaration->erase();
  }

private:
  void emitEntry(LLVM::LLVMFuncOp model, StringRef name) {
    auto count = [&](StringRef which) { return cast<IntegerAttr>(model->getAttr(which)).getInt(); };
    int64_t inputs = count("ingot.input_count"), outputs = count("ingot.output_count");

    ImplicitLocOpBuilder b(model.getLoc(), &getContext());
    b.setInsertionPointToEnd(getOperation().getBody());
    Type pointer = LLVM::LLVMPointerType::get(&getContext()), i64 = b.getI64Type();
    auto entry = LLVM::LLVMFuncOp::create(b, name, LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(&getContext()), {pointer, i64, i64}));
    Block *block = entry.addEntryBlock(b);
    b.setInsertionPointToStart(block);
    auto addressOf = [&](Value base, int64_t slot) {
      return LLVM::GEPOp::create(b, pointer, pointer, base, ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(slot)}).getResult();
    };
    auto loadAt = [&](Value base, int64_t slot) { return LLVM::LoadOp::create(b, pointer, addressOf(base, slot)).getResult(); };
    Value call = block->getArgument(0), in = loadAt(call, kInputs), out = loadAt(call, kOutputs);
    SmallVector<Value> operands;
    for (int64_t i = 0; i < inputs; ++i)
      operands.push_back(loadAt(in, i));
    for (int64_t i = 0; i < outputs; ++i)
      operands.push_back(loadAt(out, i));
    operands.push_back(loadAt(call, kArena));
    operands.push_back(loadAt(call, kWeights));
    auto scratchBytes = getOperation()->getAttrOfType<IntegerAttr>(kScratchBytes);
    bool isMarked = model.getArgAttr(model.getNumArguments() - 1, kProfilerArgument) != nullptr;
    size_t following = 4 + (scratchBytes ? 1 : 0) + isMarked; // team, thread, threads, failure, scratch and profiler
    bool hasValues = model.getNumArguments() > operands.size() + following;
    if (hasValues)
      operands.push_back(loadAt(call, kValues));
    operands.push_back(loadAt(call, kTeam));
    operands.append({block->getArgument(1), block->getArgument(2), addressOf(call, kFailure)});
    if (scratchBytes) {
      Value offset = LLVM::MulOp::create(b, block->getArgument(1), LLVM::ConstantOp::create(b, i64, scratchBytes.getInt()));
      operands.push_back(LLVM::GEPOp::create(b, pointer, b.getI8Type(), loadAt(call, kScratch), ArrayRef<LLVM::GEPArg>{offset}));
    }
    if (isMarked)
      operands.push_back(loadAt(call, kProfiler));
    LLVM::CallOp::create(b, model, operands);
    LLVM::ReturnOp::create(b, ValueRange());
  }
};

} // namespace
} // namespace ingot

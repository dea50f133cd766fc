// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A processor that writes past its caches collects a line, and sends it when it is complete. A line that stays incomplete until others come is sent
// in parts, which takes several times as long as writing it into a cache: so only stores of whole lines, and those that a loop completes next, are
// turned.
#include "passes/Kernel/Passes.h"
#include "passes/Kernel/Product/WeightFetch.h"
#include "passes/Kernel/Stores/IndexDivisors.h"
#include "passes/Kernel/Stores/StoreSchedule.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_BYPASSCACHESPASS
#include "passes/Kernel/Passes.h.inc"

namespace {

constexpr int64_t kLeastBytes = 16; ///< of a vector: the narrowest that can be written past the caches

/// One result of a kernel, and what is done with it.
struct Bypass {
  BlockArgument buffer;
  SmallVector<vector::StoreOp> stores; ///< those that write past the caches
  SmallVector<memref::PrefetchOp> fetches;
};

struct BypassCachesPass : impl::BypassCachesPassBase<BypassCachesPass> {
  void runOnOperation() override {
    func::FuncOp kernel = getOperation();
    SmallVector<Bypass> bypasses;
    bool isAligned = true;
    for (unsigned i = 0; i < kernel.getNumArguments(); ++i) {
      auto mark = cast_if_present<BoolAttr>(kernel.removeArgAttr(i, kBypassAttr));
      if (!mark)
        continue;
      Bypass bypass{kernel.getArgument(i), {}, {}};
      if (!findStores(bypass) || bypass.stores.empty())
        continue;
      isAligned &= mark.getValue();
      bypasses.push_back(std::move(bypass));
    }
    if (bypasses.empty())
      return;
    Block &body = kernel.getBody().front();
    ImplicitLocOpBuilder end(kernel.getLoc(), body.getTerminator());
    if (!isAligned)
      end.setInsertionPoint(keepOther(body, bypasses));
    for (Bypass &bypass : bypasses)
      turn(bypass);
    // Such stores are seen by others in any order, until there is a fence.
    LLVM::CallIntrinsicOp::create(end, end.getStringAttr("llvm.x86.sse.sfence"), ValueRange());
  }

private:
  /// False where the kernel reads what it has written, or does something else with the buffer.
  bool findStores(Bypass &bypass) {
    SmallVector<Value> views = {bypass.buffer};
    for (size_t i = 0; i < views.size(); ++i)
      for (Operation *user : views[i].getUsers()) {
        if (auto view = dyn_cast<memref::ReinterpretCastOp>(user))
          views.push_back(view);
        else if (auto store = dyn_cast<vector::StoreOp>(user); store && writesWholeLines(store))
          bypass.stores.push_back(store);
        else if (auto fetch = dyn_cast<memref::PrefetchOp>(user))
          bypass.fetches.push_back(fetch);
        else if (!isa<vector::StoreOp, vector::MaskedStoreOp, memref::StoreOp>(user))
          return false;
      }
    return true;
  }

  bool writesWholeLines(vector::StoreOp store) {
    VectorType type = store.getVectorType();
    int64_t bytes = type.getNumElements() * type.getElementTypeBitWidth() / 8;
    if (bytes < kLeastBytes || bytes > kCacheLine || !llvm::isPowerOf2_64(bytes) || alignmentOf(store) < bytes)
      return false;
    return bytes == kCacheLine || isCompletedNext(store);
  }

  /// Of the address, where the buffer begins with a line.
  int64_t alignmentOf(vector::StoreOp store) {
    MemRefType type = store.getMemRefType();
    SmallVector<int64_t> numbers;
    int64_t start = 0;
    if (failed(type.getStridesAndOffset(numbers, start)))
      return 1;
    Builder b(&getContext());
    OpFoldResult offset = b.getIndexAttr(start);
    SmallVector<OpFoldResult> strides = getAsIndexOpFoldResult(&getContext(), numbers);
    if (auto view = store.getBase().getDefiningOp<memref::ReinterpretCastOp>()) {
      offset = view.getMixedOffsets().front();
      strides = view.getMixedStrides();
    }
    int64_t divisor = divisors.of(offset);
    for (auto [index, stride] : llvm::zip_equal(store.getIndices(), strides))
      divisor = std::min(divisor, divisors.of(index) * divisors.of(stride));
    return std::min(divisor * static_cast<int64_t>(llvm::divideCeil(type.getElementTypeBitWidth(), 8)), kCacheLine);
  }

  /// Whether the next iterations of the innermost loop write what follows in memory.
  static bool isCompletedNext(vector::StoreOp store) {
    auto loop = dyn_cast<scf::ForOp>(store->getParentOp());
    return loop && getConstantIntValue(loop.getStep()) == store.getVectorType().getNumElements() && movesWith(store.getIndices().back(), loop);
  }

  /// Whether the index grows as the loop's own does.
  static bool movesWith(Value index, scf::ForOp loop) {
    if (index == loop.getInductionVar())
      return true;
    auto sum = index.getDefiningOp<arith::AddIOp>();
    if (!sum)
      return false;
    Value x = sum.getLhs(), y = sum.getRhs();
    return (loop.isDefinedOutsideOfLoop(y) && movesWith(x, loop)) || (loop.isDefinedOutsideOfLoop(x) && movesWith(y, loop));
  }

  static void turn(Bypass &bypass) {
    for (vector::StoreOp store : bypass.stores) {
      VectorType type = store.getVectorType();
      store.setNontemporal(true);
      store.setAlignment(type.getNumElements() * type.getElementTypeBitWidth() / 8);
    }
    for (memref::PrefetchOp fetch : bypass.fetches) // lines that are written as a whole need not be there
      fetch.erase();
  }

  /// Copies the kernel, for calls with buffers that begin elsewhere than with a line, and returns the end of what the others run.
  static Operation *keepOther(Block &body, ArrayRef<Bypass> bypasses) {
    Operation *last = body.getTerminator();
    SmallVector<Operation *> work;
    for (Operation &op : body.without_terminator())
      if (!isa<memref::AllocaOp>(op)) // the stack is that of both
        work.push_back(&op);
    ImplicitLocOpBuilder b(last->getLoc(), last);
    Value bits;
    for (const Bypass &bypass : bypasses) {
      Value address = memref::ExtractAlignedPointerAsIndexOp::create(b, bypass.buffer);
      bits = bits ? arith::OrIOp::create(b, bits, address).getResult() : address;
    }
    Value within = arith::AndIOp::create(b, bits, arith::ConstantIndexOp::create(b, kCacheLine - 1));
    Value isLine = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, within, arith::ConstantIndexOp::create(b, 0));
    auto either = scf::IfOp::create(b, isLine, /*withElseRegion=*/true);
    IRMapping copies;
    b.setInsertionPoint(either.elseBlock()->getTerminator());
    for (Operation *op : work)
      b.clone(*op, copies);
    for (Operation *op : work)
      op->moveBefore(either.thenBlock()->getTerminator());
    return either.thenBlock()->getTerminator();
  }

  IndexDivisors divisors;
};

} // namespace
} // namespace ingot

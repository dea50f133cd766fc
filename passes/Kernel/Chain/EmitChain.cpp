// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Chain/EmitChain.h"

#include "passes/Kernel/BodyLoops.h"
#include "passes/Kernel/Product/WeightFetch.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot {
namespace {

/// Formulas of rows as code.
struct IndexMath {
  ImplicitLocOpBuilder &b;

  Value number(int64_t value) const { return indexOf(b, value); }
  Value add(Value x, Value y) const { return b.createOrFold<arith::AddIOp>(x, y); }
  Value mul(Value x, Value y) const { return b.createOrFold<arith::MulIOp>(x, y); }
  Value min(Value x, Value y) const { return b.createOrFold<arith::MinSIOp>(x, y); }
  Value max(Value x, Value y) const { return b.createOrFold<arith::MaxSIOp>(x, y); }
  /// Of numbers that are not negative.
  Value floorDiv(Value x, Value y) const { return b.createOrFold<arith::DivUIOp>(x, y); }
  Value ceilDiv(Value x, Value y) const { return b.createOrFold<arith::CeilDivUIOp>(x, y); }
};

class ChainEmitter {
public:
  ChainEmitter(ImplicitLocOpBuilder &b, const RowChain &chain, ArrayRef<func::FuncOp> kernels, func::FuncOp function)
      : b(b), math{b}, chain(chain), kernels(kernels), arguments(function.getArguments()), scratch(arguments.back()) {}

  void emit() {
    size_t count = arguments.size();
    Value begin = arguments[count - 3], end = arguments[count - 2], perImage = math.number(chain.stripsOfImage());
    auto loop = scf::ForOp::create(b, begin, end, math.number(1));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value strip = loop.getInductionVar();
    Value image = math.floorDiv(strip, perImage), number = b.createOrFold<arith::RemUIOp>(strip, perImage);
    Value isFirst = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, strip, begin);
    Value isTop = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, number, math.number(0));
    Value startsAnew = arith::OrIOp::create(b, isFirst, isTop);
    auto rows = chain.rowsOf(math, number), before = chain.rowsOf(math, math.max(math.add(number, math.number(-1)), math.number(0)));
    auto either = scf::IfOp::create(b, startsAnew, /*withElseRegion=*/true);
    b.setInsertionPointToStart(either.elseBlock());
    for (auto [ring, stage, now, then] : llvm::zip(chain.getRings(), chain.getStages(), rows, before))
      moveRows(ring, stage, math.add(now.first, math.mul(then.first, math.number(-1))));
    b.setInsertionPointAfter(either);
    SmallVector<Value> buffers = ringBuffers(image, rows);
    size_t next = 0;
    for (auto [i, stage] : llvm::enumerate(chain.getStages())) {
      Value first = stage.firstBlock(math, image, rows[i].first), last = stage.endBlock(math, image, rows[i].second);
      if (i + 1 < chain.getStages().size()) {
        Value rest = math.max(first, stage.endBlock(math, image, before[i].second));
        first = arith::SelectOp::create(b, startsAnew, first, rest);
      } else if (stage.above != 0) { // the tile that the next strip computes the rest of
        Value isBottom = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, rows[i].second, math.number(stage.rows));
        last = arith::SelectOp::create(b, isBottom, last, stage.firstBlock(math, image, rows[i].second));
      }
      callStage(i, first, last, buffers, next);
    }
  }

private:
  /// From the first row of this strip on, to where strips begin. The distance is not negative, so a loop in the order of memory may overwrite what it
  /// has read.
  void moveRows(const RowChain::Ring &ring, const RowStage &stage, Value rows) {
    if (ring.carried == 0)
      return;
    Value to = math.number(ring.begin + ring.firstRow), from = math.add(to, math.mul(rows, math.number(stage.rowBytes())));
    auto line = VectorType::get({kCacheLine}, b.getI8Type());
    makeLoop(b, math.number(0), math.number(ring.carried), kCacheLine, {}, [&](Value offset, ValueRange) {
      Value loaded = vector::LoadOp::create(b, line, scratch, math.add(from, offset));
      vector::StoreOp::create(b, loaded, scratch, math.add(to, offset));
      return SmallVector<Value>();
    });
  }

  /// The tensors between the regions, so placed that the strip's first row lies where strips begin.
  SmallVector<Value> ringBuffers(Value image, ArrayRef<std::pair<Value, Value>> rows) {
    SmallVector<Value> buffers;
    for (auto [i, ring] : llvm::enumerate(chain.getRings())) {
      const RowStage &stage = chain.getStages()[i];
      Value above = math.add(math.mul(image, math.number(stage.rows)), rows[i].first);
      Value shift = math.add(math.number(ring.begin + ring.firstRow), math.mul(above, math.number(-stage.rowBytes())));
      RegionOp region = chain.getRegions()[i];
      buffers.push_back(memref::ViewOp::create(b, cast<MemRefType>(region.getOutputs()[0].getType()), scratch, shift, ValueRange()));
    }
    return buffers;
  }

  /// `next` is the first of the function's arguments that no region before has taken.
  void callStage(size_t i, Value firstBlock, Value endBlock, ArrayRef<Value> buffers, size_t &next) {
    SmallVector<Value> operands;
    const RowStage &stage = chain.getStages()[i];
    RegionOp region = chain.getRegions()[i];
    for (size_t operand = 0; operand < region.getNumOperands(); ++operand) {
      bool isRead = i > 0 && operand == stage.image, isWritten = i < buffers.size() && operand == region.getInputs().size();
      operands.push_back(isRead ? buffers[i - 1] : isWritten ? buffers[i] : arguments[next++]);
    }
    Value units = math.number(stage.unitsPerBlock);
    operands.append({math.mul(firstBlock, units), math.mul(endBlock, units)});
    func::CallOp::create(b, kernels[i], operands);
  }

  ImplicitLocOpBuilder &b;
  IndexMath math;
  const RowChain &chain;
  ArrayRef<func::FuncOp> kernels;
  ValueRange arguments;
  Value scratch;
};

} // namespace

SmallVector<Value> outerOperands(const RowChain &chain) {
  SmallVector<Value> operands;
  for (auto [i, stage] : llvm::enumerate(chain.getStages())) {
    RegionOp region = chain.getRegions()[i];
    for (auto [operand, value] : llvm::enumerate(region.getOperands()))
      if (!(i > 0 && operand == stage.image) && !(i + 1 < chain.getStages().size() && operand == region.getInputs().size()))
        operands.push_back(value);
  }
  return operands;
}

func::FuncOp emitChain(ImplicitLocOpBuilder &b, StringRef name, const RowChain &chain, ArrayRef<func::FuncOp> kernels, MemRefType scratch) {
  SmallVector<Type> types = llvm::map_to_vector(outerOperands(chain), [](Value value) { return value.getType(); });
  types.append({b.getIndexType(), b.getIndexType(), scratch});
  auto function = func::FuncOp::create(b, name, b.getFunctionType(types, {}));
  function.setPrivate();
  b.setInsertionPointToStart(function.addEntryBlock());
  ChainEmitter(b, chain, kernels, function).emit();
  b.setInsertionPointToEnd(&function.getBody().front());
  func::ReturnOp::create(b);
  return function;
}

} // namespace ingot

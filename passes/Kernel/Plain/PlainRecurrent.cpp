// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LSTM, GRU and RNN, one direction. The sequences of a batch are independent; each keeps its state and gates in a scratch row:
//
//   gates [gates * hidden] | h [hidden] | c [hidden] | reset [hidden]     (`reset`: GRU's r * h)
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Kernel/FailureSites.h"
#include "passes/Kernel/Plain/PlainEmitter.h"
#include "passes/Kernel/RecurrentCell.h"

using namespace mlir;

namespace ingot {
namespace {

/// 0 when it depends on symbols, which `checkPlain` refuses: weights do not.
int64_t hiddenSize(RecurrentOp op) { return getConstant(PlainEmitter::shapeOf(op.getR()).back()).value_or(0); }
Type computeType(RecurrentOp op) { return getComputeType(PlainEmitter::elementOf(op.getX())); }

class CellEmitter {
public:
  CellEmitter(PlainEmitter &e, RecurrentOp op, Value scratch)
      : e(e), b(e.b), op(op), scratch(scratch), type(computeType(op)), m(b, type), hidden(hiddenSize(op)), gates(countGates(op)) {}

  void emit() {
    Dims x = PlainEmitter::shapeOf(op.getX());
    AffineExpr steps = x[0], batches = x[1];
    auto sequence = [&](Value at) {
      batch = at;
      start();
      Value length = e.index(steps);
      if (!isEmpty(op.getLengths())) {
        Value own = arith::IndexCastOp::create(b, b.getIndexType(), e.read(op.getLengths(), batch));
        emitFailure(e.b, e.context, op, e.compare(arith::CmpIPredicate::ugt, own, e.index(steps)));
        length = e.clamp(own, 0, steps);
      }
      e.loop(e.index(0), length, [&](Value i) {
        step = op.getReverse() ? e.sub(e.sub(length, e.index(1)), i) : i;
        emitStep();
      });
      e.loop(length, e.index(steps), [&](Value i) { e.loop(hidden, [&](Value j) { e.writeWide(m.constant(0.0), ValueRange{i, batch, j}, 0); }); });
      finish();
    };
    // Without a scratch row per unit there is one unit, and the sequences take turns.
    e.forUnits([&](ValueRange unit) { unit.empty() ? e.loop(batches, sequence) : sequence(unit[0]); });
  }

private:
  enum Slot : int64_t { kH = 0, kC = 1, kReset = 2 };

  Value gateAt(int64_t gate, Value j) { return e.add(j, gate * hidden); }
  Value slotAt(Slot slot, Value j) { return e.add(j, (gates + slot) * hidden); }
  Value load(Value at, int64_t lanes = 1) {
    return lanes == 1 ? memref::LoadOp::create(b, scratch, at).getResult()
                      : vector::LoadOp::create(b, VectorType::get({lanes}, type), scratch, at).getResult();
  }
  void store(Value value, Value at) { memref::StoreOp::create(b, value, scratch, at); }

  /// An element of an operand that may be left out as a tensor of size 0.
  Value readOrZero(Value tensor, ValueRange indices) { return isEmpty(tensor) ? m.constant(0.0) : e.readWide(tensor, indices); }

  void start() {
    e.loop(hidden, [&](Value j) {
      store(readOrZero(op.getH0(), {batch, j}), slotAt(kH, j));
      if (op.getKind() == CellKind::Lstm)
        store(readOrZero(op.getC0(), {batch, j}), slotAt(kC, j));
    });
  }

  void finish() {
    e.loop(hidden, [&](Value j) { e.writeWide(load(slotAt(kH, j)), {batch, j}, 1); });
    if (!isEmpty(op.getLastC()))
      e.loop(hidden, [&](Value j) { e.writeWide(op.getKind() == CellKind::Lstm ? load(slotAt(kC, j)) : m.constant(0.0), {batch, j}, 2); });
  }

  /// x[step] times a row of w, plus w's bias.
  Value inputPart(Value row) {
    bool wide = e.isContiguous(op.getX()) && e.isContiguous(op.getW());
    Value sum = e.dot(PlainEmitter::shapeOf(op.getX())[2], type, wide, [&](Value k, int64_t lanes) {
      return std::pair(e.readWide(op.getX(), {step, batch, k}, lanes), e.readWide(op.getW(), {row, k}, lanes));
    });
    return m.add(sum, readOrZero(op.getBias(), row));
  }

  /// A vector of the scratch row times a row of r, plus r's bias.
  Value statePart(Value row, Slot slot = kH) {
    Value sum = e.dot(b.getAffineConstantExpr(hidden), type, e.isContiguous(op.getR()),
                      [&](Value k, int64_t lanes) { return std::pair(load(slotAt(slot, k), lanes), e.readWide(op.getR(), {row, k}, lanes)); });
    return m.add(sum, readOrZero(op.getBias(), e.add(row, gates * hidden)));
  }

  Value activate(size_t which, Value x) { return emitActivation(b, op, which, x); }

  void storeState(Value h, Value j) {
    store(h, slotAt(kH, j));
    e.writeWide(h, {step, batch, j}, 0);
  }

  void emitStep() {
    // All rows that need the old state only, before any of it changes.
    int64_t rows = op.getKind() == CellKind::Gru ? 2 : gates;
    e.loop(rows * hidden, [&](Value row) { store(m.add(inputPart(row), statePart(row)), row); });
    switch (op.getKind()) {
    case CellKind::Rnn:
      e.loop(hidden, [&](Value j) { storeState(activate(0, load(j)), j); });
      return;
    case CellKind::Lstm:
      e.loop(hidden, [&](Value j) { emitLstm(j); });
      return;
    case CellKind::Gru:
      emitGru();
      return;
    }
  }

  void emitLstm(Value j) {
    Value old = load(slotAt(kC, j));
    auto peep = [&](int64_t which, Value cell) { return m.mul(readOrZero(op.getPeephole(), e.add(j, which * hidden)), cell); };
    bool peeps = !isEmpty(op.getPeephole());
    auto gate = [&](int64_t which, Value cell) {
      Value x = load(gateAt(which, j));
      return activate(0, peeps ? m.add(x, peep(which, cell)) : x);
    };
    Value in = gate(0, old);
    Value forget = op.getInputForget() ? m.sub(m.constant(1.0), in) : gate(2, old);
    Value fresh = activate(1, load(gateAt(3, j)));
    Value cell = m.add(m.mul(forget, old), m.mul(in, fresh));
    Value out = gate(1, cell);
    store(cell, slotAt(kC, j));
    storeState(m.mul(out, activate(2, cell)), j);
  }

  void emitGru() {
    e.loop(hidden, [&](Value j) {
      store(activate(0, load(gateAt(0, j))), gateAt(0, j));
      Value reset = activate(0, load(gateAt(1, j)));
      store(reset, gateAt(1, j));
      store(m.mul(reset, load(slotAt(kH, j))), slotAt(kReset, j));
    });
    e.loop(hidden, [&](Value j) {
      Value row = gateAt(2, j);
      Value state = op.getLinearBeforeReset() ? m.mul(load(gateAt(1, j)), statePart(row)) : statePart(row, kReset);
      store(activate(1, m.add(inputPart(row), state)), row);
    });
    e.loop(hidden, [&](Value j) {
      Value update = load(gateAt(0, j));
      storeState(m.add(m.mul(m.sub(m.constant(1.0), update), load(gateAt(2, j))), m.mul(update, load(slotAt(kH, j)))), j);
    });
  }

  PlainEmitter &e;
  ImplicitLocOpBuilder &b;
  RecurrentOp op;
  Value scratch;
  Type type;
  ElementMath m;
  int64_t hidden, gates;
  Value batch, step;
};

int64_t scratchElements(RecurrentOp op) { return (countGates(op) + 3) * hiddenSize(op); }

} // namespace

int64_t recurrentScratchBytes(RecurrentOp op) { return scratchElements(op) * computeType(op).getIntOrFloatBitWidth() / 8; }

LogicalResult checkPlain(RecurrentOp op) {
  if (cast<RankedTensorType>(op.getR().getType()).isDynamicDim(1))
    return op.emitOpError("has a hidden size that depends on symbols");
  return checkCell(op);
}

void emitPlainOp(PlainEmitter &e, RecurrentOp op) {
  auto row = MemRefType::get({scratchElements(op)}, computeType(op));
  bool onStack = recurrentScratchBytes(op) <= kMaxStackBytes;
  Value scratch = onStack ? e.stack(row.getShape(), row.getElementType())
                          : memref::ViewOp::create(e.b, row, e.context.outputs.back(), e.index(0), ValueRange()).getResult();
  CellEmitter(e, op, scratch).emit();
}

} // namespace ingot

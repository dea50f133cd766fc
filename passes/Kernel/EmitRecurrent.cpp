// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LSTM, GRU and RNN, one direction, with vectors over the hidden units:
//
//   for sequence in [from, to)
//     h, c = h0, c0                              on the stack
//     for step
//       for block of `lanes` units
//         each gate: `lanes` rows of w and r times x[step] and h, one accumulator per row; turned into one vector of sums; + bias
//         activations; c in place; the new h into a second row, since the other blocks still need the old one
#include "passes/Kernel/EmitRecurrent.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Kernel/Elementwise/EmitElementwise.h"
#include "passes/Kernel/FailureSites.h"
#include "passes/Kernel/Plain.h"
#include "passes/Kernel/RecurrentCell.h"
#include "passes/Kernel/RegisterTile.h"

using namespace mlir;

namespace ingot {
namespace {

ArrayRef<int64_t> sizesOf(Value tensor) { return cast<RankedTensorType>(tensor.getType()).getShape(); }
bool isLeftOut(Value tensor) { return countElements(tensor.getType()) == 0; }

/// Rows of the state. LSTM: h, next h, c. GRU: h, next h, update gate, what the reset gate leaves. RNN: h, next h.
enum StateRow : int64_t { kH = 0, kNextH = 1, kC = 2, kUpdate = 2, kReset = 3 };
int64_t countStateRows(RecurrentOp op) { return op.getKind() == CellKind::Lstm ? 3 : op.getKind() == CellKind::Gru ? 4 : 2; }

class RecurrentEmitter {
public:
  RecurrentEmitter(ImplicitLocOpBuilder &b, KernelContext &context, RecurrentOp op)
      : b(b), context(context), op(op), body(b, context), lanes(context.plan().getLanes()), hidden(sizesOf(op.getR()).back()),
        pitch(llvm::alignTo(hidden, lanes)), vector(VectorType::get({lanes}, b.getF32Type())), m(b, vector), w(bufferOf(op.getW())),
        r(bufferOf(op.getR())) {
    int64_t elements = countStateRows(op) * pitch;
    auto type = MemRefType::get({elements}, b.getF32Type());
    if (context.outputs.size() > context.region.getYielded().size())
      state = memref::ViewOp::create(b, type, context.outputs.back(), indexOf(b, 0), ValueRange());
    else
      state = memref::AllocaOp::create(b, type, b.getI64IntegerAttr(64));
  }

  void emit() {
    int64_t steps = sizesOf(op.getX())[0], sequences = sizesOf(op.getX())[1];
    auto [from, to] = shareOf(b, context, sequences);
    forEach(from, to, 1, [&](Value at) {
      sequence = at;
      start();
      Value length = indexOf(b, steps);
      if (!isLeftOut(op.getLengths())) {
        body.restart();
        Value own = arith::IndexCastOp::create(b, b.getIndexType(), body.emit(op.getLengths(), sequence, 1));
        emitFailure(b, context, op, arith::CmpIOp::create(b, arith::CmpIPredicate::ugt, own, length));
        length = arith::MaxSIOp::create(b, arith::MinSIOp::create(b, own, length), indexOf(b, 0));
      }
      forEach(indexOf(b, 0), length, 1, [&](Value i) {
        step = i;
        if (op.getReverse())
          step = arith::SubIOp::create(b, arith::SubIOp::create(b, length, indexOf(b, 1)), i);
        emitStep();
      });
      forEach(length, indexOf(b, steps), 1,
              [&](Value i) { forBlocks([&](Value j, int64_t count) { write(0, m.constant(0.0), {i, sequence, j}, count); }); });
      forBlocks([&](Value j, int64_t count) {
        write(1, load(kH, j), {sequence, j}, count);
        write(2, op.getKind() == CellKind::Lstm ? load(kC, j) : m.constant(0.0), {sequence, j}, count);
      });
    });
  }

private:
  FlatBuffer bufferOf(Value tensor) { return FlatBuffer(b, context, tensor); }

  void forEach(Value low, Value high, int64_t by, llvm::function_ref<void(Value)> each) {
    makeLoop(b, low, high, by, {}, [&](Value i, ValueRange) -> SmallVector<Value> {
      each(i);
      return {};
    });
  }

  /// Blocks of hidden units; the last one may have fewer than `lanes`.
  void forBlocks(llvm::function_ref<void(Value j, int64_t count)> block) {
    int64_t full = hidden - hidden % lanes;
    forEach(indexOf(b, 0), indexOf(b, full), lanes, [&](Value j) { block(j, lanes); });
    if (full != hidden)
      block(indexOf(b, full), hidden - full);
  }

  Value activeOf(int64_t count) { return count == lanes ? Value() : indexOf(b, count); }
  Value load(StateRow row, Value j) { return vector::LoadOp::create(b, vector, state, offsetBy(b, j, row * pitch)); }
  void store(StateRow row, Value value, Value j) { vector::StoreOp::create(b, value, state, offsetBy(b, j, row * pitch)); }

  /// A vector of an operand that may be left out; lanes that are not active are zeros.
  Value read(Value tensor, ValueRange indices, int64_t count) {
    if (isLeftOut(tensor))
      return m.constant(0.0);
    body.restart();
    return body.emit(tensor, indices, lanes, activeOf(count));
  }

  void write(unsigned result, Value value, ValueRange indices, int64_t count) {
    if (isLeftOut(op.getResult(result)))
      return;
    for (auto [i, yielded] : llvm::enumerate(context.region.getYielded()))
      if (yielded == op.getResult(result))
        storeElements(b, value, context.outputs[i], indices, b.getF32Type(), activeOf(count));
  }

  void start() {
    forBlocks([&](Value j, int64_t count) {
      store(kH, read(op.getH0(), {sequence, j}, count), j);
      if (op.getKind() == CellKind::Lstm)
        store(kC, read(op.getC0(), {sequence, j}, count), j);
    });
  }

  /// sums[i] += row `row + i` of the weights times the vector that `source` gives, by elements.
  SmallVector<Value> addRows(SmallVector<Value> sums, const FlatBuffer &weights, Value row,
                             llvm::function_ref<Value(Value k, int64_t count)> source) {
    int64_t depth = &weights == &w ? sizesOf(op.getW()).back() : hidden, full = depth - depth % lanes;
    int64_t rowStride = *getConstant(weights.strides[0]);
    Value base = scaleIndex(b, row, rowStride);
    auto add = [&](Value k, int64_t count, ValueRange before) {
      SmallVector<Value> next(before);
      Value x = source(k, count), at = addIndex(b, base, k);
      for (auto [i, sum] : llvm::enumerate(next)) {
        Value y = loadElements(b, weights.memref, offsetBy(b, at, i * rowStride), lanes, b.getF32Type(), activeOf(count));
        sum = math::FmaOp::create(b, x, y, sum);
      }
      return next;
    };
    sums = makeLoop(b, indexOf(b, 0), indexOf(b, full), lanes, sums, [&](Value k, ValueRange before) { return add(k, lanes, before); });
    return full == depth ? sums : add(indexOf(b, full), depth - full, sums);
  }

  /// One vector with the sum of each of `lanes` vectors: pairs are added after their elements have been sorted into one vector, until one is left.
  Value addUp(SmallVector<Value> sums) {
    auto merge = [&](llvm::function_ref<int64_t(int64_t position, int64_t side)> from) {
      SmallVector<Value> half;
      for (size_t i = 0; i < sums.size(); i += 2) {
        SmallVector<int64_t> sides[2];
        for (int64_t side : {0, 1})
          for (int64_t position = 0; position < lanes; ++position)
            sides[side].push_back(from(position, side));
        half.push_back(
            m.add(vector::ShuffleOp::create(b, sums[i], sums[i + 1], sides[0]), vector::ShuffleOp::create(b, sums[i], sums[i + 1], sides[1])));
      }
      sums = half;
    };
    // Within quarters of 128 bits first, which shuffles do not leave: [x0 y0 x1 y1] + [x2 y2 x3 y3], then [u0 u1 v0 v1] + [u2 u3 v2 v3].
    merge([&](int64_t p, int64_t side) { return p / 4 * 4 + p % 4 / 2 + 2 * side + (p % 2) * lanes; });
    merge([&](int64_t p, int64_t side) { return p / 4 * 4 + p % 2 + 2 * side + (p % 4 / 2) * lanes; });
    // Then every other quarter of both.
    while (sums.size() > 1)
      merge([&](int64_t p, int64_t side) {
        int64_t quarter = (2 * (p / 4) + side) % (lanes / 4), which = 2 * (p / 4) / (lanes / 4);
        return quarter * 4 + p % 4 + which * lanes;
      });
    return sums.front();
  }

  /// What a vector of rows of w and r give; `part` chooses w's (x and its bias), r's (`from` and its bias) or both.
  enum Part { kInput = 1, kState = 2, kBoth = 3 };
  Value rowsOf(int64_t gate, Value j, int64_t count, Part part = kBoth, StateRow from = kH) {
    Value row = offsetBy(b, j, gate * hidden);
    SmallVector<Value> sums(count, m.constant(0.0));
    if (part & kInput)
      sums = addRows(sums, w, row, [&](Value k, int64_t active) { return read(op.getX(), {step, sequence, k}, active); });
    if (part & kState)
      sums = addRows(sums, r, row, [&](Value k, int64_t) { return load(from, k); });
    sums.resize(lanes, m.constant(0.0));
    Value sum = addUp(sums);
    if (part & kInput)
      sum = m.add(sum, read(op.getBias(), row, count));
    if (part & kState)
      sum = m.add(sum, read(op.getBias(), offsetBy(b, row, countGates(op) * hidden), count));
    return sum;
  }

  Value activate(size_t which, Value x) { return emitActivation(b, op, which, x); }

  void emitStep() {
    switch (op.getKind()) {
    case CellKind::Rnn:
      forBlocks([&](Value j, int64_t count) { finishUnits(activate(0, rowsOf(0, j, count)), j, count); });
      break;
    case CellKind::Lstm:
      forBlocks([&](Value j, int64_t count) { emitLstm(j, count); });
      break;
    case CellKind::Gru:
      emitGru();
      break;
    }
    forEach(indexOf(b, 0), indexOf(b, pitch), lanes, [&](Value j) { store(kH, load(kNextH, j), j); });
  }

  void finishUnits(Value h, Value j, int64_t count) {
    store(kNextH, h, j);
    write(0, h, {step, sequence, j}, count);
  }

  void emitLstm(Value j, int64_t count) {
    Value old = load(kC, j);
    auto gate = [&](int64_t which, int64_t peephole, Value cell) {
      Value x = rowsOf(which, j, count);
      if (!isLeftOut(op.getPeephole()))
        x = m.add(x, m.mul(read(op.getPeephole(), offsetBy(b, j, peephole * hidden), count), cell));
      return activate(0, x);
    };
    Value in = gate(0, 0, old);
    Value forget = op.getInputForget() ? m.sub(m.constant(1.0), in) : gate(2, 2, old);
    Value cell = m.add(m.mul(forget, old), m.mul(in, activate(1, rowsOf(3, j, count))));
    Value out = gate(1, 1, cell);
    store(kC, cell, j);
    finishUnits(m.mul(out, activate(2, cell)), j, count);
  }

  void emitGru() {
    bool late = op.getLinearBeforeReset();
    forBlocks([&](Value j, int64_t count) {
      store(kUpdate, activate(0, rowsOf(0, j, count)), j);
      Value reset = activate(0, rowsOf(1, j, count));
      store(kReset, late ? reset : m.mul(reset, load(kH, j)), j);
    });
    forBlocks([&](Value j, int64_t count) {
      Value x = late ? m.add(rowsOf(2, j, count, kInput), m.mul(load(kReset, j), rowsOf(2, j, count, kState))) : Value();
      Value fresh = activate(1, late ? x : m.add(rowsOf(2, j, count, kInput), rowsOf(2, j, count, kState, kReset)));
      Value update = load(kUpdate, j);
      finishUnits(m.add(m.mul(m.sub(m.constant(1.0), update), fresh), m.mul(update, load(kH, j))), j, count);
    });
  }

  ImplicitLocOpBuilder &b;
  KernelContext &context;
  RecurrentOp op;
  BodyEmitter body;
  int64_t lanes, hidden, pitch;
  VectorType vector;
  ElementMath m;
  FlatBuffer w, r;
  Value state, sequence, step;
};

} // namespace

RecurrentOp matchRecurrent(RegionOp region, std::string &why) {
  auto op = dyn_cast_or_null<RecurrentOp>(region.getAnchorOp());
  if (!op)
    return why = "is built around 'ingot.recurrent' only", RecurrentOp();
  for (Value operand : op->getOperands())
    if (auto type = cast<RankedTensorType>(operand.getType());
        !type.hasStaticShape() || !(type.getElementType().isF32() || operand == op.getLengths()))
      return why = "computes on static shapes of f32 only", RecurrentOp();
  if (!isa<BlockArgument>(op.getW()) || !isa<BlockArgument>(op.getR()))
    return why = "reads weights from a buffer only", RecurrentOp();
  if (sizesOf(op.getR()).back() == 1 || sizesOf(op.getX()).back() == 1) // in the body these would be dims to broadcast along
    return why = "needs several inputs and hidden units", RecurrentOp();
  for (Value yielded : region.getYielded())
    if (yielded.getDefiningOp() != op)
      return why = "has no epilogue", RecurrentOp();
  return op;
}

int64_t recurrentStateBytes(RecurrentOp op, int64_t lanes) {
  return countStateRows(op) * llvm::alignTo(sizesOf(op.getR()).back(), lanes) * sizeof(float);
}

LogicalResult emitRecurrent(ImplicitLocOpBuilder &b, KernelContext &context) {
  std::string why;
  RecurrentOp op = matchRecurrent(context.region, why);
  if (!op)
    return context.region.emitOpError("is planned for 'recurrent', which ") << why;
  if (failed(checkCell(op)))
    return failure();
  int64_t lanes = context.plan().getLanes();
  if (lanes < 4 || !llvm::isPowerOf2_64(lanes))
    return context.region.emitOpError("needs vectors of a power of two elements, at least 4");
  RecurrentEmitter(b, context, op).emit();
  return success();
}

} // namespace ingot

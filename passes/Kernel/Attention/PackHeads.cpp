// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Attention/PackHeads.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Kernel/RegisterTranspose.h"

using namespace mlir;

namespace ingot {

void packKeys(ImplicitLocOpBuilder &b, SymbolicIndex &index, const HeadRows &rows, Value first, Value count, double scale, Value to, int64_t at) {
  Type f32 = b.getF32Type();
  auto vector = VectorType::get({kPanel}, f32);
  bool isWhole = getConstant(simplifyDim(rows.number % kPanel)) == 0;
  Value last = isWhole ? Value() : index.of(simplifyDim(rows.number - 1));
  Value panels = b.createOrFold<arith::CeilDivUIOp>(count, indexOf(b, kPanel));
  makeLoop(b, indexOf(b, 0), panels, 1, {}, [&](Value panel, ValueRange) -> SmallVector<Value> {
    SmallVector<Value> starts;
    for (int64_t i = 0; i < kPanel; ++i) {
      Value row = addIndex(b, first, offsetBy(b, scaleIndex(b, panel, kPanel), i));
      if (last)
        row = arith::MinUIOp::create(b, row, last);
      starts.push_back(addIndex(b, rows.base, index.scale(row, rows.stride)));
    }
    auto block = [&](Value d, int64_t width) {
      SmallVector<Value> lines;
      for (Value start : starts)
        lines.push_back(loadElements(b, rows.memref, addIndex(b, start, d), kPanel, f32, width < kPanel ? indexOf(b, width) : Value()));
      SmallVector<Value> columns = transposeRegisters(b, lines, kPanel);
      Value target = scaleIndex(b, addIndex(b, scaleIndex(b, panel, rows.width), d), kPanel);
      for (int64_t j = 0; j < width; ++j) {
        Value scaled = columns[j];
        if (scale != 1.0)
          scaled = arith::MulFOp::create(b, scaled, arith::ConstantOp::create(b, DenseElementsAttr::get(vector, static_cast<float>(scale))));
        vector::StoreOp::create(b, scaled, to, offsetBy(b, target, at + j * kPanel));
      }
    };
    int64_t rest = rows.width % kPanel, full = rows.width - rest;
    if (full > 0)
      makeLoop(b, indexOf(b, 0), indexOf(b, full), kPanel, {}, [&](Value d, ValueRange) -> SmallVector<Value> {
        block(d, kPanel);
        return {};
      });
    if (rest > 0)
      block(indexOf(b, full), rest);
    return {};
  });
}

void packValues(ImplicitLocOpBuilder &b, SymbolicIndex &index, const HeadRows &rows, Value first, Value count, int64_t steps, int64_t room, Value to,
                int64_t at) {
  int64_t panels = countTiles(rows.width, kPanel), rest = rows.width % kPanel;
  auto target = [&](Value k, int64_t panel) { return offsetBy(b, scaleIndex(b, k, kPanel), at + panel * room * kPanel); };
  makeLoop(b, indexOf(b, 0), count, 1, {}, [&](Value k, ValueRange) -> SmallVector<Value> {
    Value start = addIndex(b, rows.base, index.scale(addIndex(b, first, k), rows.stride));
    for (int64_t panel = 0; panel < panels; ++panel) {
      Value active = rest != 0 && panel == panels - 1 ? indexOf(b, rest) : Value();
      Value line = loadElements(b, rows.memref, offsetBy(b, start, panel * kPanel), kPanel, b.getF32Type(), active);
      vector::StoreOp::create(b, line, to, target(k, panel));
    }
    return {};
  });
  Value end = scaleIndex(b, b.createOrFold<arith::CeilDivUIOp>(count, indexOf(b, steps)), steps);
  makeLoop(b, count, end, 1, {}, [&](Value k, ValueRange) -> SmallVector<Value> {
    Value zero = arith::ConstantOp::create(b, b.getZeroAttr(VectorType::get({kPanel}, b.getF32Type())));
    for (int64_t panel = 0; panel < panels; ++panel)
      vector::StoreOp::create(b, zero, to, target(k, panel));
    return {};
  });
}

} // namespace ingot

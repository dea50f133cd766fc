// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sizes that a run finds: TensorBuilder's operations that give them symbols, memory and checks.
#include "dialects/Ingot/Control.h"
#include "frontends/onnx/Import/Symbols.h"
#include "frontends/onnx/Import/TensorBuilder.h"

using namespace mlir;

namespace ingot::importer {

/// Elements along a dim of unknown size that there is memory for from the beginning.
constexpr int64_t kFirstRoom = 64;

BindDimOp TensorBuilder::bind(Value value, AffineExpr symbol, AffineExpr limit) {
  unsigned position = cast<AffineSymbolExpr>(symbol).getPosition();
  AffineMapAttr map = limit && !getConstant(limit) ? AffineMapAttr::get(AffineMap::get(0, position, limit)) : AffineMapAttr();
  Value scalar = cast(reshape(value, ArrayRef<int64_t>{}), b.getI64Type());
  return BindDimOp::create(b, loc, Type(), scalar, b.getI64IntegerAttr(position), map);
}

AffineExpr TensorBuilder::bindDim(Value value, const std::string &name, SymbolRange range, AffineExpr limit) {
  if (std::optional<Dims> known = readDims(value); known && known->size() == 1)
    return known->front();
  if (limit)
    range.maximum = std::min(range.maximum, symbols->rangeOf(limit).maximum);
  AffineExpr symbol = symbols->define(name, range, limit);
  bind(value, symbol, limit);
  return symbol;
}

AffineExpr TensorBuilder::bindGrowing(Value value, const std::string &name, int64_t most) {
  if (std::optional<Dims> known = readDims(value); known && known->size() == 1)
    return known->front();
  AffineExpr room = symbols->defineRoom(name + ".room", {std::min(kFirstRoom, most), most}), size = symbols->define(name, {0, most}, room);
  bind(value, size, room)->setAttr(kRoom, b.getI64IntegerAttr(cast<AffineSymbolExpr>(room).getPosition()));
  return size;
}

void TensorBuilder::requireRoom(Value more, AffineExpr room, int64_t most) {
  unsigned position = cast<AffineSymbolExpr>(room).getPosition();
  int64_t largest = symbols->ranges()[position].maximum;
  // One more than there is, but no more than would ever be used.
  Value next = dimsTensor({room + 1}, RankedTensorType::get({}, b.getI64Type()));
  Value wanted = binary(BinaryKind::Min, next, scalar(static_cast<double>(most), b.getI64Type()));
  wanted = select(reshape(more, ArrayRef<int64_t>{}), wanted, scalar(0.0, b.getI64Type()));
  bind(wanted, symbols->define("more", {0, largest}, room), room)->setAttr(kRoom, b.getI64IntegerAttr(position));
}

void TensorBuilder::requireZero(Value value, const std::string &text) {
  if (std::optional<Ints> known = readInts(value); known && llvm::all_of(*known, [](int64_t number) { return number == 0; }))
    return;
  bind(value, symbols->define("zero", {0, 0}), {})->setAttr(kFailureText, b.getStringAttr(text));
}

bool TensorBuilder::requireEqual(AffineExpr x, AffineExpr y) {
  x = simplifyDim(x), y = simplifyDim(y);
  if (x == y || (symbols->isKnownBefore(x) && symbols->isKnownBefore(y)))
    return symbols->requireEqual(x, y, loc);
  SymbolRange difference = symbols->rangeOf(x - y);
  if (!symbols->isDynamic() || difference.minimum > 0 || difference.maximum < 0)
    return false;
  auto type = RankedTensorType::get({}, b.getI64Type());
  requireZero(sub(dimsTensor({x}, type), dimsTensor({y}, type)), "sizes that have to be equal are not");
  return true;
}

} // namespace ingot::importer

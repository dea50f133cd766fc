// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Ingot.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/TypeSwitch.h"

/// The tile of a plan, which may be empty.
static mlir::ParseResult parseTile(mlir::AsmParser &parser, llvm::SmallVector<int64_t> &tile) {
  return parser.parseCommaSeparatedList(mlir::AsmParser::Delimiter::Square, [&] { return parser.parseInteger(tile.emplace_back()); });
}

static void printTile(mlir::AsmPrinter &printer, llvm::ArrayRef<int64_t> tile) {
  printer << '[';
  llvm::interleaveComma(tile, printer);
  printer << ']';
}

#include "dialects/Ingot/IngotDialect.cpp.inc"
#include "dialects/Ingot/IngotEnums.cpp.inc"
#include "dialects/Ingot/IngotInterfaces.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Ingot/IngotAttrs.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/Ingot/IngotOps.cpp.inc"

using namespace mlir;

namespace ingot {

void IngotDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Ingot/IngotAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Ingot/IngotOps.cpp.inc"
      >();
}

Operation *IngotDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type, Location loc) {
  auto typed = dyn_cast<TypedAttr>(value);
  return typed && typed.getType() == type ? ConstantOp::create(builder, loc, type, typed).getOperation() : nullptr;
}

Operation *RegionOp::getAnchorOp() {
  Operation *last = nullptr;
  for (Operation &op : getBody().front().without_terminator()) {
    auto member = dyn_cast<RegionFormationInterface>(op);
    if (!member || member.getAnchor() == Anchor::Constant)
      continue;
    last = &op;
    if (!member.isEpilogue())
      return &op;
  }
  return last;
}

/// A buffer of bytes after the outputs is the region's own scratch memory.
static bool isScratch(Type type) {
  auto memref = dyn_cast<MemRefType>(type);
  return memref && memref.getRank() == 1 && memref.getElementType().isInteger(8);
}

LogicalResult RegionOp::verify() {
  Block &body = getBody().front();
  auto yield = dyn_cast<YieldOp>(body.getTerminator());
  if (!yield)
    return emitOpError("body must end with 'ingot.yield'");
  if (body.getNumArguments() != getInputs().size())
    return emitOpError("has ") << getInputs().size() << " inputs but its body takes " << body.getNumArguments() << " arguments";
  if (getStrides() && getStrides()->size() != getInputs().size() + yield.getValues().size())
    return emitOpError("has strides for ") << getStrides()->size() << " of its " << getInputs().size() + yield.getValues().size() << " buffers";
  auto lies = [&](unsigned i, Type buffer, Type tensor) {
    auto memref = dyn_cast<MemRefType>(buffer);
    auto value = dyn_cast<RankedTensorType>(tensor);
    if (!memref || !value)
      return buffer == tensor;
    bool fits = isSymbolicBuffer(i) ? memref.getRank() == 1 && memref.getLayout().isIdentity() : memref.getShape() == value.getShape();
    return fits && memref.getElementType() == getStorageType(value.getElementType());
  };
  unsigned number = 0;
  for (auto [input, argument] : llvm::zip_equal(getInputs(), body.getArguments()))
    if (!lies(number++, input.getType(), argument.getType()))
      return emitOpError("input ") << input.getType() << " does not hold the body's argument " << argument.getType();
  TypeRange targets = getOutputs().empty() ? TypeRange(getResultTypes()) : TypeRange(getOutputs().getTypes());
  if (!getOutputs().empty() && getNumResults() != 0)
    return emitOpError("has both results and output buffers");
  if (targets.size() == yield.getValues().size() + 1 && isScratch(targets.back()))
    targets = targets.drop_back();
  if (targets.size() != yield.getValues().size())
    return emitOpError("yields ") << yield.getValues().size() << " tensors for " << targets.size() << " results";
  for (auto [target, value] : llvm::zip_equal(targets, yield.getValues()))
    if (!lies(number++, target, value.getType()))
      return emitOpError("output ") << target << " does not hold the yielded " << value.getType();
  return success();
}

bool RegionOp::isSymbolicBuffer(unsigned i) {
  if (!getStrides())
    return false;
  size_t inputs = getInputs().size();
  if (i >= inputs + getYielded().size())
    return false; // scratch
  Type tensor = i < inputs ? getBody().front().getArgument(i).getType() : getYielded()[i - inputs].getType();
  return !cast<RankedTensorType>(tensor).hasStaticShape() || !llvm::all_of(getBufferStrides(i), llvm::IsaPred<AffineConstantExpr>);
}

SmallVector<AffineExpr, 6> RegionOp::getBufferStrides(unsigned i) {
  if (getStrides())
    return SmallVector<AffineExpr, 6>(cast<AffineMapAttr>((*getStrides())[i]).getValue().getResults());
  auto [strides, offset] =
      cast<MemRefType>((i < getInputs().size() ? getInputs()[i] : getOutputs()[i - getInputs().size()]).getType()).getStridesAndOffset();
  return llvm::map_to_vector<6>(strides, [&](int64_t stride) { return getAffineConstantExpr(stride, getContext()); });
}

void RegionOp::getEffects(SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  for (OpOperand &input : getInputsMutable())
    if (isa<MemRefType>(input.get().getType()))
      effects.emplace_back(MemoryEffects::Read::get(), &input);
  for (OpOperand &output : getOutputsMutable())
    effects.emplace_back(MemoryEffects::Write::get(), &output);
}

} // namespace ingot

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Profile/RegionTable.h"

#include "passes/Kernel/Footprint.h"

#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace ingot {
namespace {

constexpr llvm::StringLiteral kCost = "ingot.cost";
constexpr size_t kListedNames = 3; // a profile has one line for a region

/// The names of the ONNX nodes of a location, each once.
void collectNames(Location loc, llvm::SetVector<StringAttr> &names) {
  if (auto name = dyn_cast<NameLoc>(loc)) {
    if (!name.getName().empty())
      names.insert(name.getName());
  } else if (auto fused = dyn_cast<FusedLoc>(loc)) {
    for (Location part : fused.getLocations())
      collectNames(part, names);
  } else if (auto call = dyn_cast<CallSiteLoc>(loc)) {
    collectNames(call.getCaller(), names);
  }
}

std::string nameOf(RegionOp region) {
  llvm::SetVector<StringAttr> names;
  for (Operation &op : region.getBody().front().without_terminator())
    if (!isa<ConstantOp>(op))
      collectNames(op.getLoc(), names);
  if (names.empty())
    collectNames(region.getLoc(), names);
  std::string text;
  for (StringAttr name : names.getArrayRef().take_front(kListedNames))
    text += (text.empty() ? "" : " + ") + name.str();
  if (names.size() > kListedNames)
    text += " + " + std::to_string(names.size() - kListedNames) + " more";
  if (region->hasAttr(kBorderAttr))
    text += text.empty() ? "border" : " (border)";
  return text.empty() ? "unnamed" : text;
}

/// "3x3 " for a window of that size.
std::string windowOf(RegionOp region) {
  for (Operation &op : region.getBody().front())
    if (auto conv = dyn_cast<ConvOp>(op))
      return llvm::join(llvm::map_range(conv.getKernel(), [](int64_t size) { return std::to_string(size); }), "x") + " ";
  return "";
}

/// What the region does, as people say it, in the plural.
std::string kindOf(RegionOp region) {
  switch (region.getPlan()->getFamily()) {
  case Family::Convolution:
    return windowOf(region) + "convolutions";
  case Family::Depthwise:
    return windowOf(region) + "depthwise convolutions";
  case Family::Contraction:
    return "matrix products";
  case Family::Gemv:
    return "matrix-vector products";
  case Family::Blocks:
    return "products with weights of 4 bits";
  case Family::Pairs:
    return "products with two of four weights";
  case Family::Sparse:
    return "products with blocks of zero weights left out";
  case Family::Pool:
    return "poolings";
  case Family::Row:
    return "reductions, norms and softmax";
  case Family::Map:
    return "elementwise operations and copies";
  case Family::Recurrent:
    return "recurrent layers";
  case Family::Attention:
    return "attentions";
  case Family::Winograd:
    return "3x3 convolutions by Winograd's algorithm";
  case Family::Plain:
    return "operations without a kernel of their own";
  default:
    return stringifyFamily(region.getPlan()->getFamily()).str() + " regions";
  }
}

/// Bytes of the region's buffers whose sizes are known, each read or written once.
int64_t bufferBytes(RegionOp region) {
  int64_t bytes = 0;
  for (Value operand : region.getOperands())
    if (auto buffer = dyn_cast<MemRefType>(operand.getType()); buffer && buffer.hasStaticShape())
      bytes += buffer.getNumElements() * ((buffer.getElementTypeBitWidth() + 7) / 8);
  return bytes;
}

/// What products multiply where that is not f32: pairs of bf16, or groups of bytes. Depthwise products have instructions for neither.
StringRef arithmeticOf(RegionOp region) {
  for (Operation &op : region.getBody().front()) {
    if (auto blocks = dyn_cast<BlockMatMulOp>(op); blocks && blocks.getBytes() == 1)
      return "int8";
    auto conv = dyn_cast<ConvOp>(op);
    if (!isa<PackedMatMulOp, SparseMatMulOp>(op) && !(conv && !conv.isDepthwise()))
      continue;
    Type left = getElementTypeOrSelf(op.getOperand(0)), right = getElementTypeOrSelf(op.getOperand(1));
    if (left.isBF16() && right.isBF16())
      return "bf16";
    if (left.isInteger(8) && right.isInteger(8))
      return "int8";
  }
  return "";
}

} // namespace

DictionaryAttr describeRegion(RegionOp region) {
  Builder b(region.getContext());
  auto cost = region->getAttrOfType<CostAttr>(kCost);
  int64_t flops = cost ? cost.getFlops() : 0, bytes = cost ? cost.getRead() + cost.getWritten() : bufferBytes(region);
  if (region.getStrides()) // its work depends on symbols: what was predicted for typical sizes says nothing of a run
    flops = bytes = 0;
  NamedAttrList facts;
  facts.set("name", b.getStringAttr(nameOf(region)));
  facts.set("family", b.getStringAttr(stringifyFamily(region.getPlan()->getFamily())));
  facts.set("kind", b.getStringAttr(kindOf(region)));
  facts.set("flops", b.getI64IntegerAttr(flops));
  facts.set("bytes", b.getI64IntegerAttr(bytes));
  if (StringRef arithmetic = arithmeticOf(region); !arithmetic.empty())
    facts.set(arithmetic, b.getUnitAttr());
  return facts.getDictionary(region.getContext());
}

DictionaryAttr describeChain(ArrayRef<RegionOp> regions) {
  int64_t flops = 0, bytes = 0;
  std::string name;
  for (RegionOp region : regions) {
    DictionaryAttr facts = describeRegion(region);
    flops += facts.getAs<IntegerAttr>("flops").getInt();
    bytes += facts.getAs<IntegerAttr>("bytes").getInt();
    name += (name.empty() ? "" : ", ") + facts.getAs<StringAttr>("name").str();
  }
  Builder b(regions.back()->getContext());
  NamedAttrList facts(describeRegion(regions.front()));
  facts.set("name", b.getStringAttr(name));
  facts.set("kind", b.getStringAttr("chains of convolutions by rows"));
  facts.set("flops", b.getI64IntegerAttr(flops));
  facts.set("bytes", b.getI64IntegerAttr(bytes));
  return facts.getDictionary(b.getContext());
}

} // namespace ingot

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/Cost/RegionCost.h"

#include "dialects/Ingot/Control.h"
#include "passes/Kernel/Attention/AttentionShape.h"
#include "passes/Kernel/Chain/RowChain.h"
#include "passes/Kernel/Stores/StoreSchedule.h"
#include "passes/Plan/BodyCost.h"
#include "passes/Plan/Memory/BufferLifetimes.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace ingot {
namespace {

double bytesOf(Type tensor, int64_t symbol) { return static_cast<double>(estimateElements(tensor, symbol)) * elementBytes(tensor); }

/// The size of dim `dim` of a tensor, counted from the end.
double lastDim(Value tensor, int64_t symbol, size_t dim = 1) {
  return estimateDim(getDims(cast<RankedTensorType>(tensor.getType())).end()[-static_cast<ptrdiff_t>(dim)], symbol);
}

double flopsOf(Operation *op, int64_t symbol) {
  double elements = op->getNumResults() == 0 ? 0 : estimateElements(op->getResult(0).getType(), symbol);
  return llvm::TypeSwitch<Operation *, double>(op)
      .Case<MatMulOp, PackedMatMulOp, BlockMatMulOp>([&](auto product) { return 2 * elements * lastDim(product.getLhs(), symbol); })
      .Case<AttentionOp>([&](AttentionOp attention) {
        double keys = visibleKeys(attention, lastDim(attention.getQ(), symbol, 3), lastDim(attention.getK(), symbol, 3));
        return 2 * keys * (estimateElements(attention.getQ().getType(), symbol) + elements);
      })
      .Case<SparseMatMulOp>([&](SparseMatMulOp product) { // of what there are blocks for
        return 2 * elements / product.getColumns() * kPanel * product.getGroup() * product.getBlockCount();
      })
      .Case<PairMatMulOp>([&](PairMatMulOp product) { return elements * lastDim(product.getLhs(), symbol); })
      .Case<ConvOp>([&](ConvOp conv) {
        size_t channels = conv.getLayout() == Layout::ChannelsLast ? 1 : conv.getKernel().size() + 1;
        return 2 * elements * llvm::product_of(conv.getKernel()) * lastDim(conv.getX(), symbol, channels) / conv.getGroups();
      })
      .Case<WinogradConvOp>([&](WinogradConvOp conv) { // its products alone
        double points = conv.getTile() + 2, pixels = conv.getTile();
        return 2 * elements * lastDim(conv.getX(), symbol) * points * points / (pixels * pixels);
      })
      .Case<PoolOp>([&](PoolOp pool) { return elements * llvm::product_of(pool.getKernel()); })
      .Case<TileSumsOp>([&](TileSumsOp sums) { return estimateElements(sums.getX().getType(), symbol); })
      .Case<ReduceOp>([&](ReduceOp reduce) { return estimateElements(reduce.getX().getType(), symbol); })
      .Case<NormOp>([&](auto) { return 5 * elements; })
      .Case<RecurrentOp>([&](RecurrentOp cell) {
        double steps = lastDim(cell.getX(), symbol, 3) * lastDim(cell.getX(), symbol, 2);
        return 2 * steps * (estimateElements(cell.getW().getType(), symbol) + estimateElements(cell.getR().getType(), symbol));
      })
      .Case<UnaryOp, BinaryOp, CompareOp, SelectOp>([&](auto) { return elements; })
      .Default(0.0);
}

/// Of a table, only what is taken out of it is read.
double bytesRead(BlockArgument argument, int64_t symbol) {
  double bytes = bytesOf(argument.getType(), symbol);
  if (!argument.hasOneUse())
    return argument.use_empty() ? 0 : bytes;
  Operation *user = *argument.getUsers().begin();
  if (isa<GatherOp, GatherElementsOp, GatherNdOp, SliceOp>(user) && user->getOperand(0) == argument)
    return std::min(bytes, bytesOf(user->getResult(0).getType(), symbol));
  return bytes;
}

} // namespace

RegionWork RegionWork::of(RegionOp region, int64_t symbol) {
  RegionWork work;
  for (Operation &op : region.getBody().front())
    work.flops += flopsOf(&op, symbol);
  for (auto [argument, input] : llvm::zip_equal(region.getBody().getArguments(), region.getInputs())) {
    double bytes = isInsideOfChain(input) ? 0 : bytesRead(argument, symbol); // what lies there does not leave the second cache
    work.read += bytes;
    work.weights += input.getDefiningOp<ConstantOp>() ? bytes : 0;
  }
  bool staysInside = region.getNumResults() != 0 ? static_cast<bool>(nextInChain(region)) : llvm::any_of(region.getOutputs(), isInsideOfChain);
  for (Value yielded : region.getYielded())
    work.written += staysInside ? 0 : bytesOf(yielded.getType(), symbol);
  for (int64_t result : resultsPastCaches(region))
    work.pastCaches += bytesOf(region.getYielded()[result].getType(), symbol);
  return work;
}

CostModel::CostModel(Block &body, const MachineModel &machine) : machine(machine) {
  for (Block *block : blocksOf(body))
    for (auto constant : block->getOps<ConstantOp>())
      weightBytes += bytesOf(constant.getType(), kTypicalSize);
}

double CostModel::transfer(double bytes, double workingSet, int64_t threads) const {
  double rate = machine.bytesPerCycle(workingSet) * threads;
  if (workingSet > 0.7 * machine.l3Bytes)
    rate = std::min(rate, machine.sharedDramBytesPerCycle);
  return bytes / rate;
}

double CostModel::memoryCycles(const RegionWork &work, int64_t threads) const {
  double tensors = work.read - work.weights + work.written;
  // A line is read before it is written, unless it is in a cache already, or written past the caches.
  double moved = tensors > 0.7 * machine.l2Bytes ? tensors + work.written - work.pastCaches : tensors;
  return transfer(work.weights, weightBytes, threads) + transfer(moved, tensors, threads);
}

CostAttr CostModel::of(RegionOp region) const {
  RegionWork work = RegionWork::of(region);
  OwnedModel model = modelPlanned(region, machine);
  double predicted = model ? cycles(*model, region.getPlan()->getTile(), work) : memoryCycles(work);
  auto whole = [](double number) { return static_cast<int64_t>(std::min(number, 9e18)); };
  return CostAttr::get(region.getContext(), whole(work.flops), whole(work.read), whole(work.written), whole(predicted));
}

} // namespace ingot

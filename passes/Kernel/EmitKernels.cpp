// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/RunFailure.h"
#include "dialects/Ingot/Shapes.h"
#include "dialects/Ingot/SymbolicDims.h"
#include "passes/Kernel/FailureSites.h"
#include "passes/Kernel/Families.h"
#include "passes/Kernel/Footprint.h"
#include "passes/Kernel/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/AsmState.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_EMITKERNELSPASS
#include "passes/Kernel/Passes.h.inc"

namespace {

/// Null for a family whose kernels do not exist yet.
FamilyEmitter emitterOf(Family family) {
  switch (family) {
  case Family::Plain:
    return emitPlain;
  case Family::Map:
    return emitMap;
  case Family::Row:
    return emitRow;
  case Family::Contraction:
    return emitContraction;
  case Family::Gemv:
    return emitGemv;
  case Family::Convolution:
    return emitConvolution;
  case Family::Depthwise:
    return emitDepthwise;
  case Family::Pool:
    return emitPool;
  case Family::Recurrent:
    return emitRecurrent;
  default:
    return nullptr;
  }
}

struct EmitKernelsPass : impl::EmitKernelsPassBase<EmitKernelsPass> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> models;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isPrivate() && !function->hasAttr("ingot.prepares"))
        models.push_back(function);
    for (func::FuncOp model : models)
      if (failed(emitModel(model)))
        return signalPassFailure();
    if (!sites.empty())
      getOperation()->setAttr(kFailureSites, ArrayAttr::get(&getContext(), sites));
  }

private:
  LogicalResult emitModel(func::FuncOp model) {
    SmallVector<RegionOp> regions;
    model.walk([&](RegionOp region) { regions.push_back(region); });
    for (RegionOp region : regions)
      if (!region.getPlan())
        return region.emitOpError("has no plan: run the plan stage first");

    // team, thread, threads and the record of a failure follow the buffers.
    Block &entry = model.getBody().front();
    OpBuilder b(model.getContext());
    Type pointer = LLVM::LLVMPointerType::get(model.getContext()), index = b.getIndexType();
    unsigned first = model.getNumArguments();
    for (Type type : {pointer, index, index, pointer})
      if (failed(model.insertArgument(model.getNumArguments(), type, {}, model.getLoc())))
        return failure();
    Value team = entry.getArgument(first), thread = entry.getArgument(first + 1), threads = entry.getArgument(first + 2);
    Value failure = entry.getArgument(first + 3);
    loadSymbols(model);

    bool ok = true; // all regions without kernels are reported at once
    SmallVector<RegionOp> sinceBarrier;
    for (RegionOp region : regions) {
      b.setInsertionPoint(region);
      if (llvm::any_of(sinceBarrier, [&](RegionOp earlier) { return mustWait(earlier, region); })) {
        emitBarrier(b, region.getLoc(), team);
        sinceBarrier.clear();
      }
      sinceBarrier.push_back(region);
      FailureOr<func::FuncOp> kernel = kernelOf(region);
      ok &= succeeded(kernel);
      if (ok)
        emitCall(b, region, *kernel, thread, threads, failure);
    }
    if (ok)
      for (RegionOp region : regions)
        region.erase();
    return success(ok);
  }

  /// The values of the model's symbols, which the kernels of regions with symbolic buffers take.
  void loadSymbols(func::FuncOp model) {
    symbols.clear();
    auto names = model->getAttrOfType<ArrayAttr>("ingot.symbols");
    for (BlockArgument argument : model.getArguments()) {
      if (!names || !model.getArgAttr(argument.getArgNumber(), "ingot.values"))
        continue;
      auto b = ImplicitLocOpBuilder::atBlockBegin(model.getLoc(), &model.getBody().front());
      for (size_t i = 0; i < names.size(); ++i) {
        Value value = memref::LoadOp::create(b, argument, arith::ConstantIndexOp::create(b, i).getResult());
        symbols.push_back(arith::IndexCastOp::create(b, b.getIndexType(), value));
      }
    }
  }

  /// A region waits for an earlier one of another thread that it reads from, overwrites, or whose input it overwrites.
  static bool mustWait(RegionOp earlier, RegionOp region) {
    if (!earlier.getPlan()->getParallel() && !region.getPlan()->getParallel())
      return false; // thread 0 runs both
    auto touches = [&](ValueRange a, ValueRange b) {
      return llvm::any_of(a, [&](Value x) { return llvm::any_of(b, [&](Value y) { return mayOverlap(Footprint::of(x), Footprint::of(y)); }); });
    };
    // A border and what it is around are of one place, and both written.
    auto isBeside = [&](Value x, Value y) {
      Value place = Footprint::of(x).place;
      return place && place == Footprint::of(y).place && (earlier->hasAttr(kBorderAttr) || region->hasAttr(kBorderAttr));
    };
    bool writesAgain = llvm::any_of(earlier.getOutputs(), [&](Value x) {
      return llvm::any_of(region.getOutputs(), [&](Value y) { return mayOverlap(Footprint::of(x), Footprint::of(y)) && !isBeside(x, y); });
    });
    return writesAgain || touches(earlier.getOutputs(), region.getInputs()) || touches(earlier.getInputs(), region.getOutputs());
  }

  /// Its result, which says that the call was cancelled, is read where the entry is written.
  void emitBarrier(OpBuilder &b, Location loc, Value team) {
    StringRef name = "ingot_team_barrier";
    if (!getOperation().lookupSymbol(name)) {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(getOperation().getBody());
      auto declaration = func::FuncOp::create(b, loc, name, b.getFunctionType({team.getType()}, {b.getI32Type()}));
      declaration.setPrivate();
    }
    func::CallOp::create(b, loc, name, TypeRange(b.getI32Type()), ValueRange{team});
  }

  /// Lists the region's sites and returns what its kernel needs to report them: the record and the first site's number, or nothing.
  SmallVector<Value> addSites(OpBuilder &b, RegionOp region, Value failure) {
    size_t first = sites.size();
    for (Operation *op : failureSites(region))
      sites.push_back(b.getArrayAttr({op->getLoc(), b.getStringAttr(describeRunFailure(op))}));
    if (sites.size() == first)
      return {};
    return {failure, arith::ConstantOp::create(b, region.getLoc(), b.getI32IntegerAttr(first))};
  }

  /// Calls the kernel with the thread's share of the units.
  void emitCall(OpBuilder &b, RegionOp region, func::FuncOp kernel, Value thread, Value threads, Value failure) {
    Location loc = region.getLoc();
    SmallVector<Value> report = addSites(b, region, failure);
    SmallVector<Value> operands(region.getOperands());
    if (needsSymbols(region))
      operands.append(symbols);
    Value units = arith::ConstantIndexOp::create(b, loc, region.getPlan()->getUnits());
    if (!region.getPlan()->getParallel()) {
      Value zero = arith::ConstantIndexOp::create(b, loc, 0);
      operands.append({zero, units});
      operands.append(report);
      Value isFirst = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, thread, zero);
      scf::IfOp::create(b, loc, isFirst, [&](OpBuilder &inner, Location) {
        func::CallOp::create(inner, loc, kernel, operands);
        scf::YieldOp::create(inner, loc);
      });
      return;
    }
    auto share = [&](Value number) { return arith::DivUIOp::create(b, loc, arith::MulIOp::create(b, loc, units, number), threads).getResult(); };
    Value next = arith::AddIOp::create(b, loc, thread, arith::ConstantIndexOp::create(b, loc, 1));
    operands.append({share(thread), share(next)});
    operands.append(report);
    func::CallOp::create(b, loc, kernel, operands);
  }

  /// What makes two regions the same code: everything but where their buffers lie.
  static std::string keyOf(RegionOp region) {
    std::string key;
    llvm::raw_string_ostream stream(key);
    llvm::interleaveComma(region.getOperandTypes(), stream);
    stream << *region.getPlan();
    if (region.getStrides())
      stream << *region.getStrides();
    for (Operation &op : region.getBody().front()) {
      // Names of ONNX values differ between layers that are alike.
      Operation *copy = op.clone();
      copy->removeAttr("ingot.values");
      copy->print(stream, OpPrintingFlags().useLocalScope());
      for (Value operand : op.getOperands()) {
        stream << ' ';
        if (auto argument = dyn_cast<BlockArgument>(operand))
          stream << 'a' << argument.getArgNumber();
        else
          stream << 'v' << std::distance(op.getBlock()->begin(), operand.getDefiningOp()->getIterator()) << '.'
                 << cast<OpResult>(operand).getResultNumber();
      }
      copy->dropAllReferences();
      copy->destroy();
    }
    return key;
  }

  FailureOr<func::FuncOp> kernelOf(RegionOp region) {
    FamilyEmitter emit = emitterOf(region.getPlan()->getFamily());
    if (!emit)
      return region.emitOpError("is planned for the family '") << stringifyFamily(region.getPlan()->getFamily()) << "', which has no kernels";
    func::FuncOp &kernel = kernels[keyOf(region)];
    if (kernel)
      return kernel;
    ImplicitLocOpBuilder b(region.getLoc(), region.getContext());
    b.setInsertionPointToEnd(getOperation().getBody());
    SmallVector<Type> types(region.getOperandTypes());
    size_t symbolCount = needsSymbols(region) ? symbols.size() : 0, buffers = types.size();
    types.append(symbolCount + 2, b.getIndexType());
    bool canFail = !failureSites(region).empty();
    if (canFail)
      types.append({LLVM::LLVMPointerType::get(region.getContext()), b.getI32Type()});
    kernel = func::FuncOp::create(b, "region_" + std::to_string(kernels.size() - 1), b.getFunctionType(types, {}));
    kernel.setPrivate();
    Block *entry = kernel.addEntryBlock();
    b.setInsertionPointToStart(entry);
    ValueRange arguments = entry->getArguments();
    ValueRange sizes = arguments.slice(buffers, symbolCount), share = arguments.drop_front(buffers + symbolCount);
    SmallVector<Value> shaped;
    for (unsigned i = 0; i < buffers; ++i)
      shaped.push_back(region.isSymbolicBuffer(i) ? shapeBuffer(b, region, i, arguments[i], sizes) : arguments[i]);
    size_t inputs = region.getInputs().size();
    KernelContext context{region, ArrayRef(shaped).take_front(inputs), ArrayRef(shaped).drop_front(inputs), sizes, share[0], share[1]};
    if (canFail) {
      context.failure = share[2];
      context.firstSite = share[3];
    }
    if (failed(emit(b, context)))
      return failure();
    b.setInsertionPointToEnd(entry);
    func::ReturnOp::create(b);
    return kernel;
  }

  /// Whether the kernel takes the symbols: for its buffers, or because a tensor between them, an offset or a number follows from them.
  static bool needsSymbols(RegionOp region) {
    auto needs = [](Operation &op) {
      auto slice = dyn_cast<SliceOp>(op);
      return isa<DimsOp>(op) || (slice && slice.getBounds()) ||
             llvm::any_of(op.getResultTypes(), [](Type type) { return !cast<RankedTensorType>(type).hasStaticShape(); });
    };
    return region.getStrides() || llvm::any_of(region.getBody().front(), needs);
  }

  /// A flat argument with the sizes and strides of the tensor that it holds.
  static Value shapeBuffer(ImplicitLocOpBuilder &b, RegionOp region, unsigned i, Value flat, ValueRange symbols) {
    size_t inputs = region.getInputs().size();
    Type tensor = i < inputs ? region.getBody().front().getArgument(i).getType() : region.getYielded()[i - inputs].getType();
    SmallVector<OpFoldResult> sizes, strides;
    SmallVector<int64_t> knownSizes, knownStrides;
    auto append = [&](AffineExpr dim, SmallVectorImpl<OpFoldResult> &values, SmallVectorImpl<int64_t> &known) {
      std::optional<int64_t> constant = getConstant(dim);
      known.push_back(constant.value_or(ShapedType::kDynamic));
      values.push_back(constant ? OpFoldResult(b.getIndexAttr(*constant)) : OpFoldResult(materializeDim(b, dim, symbols)));
    };
    for (AffineExpr dim : getDims(cast<RankedTensorType>(tensor)))
      append(dim, sizes, knownSizes);
    for (AffineExpr stride : region.getBufferStrides(i))
      append(stride, strides, knownStrides);
    auto layout = StridedLayoutAttr::get(b.getContext(), 0, knownStrides);
    auto type = MemRefType::get(knownSizes, cast<MemRefType>(flat.getType()).getElementType(), layout);
    return memref::ReinterpretCastOp::create(b, type, flat, b.getIndexAttr(0), sizes, strides);
  }

  llvm::StringMap<func::FuncOp> kernels;
  SmallVector<Value> symbols;   ///< of the model in hand
  SmallVector<Attribute> sites; ///< of all regions so far; alike regions share code but not sites
};

} // namespace
} // namespace ingot

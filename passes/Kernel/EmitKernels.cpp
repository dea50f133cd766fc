// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Control.h"
#include "dialects/Ingot/ModelSymbols.h"
#include "dialects/Ingot/RegionText.h"
#include "dialects/Ingot/RunFailure.h"
#include "dialects/Ingot/Shapes.h"
#include "dialects/Ingot/SymbolicDims.h"
#include "passes/Kernel/Chain/EmitChain.h"
#include "passes/Kernel/FailureSites.h"
#include "passes/Kernel/Families.h"
#include "passes/Kernel/Footprint.h"
#include "passes/Kernel/Passes.h"
#include "passes/Kernel/Product/FirstBlockFetch.h"
#include "passes/Kernel/Product/GuestFetch.h"
#include "passes/Kernel/Product/WeightFetch.h"
#include "passes/Kernel/Profile/RegionTable.h"
#include "passes/Kernel/Shares/EmitPieces.h"
#include "passes/Kernel/Stores/StoreSchedule.h"

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
  case Family::Attention:
    return emitAttention;
  case Family::Winograd:
    return emitWinograd;
  case Family::Blocks:
    return emitBlocks;
  case Family::Sparse:
    return emitSparse;
  case Family::Pairs:
    return emitPairs;
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
      if (failed(findScratch(model)))
        return signalPassFailure();
    if (scratchBytes != 0)
      getOperation()->setAttr(kScratchBytes, IntegerAttr::get(IntegerType::get(&getContext(), 64), scratchBytes));
    for (func::FuncOp model : models)
      if (failed(emitModel(model)))
        return signalPassFailure();
    if (!sites.empty())
      getOperation()->setAttr(kFailureSites, ArrayAttr::get(&getContext(), sites));
    if (!table.empty())
      getOperation()->setAttr(kRegionTable, ArrayAttr::get(&getContext(), table));
  }

private:
  /// In whole cache lines, so that the memory of every thread begins with one.
  static int64_t scratchOf(RegionOp region) { return region.getPlan() ? llvm::alignTo(region.getPlan()->getScratch(), kCacheLine) : 0; }

  /// Of all regions and chains.
  LogicalResult findScratch(func::FuncOp model) {
    WalkResult found = model.walk([&](RegionOp region) {
      scratchBytes = std::max(scratchBytes, scratchOf(region));
      SmallVector<RegionOp> regions = chainEndingAt(region);
      if (regions.empty())
        return WalkResult::advance();
      FailureOr<RowChain> chain = RowChain::planned(regions);
      if (failed(chain))
        return WalkResult::interrupt();
      scratchBytes = std::max(scratchBytes, chain->scratchBytes());
      return WalkResult::advance();
    });
    return failure(found.wasInterrupted());
  }

  MemRefType scratchType() { return MemRefType::get({scratchBytes}, IntegerType::get(&getContext(), 8)); }

  LogicalResult emitModel(func::FuncOp model) {
    SmallVector<RegionOp> regions;
    model.walk([&](RegionOp region) { regions.push_back(region); });
    for (RegionOp region : regions)
      if (!region.getPlan())
        return region.emitOpError("has no plan: run the plan stage first");

    // team, thread, threads, the record of a failure and, if there is any, the thread's scratch memory follow the buffers.
    Block &entry = model.getBody().front();
    OpBuilder b(model.getContext());
    Type pointer = LLVM::LLVMPointerType::get(model.getContext()), index = b.getIndexType();
    unsigned first = model.getNumArguments();
    SmallVector<Type> types = {pointer, index, index, pointer};
    if (scratchBytes != 0)
      types.push_back(scratchType());
    for (Type type : types)
      if (failed(model.insertArgument(model.getNumArguments(), type, {}, model.getLoc())))
        return failure();
    Value team = entry.getArgument(first), thread = entry.getArgument(first + 1), threads = entry.getArgument(first + 2);
    Value failure = entry.getArgument(first + 3), scratch = scratchBytes != 0 ? entry.getArgument(first + 4) : Value();
    model->setAttr(kThreadArgument, b.getI64IntegerAttr(first + 1));
    values = valuesOf(model);
    loadSymbols(model);
    call = {team, thread, threads, failure, scratch};
    pending.clear();
    bool ok = true; // all regions without kernels are reported at once
    emitBlock(entry, ok);
    if (ok)
      publishSizes(model);
    return success(ok);
  }

  /// What the threads of a call share, as arguments of the model's function.
  struct Call {
    Value team, thread, threads, failure, scratch;
  };

  static int64_t laneOf(RegionOp region) {
    auto beside = region->getAttrOfType<DenseI64ArrayAttr>(kBesideAttr);
    return beside ? beside[1] : 0;
  }

  /// What has been read and written since the last barrier.
  struct Access {
    SmallVector<Value> inputs, outputs;
    bool parallel = true; ///< by all threads, or by one of them
    bool isBorder = false;
    int64_t lane = 0; ///< which one, where there are that many

    static Access of(RegionOp region) {
      return {region.getInputs(), region.getOutputs(), region.getPlan()->getParallel(), region->hasAttr(kBorderAttr), laneOf(region)};
    }
  };

  /// Writes kernels for all regions of the block, and turns control flow around them into that of `scf`.
  void emitBlock(Block &block, bool &ok) {
    OpBuilder b(block.getParentOp()->getContext());
    for (Operation &op : llvm::make_early_inc_range(block)) {
      b.setInsertionPoint(&op);
      ImplicitLocOpBuilder at(op.getLoc(), b);
      if (auto region = dyn_cast<RegionOp>(op)) {
        SmallVector<RegionOp> chain = chainEndingAt(region);
        if (chain.empty() && chainOf(region))
          continue; // written where its chain ends
        ok &= succeeded(chain.empty() ? emitRegion(b, region) : emitChainOf(b, chain));
      } else if (auto bind = dyn_cast<BindDimOp>(op))
        emitBind(at, bind);
      else if (auto branch = dyn_cast<IfOp>(op))
        emitIf(at, branch, ok);
      else if (auto loop = dyn_cast<LoopOp>(op))
        emitLoop(at, loop, ok);
    }
  }

  LogicalResult emitRegion(OpBuilder &b, RegionOp region) {
    begin(b, region.getLoc(), Access::of(region));
    FailureOr<func::FuncOp> kernel = kernelOf(region);
    if (failed(kernel))
      return failure();
    table.push_back(describeRegion(region));
    emitCall(b, region, *kernel)->setAttr(kRegionNumber, b.getI32IntegerAttr(table.size() - 1));
    region.erase();
    return success();
  }

  /// One call for all regions of a chain, with the thread's share of the strips.
  LogicalResult emitChainOf(OpBuilder &b, ArrayRef<RegionOp> regions) {
    FailureOr<RowChain> chain = RowChain::planned(regions);
    if (failed(chain))
      return failure();
    RegionOp last = regions.back();
    Access access;
    SmallVector<func::FuncOp> parts;
    for (RegionOp region : regions) {
      FailureOr<func::FuncOp> kernel = kernelOf(region);
      if (failed(kernel))
        return failure();
      parts.push_back(*kernel);
      llvm::copy_if(region.getInputs(), std::back_inserter(access.inputs), [](Value input) { return !isInsideOfChain(input); });
      llvm::copy_if(region.getOutputs(), std::back_inserter(access.outputs), [](Value output) { return !isInsideOfChain(output); });
    }
    begin(b, last.getLoc(), std::move(access));
    table.push_back(describeChain(regions));
    ImplicitLocOpBuilder atEnd(last.getLoc(), last.getContext());
    atEnd.setInsertionPointToEnd(getOperation().getBody());
    func::FuncOp function = emitChain(atEnd, "chain_" + std::to_string(chains++), *chain, parts, scratchType());
    SmallVector<Value> operands = outerOperands(*chain);
    operands.append(shareOfUnits(b, last.getLoc(), arith::ConstantIndexOp::create(b, last.getLoc(), chain->strips())));
    operands.push_back(call.scratch);
    func::CallOp::create(b, last.getLoc(), function, operands)->setAttr(kRegionNumber, b.getI32IntegerAttr(table.size() - 1));
    SmallVector<Operation *> strips;
    for (RegionOp region : regions) {
      for (Value buffer : region.getOutputs())
        if (isInsideOfChain(buffer))
          strips.push_back(buffer.getDefiningOp());
      region.erase();
    }
    for (Operation *strip : strips)
      strip->erase();
    return success();
  }

  bool waits(const Access &access) const {
    return llvm::any_of(pending, [&](const Access &earlier) { return mustWait(earlier, access); });
  }

  /// Behind a barrier where the access needs one.
  void begin(OpBuilder &b, Location loc, Access access) {
    if (waits(access))
      waitForAll(b, loc);
    pending.push_back(std::move(access));
  }

  void waitForAll(OpBuilder &b, Location loc) {
    if (!pending.empty())
      emitBarrier(b, loc, call.team);
    pending.clear();
  }

  /// The only element of a buffer. Whoever computed it has finished; nobody overwrites it before all threads have read it.
  Value readScalar(ImplicitLocOpBuilder &b, Value buffer) {
    begin(b, b.getLoc(), {.inputs = {buffer}, .outputs = {}});
    return memref::LoadOp::create(b, buffer, ValueRange());
  }

  Value isTrue(ImplicitLocOpBuilder &b, Value condition) {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, condition, arith::ConstantOp::create(b, b.getZeroAttr(condition.getType())));
  }

  /// Ends the model's function for all threads, which all come here with the same condition. Written out where the entry is.
  void leaveWhen(ImplicitLocOpBuilder &b, Value condition) {
    if (!getOperation().lookupSymbol(kLeaveWhen)) {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(getOperation().getBody());
      func::FuncOp::create(b, kLeaveWhen, b.getFunctionType({b.getI1Type()}, {})).setPrivate();
    }
    func::CallOp::create(b, kLeaveWhen, TypeRange(), ValueRange{condition});
  }

  /// A value out of its range fails the run, and ends it: nothing behind it could rely on it.
  void emitBind(ImplicitLocOpBuilder &b, BindDimOp bind) {
    Value number = readScalar(b, bind.getValue());
    Value given = number.getType() == b.getI64Type() ? number : arith::ExtSIOp::create(b, b.getI64Type(), number);
    given = arith::IndexCastOp::create(b, b.getIndexType(), given);
    SymbolRange range = ranges[bind.getSymbol()];
    Value least = arith::ConstantIndexOp::create(b, range.minimum), most = arith::ConstantIndexOp::create(b, range.maximum);
    auto room = bind->getAttrOfType<IntegerAttr>(kRoom);
    if (bind.getLimit() && !room)
      most = arith::MinSIOp::create(b, most, materializeDim(b, bind.getLimit()->getResult(0), symbols));
    Value size = arith::MaxSIOp::create(b, arith::MinSIOp::create(b, given, most), least);
    std::string why = "a size that follows from data is not within " + std::to_string(range.minimum) + " to " + std::to_string(range.maximum);
    if (auto text = bind->getAttrOfType<StringAttr>(kFailureText))
      why = text.str();
    Value site = arith::ConstantOp::create(b, b.getI32IntegerAttr(sites.size()));
    sites.push_back(b.getArrayAttr({bind.getLoc(), b.getStringAttr(why)}));
    Value isOutside = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, size, given);
    emitFailureReport(b, call.failure, site, 0, isOutside);
    if (room)
      isOutside = arith::OrIOp::create(b, isOutside, askForRoom(b, size, room.getInt()));
    leaveWhen(b, isOutside);
    symbols[bind.getSymbol()] = size;
    bind.getSize().replaceAllUsesWith(size);
    bind.erase();
  }

  /// A size beyond the room that there is goes to the runtime, which repeats the run with more. Returns whether it is.
  Value askForRoom(ImplicitLocOpBuilder &b, Value size, int64_t room) {
    Value isMore = arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, size, symbols[room]);
    auto more = scf::IfOp::create(b, isMore, /*withElseRegion=*/false);
    auto then = ImplicitLocOpBuilder::atBlockTerminator(b.getLoc(), more.thenBlock());
    emitBarrier(then, b.getLoc(), call.team); // all threads have read how much room there is
    Value isFirst = arith::CmpIOp::create(then, arith::CmpIPredicate::eq, call.thread, arith::ConstantIndexOp::create(then, 0));
    auto only = scf::IfOp::create(then, isFirst, /*withElseRegion=*/false);
    auto first = ImplicitLocOpBuilder::atBlockTerminator(b.getLoc(), only.thenBlock());
    memref::StoreOp::create(first, arith::IndexCastOp::create(first, first.getI64Type(), size), values,
                            arith::ConstantIndexOp::create(first, room).getResult());
    return isMore;
  }

  /// The numbers that a branch gives the symbols of an `ingot.if`.
  SmallVector<Value> sizesOf(ImplicitLocOpBuilder &b, std::optional<AffineMap> dims) {
    SmallVector<Value> sizes;
    for (AffineExpr dim : dims ? dims->getResults() : ArrayRef<AffineExpr>())
      sizes.push_back(materializeDim(b, dim, symbols));
    return sizes;
  }

  void emitIf(ImplicitLocOpBuilder &b, IfOp branch, bool &ok) {
    Value condition = isTrue(b, readScalar(b, branch.getCondition()));
    auto planned = scf::IfOp::create(b, branch.getResultTypes(), condition, /*addThenBlock=*/true, /*addElseBlock=*/true);
    SmallVector<Access> before = pending, after;
    for (auto [from, to, dims] : {std::tuple(&branch.getThenBody(), planned.thenBlock(), branch.getThenDims()),
                                  std::tuple(&branch.getElseBody(), planned.elseBlock(), branch.getElseDims())}) {
      pending = before;
      SmallVector<Value> outer = symbols;
      emitBlock(from->front(), ok);
      ImplicitLocOpBuilder end(branch.getLoc(), from->front().getTerminator());
      SmallVector<Value> sizes = sizesOf(end, dims);
      moveBody(from->front(), *to);
      auto last = ImplicitLocOpBuilder::atBlockEnd(branch.getLoc(), to);
      scf::YieldOp::create(last, sizes);
      symbols = std::move(outer);
      after.append(pending);
    }
    pending = std::move(after);
    for (auto [symbol, value, result] : llvm::zip_equal(branch.getSymbols(), branch.getResults(), planned.getResults())) {
      symbols[symbol] = result;
      value.replaceAllUsesWith(result);
    }
    branch.erase();
  }

  /// Moves all operations but the terminator to the end of another block, which loses its own terminator.
  static void moveBody(Block &from, Block &to) {
    if (!to.empty() && to.back().hasTrait<OpTrait::IsTerminator>())
      to.back().erase();
    from.getTerminator()->erase();
    to.getOperations().splice(to.end(), from.getOperations());
  }

  /// Whether thread 0 does all that the loop does: the others need not wait for its trips.
  static bool isSerial(LoopOp loop) {
    return !loop.getCondition() && !loop.getBody()
                                        .walk([](Operation *op) {
                                          auto region = dyn_cast<RegionOp>(op);
                                          bool isShared = isControl(op) || isa<BindDimOp>(op) || (region && region.getPlan()->getParallel());
                                          return isShared ? WalkResult::interrupt() : WalkResult::advance();
                                        })
                                        .wasInterrupted();
  }

  bool waitsForEarlier(LoopOp loop) const {
    return loop.getBody()
        .walk([&](RegionOp region) { return waits(Access::of(region)) ? WalkResult::interrupt() : WalkResult::advance(); })
        .wasInterrupted();
  }

  /// All threads make the same trips: the condition is read behind a barrier. A serial loop has no barrier inside, which it would not come to when it
  /// makes no trip; if it has to wait for something, then before it.
  void emitLoop(ImplicitLocOpBuilder &b, LoopOp loop, bool &ok) {
    bool serial = isSerial(loop);
    if (!serial || waitsForEarlier(loop))
      waitForAll(b, b.getLoc());
    Value trips = materializeDim(b, loop.getTripsExpr(), symbols), zero = arith::ConstantIndexOp::create(b, 0),
          one = arith::ConstantIndexOp::create(b, 1);
    Value condition = loop.getCondition(), count = trips;
    Block &body = loop.getBody().front();
    Block *inner;
    if (condition) {
      auto atHead = [&](OpBuilder &builder, Location loc, ValueRange trip) {
        ImplicitLocOpBuilder head(loc, builder);
        Value more = isTrue(head, memref::LoadOp::create(head, condition, ValueRange()));
        Value within = arith::CmpIOp::create(head, arith::CmpIPredicate::slt, trip.front(), trips);
        scf::ConditionOp::create(head, arith::AndIOp::create(head, more, within), trip);
      };
      auto planned = scf::WhileOp::create(b, TypeRange(b.getIndexType()), ValueRange(zero), atHead, [](OpBuilder &, Location, ValueRange) {});
      inner = planned.getAfterBody();
      count = planned.getResult(0);
      pending.push_back({.inputs = {condition}, .outputs = {}});
    } else {
      inner = scf::ForOp::create(b, zero, trips, one).getBody();
    }
    SmallVector<Value> outer = symbols;
    symbols[loop.getCounter()] = body.getArgument(0);
    emitBlock(body, ok);
    b.setInsertionPoint(body.getTerminator());
    if (!serial)
      waitForAll(b, b.getLoc()); // the next trip may overwrite what this one reads
    body.getArgument(0).replaceAllUsesWith(inner->getArgument(0));
    moveBody(body, *inner);
    b.setInsertionPointToEnd(inner);
    SmallVector<Value> next;
    if (condition)
      next.push_back(arith::AddIOp::create(b, inner->getArgument(0), one));
    scf::YieldOp::create(b, next);
    b.setInsertionPoint(loop);
    symbols = std::move(outer);
    if (condition)
      pending.push_back({.inputs = {condition}, .outputs = {}});
    if (loop.getCount())
      symbols[*loop.getCount()] = count;
    loop.getResult(0).replaceAllUsesWith(count);
    loop.erase();
  }

  /// At the end of the model, thread 0 writes down the sizes that are known only now.
  void publishSizes(func::FuncOp model) {
    ModelSymbols known = ModelSymbols::of(model);
    if (!values || llvm::all_of(llvm::seq<size_t>(known.ranges.size()), [&](size_t symbol) { return known.isInput(symbol); }))
      return;
    ImplicitLocOpBuilder b(model.getLoc(), model.getBody().front().getTerminator());
    Value isFirst = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, call.thread, arith::ConstantIndexOp::create(b, 0));
    auto only = scf::IfOp::create(b, isFirst, /*withElseRegion=*/false);
    b.setInsertionPointToStart(only.thenBlock());
    auto store = [&](Value value, size_t slot) {
      memref::StoreOp::create(b, arith::IndexCastOp::create(b, b.getI64Type(), value), values, arith::ConstantIndexOp::create(b, slot).getResult());
    };
    for (size_t symbol = 0; symbol < known.ranges.size(); ++symbol)
      if (!known.isInput(symbol))
        store(symbols[symbol], symbol);
    for (auto [i, dim] : llvm::enumerate(ModelSymbols::derivedDims(model)))
      store(materializeDim(b, dim, symbols), known.ranges.size() + i);
  }

  static Value valuesOf(func::FuncOp model) {
    for (BlockArgument argument : model.getArguments())
      if (model.getArgAttr(argument.getArgNumber(), "ingot.values"))
        return argument;
    return {};
  }

  /// The values of the model's symbols, which the kernels of regions with symbolic buffers take.
  /// Those that data gives their values are 0 until then.
  void loadSymbols(func::FuncOp model) {
    symbols.clear();
    ModelSymbols known = ModelSymbols::of(model);
    ranges = known.ranges;
    auto b = ImplicitLocOpBuilder::atBlockBegin(model.getLoc(), &model.getBody().front());
    for (size_t i = 0; i < known.ranges.size(); ++i) {
      Value slot = arith::ConstantIndexOp::create(b, known.isInput(i) ? i : 0);
      symbols.push_back(known.isInput(i) ? arith::IndexCastOp::create(b, b.getIndexType(), memref::LoadOp::create(b, values, slot)).getResult()
                                         : slot);
    }
  }

  /// A region waits for an earlier one of another thread that it reads from, overwrites, or whose input it overwrites.
  static bool mustWait(const Access &earlier, const Access &access) {
    if (!earlier.parallel && !access.parallel && earlier.lane == access.lane)
      return false; // one thread runs both
    auto touches = [&](ArrayRef<Value> a, ArrayRef<Value> b) {
      return llvm::any_of(a, [&](Value x) { return llvm::any_of(b, [&](Value y) { return mayOverlap(Footprint::of(x), Footprint::of(y)); }); });
    };
    // A border and what it is around are of one place, and both written.
    auto isBeside = [&](Value x, Value y) {
      Value place = Footprint::of(x).place;
      return place && place == Footprint::of(y).place && (earlier.isBorder || access.isBorder);
    };
    bool writesAgain = llvm::any_of(earlier.outputs, [&](Value x) {
      return llvm::any_of(access.outputs, [&](Value y) { return mayOverlap(Footprint::of(x), Footprint::of(y)) && !isBeside(x, y); });
    });
    return writesAgain || touches(earlier.outputs, access.inputs) || touches(earlier.inputs, access.outputs);
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
    auto barrier = func::CallOp::create(b, loc, name, TypeRange(b.getI32Type()), ValueRange{team});
    if (!table.empty())
      barrier->setAttr(kAfterRegion, b.getI32IntegerAttr(table.size() - 1));
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
  func::CallOp emitCall(OpBuilder &b, RegionOp region, func::FuncOp kernel) {
    Location loc = region.getLoc();
    auto [team, thread, threads, failure, scratch] = call;
    SmallVector<Value> report = addSites(b, region, failure);
    if (scratchOf(region) != 0)
      report.push_back(scratch);
    SmallVector<Value> operands(region.getOperands());
    if (needsSymbols(region))
      operands.append(symbols);
    Value units = arith::ConstantIndexOp::create(b, loc, region.getPlan()->getUnits());
    if (!region.getPlan()->getParallel()) {
      Value zero = arith::ConstantIndexOp::create(b, loc, 0);
      operands.append({zero, units});
      operands.append(report);
      Value owner = laneOf(region) == 0 ? zero : arith::RemUIOp::create(b, loc, arith::ConstantIndexOp::create(b, loc, laneOf(region)), threads);
      Value isOwner = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, thread, owner);
      func::CallOp only;
      scf::IfOp::create(b, loc, isOwner, [&](OpBuilder &inner, Location) {
        only = func::CallOp::create(inner, loc, kernel, operands);
        scf::YieldOp::create(inner, loc);
      });
      return only;
    }
    std::optional<Pieces> pieces = Pieces::of(region);
    size_t number = table.size() - 1, share = operands.size();
    if (!pieces || number > Pieces::kMostRegions) {
      operands.append(shareOfUnits(b, loc, units));
      if (pieces && pieces->blocks != 0)
        operands.append({arith::ConstantIndexOp::create(b, loc, 0), arith::ConstantIndexOp::create(b, loc, pieces->blocks)});
      operands.append(report);
      return func::CallOp::create(b, loc, kernel, operands);
    }
    func::FuncOp &runner = runners[kernel];
    if (!runner) {
      ImplicitLocOpBuilder atEnd(loc, region.getContext());
      atEnd.setInsertionPointToEnd(getOperation().getBody());
      runner = emitPieces(atEnd, (kPiecesPrefix + kernel.getName()).str(), kernel, share, region.getPlan()->getUnits(), *pieces);
    }
    operands.append(report);
    auto constant = [&](int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); };
    operands.append({team, thread, threads, constant(number)});
    return func::CallOp::create(b, loc, runner, operands);
  }

  /// The first and the end of the thread's units.
  SmallVector<Value> shareOfUnits(OpBuilder &b, Location loc, Value units) {
    auto share = [&](Value number) { return arith::DivUIOp::create(b, loc, arith::MulIOp::create(b, loc, units, number), call.threads).getResult(); };
    Value next = arith::AddIOp::create(b, loc, call.thread, arith::ConstantIndexOp::create(b, loc, 1));
    return {share(call.thread), share(next)};
  }

  /// What makes two regions the same code: everything but where their buffers lie.
  static std::string keyOf(RegionOp region) {
    std::string key;
    llvm::raw_string_ostream stream(key);
    llvm::interleaveComma(region.getOperandTypes(), stream);
    stream << *region.getPlan();
    if (region.getStrides())
      stream << *region.getStrides();
    for (StringRef schedule :
         {StringRef(kLoadsAttr), StringRef(kFetchesAttr), StringRef(kFirstBlockAttr), StringRef(kStoresAttr), StringRef(kPiecesAttr)})
      if (Attribute numbers = region->getAttr(schedule))
        stream << schedule << numbers;
    for (int64_t result : resultsPastCaches(region))
      stream << startsWithLine(region.getOutputs()[result]);
    stream << textOfBody(region);
    return key;
  }

  /// Whether a buffer begins with a cache line in every call, as what lies in the arena at a known place can.
  static bool startsWithLine(Value buffer) {
    Footprint place = Footprint::of(buffer);
    auto argument = dyn_cast<BlockArgument>(place.base);
    auto model = argument ? dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp()) : func::FuncOp();
    auto type = cast<MemRefType>(buffer.getType());
    int64_t within = type.getStridesAndOffset().second * static_cast<int64_t>(llvm::divideCeil(type.getElementTypeBitWidth(), 8));
    return place.isKnown && (place.begin - within) % kCacheLine == 0 && model && model.getArgAttr(argument.getArgNumber(), "ingot.arena");
  }

  FailureOr<func::FuncOp> kernelOf(RegionOp region) {
    FamilyEmitter emit = emitterOf(region.getPlan()->getFamily());
    if (!emit)
      return region.emitOpError("is planned for the family '") << stringifyFamily(region.getPlan()->getFamily()) << "', which has no kernels";
    std::optional<Pieces> pieces = Pieces::of(region);
    bool hasBlocks = pieces && pieces->blocks != 0;
    Family family = region.getPlan()->getFamily();
    if (hasBlocks && family != Family::Contraction && family != Family::Convolution)
      return region.emitOpError("is planned in pieces of blocks of columns, which the family '") << stringifyFamily(family) << "' does not have";
    func::FuncOp &kernel = kernels[keyOf(region)];
    if (kernel)
      return kernel;
    ImplicitLocOpBuilder b(region.getLoc(), region.getContext());
    b.setInsertionPointToEnd(getOperation().getBody());
    SmallVector<Type> types(region.getOperandTypes());
    size_t symbolCount = needsSymbols(region) ? symbols.size() : 0, buffers = types.size();
    types.append(symbolCount + (hasBlocks ? 4 : 2), b.getIndexType());
    bool canFail = !failureSites(region).empty();
    if (canFail)
      types.append({LLVM::LLVMPointerType::get(region.getContext()), b.getI32Type()});
    if (scratchOf(region) != 0)
      types.push_back(scratchType());
    kernel = func::FuncOp::create(b, "region_" + std::to_string(kernels.size() - 1), b.getFunctionType(types, {}));
    kernel.setPrivate();
    for (int64_t result : resultsPastCaches(region))
      kernel.setArgAttr(region.getInputs().size() + result, kBypassAttr, b.getBoolAttr(startsWithLine(region.getOutputs()[result])));
    Block *entry = kernel.addEntryBlock();
    b.setInsertionPointToStart(entry);
    ValueRange arguments = entry->getArguments();
    ValueRange sizes = arguments.slice(buffers, symbolCount), share = arguments.drop_front(buffers + symbolCount);
    SmallVector<Value> shaped;
    for (unsigned i = 0; i < buffers; ++i)
      shaped.push_back(region.isSymbolicBuffer(i) ? shapeBuffer(b, region, i, arguments[i], sizes) : arguments[i]);
    size_t inputs = region.getInputs().size();
    KernelContext context{region, ArrayRef(shaped).take_front(inputs), ArrayRef(shaped).drop_front(inputs), sizes, share[0], share[1]};
    if (hasBlocks) {
      context.fromBlock = share[2];
      context.toBlock = share[3];
    }
    if (canFail) {
      context.failure = share[hasBlocks ? 4 : 2];
      context.firstSite = share[hasBlocks ? 5 : 3];
    }
    if (scratchOf(region) != 0)
      context.scratch = share.back();
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
  DenseMap<Operation *, func::FuncOp> runners; ///< what runs a kernel's share in pieces
  Call call;                                   ///< of the model in hand, as what follows
  Value values;                                ///< where the symbols' values lie; null when nobody outside sees them
  SmallVector<SymbolRange> ranges;             ///< of the symbols
  SmallVector<Value> symbols;                  ///< their values where code is written now
  SmallVector<Access> pending;                 ///< since the last barrier
  int64_t scratchBytes = 0;                    ///< of each thread: the most that a region or a chain needs
  size_t chains = 0;                           ///< that have got their functions
  SmallVector<Attribute> sites;                ///< of all regions so far; alike regions share code but not sites
  SmallVector<Attribute> table;                ///< what profiles say of them
};

} // namespace
} // namespace ingot

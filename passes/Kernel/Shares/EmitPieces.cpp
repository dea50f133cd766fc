// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Shares/EmitPieces.h"

#include "passes/Kernel/BodyLoops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace ingot {
namespace {

/// A function of the runtime that takes a team and `numbers` numbers, and returns one.
func::FuncOp declare(ImplicitLocOpBuilder &b, ModuleOp module, StringRef name, unsigned numbers) {
  if (auto known = module.lookupSymbol<func::FuncOp>(name))
    return known;
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(module.getBody());
  SmallVector<Type> types = {LLVM::LLVMPointerType::get(b.getContext())};
  types.append(numbers, b.getIndexType());
  auto function = func::FuncOp::create(b, name, b.getFunctionType(types, {b.getIndexType()}));
  function.setPrivate();
  return function;
}

} // namespace

func::FuncOp emitPieces(ImplicitLocOpBuilder &b, StringRef name, func::FuncOp kernel, size_t share, int64_t units, const Pieces &pieces) {
  auto module = kernel->getParentOfType<ModuleOp>();
  func::FuncOp offer = declare(b, module, "ingot_team_offer", 5), take = declare(b, module, "ingot_team_take", 3);
  Type index = b.getIndexType();
  bool isAcross = pieces.blocks != 0;
  SmallVector<Type> types(kernel.getArgumentTypes());
  types.erase(types.begin() + share, types.begin() + share + (isAcross ? 4 : 2));
  types.append({LLVM::LLVMPointerType::get(b.getContext()), index, index, index});
  OpBuilder::InsertionGuard guard(b);
  auto function = func::FuncOp::create(b, name, b.getFunctionType(types, {}));
  function.setPrivate();
  Block *entry = function.addEntryBlock();
  b.setInsertionPointToStart(entry);
  ValueRange arguments = entry->getArguments(), others = arguments.drop_back(4), call = arguments.take_back(4);
  Value team = call[0], thread = call[1], threads = call[2], region = call[3], grain = indexOf(b, pieces.grain);
  auto shareOf = [&](ImplicitLocOpBuilder &at, Value owner) {
    auto bound = [&](Value number) -> Value { return arith::DivUIOp::create(at, arith::MulIOp::create(at, number, indexOf(at, units)), threads); };
    Value begin = bound(owner);
    return std::pair(begin, bound(offsetBy(at, owner, 1)));
  };
  Value begin = indexOf(b, 0), end = indexOf(b, pieces.blocks);
  if (!isAcross)
    std::tie(begin, end) = shareOf(b, thread);
  Value own = func::CallOp::create(b, offer, ValueRange{team, thread, region, begin, end, grain}).getResult(0);

  auto runPiece = [&](OpBuilder &builder, Location loc, ValueRange piece) {
    ImplicitLocOpBuilder at(loc, builder);
    SmallVector<Value> operands(others), range;
    if (isAcross) {
      auto [first, last] = shareOf(at, piece[0]);
      range = {first, last};
    }
    range.append({piece[1], piece[2]});
    operands.insert(operands.begin() + share, range.begin(), range.end());
    func::CallOp::create(at, kernel, operands);
    Value taken = func::CallOp::create(at, take, ValueRange{team, thread, region, grain}).getResult(0);
    Value isThere = arith::CmpIOp::create(at, arith::CmpIPredicate::ne, taken, indexOf(at, 0));
    // Owner, first and end, of 16, 24 and 24 bits.
    Value owner = arith::ShRUIOp::create(at, taken, indexOf(at, 48)), mask = indexOf(at, Pieces::kMostSteps);
    Value from = arith::AndIOp::create(at, arith::ShRUIOp::create(at, taken, indexOf(at, 24)), mask), to = arith::AndIOp::create(at, taken, mask);
    scf::ConditionOp::create(at, isThere, ValueRange{owner, from, to});
  };
  scf::WhileOp::create(b, TypeRange{index, index, index}, ValueRange{thread, begin, own}, runPiece,
                       [](OpBuilder &builder, Location loc, ValueRange piece) { scf::YieldOp::create(builder, loc, piece); });
  func::ReturnOp::create(b);
  return function;
}

} // namespace ingot

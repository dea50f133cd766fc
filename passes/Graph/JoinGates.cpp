// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Shapes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "passes/Graph/ConstantOperands.h"
#include "passes/Graph/Passes.h"
#include "passes/Region/AlternatingPanels.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

#define DEBUG_TYPE "ingot-join-gates"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_JOINGATESPASS
#include "passes/Graph/Passes.h.inc"

namespace {

/// Elementwise operations that follow a product, directly or behind each other, on its shape.
using Followers = llvm::SmallSetVector<Operation *, 8>;

/// Those of a product with weights that can share panels with another one; empty where something else reads the product itself.
Followers followersOf(PackedMatMulOp product) {
  RankedTensorType type = typeOf(product), right = typeOf(product.getRhs());
  bool isWhole = !ShapedType::isDynamic(type.getShape().back()) && type.getShape().back() % kPanel == 0 && right.getRank() == 3;
  Followers followers;
  if (!isWhole || !type.getElementType().isF32() || !isComputedFromConstants(product.getRhs()))
    return followers;
  Dims dims = getDims(type);
  auto follows = [&](Operation *user) {
    auto member = dyn_cast<RegionFormationInterface>(user);
    return member && member.isEpilogue() && !isa<PackOp>(user) && user->getNumResults() == 1 && getDims(typeOf(user->getResult(0))) == dims;
  };
  if (!llvm::all_of(product->getUsers(), follows))
    return followers;
  followers.insert_range(product->getUsers());
  for (size_t i = 0; i < followers.size(); ++i) // grows
    for (Operation *user : followers[i]->getUsers())
      if (follows(user))
        followers.insert(user);
  return followers;
}

/// Panels of both, in turn: `[P, K, 16]` and `[P, K, 16]` become `[2 P, K, 16]`.
Value alternate(ImplicitLocOpBuilder &b, Value first, Value second) {
  ArrayRef<int64_t> shape = typeOf(first).getShape();
  Type element = typeOf(first).getElementType();
  auto alone = RankedTensorType::get({shape[0], 1, shape[1], shape[2]}, element);
  Value pairs = ConcatOp::create(b, ValueRange{ReshapeOp::create(b, alone, first), ReshapeOp::create(b, alone, second)}, /*axis=*/1);
  return ReshapeOp::create(b, RankedTensorType::get({2 * shape[0], shape[1], shape[2]}, element), pairs);
}

void join(PackedMatMulOp first, PackedMatMulOp second) {
  ImplicitLocOpBuilder b(FusedLoc::get(first.getContext(), {first.getLoc(), second.getLoc()}), first);
  moveConstantsBefore(first, second.getRhs());
  Value weights = alternate(b, first.getRhs(), second.getRhs());
  Dims dims = getDims(typeOf(first));
  dims.back() = dims.back() * 2;
  auto both = PackedMatMulOp::create(b, makeTensorType(dims, typeOf(first).getElementType()), first.getLhs(), weights);
  AlternatingPanels parts = AlternatingPanels::make(b, both);
  PackedMatMulOp products[] = {first, second};
  for (auto [product, part] : llvm::zip_equal(products, parts.products)) {
    copyValueNames(product, part);
    product->replaceAllUsesWith(part);
  }
  second->erase();
  first->erase();
}

struct JoinGatesPass : impl::JoinGatesPassBase<JoinGatesPass> {
  void runOnOperation() override {
    using Key = std::tuple<Value, Block *, Type, Type>; // what products that can share panels have in common
    llvm::MapVector<Key, SmallVector<std::pair<PackedMatMulOp, Followers>>> groups;
    getOperation().walk([&](PackedMatMulOp op) {
      if (Followers followers = followersOf(op); !followers.empty())
        groups[{op.getLhs(), op->getBlock(), op.getRhs().getType(), op.getType()}].push_back({op, std::move(followers)});
    });
    for (auto &[key, products] : groups)
      for (size_t i = 0; i < products.size(); ++i) {
        auto meets = [&](const auto &other) { return llvm::any_of(other.second, [&](Operation *op) { return products[i].second.contains(op); }); };
        auto other = std::find_if(products.begin() + i + 1, products.end(), meets);
        if (other == products.end())
          continue;
        join(products[i].first, other->first);
        products.erase(other);
      }
  }
};

} // namespace
} // namespace ingot

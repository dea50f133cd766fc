// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_BODYLOOPS_H
#define PASSES_KERNEL_BODYLOOPS_H

#include "passes/Kernel/BodyGraph.h"
#include "passes/Kernel/SymbolicIndex.h"

namespace ingot {

/// An index constant.
mlir::Value indexOf(mlir::ImplicitLocOpBuilder &b, int64_t value);
/// `base + delta`, folded.
mlir::Value offsetBy(mlir::ImplicitLocOpBuilder &b, mlir::Value base, int64_t delta);
mlir::Value addIndex(mlir::ImplicitLocOpBuilder &b, mlir::Value x, mlir::Value y);
mlir::Value scaleIndex(mlir::ImplicitLocOpBuilder &b, mlir::Value x, int64_t factor);

/// `for i = begin to end step` around what `body` writes; `carried` are loop-carried, `body` returns their next values. Returns their last values.
using LoopBody = llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value i, mlir::ValueRange carried)>;
llvm::SmallVector<mlir::Value> makeLoop(mlir::ImplicitLocOpBuilder &b, mlir::Value begin, mlir::Value end, int64_t step, mlir::ValueRange carried,
                                        LoopBody body);

/// Runs `body` when `condition` holds.
void makeIf(mlir::ImplicitLocOpBuilder &b, mlir::Value condition, llvm::function_ref<void()> body);

/// The share [from, to) of `count` equal pieces of work that falls to the call's units: any number of units divides any number of pieces.
std::pair<mlir::Value, mlir::Value> shareOf(mlir::ImplicitLocOpBuilder &b, KernelContext &context, int64_t count);

/// The digits of `flat` in the mixed radix `sizes`, outermost first.
llvm::SmallVector<mlir::Value> decode(mlir::ImplicitLocOpBuilder &b, mlir::Value flat, llvm::ArrayRef<int64_t> sizes);

/// The lanes of a vector that are touched in memory: the first `most`, or `count` of these (index, at least 1) where only the call knows.
struct ActiveLanes {
  ActiveLanes(int64_t number) : most(number) {}
  ActiveLanes(int64_t most, mlir::Value count) : most(most), count(count) {}

  bool isKnown(int64_t number) const { return !count && most == number; }
  mlir::Value asIndex(mlir::ImplicitLocOpBuilder &b) const { return count ? count : indexOf(b, most); }
  /// `number` for an active lane `i`, else 0.
  mlir::Value select(mlir::ImplicitLocOpBuilder &b, int64_t i, mlir::Value number) const;

  int64_t most;
  mlir::Value count;
};

/// What is left of `size` elements after the full vectors: `body` is written once, unless nothing is left. Carries values as `makeLoop` does.
using TailBody = llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value at, ActiveLanes active, mlir::ValueRange carried)>;
llvm::SmallVector<mlir::Value> makeTail(mlir::ImplicitLocOpBuilder &b, SymbolicIndex &index, mlir::AffineExpr size, int64_t lanes,
                                        mlir::ValueRange carried, TailBody body);

/// The buffer as one dim of elements, as the accesses of a `BodyGraph` count them.
mlir::Value flatten(mlir::ImplicitLocOpBuilder &b, mlir::Value memref);

/// Between SSA elements and what lies in memory: booleans are bytes.
mlir::Value fromStorage(mlir::ImplicitLocOpBuilder &b, mlir::Value value, mlir::Type element);
mlir::Value toStorage(mlir::ImplicitLocOpBuilder &b, mlir::Value value, mlir::Type storage);

/// Evaluates the nodes of a graph in loops over its dims, `lanes` elements along dim `inner` at a time. What does not depend on the inner dim is
/// computed once by `enter`, outside of the inner loop.
class BodyLoops {
public:
  /// Flattens the buffers at the insertion point.
  BodyLoops(mlir::ImplicitLocOpBuilder &b, KernelContext &context, const BodyGraph &graph);

  /// A new position in all dims but `inner` (-1: none is) and, if there is one, `block`; `roots` are the nodes that will be wanted there.
  void enter(llvm::ArrayRef<mlir::Value> position, int inner, int64_t lanes, llvm::ArrayRef<unsigned> roots, int block = -1);

  /// The vector of `node` at `at` along the inner dim (an element when lanes is 1); only the first `active` lanes are touched in memory.
  mlir::Value emit(unsigned node, mlir::Value at, ActiveLanes active);
  /// Stores `value` at `at` along the inner dim.
  void store(const BodyStore &store, mlir::Value value, mlir::Value at, ActiveLanes active);

  /// Forgets what depends on the inner dim: to be called before each new `at`.
  void newVector();
  /// Step `j` from the position of the block dim; forgets what depends on it.
  void newStep(int64_t j);
  /// What `node` is at the next `emit`.
  void preset(unsigned node, mlir::Value value) { values[node] = value; }
  /// Presets the node of the kernel's own result, if the graph has it.
  void bind(mlir::Value value);

  /// Address of an access at `at` along the inner dim, at the current step.
  mlir::Value addressOfLoad(unsigned node, mlir::Value at) { return address(loadBases[node], graph.nodes[node].access, at); }
  mlir::Value addressOfStore(const BodyStore &store, mlir::Value at) { return address(storeBases[store.output], store.access, at); }
  mlir::Value bufferOfLoad(unsigned node) { return inputs[graph.nodes[node].argument]; }
  mlir::Value bufferOfStore(const BodyStore &store) { return outputs[store.output]; }

private:
  mlir::Value address(mlir::Value base, const Linear &access, mlir::Value at);
  mlir::Value emitLoad(unsigned id, mlir::Value at, ActiveLanes active);
  mlir::AffineExpr innerStride(const Linear &access) const;
  void hoist(unsigned id, llvm::SmallVectorImpl<bool> &seen);
  void forget(uint64_t dims);

  mlir::ImplicitLocOpBuilder &b;
  KernelContext &context;
  const BodyGraph &graph;
  SymbolicIndex index;
  llvm::SmallVector<mlir::Value> inputs, outputs;
  llvm::SmallVector<mlir::Value> loadBases, storeBases, values;
  llvm::SmallVector<mlir::Value> position;
  int inner = -1, block = -1;
  int64_t lanes = 1, step = 0;
};

} // namespace ingot

#endif

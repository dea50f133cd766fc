// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_PLAINHEAP_H
#define PASSES_KERNEL_PLAINHEAP_H

#include "passes/Kernel/Plain/PlainEmitter.h"

namespace ingot {

/// An array of items that is kept as a heap, in memory that the derived class knows: its root, item 0, is the one that comes last in the order.
class PlainHeap {
public:
  explicit PlainHeap(PlainEmitter &e) : e(e), b(e.b) {}

  /// An element and its index; the element may be null.
  struct Item {
    mlir::Value element, position;
  };

  /// Brings the first `count` items into the order of a heap.
  void build(mlir::Value count);
  /// Puts `item` at `start` of the heap of `end` items, or as far below as it must go. Item `start` is overwritten, also if `end` is 0.
  void siftDown(Item item, mlir::Value start, mlir::Value end);
  /// Makes a sorted array out of a heap.
  void sort(mlir::Value count);

protected:
  ~PlainHeap() = default;
  virtual Item load(mlir::Value i) = 0;
  virtual void store(mlir::Value i, Item item) = 0;
  /// Whether x stands before y. A total order, whatever the elements are.
  virtual mlir::Value before(Item x, Item y) = 0;

  PlainEmitter &e;
  mlir::ImplicitLocOpBuilder &b;
};

} // namespace ingot

#endif

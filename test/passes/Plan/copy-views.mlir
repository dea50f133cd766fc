// RUN: ingot-opt %s -ingot-copy-views -split-input-file | FileCheck %s

// A view that a buffer's strides can give stays a view; a reader of the result finds it.
// CHECK-LABEL: @view
// CHECK-NOT: ingot.region ins(%arg0)
// CHECK: %[[VIEW:.*]] = ingot.slice %arg0
// CHECK: ingot.region ins(%[[VIEW]])
func.func @view(%x: tensor<8x4xf32>) -> tensor<4x4xf32> {
  %0 = ingot.slice %x [2, 0] [4, 4] [1, 1] : tensor<8x4xf32> -> tensor<4x4xf32>
  %1 = ingot.region ins(%0) : (tensor<4x4xf32>) -> tensor<4x4xf32> {
  ^bb0(%a: tensor<4x4xf32>):
    %2 = ingot.unary relu %a : tensor<4x4xf32> -> tensor<4x4xf32>
    ingot.yield %2 : tensor<4x4xf32>
  }
  return %1 : tensor<4x4xf32>
}

// -----

// The caller owns arguments and results: an argument that is returned is copied.
// CHECK-LABEL: @returned_argument
// CHECK: %[[COPY:.*]] = ingot.region ins(%arg0)
// CHECK: return %[[COPY]]
func.func @returned_argument(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}

// -----

// A reshape of a transposed tensor has no strides.
// CHECK-LABEL: @impossible
// CHECK: ingot.region
// CHECK: return
func.func @impossible(%x: tensor<3x4xf32>) -> tensor<12xf32> {
  %0 = ingot.transpose %x [1, 0] : tensor<3x4xf32> -> tensor<4x3xf32>
  %1 = ingot.reshape %0 : tensor<4x3xf32> -> tensor<12xf32>
  return %1 : tensor<12xf32>
}

// -----

// A region writes straight into the concatenation; the argument beside it is copied there.
// CHECK-LABEL: @concat
// CHECK: %[[A:.*]] = ingot.region ins(%arg0)
// CHECK-NEXT: ^bb0
// CHECK-NEXT: ingot.unary relu
// CHECK: %[[B:.*]] = ingot.region ins(%arg0)
// CHECK: ingot.concat %[[A]], %[[B]]
func.func @concat(%x: tensor<4xf32>) -> tensor<8xf32> {
  %0 = ingot.region ins(%x) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %2 = ingot.unary relu %a : tensor<4xf32> -> tensor<4xf32>
    ingot.yield %2 : tensor<4xf32>
  }
  %1 = ingot.concat %0, %x axis 0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<8xf32>
  return %1 : tensor<8xf32>
}

// -----

// The function that prepares a run has no tensors.
// CHECK-LABEL: @model_prepare
// CHECK-NEXT: %[[C:.*]] = arith.constant 0 : i64
// CHECK-NEXT: return %[[C]]
func.func @model_prepare(%values: memref<1xi64>) -> i64 attributes {ingot.prepares = @model} {
  %bytes = arith.constant 0 : i64
  return %bytes : i64
}

// -----

// Rows that lie anywhere suit packed weights; products that make something else of their rows first want these in one piece.
// CHECK-LABEL: @turned
// CHECK: %[[T:.*]] = ingot.transpose %arg0
// CHECK: ingot.region ins(%[[T]], %arg1)
// CHECK: %[[C:.*]] = ingot.region ins(%arg0)
// CHECK: ingot.transpose
// CHECK: ingot.region ins(%[[C]], %arg2, %arg3)
func.func @turned(%x: tensor<32x2xf32>, %w: tensor<1x32x16xf32>, %b: tensor<9x16xf32>, %p: tensor<11xi32>) -> (tensor<2x16xf32>, tensor<2x16xf32>) {
  %t = ingot.transpose %x [1, 0] : tensor<32x2xf32> -> tensor<2x32xf32>
  %0 = ingot.region ins(%t, %w) : (tensor<2x32xf32>, tensor<1x32x16xf32>) -> tensor<2x16xf32> {
  ^bb0(%x0: tensor<2x32xf32>, %w0: tensor<1x32x16xf32>):
    %c = ingot.packed_matmul %x0, %w0 : tensor<2x32xf32>, tensor<1x32x16xf32> -> tensor<2x16xf32>
    ingot.yield %c : tensor<2x16xf32>
  }
  %u = ingot.transpose %x [1, 0] : tensor<32x2xf32> -> tensor<2x32xf32>
  %1 = ingot.region ins(%u, %b, %p) : (tensor<2x32xf32>, tensor<9x16xf32>, tensor<11xi32>) -> tensor<2x16xf32> {
  ^bb0(%x0: tensor<2x32xf32>, %b0: tensor<9x16xf32>, %p0: tensor<11xi32>):
    %c = ingot.sparse_matmul %x0, %b0 places %p0 columns 16 : (tensor<2x32xf32>, tensor<9x16xf32>, tensor<11xi32>) -> tensor<2x16xf32>
    ingot.yield %c : tensor<2x16xf32>
  }
  return %0, %1 : tensor<2x16xf32>, tensor<2x16xf32>
}

// RUN: ingot-opt %s -ingot-pack-contractions | FileCheck %s

// Rows of all batches meet one matrix.
// CHECK-LABEL: @weights(
// CHECK-SAME: %[[X:.*]]: tensor<2x5x8xf32>
// CHECK: %[[W:.*]] = ingot.constant
// CHECK-NEXT: %[[P:.*]] = ingot.pack %[[W]] : tensor<8x20xf32> -> tensor<2x8x16xf32>
// CHECK-NEXT: ingot.packed_matmul %[[X]], %[[P]] {ingot.values = ["y"]} : tensor<2x5x8xf32>, tensor<2x8x16xf32> -> tensor<2x5x20xf32>
func.func @weights(%x: tensor<2x5x8xf32>) -> tensor<2x5x20xf32> {
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<8x20xf32>
  %y = ingot.matmul %x, %w {ingot.values = ["y"]} : tensor<2x5x8xf32>, tensor<8x20xf32> -> tensor<2x5x20xf32>
  return %y : tensor<2x5x20xf32>
}

// CHECK-LABEL: @transposed(
// CHECK-SAME: %[[X:.*]]: tensor<8x5xf32>
// CHECK: %[[L:.*]] = ingot.transpose %[[X]] [1, 0]
// CHECK-NEXT: %[[R:.*]] = ingot.transpose %{{.*}} [1, 0]
// CHECK-NEXT: %[[P:.*]] = ingot.pack %[[R]]
// CHECK-NEXT: ingot.packed_matmul %[[L]], %[[P]]
func.func @transposed(%x: tensor<8x5xf32>) -> tensor<5x3xf32> {
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<3x8xf32>
  %y = ingot.matmul %x, %w {transpose_lhs, transpose_rhs} : tensor<8x5xf32>, tensor<3x8xf32> -> tensor<5x3xf32>
  return %y : tensor<5x3xf32>
}

// CHECK-LABEL: @activations(
// CHECK: %[[P:.*]] = ingot.pack %{{.*}} : tensor<2x12x8x30xf32> -> tensor<2x12x2x8x16xf32>
// CHECK-NEXT: ingot.packed_matmul %{{.*}}, %[[P]]
func.func @activations(%q: tensor<2x12x5x8xf32>, %k: tensor<2x12x8x30xf32>) -> tensor<2x12x5x30xf32> {
  %y = ingot.matmul %q, %k : tensor<2x12x5x8xf32>, tensor<2x12x8x30xf32> -> tensor<2x12x5x30xf32>
  return %y : tensor<2x12x5x30xf32>
}

// Batch dims become equal on both sides.
// CHECK-LABEL: @batches(
// CHECK-SAME: %[[A:.*]]: tensor<5x8xf32>, %[[B:.*]]: tensor<1x7x8x30xf32>
// CHECK: %[[L:.*]] = ingot.broadcast %[[A]] : tensor<5x8xf32> -> tensor<1x7x5x8xf32>
// CHECK-NEXT: %[[P:.*]] = ingot.pack %[[B]]
// CHECK-NEXT: ingot.packed_matmul %[[L]], %[[P]]
// CHECK-NEXT: %[[L2:.*]] = ingot.broadcast %{{.*}} : tensor<3x1x5x8xf32> -> tensor<3x7x5x8xf32>
// CHECK-NEXT: %[[R2:.*]] = ingot.broadcast %[[B]] : tensor<1x7x8x30xf32> -> tensor<3x7x8x30xf32>
// CHECK-NEXT: %[[P2:.*]] = ingot.pack %[[R2]]
// CHECK-NEXT: ingot.packed_matmul %[[L2]], %[[P2]]
func.func @batches(%a: tensor<5x8xf32>, %b: tensor<1x7x8x30xf32>, %c: tensor<3x1x5x8xf32>) -> (tensor<1x7x5x30xf32>, tensor<3x7x5x30xf32>) {
  %y = ingot.matmul %a, %b : tensor<5x8xf32>, tensor<1x7x8x30xf32> -> tensor<1x7x5x30xf32>
  %z = ingot.matmul %c, %b : tensor<3x1x5x8xf32>, tensor<1x7x8x30xf32> -> tensor<3x7x5x30xf32>
  return %y, %z : tensor<1x7x5x30xf32>, tensor<3x7x5x30xf32>
}

// A right side of one matrix loses its batch dims, and every row counts.
// CHECK-LABEL: @shared(
// CHECK: %[[R:.*]] = ingot.reshape %{{.*}} : tensor<1x8x30xf32> -> tensor<8x30xf32>
// CHECK-NEXT: %[[P:.*]] = ingot.pack %[[R]]
// CHECK-NEXT: ingot.packed_matmul %{{.*}}, %[[P]] : tensor<6x1x8xf32>, tensor<2x8x16xf32> -> tensor<6x1x30xf32>
func.func @shared(%a: tensor<6x1x8xf32>, %b: tensor<1x8x30xf32>) -> tensor<6x1x30xf32> {
  %y = ingot.matmul %a, %b : tensor<6x1x8xf32>, tensor<1x8x30xf32> -> tensor<6x1x30xf32>
  return %y : tensor<6x1x30xf32>
}

// Left alone: other types, few rows with an activation, symbolic shapes.
// CHECK-LABEL: @left(
// CHECK-NOT: packed_matmul
// CHECK: return
func.func @left(%a: tensor<4x4xi32>, %b: tensor<2x8xf32>, %c: tensor<8x9xf32>, %d: tensor<?x8xf32>) -> (tensor<4x4xi32>, tensor<2x9xf32>, tensor<?x9xf32>) {
  %x = ingot.matmul %a, %a : tensor<4x4xi32>, tensor<4x4xi32> -> tensor<4x4xi32>
  %y = ingot.matmul %b, %c : tensor<2x8xf32>, tensor<8x9xf32> -> tensor<2x9xf32>
  %z = ingot.matmul %d, %c : tensor<?x8xf32>, tensor<8x9xf32> -> tensor<?x9xf32>
  return %x, %y, %z : tensor<4x4xi32>, tensor<2x9xf32>, tensor<?x9xf32>
}

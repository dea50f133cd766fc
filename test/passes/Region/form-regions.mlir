// The contract, not the choice of what is fused: every operation ends up in one region, its meaning unchanged.
// RUN: ingot-opt %s -ingot-form-regions | FileCheck %s
// RUN: ingot-opt %s -ingot-form-regions=fuse=false | FileCheck %s --check-prefix=ALONE

// CHECK-LABEL: @epilogue
// ALONE-LABEL: @epilogue
func.func @epilogue(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>) -> tensor<4x16xf32> {
  // CHECK: %[[BIAS:.*]] = ingot.constant #ingot.weight<0, "bias">
  %bias = ingot.constant #ingot.weight<0, "bias"> : tensor<16xf32>
  // CHECK: %[[Y:.*]] = ingot.region ins(%arg0, %arg1, %[[BIAS]])
  // CHECK: ingot.matmul
  // CHECK-NEXT: ingot.binary add
  // CHECK-NEXT: ingot.unary relu
  // CHECK-NEXT: ingot.yield
  // CHECK: return %[[Y]]
  // ALONE-COUNT-3: ingot.region
  // ALONE-NOT: ingot.region
  %0 = ingot.matmul %x, %w : tensor<4x8xf32>, tensor<8x16xf32> -> tensor<4x16xf32>
  %1 = ingot.binary add %0, %bias : tensor<4x16xf32>, tensor<16xf32> -> tensor<4x16xf32>
  %2 = ingot.unary relu %1 : tensor<4x16xf32> -> tensor<4x16xf32>
  return %2 : tensor<4x16xf32>
}

// Views stay outside when regions are fused; a splat moves into the body.
// CHECK-LABEL: @view_and_splat
// ALONE-LABEL: @view_and_splat
func.func @view_and_splat(%x: tensor<4x8xf32>) -> tensor<8x4xf32> {
  %c = ingot.constant dense<2.0> : tensor<1xf32>
  // CHECK: %[[VIEW:.*]] = ingot.transpose %arg0
  // CHECK: ingot.region ins(%[[VIEW]])
  // CHECK: ingot.constant dense<2.0
  // ALONE: ingot.region ins(%arg0)
  // ALONE: ingot.transpose
  %0 = ingot.transpose %x [1, 0] : tensor<4x8xf32> -> tensor<8x4xf32>
  %1 = ingot.binary mul %0, %c : tensor<8x4xf32>, tensor<1xf32> -> tensor<8x4xf32>
  return %1 : tensor<8x4xf32>
}

// Two anchors never share a region.
// CHECK-LABEL: @two_anchors
// CHECK-COUNT-2: ingot.region
// CHECK: return
func.func @two_anchors(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>) -> tensor<4x8xf32> {
  %0 = ingot.matmul %x, %w : tensor<4x8xf32>, tensor<8x8xf32> -> tensor<4x8xf32>
  %1 = ingot.matmul %0, %w : tensor<4x8xf32>, tensor<8x8xf32> -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// RUN: ingot-opt %s -canonicalize -split-input-file | FileCheck %s

// A constant stands on the right of an operation that commutes.
// CHECK-LABEL: @constant_right
func.func @constant_right(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK: %[[C:.*]] = ingot.constant
  %c = ingot.constant #ingot.weight<0, "c"> : tensor<4xf32>
  // CHECK: ingot.binary mul %arg0, %[[C]]
  %0 = ingot.binary mul %c, %x : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  // CHECK: ingot.binary sub %[[C]], %arg0
  %1 = ingot.binary sub %c, %x : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// -----

// What nothing reads disappears, weights too.
// CHECK-LABEL: @unused
// CHECK-NEXT: return
func.func @unused(%x: tensor<4xf32>) {
  %c = ingot.constant #ingot.weight<0, "c"> : tensor<4xf32>
  %0 = ingot.binary mul %c, %x : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  return
}

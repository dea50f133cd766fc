// RUN: ingot-opt %s --canonicalize --split-input-file | FileCheck %s

// One known index takes a slice.
// CHECK-LABEL: func.func @scalar
func.func @scalar(%x: tensor<2x1x128xf32>) -> tensor<1x128xf32> {
  // CHECK: %[[S:.*]] = ingot.slice %{{.*}} [1, 0, 0] [1, 1, 128] [1, 1, 1]
  // CHECK: ingot.reshape %[[S]] : tensor<1x1x128xf32> -> tensor<1x128xf32>
  %i = ingot.constant dense<-1> : tensor<i64>
  %y = ingot.gather %x, %i axis 0 : tensor<2x1x128xf32>, tensor<i64> -> tensor<1x128xf32>
  return %y : tensor<1x128xf32>
}

// -----

// So do indices at equal distances, in any direction.
// CHECK-LABEL: func.func @backwards
func.func @backwards(%x: tensor<3x9xf32>) -> tensor<3x4xf32> {
  // CHECK-NOT: ingot.gather
  // CHECK: ingot.slice %{{.*}} [0, 7] [3, 4] [1, -2]
  %i = ingot.constant dense<[7, 5, 3, 1]> : tensor<4xi64>
  %y = ingot.gather %x, %i axis 1 : tensor<3x9xf32>, tensor<4xi64> -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

// -----

// Other indices, and those outside of the tensor, stay.
// CHECK-LABEL: func.func @stays
func.func @stays(%x: tensor<3x9xf32>) -> (tensor<3x3xf32>, tensor<3xf32>, tensor<3x2xf32>) {
  // CHECK-COUNT-3: ingot.gather
  %i = ingot.constant dense<[7, 5, 4]> : tensor<3xi64>
  %y = ingot.gather %x, %i axis 1 : tensor<3x9xf32>, tensor<3xi64> -> tensor<3x3xf32>
  %j = ingot.constant dense<9> : tensor<i64>
  %z = ingot.gather %x, %j axis 1 : tensor<3x9xf32>, tensor<i64> -> tensor<3xf32>
  %k = ingot.constant dense<2> : tensor<2xi64>
  %w = ingot.gather %x, %k axis 1 : tensor<3x9xf32>, tensor<2xi64> -> tensor<3x2xf32>
  return %y, %z, %w : tensor<3x3xf32>, tensor<3xf32>, tensor<3x2xf32>
}

// RUN: ingot-opt %s -ingot-form-regions | FileCheck %s

// Bytes are what is stored. An elementwise reader computes what they stand for: as a part of the region that makes them, where it can be one, or where it is.
// CHECK-LABEL: func.func @bytes
func.func @bytes(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %s = ingot.constant dense<0.5> : tensor<f32>
  // CHECK: %[[Q:.*]]:2 = ingot.region ins(%arg0) : (tensor<4x8xf32>) -> (tensor<4x8xui8>, tensor<4x8xf32>)
  // CHECK: ingot.cast %{{.*}} to ui8
  // CHECK: ingot.cast %{{.*}} to f32
  // CHECK: ingot.unary exp
  %0 = ingot.binary div %x, %s : tensor<4x8xf32>, tensor<f32> -> tensor<4x8xf32>
  %q = ingot.cast %0 to ui8 : tensor<4x8xf32> -> tensor<4x8xui8>
  %1 = ingot.cast %q to f32 : tensor<4x8xui8> -> tensor<4x8xf32>
  %d = ingot.binary mul %1, %s : tensor<4x8xf32>, tensor<f32> -> tensor<4x8xf32>
  // CHECK: ingot.region ins(%[[Q]]#0, %arg1) : (tensor<4x8xui8>, tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: ingot.cast
  // CHECK: ingot.norm softmax
  // CHECK: ingot.binary add
  %n = ingot.norm softmax %y axes [1] : tensor<4x8xf32> -> tensor<4x8xf32>
  %a = ingot.binary add %n, %d : tensor<4x8xf32>, tensor<4x8xf32> -> tensor<4x8xf32>
  %b = ingot.unary exp %d : tensor<4x8xf32> -> tensor<4x8xf32>
  return %a, %b : tensor<4x8xf32>, tensor<4x8xf32>
}

// The sum of two tensors of bytes is a part of the region that makes the later one.
// CHECK-LABEL: func.func @residual
func.func @residual(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> tensor<4x8xui8> {
  // CHECK: %[[A:.*]] = ingot.region ins(%arg0) : (tensor<4x8xf32>) -> tensor<4x8xui8>
  // CHECK: ingot.region ins(%arg1, %[[A]]) : (tensor<4x8xf32>, tensor<4x8xui8>) -> tensor<4x8xui8>
  // CHECK-NOT: ingot.region
  %0 = ingot.norm softmax %x axes [1] : tensor<4x8xf32> -> tensor<4x8xf32>
  %1 = ingot.cast %0 to ui8 : tensor<4x8xf32> -> tensor<4x8xui8>
  %2 = ingot.norm softmax %y axes [1] : tensor<4x8xf32> -> tensor<4x8xf32>
  %3 = ingot.cast %2 to ui8 : tensor<4x8xf32> -> tensor<4x8xui8>
  %4 = ingot.cast %3 to f32 : tensor<4x8xui8> -> tensor<4x8xf32>
  %5 = ingot.cast %1 to f32 : tensor<4x8xui8> -> tensor<4x8xf32>
  %6 = ingot.binary add %5, %4 : tensor<4x8xf32>, tensor<4x8xf32> -> tensor<4x8xf32>
  %7 = ingot.cast %6 to ui8 : tensor<4x8xf32> -> tensor<4x8xui8>
  return %7 : tensor<4x8xui8>
}

// A reduction widens its bytes for itself, too: nothing larger is stored. Where floats are smaller than what they are added to, they are made there.
// CHECK-LABEL: func.func @reduced_bytes
func.func @reduced_bytes(%x: tensor<4x8xf32>) -> (tensor<4xi32>, tensor<4x8xui8>) {
  // CHECK: %[[Q:.*]] = ingot.region ins(%arg0) : (tensor<4x8xf32>) -> tensor<4x8xui8>
  // CHECK: ingot.region ins(%[[Q]]) : (tensor<4x8xui8>) -> tensor<4xi32>
  // CHECK: ingot.cast %{{.*}} to i32
  // CHECK: ingot.reduce sum
  // CHECK-NOT: ingot.region
  %n = ingot.norm softmax %x axes [1] : tensor<4x8xf32> -> tensor<4x8xf32>
  %q = ingot.cast %n to ui8 : tensor<4x8xf32> -> tensor<4x8xui8>
  %w = ingot.cast %q to i32 : tensor<4x8xui8> -> tensor<4x8xi32>
  %s = ingot.reduce sum %w axes [1] : tensor<4x8xi32> -> tensor<4xi32>
  return %s, %q : tensor<4xi32>, tensor<4x8xui8>
}

// CHECK-LABEL: func.func @repeated_bytes
func.func @repeated_bytes(%x: tensor<4x1x8xui8>, %y: tensor<4x2x8xf32>) -> tensor<4x2x8xf32> {
  // CHECK: ingot.region ins(%arg0, %arg1) : (tensor<4x1x8xui8>, tensor<4x2x8xf32>) -> tensor<4x2x8xf32>
  // CHECK: ingot.cast %{{.*}} to f32 : tensor<4x1x8xui8>
  // CHECK: ingot.binary add
  // CHECK-NOT: ingot.region
  %f = ingot.cast %x to f32 : tensor<4x1x8xui8> -> tensor<4x1x8xf32>
  %z = ingot.unary exp %y : tensor<4x2x8xf32> -> tensor<4x2x8xf32>
  %a = ingot.binary add %z, %f : tensor<4x2x8xf32>, tensor<4x1x8xf32> -> tensor<4x2x8xf32>
  return %a : tensor<4x2x8xf32>
}

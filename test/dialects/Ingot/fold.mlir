// RUN: ingot-opt %s -canonicalize -split-input-file | FileCheck %s

// CHECK-LABEL: @neutral_elements
func.func @neutral_elements(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %zero = ingot.constant dense<0.0> : tensor<1xf32>
  %one = ingot.constant dense<1.0> : tensor<4xf32>
  %0 = ingot.binary sub %x, %zero : tensor<4xf32>, tensor<1xf32> -> tensor<4xf32>
  %1 = ingot.binary mul %x, %one : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  %2 = ingot.binary div %x, %one : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  // CHECK: return %arg0, %arg0, %arg0
  return %0, %1, %2 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// -----

// x + 0 turns -0 into +0, and a wider constant widens the result.
// CHECK-LABEL: @no_neutral_elements
func.func @no_neutral_elements(%x: tensor<4xf32>, %y: tensor<1xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %zero = ingot.constant dense<0.0> : tensor<4xf32>
  %one = ingot.constant dense<1.0> : tensor<4xf32>
  // CHECK: ingot.binary add
  %0 = ingot.binary add %x, %zero : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  // CHECK: ingot.binary mul
  %1 = ingot.binary mul %y, %one : tensor<1xf32>, tensor<4xf32> -> tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// -----

// CHECK-LABEL: @integers
func.func @integers() -> (tensor<2xi64>, tensor<2xi64>, tensor<2xui8>, tensor<2xi64>) {
  %a = ingot.constant dense<[7, -7]> : tensor<2xi64>
  %b = ingot.constant dense<2> : tensor<1xi64>
  %c = ingot.constant dense<[250, 3]> : tensor<2xui8>
  %d = ingot.constant dense<2> : tensor<ui8>
  %zero = ingot.constant dense<0> : tensor<1xi64>
  // CHECK-DAG: %[[SUM:.*]] = ingot.constant dense<[9, -5]> : tensor<2xi64>
  %0 = ingot.binary add %a, %b : tensor<2xi64>, tensor<1xi64> -> tensor<2xi64>
  // CHECK-DAG: %[[QUOTIENT:.*]] = ingot.constant dense<[3, -3]> : tensor<2xi64>
  %1 = ingot.binary div %a, %b : tensor<2xi64>, tensor<1xi64> -> tensor<2xi64>
  // CHECK-DAG: %[[UNSIGNED:.*]] = ingot.constant dense<[125, 1]> : tensor<2xui8>
  %2 = ingot.binary div %c, %d : tensor<2xui8>, tensor<ui8> -> tensor<2xui8>
  // Division by zero is left to the program.
  // CHECK-DAG: %[[LEFT:.*]] = ingot.binary div
  %3 = ingot.binary div %a, %zero : tensor<2xi64>, tensor<1xi64> -> tensor<2xi64>
  // CHECK: return %[[SUM]], %[[QUOTIENT]], %[[UNSIGNED]], %[[LEFT]]
  return %0, %1, %2, %3 : tensor<2xi64>, tensor<2xi64>, tensor<2xui8>, tensor<2xi64>
}

// -----

// CHECK-LABEL: @casts
func.func @casts(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xi8>, tensor<2xf32>, tensor<2xi64>) {
  %a = ingot.constant dense<[257, -1]> : tensor<2xi64>
  %b = ingot.constant dense<[true, false]> : tensor<2xi1>
  %f = ingot.constant dense<[1.5, 2.5]> : tensor<2xf32>
  %0 = ingot.cast %x to f32 : tensor<2xf32> -> tensor<2xf32>
  // CHECK-DAG: %[[NARROW:.*]] = ingot.constant dense<[1, -1]> : tensor<2xi8>
  %1 = ingot.cast %a to i8 : tensor<2xi64> -> tensor<2xi8>
  // CHECK-DAG: %[[TRUTH:.*]] = ingot.constant dense<[1.000000e+00, 0.000000e+00]> : tensor<2xf32>
  %2 = ingot.cast %b to f32 : tensor<2xi1> -> tensor<2xf32>
  // CHECK-DAG: %[[LEFT:.*]] = ingot.cast
  %3 = ingot.cast %f to i64 : tensor<2xf32> -> tensor<2xi64>
  // CHECK: return %arg0, %[[NARROW]], %[[TRUTH]], %[[LEFT]]
  return %0, %1, %2, %3 : tensor<2xf32>, tensor<2xi8>, tensor<2xf32>, tensor<2xi64>
}

// -----

// CHECK-LABEL: @views_of_constants
func.func @views_of_constants() -> (tensor<3x2xi64>, tensor<3x2xi64>, tensor<2x2xi64>, tensor<2x3xi64>, tensor<2x4xi64>) {
  %a = ingot.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi64>
  %b = ingot.constant dense<[[7], [8]]> : tensor<2x1xi64>
  // CHECK-DAG: %[[RESHAPED:.*]] = ingot.constant dense<{{\[\[}}1, 2], [3, 4], [5, 6]]>
  %0 = ingot.reshape %a : tensor<2x3xi64> -> tensor<3x2xi64>
  // CHECK-DAG: %[[TRANSPOSED:.*]] = ingot.constant dense<{{\[\[}}1, 4], [2, 5], [3, 6]]>
  %1 = ingot.transpose %a [1, 0] : tensor<2x3xi64> -> tensor<3x2xi64>
  // CHECK-DAG: %[[SLICED:.*]] = ingot.constant dense<{{\[\[}}3, 1], [6, 4]]>
  %2 = ingot.slice %a [0, 2] [2, 2] [1, -2] : tensor<2x3xi64> -> tensor<2x2xi64>
  // CHECK-DAG: %[[BROADCAST:.*]] = ingot.constant dense<{{\[\[}}7, 7, 7], [8, 8, 8]]>
  %3 = ingot.broadcast %b : tensor<2x1xi64> -> tensor<2x3xi64>
  // CHECK-DAG: %[[JOINED:.*]] = ingot.constant dense<{{\[\[}}1, 2, 3, 7], [4, 5, 6, 8]]>
  %4 = ingot.concat %a, %b axis 1 : (tensor<2x3xi64>, tensor<2x1xi64>) -> tensor<2x4xi64>
  // CHECK: return %[[RESHAPED]], %[[TRANSPOSED]], %[[SLICED]], %[[BROADCAST]], %[[JOINED]]
  return %0, %1, %2, %3, %4 : tensor<3x2xi64>, tensor<3x2xi64>, tensor<2x2xi64>, tensor<2x3xi64>, tensor<2x4xi64>
}

// -----

// What moves nothing is its operand.
// CHECK-LABEL: @identities
func.func @identities(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>) {
  %0 = ingot.reshape %x : tensor<2x3xf32> -> tensor<2x3xf32>
  %1 = ingot.transpose %x [0, 1] : tensor<2x3xf32> -> tensor<2x3xf32>
  %2 = ingot.broadcast %x : tensor<2x3xf32> -> tensor<2x3xf32>
  %3 = ingot.slice %x [0, 0] [2, 3] [1, 1] : tensor<2x3xf32> -> tensor<2x3xf32>
  %4 = ingot.concat %x axis 0 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %5 = ingot.pad constant %x low [0, 0] high [0, 0] value dense<0.0> : tensor<f32> : tensor<2x3xf32> -> tensor<2x3xf32>
  // CHECK: return %arg0, %arg0, %arg0, %arg0, %arg0, %arg0
  return %0, %1, %2, %3, %4, %5 : tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>
}

// -----

// A reversal of the whole tensor is no identity.
// CHECK-LABEL: @reversal
func.func @reversal(%x: tensor<3xf32>) -> tensor<3xf32> {
  // CHECK: ingot.slice
  %0 = ingot.slice %x [2] [3] [-1] : tensor<3xf32> -> tensor<3xf32>
  return %0 : tensor<3xf32>
}

// -----

// CHECK-LABEL: @chains
func.func @chains(%x: tensor<2x3x4xf32>) -> (tensor<24xf32>, tensor<2x3x4xf32>, tensor<3x4x2xf32>) {
  // CHECK-DAG: %[[FLAT:.*]] = ingot.reshape %arg0 : tensor<2x3x4xf32> -> tensor<24xf32>
  %0 = ingot.reshape %x : tensor<2x3x4xf32> -> tensor<6x4xf32>
  %1 = ingot.reshape %0 : tensor<6x4xf32> -> tensor<24xf32>
  %2 = ingot.transpose %x [2, 0, 1] : tensor<2x3x4xf32> -> tensor<4x2x3xf32>
  %3 = ingot.transpose %2 [1, 2, 0] : tensor<4x2x3xf32> -> tensor<2x3x4xf32>
  // CHECK-DAG: %[[ONE:.*]] = ingot.transpose %arg0 [1, 2, 0] : tensor<2x3x4xf32> -> tensor<3x4x2xf32>
  %4 = ingot.transpose %2 [2, 0, 1] : tensor<4x2x3xf32> -> tensor<3x4x2xf32>
  // CHECK: return %[[FLAT]], %arg0, %[[ONE]]
  return %1, %3, %4 : tensor<24xf32>, tensor<2x3x4xf32>, tensor<3x4x2xf32>
}

// RUN: ingot-opt %s --ingot-sink-dequantization --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @moves
func.func @moves(%x: tensor<1x4x6x6xui8>, %z: tensor<ui8>) -> tensor<1x3x3x4xf32> {
  %s = ingot.constant dense<0.5> : tensor<f32>
  // CHECK: %[[P:.*]] = ingot.pool max %arg0 {{.*}} : tensor<1x4x6x6xui8> -> tensor<1x4x3x3xui8>
  // CHECK: %[[T:.*]] = ingot.transpose %[[P]] [0, 2, 3, 1]
  // CHECK: ingot.dequantize %[[T]] {{.*}} -> tensor<1x3x3x4xf32>
  %y = ingot.dequantize %x scale %s zero_point %z to f32 : (tensor<1x4x6x6xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x4x6x6xf32>
  %p = ingot.pool max %y channels_first kernel [2, 2] strides [2, 2] pads [0, 0, 0, 0] dilations [1, 1] count_pads [0, 0, 0, 0] : tensor<1x4x6x6xf32> -> tensor<1x4x3x3xf32>
  %t = ingot.transpose %p [0, 2, 3, 1] : tensor<1x4x3x3xf32> -> tensor<1x3x3x4xf32>
  return %t : tensor<1x3x3x4xf32>
}

// -----

// Scales along a dim move with it through a transpose; nothing else moves them, nor an average.
// CHECK-LABEL: func.func @along_a_dim
func.func @along_a_dim(%w: tensor<8x4xi8>, %s: tensor<8xf32>, %x: tensor<1x4x6x6xi8>, %t: tensor<f32>) -> (tensor<4x8xf32>, tensor<32xf32>, tensor<1x4x3x3xf32>) {
  // CHECK: %[[T:.*]] = ingot.transpose %arg0 [1, 0] : tensor<8x4xi8>
  // CHECK: ingot.dequantize %[[T]] scale %arg1 {axis = 1 : i64}
  %d = ingot.dequantize %w scale %s {axis = 0 : i64} to f32 : (tensor<8x4xi8>, tensor<8xf32>) -> tensor<8x4xf32>
  %a = ingot.transpose %d [1, 0] : tensor<8x4xf32> -> tensor<4x8xf32>
  // CHECK: ingot.reshape %{{.*}} : tensor<8x4xf32> -> tensor<32xf32>
  %b = ingot.reshape %d : tensor<8x4xf32> -> tensor<32xf32>
  // CHECK: ingot.pool average %{{.*}} : tensor<1x4x6x6xf32>
  %e = ingot.dequantize %x scale %t to f32 : (tensor<1x4x6x6xi8>, tensor<f32>) -> tensor<1x4x6x6xf32>
  %c = ingot.pool average %e channels_first kernel [2, 2] strides [2, 2] pads [0, 0, 0, 0] dilations [1, 1] count_pads [0, 0, 0, 0] : tensor<1x4x6x6xf32> -> tensor<1x4x3x3xf32>
  return %a, %b, %c : tensor<4x8xf32>, tensor<32xf32>, tensor<1x4x3x3xf32>
}

// -----

// The nearest element is one of the operand's; outside of a cropped image it is a number of its own, and what lies between elements is computed.
// CHECK-LABEL: func.func @resized
func.func @resized(%x: tensor<1x4x3x3xui8>, %z: tensor<ui8>) -> (tensor<1x4x6x6xf32>, tensor<1x4x6x6xf32>, tensor<1x4x6x6xf32>) {
  %s = ingot.constant dense<0.5> : tensor<f32>
  // CHECK: ingot.resize linear %{{.*}} : tensor<1x4x3x3xf32>
  // CHECK: ingot.resize nearest %{{.*}} "tf_crop_and_resize" {{.*}} : tensor<1x4x3x3xf32>
  // CHECK: %[[N:.*]] = ingot.resize nearest %arg0 {{.*}} : tensor<1x4x3x3xui8> -> tensor<1x4x6x6xui8>
  // CHECK: ingot.dequantize %[[N]]
  %y = ingot.dequantize %x scale %s zero_point %z to f32 : (tensor<1x4x3x3xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x4x3x3xf32>
  %a = ingot.resize linear %y scales [1.0, 1.0, 2.0, 2.0] "asymmetric" "floor" : tensor<1x4x3x3xf32> -> tensor<1x4x6x6xf32>
  %b = ingot.resize nearest %y scales [1.0, 1.0, 2.0, 2.0] "tf_crop_and_resize" "floor" {roi = array<f64: 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 2.0, 1.0>} : tensor<1x4x3x3xf32> -> tensor<1x4x6x6xf32>
  %c = ingot.resize nearest %y scales [1.0, 1.0, 2.0, 2.0] "asymmetric" "floor" : tensor<1x4x3x3xf32> -> tensor<1x4x6x6xf32>
  return %a, %b, %c : tensor<1x4x6x6xf32>, tensor<1x4x6x6xf32>, tensor<1x4x6x6xf32>
}

// -----

// CHECK-LABEL: func.func @joined
func.func @joined(%x: tensor<2xi8>, %y: tensor<3xi8>) -> (tensor<5xf32>, tensor<5xf32>) {
  %s = ingot.constant dense<0.5> : tensor<f32>
  %t = ingot.constant dense<0.25> : tensor<f32>
  %a = ingot.dequantize %x scale %s to f32 : (tensor<2xi8>, tensor<f32>) -> tensor<2xf32>
  %b = ingot.dequantize %y scale %s to f32 : (tensor<3xi8>, tensor<f32>) -> tensor<3xf32>
  %c = ingot.dequantize %y scale %t to f32 : (tensor<3xi8>, tensor<f32>) -> tensor<3xf32>
  // CHECK: ingot.concat %arg0, %arg1 axis 0 : (tensor<2xi8>, tensor<3xi8>) -> tensor<5xi8>
  %0 = ingot.concat %a, %b axis 0 : (tensor<2xf32>, tensor<3xf32>) -> tensor<5xf32>
  // CHECK: ingot.concat {{.*}} : (tensor<2xf32>, tensor<3xf32>) -> tensor<5xf32>
  %1 = ingot.concat %a, %c axis 0 : (tensor<2xf32>, tensor<3xf32>) -> tensor<5xf32>
  return %0, %1 : tensor<5xf32>, tensor<5xf32>
}

// -----

// Only the same parameters cancel.
// CHECK-LABEL: func.func @cancels
func.func @cancels(%x: tensor<4xui8>) -> (tensor<4xui8>, tensor<4xui8>) {
  %s = ingot.constant dense<0.5> : tensor<f32>
  %t = ingot.constant dense<0.25> : tensor<f32>
  %a = ingot.dequantize %x scale %s to f32 : (tensor<4xui8>, tensor<f32>) -> tensor<4xf32>
  %0 = ingot.quantize %a scale %s to ui8 : (tensor<4xf32>, tensor<f32>) -> tensor<4xui8>
  // CHECK: %[[Q:.*]] = ingot.quantize
  %1 = ingot.quantize %a scale %t to ui8 : (tensor<4xf32>, tensor<f32>) -> tensor<4xui8>
  // CHECK: return %arg0, %[[Q]]
  return %0, %1 : tensor<4xui8>, tensor<4xui8>
}

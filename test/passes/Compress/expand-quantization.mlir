// RUN: ingot-opt %s --ingot-expand-quantization --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: func.func @per_tensor
func.func @per_tensor(%x: tensor<2x3xf32>, %s: tensor<f32>, %z: tensor<ui8>) -> tensor<2x3xf32> {
  // CHECK: %[[Z:.*]] = ingot.cast %arg2 to f32
  // CHECK: %[[Q:.*]] = ingot.binary div %arg0, %arg1
  // CHECK: %[[R:.*]] = ingot.unary round_even %[[Q]]
  // CHECK: %[[A:.*]] = ingot.binary add %[[R]], %[[Z]]
  // CHECK: %[[LOW:.*]] = ingot.constant dense<0.000000e+00>
  // CHECK: %[[M:.*]] = ingot.binary max %[[A]], %[[LOW]]
  // CHECK: %[[HIGH:.*]] = ingot.constant dense<2.550000e+02>
  // CHECK: %[[N:.*]] = ingot.binary min %[[M]], %[[HIGH]]
  // CHECK: %[[B:.*]] = ingot.cast %[[N]] to ui8
  %q = ingot.quantize %x scale %s zero_point %z to ui8 : (tensor<2x3xf32>, tensor<f32>, tensor<ui8>) -> tensor<2x3xui8>
  // CHECK: %[[P:.*]] = ingot.cast %arg2 to f32
  // CHECK: %[[W:.*]] = ingot.cast %[[B]] to f32
  // CHECK: %[[D:.*]] = ingot.binary sub %[[W]], %[[P]]
  // CHECK: %[[Y:.*]] = ingot.binary mul %[[D]], %arg1
  %y = ingot.dequantize %q scale %s zero_point %z to f32 : (tensor<2x3xui8>, tensor<f32>, tensor<ui8>) -> tensor<2x3xf32>
  // CHECK: return %[[Y]]
  return %y : tensor<2x3xf32>
}

// -----

// Scales of 16 bits compute in f32; signed integers of 16 bits are clamped to their own range.
// CHECK-LABEL: func.func @halves
func.func @halves(%x: tensor<4xf16>, %s: tensor<f16>) -> tensor<4xi16> {
  // CHECK: %[[S:.*]] = ingot.cast %arg1 to f32
  // CHECK: %[[X:.*]] = ingot.cast %arg0 to f32
  // CHECK: ingot.binary div %[[X]], %[[S]]
  // CHECK: ingot.constant dense<-3.276800e+04>
  // CHECK: ingot.constant dense<3.276700e+04>
  %q = ingot.quantize %x scale %s to i16 : (tensor<4xf16>, tensor<f16>) -> tensor<4xi16>
  return %q : tensor<4xi16>
}

// -----

// One scale for each channel broadcasts; blocks repeat theirs, and the last one is cut.
// CHECK-LABEL: func.func @axes
func.func @axes(%x: tensor<1x8x4xi8>, %s: tensor<8xf32>, %w: tensor<2x5xi8>, %t: tensor<2x3xf32>) -> (tensor<1x8x4xf32>, tensor<2x5xf32>) {
  // CHECK: ingot.reshape %arg1 : tensor<8xf32> -> tensor<8x1xf32>
  %a = ingot.dequantize %x scale %s {axis = 1 : i64} to f32 : (tensor<1x8x4xi8>, tensor<8xf32>) -> tensor<1x8x4xf32>
  // CHECK: %[[A:.*]] = ingot.reshape %arg3 : tensor<2x3xf32> -> tensor<2x3x1xf32>
  // CHECK: %[[B:.*]] = ingot.broadcast %[[A]] : tensor<2x3x1xf32> -> tensor<2x3x2xf32>
  // CHECK: %[[C:.*]] = ingot.reshape %[[B]] : tensor<2x3x2xf32> -> tensor<2x6xf32>
  // CHECK: ingot.slice %[[C]] [0, 0] [2, 5] [1, 1]
  %b = ingot.dequantize %w scale %t {axis = 1 : i64, block = 2 : i64} to f32 : (tensor<2x5xi8>, tensor<2x3xf32>) -> tensor<2x5xf32>
  return %a, %b : tensor<1x8x4xf32>, tensor<2x5xf32>
}

// -----

func.func @open_blocks(%x: tensor<?xi8, #ingot.dims<()[s0] -> (s0)>>, %s: tensor<?xf32, #ingot.dims<()[s0] -> (s0 ceildiv 4)>>)
    -> tensor<?xf32, #ingot.dims<()[s0] -> (s0)>> {
  // expected-error @+1 {{has blocks along an open dim that they may not divide: fix that dim}}
  %y = ingot.dequantize %x scale %s {axis = 0 : i64, block = 4 : i64} to f32 : (tensor<?xi8, #ingot.dims<()[s0] -> (s0)>>, tensor<?xf32, #ingot.dims<()[s0] -> (s0 ceildiv 4)>>) -> tensor<?xf32, #ingot.dims<()[s0] -> (s0)>>
  return %y : tensor<?xf32, #ingot.dims<()[s0] -> (s0)>>
}

// -----

// Clamps that the range of ui8 makes anyway disappear: below a zero point of 0, and above 255 * 0.0235 = 6. With other zero points they stay.
// CHECK-LABEL: func.func @clamps
func.func @clamps(%x: tensor<4xf32>) -> (tensor<4xui8>, tensor<4xui8>) {
  %s = ingot.constant dense<0.0235> : tensor<f32>
  %z = ingot.constant dense<7> : tensor<ui8>
  %six = ingot.constant dense<6.0> : tensor<f32>
  %r = ingot.unary relu %x : tensor<4xf32> -> tensor<4xf32>
  %c = ingot.binary min %r, %six : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  // CHECK: ingot.binary div %arg0, %{{.*}}
  %a = ingot.quantize %c scale %s to ui8 : (tensor<4xf32>, tensor<f32>) -> tensor<4xui8>
  %t = ingot.unary relu %x : tensor<4xf32> -> tensor<4xf32>
  // CHECK: %[[R:.*]] = ingot.unary relu %arg0
  // CHECK: ingot.binary div %[[R]], %{{.*}}
  %b = ingot.quantize %t scale %s zero_point %z to ui8 : (tensor<4xf32>, tensor<f32>, tensor<ui8>) -> tensor<4xui8>
  return %a, %b : tensor<4xui8>, tensor<4xui8>
}

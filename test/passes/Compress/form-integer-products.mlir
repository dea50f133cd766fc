// RUN: ingot-opt %s --ingot-form-integer-products --canonicalize --split-input-file | FileCheck %s

// Unsigned by signed bytes, without zero points: only scales are left around the product.
// CHECK-LABEL: func.func @symmetric
func.func @symmetric(%x: tensor<5x8xui8>) -> tensor<5x16xf32> {
  %s = ingot.constant dense<0.5> : tensor<f32>
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<8x16xi8>
  %t = ingot.constant #ingot.weight<1, "t"> : tensor<16xf32>
  %a = ingot.dequantize %x scale %s to f32 : (tensor<5x8xui8>, tensor<f32>) -> tensor<5x8xf32>
  %b = ingot.dequantize %w scale %t {axis = 1 : i64} to f32 : (tensor<8x16xi8>, tensor<16xf32>) -> tensor<8x16xf32>
  // CHECK: %[[P:.*]] = ingot.matmul %arg0, %{{.*}} : tensor<5x8xui8>, tensor<8x16xi8> -> tensor<5x16xi32>
  // CHECK-NOT: ingot.binary sub
  // CHECK: %[[F:.*]] = ingot.cast %[[P]] to f32
  // CHECK: %[[S:.*]] = ingot.binary mul %{{.*}}, %{{.*}} : tensor<16xf32>, tensor<f32> -> tensor<16xf32>
  // CHECK: %[[Y:.*]] = ingot.binary mul %[[F]], %[[S]]
  // CHECK: return %[[Y]]
  %y = ingot.matmul %a, %b : tensor<5x8xf32>, tensor<8x16xf32> -> tensor<5x16xf32>
  return %y : tensor<5x16xf32>
}

// -----

// Signed activations are flipped, and so are unsigned weights: zero points of 0 and 128 become 128 and 0. Those of the left side cost a bias.
// CHECK-LABEL: func.func @flipped
func.func @flipped(%x: tensor<5x8xi8>) -> tensor<5x16xf32> {
  %s = ingot.constant dense<0.5> : tensor<f32>
  %z = ingot.constant dense<128> : tensor<ui8>
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<8x16xui8>
  %a = ingot.dequantize %x scale %s to f32 : (tensor<5x8xi8>, tensor<f32>) -> tensor<5x8xf32>
  %b = ingot.dequantize %w scale %s zero_point %z to f32 : (tensor<8x16xui8>, tensor<f32>, tensor<ui8>) -> tensor<8x16xf32>
  // CHECK-DAG: %[[X:.*]] = ingot.binary xor %arg0, %{{.*}} : tensor<5x8xi8>
  // CHECK-DAG: %[[U:.*]] = ingot.bitcast %[[X]] to ui8
  // CHECK-DAG: %[[W:.*]] = ingot.bitcast %{{.*}} to i8 : tensor<8x16xui8> -> tensor<8x16xi8>
  // CHECK: %[[C:.*]] = ingot.reduce sum %{{.*}} axes [0] : tensor<8x16xi32> -> tensor<16xi32>
  // CHECK: %[[P:.*]] = ingot.matmul %[[U]], %[[W]] : tensor<5x8xui8>, tensor<8x16xi8> -> tensor<5x16xi32>
  // CHECK: %[[B:.*]] = ingot.binary mul %[[C]], %{{.*}} : tensor<16xi32>, tensor<i32>
  // CHECK: %[[D:.*]] = ingot.binary sub %[[P]], %[[B]]
  // CHECK: ingot.cast %[[D]] to f32
  %y = ingot.matmul %a, %b : tensor<5x8xf32>, tensor<8x16xf32> -> tensor<5x16xf32>
  return %y : tensor<5x16xf32>
}

// -----

// Integers minus zero points, the right one's not 0: sums of the rows of the left side. The left point is known in a run only.
// CHECK-LABEL: func.func @integers
func.func @integers(%x: tensor<5x8xui8>, %p: tensor<i32>) -> tensor<5x16xi32> {
  %q = ingot.constant dense<3> : tensor<i32>
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<8x16xi8>
  %0 = ingot.cast %x to i32 : tensor<5x8xui8> -> tensor<5x8xi32>
  %a = ingot.binary sub %0, %p : tensor<5x8xi32>, tensor<i32> -> tensor<5x8xi32>
  %1 = ingot.cast %w to i32 : tensor<8x16xi8> -> tensor<8x16xi32>
  %b = ingot.binary sub %1, %q : tensor<8x16xi32>, tensor<i32> -> tensor<8x16xi32>
  // CHECK: %[[R:.*]] = ingot.reduce sum %{{.*}} axes [1] {keep_dims} : tensor<5x8xi32> -> tensor<5x1xi32>
  // CHECK: %[[P:.*]] = ingot.matmul %arg0, %{{.*}} : tensor<5x8xui8>, tensor<8x16xi8> -> tensor<5x16xi32>
  // CHECK: %[[S:.*]] = ingot.binary sub %[[P]], %{{.*}} : tensor<5x16xi32>, tensor<16xi32>
  // CHECK: %[[N:.*]] = ingot.binary mul %arg1, %{{.*}} : tensor<i32>, tensor<i32>
  // CHECK: %[[D:.*]] = ingot.binary sub %[[R]], %[[N]]
  // CHECK: %[[Q:.*]] = ingot.binary mul %[[D]], %{{.*}} : tensor<5x1xi32>, tensor<i32>
  // CHECK: %[[Y:.*]] = ingot.binary sub %[[S]], %[[Q]]
  // CHECK: return %[[Y]]
  %y = ingot.matmul %a, %b : tensor<5x8xi32>, tensor<8x16xi32> -> tensor<5x16xi32>
  return %y : tensor<5x16xi32>
}

// -----

// Images are padded by their zero point, and to whole groups of four channels. Signed activations that only dequantisations read are made unsigned.
// CHECK-LABEL: func.func @image
func.func @image(%x: tensor<1x3x8x8xf32>) -> tensor<1x16x8x8xf32> {
  %s = ingot.constant dense<0.5> : tensor<f32>
  %z = ingot.constant dense<-14> : tensor<i8>
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<16x3x3x3xi8>
  // CHECK-DAG: %[[Z:.*]] = ingot.constant dense<114> : tensor<ui8>
  // CHECK: %[[Q:.*]] = ingot.quantize %arg0 scale %{{.*}} zero_point %[[Z]] to ui8
  // CHECK: %[[W:.*]] = ingot.pad constant %{{.*}} low [0, 0, 0, 0] high [0, 1, 0, 0] value dense<0> : tensor<i8> : tensor<16x3x3x3xi8>
  // CHECK: %[[P:.*]] = ingot.pad constant %[[Q]] low [0, 0, 1, 1] high [0, 1, 1, 1] value dense<114> : tensor<ui8>
  // CHECK: ingot.conv %[[P]], %[[W]] channels_first kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] {{.*}} -> tensor<1x16x8x8xi32>
  %q = ingot.quantize %x scale %s zero_point %z to i8 : (tensor<1x3x8x8xf32>, tensor<f32>, tensor<i8>) -> tensor<1x3x8x8xi8>
  %a = ingot.dequantize %q scale %s zero_point %z to f32 : (tensor<1x3x8x8xi8>, tensor<f32>, tensor<i8>) -> tensor<1x3x8x8xf32>
  %b = ingot.dequantize %w scale %s to f32 : (tensor<16x3x3x3xi8>, tensor<f32>) -> tensor<16x3x3x3xf32>
  %y = ingot.conv %a, %b channels_first kernel [3, 3] strides [1, 1] pads [1, 1, 1, 1] dilations [1, 1] groups 1 channels 16 : tensor<1x3x8x8xf32>, tensor<16x3x3x3xf32> -> tensor<1x16x8x8xf32>
  return %y : tensor<1x16x8x8xf32>
}

// -----

// Pads of zero stay with the convolution. Weights in groups, or scales along the depth, or activations on the right, are left as they are.
// CHECK-LABEL: func.func @others
func.func @others(%x: tensor<1x8x8x8xui8>, %u: tensor<4x8xui8>, %v: tensor<8x4xi8>, %r: tensor<8xf32>) -> (tensor<1x8x8x8xf32>, tensor<4x4xf32>, tensor<4x4xf32>) {
  %s = ingot.constant dense<0.5> : tensor<f32>
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<8x1x3x3xi8>
  %m = ingot.constant #ingot.weight<1, "m"> : tensor<8x4xi8>
  // CHECK: ingot.conv %arg0, %{{.*}} pads [1, 1, 1, 1] {{.*}} -> tensor<1x8x8x8xi32>
  %a = ingot.dequantize %x scale %s to f32 : (tensor<1x8x8x8xui8>, tensor<f32>) -> tensor<1x8x8x8xf32>
  %b = ingot.dequantize %w scale %s to f32 : (tensor<8x1x3x3xi8>, tensor<f32>) -> tensor<8x1x3x3xf32>
  %y = ingot.conv %a, %b channels_first kernel [3, 3] strides [1, 1] pads [1, 1, 1, 1] dilations [1, 1] groups 8 channels 8 : tensor<1x8x8x8xf32>, tensor<8x1x3x3xf32> -> tensor<1x8x8x8xf32>
  // CHECK: ingot.matmul %{{.*}} : tensor<4x8xf32>, tensor<8x4xf32> -> tensor<4x4xf32>
  %c = ingot.dequantize %u scale %r {axis = 1 : i64} to f32 : (tensor<4x8xui8>, tensor<8xf32>) -> tensor<4x8xf32>
  %d = ingot.dequantize %m scale %s to f32 : (tensor<8x4xi8>, tensor<f32>) -> tensor<8x4xf32>
  %0 = ingot.matmul %c, %d : tensor<4x8xf32>, tensor<8x4xf32> -> tensor<4x4xf32>
  // CHECK: ingot.matmul %{{.*}} : tensor<4x8xf32>, tensor<8x4xf32> -> tensor<4x4xf32>
  %e = ingot.dequantize %u scale %s to f32 : (tensor<4x8xui8>, tensor<f32>) -> tensor<4x8xf32>
  %f = ingot.dequantize %v scale %s to f32 : (tensor<8x4xi8>, tensor<f32>) -> tensor<8x4xf32>
  %1 = ingot.matmul %e, %f : tensor<4x8xf32>, tensor<8x4xf32> -> tensor<4x4xf32>
  return %y, %0, %1 : tensor<1x8x8x8xf32>, tensor<4x4xf32>, tensor<4x4xf32>
}

// -----

// Windows as large as the strides: a product for each of their rows, the scales of the channels repeated for the pixels, a zero point as a bias.
// CHECK-LABEL: func.func @windows
func.func @windows(%x: tensor<1x8x3x5xui8>) -> tensor<1x8x6x10xf32> {
  %s = ingot.constant dense<0.5> : tensor<f32>
  %z = ingot.constant dense<3> : tensor<ui8>
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<8x8x2x2xi8>
  %t = ingot.constant #ingot.weight<1, "t"> : tensor<8xf32>
  %a = ingot.dequantize %x scale %s zero_point %z to f32 : (tensor<1x8x3x5xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x8x3x5xf32>
  %b = ingot.dequantize %w scale %t {axis = 1 : i64} to f32 : (tensor<8x8x2x2xi8>, tensor<8xf32>) -> tensor<8x8x2x2xf32>
  // CHECK: %[[PIXELS:.*]] = ingot.transpose %arg0 [0, 2, 3, 1] : tensor<1x8x3x5xui8> -> tensor<1x3x5x8xui8>
  // CHECK: ingot.broadcast %{{.*}} : tensor<1x8xf32> -> tensor<2x8xf32>
  // CHECK: %[[P:.*]] = ingot.matmul %[[PIXELS]], %{{.*}} : tensor<1x3x5x8xui8>, tensor<8x16xi8> -> tensor<1x3x5x16xi32>
  // CHECK: ingot.binary sub %[[P]], %{{.*}} : tensor<1x3x5x16xi32>, tensor<16xi32> -> tensor<1x3x5x16xi32>
  // CHECK: ingot.reshape %{{.*}} : tensor<1x3x5x16xf32> -> tensor<1x3x1x5x2x8xf32>
  // CHECK: ingot.matmul %[[PIXELS]], %{{.*}} : tensor<1x3x5x8xui8>, tensor<8x16xi8> -> tensor<1x3x5x16xi32>
  // CHECK: ingot.concat
  // CHECK-NOT: ingot.conv_transpose
  %y = ingot.conv_transpose %a, %b strides [2, 2] pads [0, 0, 0, 0] dilations [1, 1] groups 1 : tensor<1x8x3x5xf32>, tensor<8x8x2x2xf32> -> tensor<1x8x6x10xf32>
  return %y : tensor<1x8x6x10xf32>
}

// -----

// CHECK-LABEL: func.func @overlapping_windows
func.func @overlapping_windows(%x: tensor<1x8x3x5xui8>) -> tensor<1x8x7x11xf32> {
  %s = ingot.constant dense<0.5> : tensor<f32>
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<8x8x3x3xi8>
  %a = ingot.dequantize %x scale %s to f32 : (tensor<1x8x3x5xui8>, tensor<f32>) -> tensor<1x8x3x5xf32>
  %b = ingot.dequantize %w scale %s to f32 : (tensor<8x8x3x3xi8>, tensor<f32>) -> tensor<8x8x3x3xf32>
  // CHECK: ingot.conv_transpose %{{.*}} : tensor<1x8x3x5xf32>, tensor<8x8x3x3xf32>
  %y = ingot.conv_transpose %a, %b strides [2, 2] pads [0, 0, 0, 0] dilations [1, 1] groups 1 : tensor<1x8x3x5xf32>, tensor<8x8x3x3xf32> -> tensor<1x8x7x11xf32>
  return %y : tensor<1x8x7x11xf32>
}

// -----

// The mean of bytes is an exact sum; the zero point is taken off once for all elements.
// CHECK-LABEL: func.func @mean
func.func @mean(%x: tensor<1x8x6x5xui8>) -> tensor<1x8x1x1xf32> {
  %s = ingot.constant dense<0.5> : tensor<f32>
  %z = ingot.constant dense<3> : tensor<ui8>
  %a = ingot.dequantize %x scale %s zero_point %z to f32 : (tensor<1x8x6x5xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x8x6x5xf32>
  // CHECK: %[[WIDE:.*]] = ingot.cast %arg0 to i32
  // CHECK: %[[SUM:.*]] = ingot.reduce sum %[[WIDE]] axes [2, 3] {keep_dims} : tensor<1x8x6x5xi32> -> tensor<1x8x1x1xi32>
  // CHECK: %[[REST:.*]] = ingot.binary sub %[[SUM]], %{{.*}} : tensor<1x8x1x1xi32>, tensor<i32>
  // CHECK: %[[F:.*]] = ingot.cast %[[REST]] to f32
  // CHECK: ingot.binary mul %[[F]], %{{.*}} : tensor<1x8x1x1xf32>, tensor<f32>
  %y = ingot.reduce mean %a axes [2, 3] {keep_dims} : tensor<1x8x6x5xf32> -> tensor<1x8x1x1xf32>
  return %y : tensor<1x8x1x1xf32>
}

// -----

// Sums of 32 bits may not hold so many bytes, or nobody knows how many there are.
// CHECK-LABEL: func.func @mean_of_many
// CHECK-COUNT-2: ingot.reduce mean
func.func @mean_of_many(%x: tensor<8x4096x4096xui8>, %open: tensor<8x?xui8, #ingot.dims<()[s0] -> (8, s0)>>) -> (tensor<8xf32>, tensor<8xf32>) {
  %s = ingot.constant dense<0.5> : tensor<f32>
  %a = ingot.dequantize %x scale %s to f32 : (tensor<8x4096x4096xui8>, tensor<f32>) -> tensor<8x4096x4096xf32>
  %b = ingot.dequantize %open scale %s to f32 : (tensor<8x?xui8, #ingot.dims<()[s0] -> (8, s0)>>, tensor<f32>) -> tensor<8x?xf32, #ingot.dims<()[s0] -> (8, s0)>>
  %0 = ingot.reduce mean %a axes [1, 2] : tensor<8x4096x4096xf32> -> tensor<8xf32>
  %1 = ingot.reduce mean %b axes [1] : tensor<8x?xf32, #ingot.dims<()[s0] -> (8, s0)>> -> tensor<8xf32>
  return %0, %1 : tensor<8xf32>, tensor<8xf32>
}

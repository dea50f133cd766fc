// RUN: ingot-opt %s -ingot-lower-precision=stored=true -canonicalize | FileCheck %s

// What the model has stored in halves is packed as it is; kernels widen it.
// CHECK-LABEL: @halves(
// CHECK: %[[W:.*]] = ingot.constant #ingot.weight<0, "w"> : tensor<3x8xf16>
// CHECK-NEXT: %[[T:.*]] = ingot.transpose %[[W]] [1, 0] : tensor<3x8xf16> -> tensor<8x3xf16>
// CHECK-NEXT: %[[P:.*]] = ingot.pack %[[T]] : tensor<8x3xf16> -> tensor<1x8x16xf16>
// CHECK-NEXT: ingot.packed_matmul %{{.*}}, %[[P]] : tensor<4x8xf32>, tensor<1x8x16xf16> -> tensor<4x3xf32>
func.func @halves(%x: tensor<4x8xf32>) -> tensor<4x3xf32> {
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<3x8xf16>
  %c = ingot.cast %w to f32 : tensor<3x8xf16> -> tensor<3x8xf32>
  %t = ingot.transpose %c [1, 0] : tensor<3x8xf32> -> tensor<8x3xf32>
  %p = ingot.pack %t : tensor<8x3xf32> -> tensor<1x8x16xf32>
  %y = ingot.packed_matmul %x, %p : tensor<4x8xf32>, tensor<1x8x16xf32> -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// Floats of 8 bits are bytes of the file; what each channel is multiplied by is multiplied with what the product makes of the channel.
// CHECK-LABEL: @scaled(
// CHECK: %[[S:.*]] = ingot.constant #ingot.weight<1, "s"> : tensor<3xf32>
// CHECK: %[[B:.*]] = ingot.bitcast %{{.*}} to f8E4M3FN : tensor<3x8xui8> -> tensor<3x8xf8E4M3FN>
// CHECK: %[[T:.*]] = ingot.transpose %[[B]] [1, 0] : tensor<3x8xf8E4M3FN> -> tensor<8x3xf8E4M3FN>
// CHECK: %[[P:.*]] = ingot.pack %[[T]] : tensor<8x3xf8E4M3FN> -> tensor<1x8x16xf8E4M3FN>
// CHECK: %[[Y:.*]] = ingot.packed_matmul %{{.*}}, %[[P]] : tensor<4x8xf32>, tensor<1x8x16xf8E4M3FN> -> tensor<4x3xf32>
// CHECK: ingot.binary mul %[[Y]], %[[S]] {ingot.values = ["y"]} : tensor<4x3xf32>, tensor<3xf32> -> tensor<4x3xf32>
func.func @scaled(%x: tensor<4x8xf32>) -> tensor<4x3xf32> {
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<3x8xui8>
  %s = ingot.constant #ingot.weight<1, "s"> : tensor<3x1xf32>
  %b = ingot.bitcast %w to f8E4M3FN : tensor<3x8xui8> -> tensor<3x8xf8E4M3FN>
  %c = ingot.cast %b to f32 : tensor<3x8xf8E4M3FN> -> tensor<3x8xf32>
  %m = ingot.binary mul %c, %s : tensor<3x8xf32>, tensor<3x1xf32> -> tensor<3x8xf32>
  %t = ingot.transpose %m [1, 0] : tensor<3x8xf32> -> tensor<8x3xf32>
  %p = ingot.pack %t : tensor<8x3xf32> -> tensor<1x8x16xf32>
  %y = ingot.packed_matmul %x, %p {ingot.values = ["y"]} : tensor<4x8xf32>, tensor<1x8x16xf32> -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// Weights that were joined along their channels, of which some have scales.
// CHECK-LABEL: @joined(
// CHECK: %[[W:.*]] = ingot.concat {{.*}} axis 1 : (tensor<8x3xbf16>, tensor<8x2xbf16>) -> tensor<8x5xbf16>
// CHECK: %[[S:.*]] = ingot.concat {{.*}} axis 0 : (tensor<3xf32>, tensor<2xf32>) -> tensor<5xf32>
// CHECK: %[[P:.*]] = ingot.pack %[[W]]
// CHECK: %[[Y:.*]] = ingot.packed_matmul %{{.*}}, %[[P]]
// CHECK: ingot.binary mul %[[Y]], %[[S]]
func.func @joined(%x: tensor<4x8xf32>) -> tensor<4x5xf32> {
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<8x3xbf16>
  %v = ingot.constant #ingot.weight<1, "v"> : tensor<8x2xbf16>
  %s = ingot.constant #ingot.weight<2, "s"> : tensor<3xf32>
  %a = ingot.cast %w to f32 : tensor<8x3xbf16> -> tensor<8x3xf32>
  %b = ingot.cast %v to f32 : tensor<8x2xbf16> -> tensor<8x2xf32>
  %m = ingot.binary mul %a, %s : tensor<8x3xf32>, tensor<3xf32> -> tensor<8x3xf32>
  %c = ingot.concat %m, %b axis 1 : (tensor<8x3xf32>, tensor<8x2xf32>) -> tensor<8x5xf32>
  %p = ingot.pack %c : tensor<8x5xf32> -> tensor<1x8x16xf32>
  %y = ingot.packed_matmul %x, %p : tensor<4x8xf32>, tensor<1x8x16xf32> -> tensor<4x5xf32>
  return %y : tensor<4x5xf32>
}

// The filters of a convolution, as `ingot-channels-last` moves them.
// CHECK-LABEL: @filters(
// CHECK: ingot.pack %{{.*}} : tensor<1x36x8xf8E5M2> -> tensor<1x1x36x16xf8E5M2>
// CHECK: %[[Y:.*]] = ingot.conv {{.*}} tensor<1x1x36x16xf8E5M2> -> tensor<1x4x4x8xf32>
// CHECK: ingot.binary mul %[[Y]], %{{.*}} : tensor<1x4x4x8xf32>, tensor<8xf32> -> tensor<1x4x4x8xf32>
func.func @filters(%x: tensor<1x6x6x4xf32>) -> tensor<1x4x4x8xf32> {
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<8x4x3x3xui8>
  %s = ingot.constant #ingot.weight<1, "s"> : tensor<8x1x1x1xf32>
  %b = ingot.bitcast %w to f8E5M2 : tensor<8x4x3x3xui8> -> tensor<8x4x3x3xf8E5M2>
  %c = ingot.cast %b to f32 : tensor<8x4x3x3xf8E5M2> -> tensor<8x4x3x3xf32>
  %m = ingot.binary mul %c, %s : tensor<8x4x3x3xf32>, tensor<8x1x1x1xf32> -> tensor<8x4x3x3xf32>
  %r = ingot.reshape %m : tensor<8x4x3x3xf32> -> tensor<1x8x4x9xf32>
  %t = ingot.transpose %r [0, 3, 2, 1] : tensor<1x8x4x9xf32> -> tensor<1x9x4x8xf32>
  %f = ingot.reshape %t : tensor<1x9x4x8xf32> -> tensor<1x36x8xf32>
  %p = ingot.pack %f : tensor<1x36x8xf32> -> tensor<1x1x36x16xf32>
  %y = ingot.conv %x, %p channels_last kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 8 : tensor<1x6x6x4xf32>, tensor<1x1x36x16xf32> -> tensor<1x4x4x8xf32>
  return %y : tensor<1x4x4x8xf32>
}

// Numbers along the depth are no scales of channels, and what is stored in f32 stays.
// CHECK-LABEL: @others(
// CHECK: ingot.packed_matmul {{.*}} : tensor<4x8xf32>, tensor<1x8x16xf32> -> tensor<4x3xf32>
// CHECK: ingot.packed_matmul {{.*}} : tensor<4x8xf32>, tensor<1x8x16xf32> -> tensor<4x3xf32>
func.func @others(%x: tensor<4x8xf32>) -> (tensor<4x3xf32>, tensor<4x3xf32>) {
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<8x3xf16>
  %s = ingot.constant #ingot.weight<1, "s"> : tensor<8x1xf32>
  %v = ingot.constant #ingot.weight<2, "v"> : tensor<8x3xf32>
  %c = ingot.cast %w to f32 : tensor<8x3xf16> -> tensor<8x3xf32>
  %m = ingot.binary mul %c, %s : tensor<8x3xf32>, tensor<8x1xf32> -> tensor<8x3xf32>
  %p = ingot.pack %m : tensor<8x3xf32> -> tensor<1x8x16xf32>
  %q = ingot.pack %v : tensor<8x3xf32> -> tensor<1x8x16xf32>
  %y = ingot.packed_matmul %x, %p : tensor<4x8xf32>, tensor<1x8x16xf32> -> tensor<4x3xf32>
  %z = ingot.packed_matmul %x, %q : tensor<4x8xf32>, tensor<1x8x16xf32> -> tensor<4x3xf32>
  return %y, %z : tensor<4x3xf32>, tensor<4x3xf32>
}

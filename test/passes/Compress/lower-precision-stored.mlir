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

// Numbers that were computed from halves are f32, and so are those that are stored as such.
// CHECK-LABEL: @others(
// CHECK: ingot.packed_matmul {{.*}} : tensor<4x8xf32>, tensor<1x8x16xf32> -> tensor<4x3xf32>
// CHECK: ingot.packed_matmul {{.*}} : tensor<4x8xf32>, tensor<1x8x16xf32> -> tensor<4x3xf32>
func.func @others(%x: tensor<4x8xf32>) -> (tensor<4x3xf32>, tensor<4x3xf32>) {
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<8x3xf16>
  %s = ingot.constant #ingot.weight<1, "s"> : tensor<3xf32>
  %v = ingot.constant #ingot.weight<2, "v"> : tensor<8x3xf32>
  %c = ingot.cast %w to f32 : tensor<8x3xf16> -> tensor<8x3xf32>
  %m = ingot.binary mul %c, %s : tensor<8x3xf32>, tensor<3xf32> -> tensor<8x3xf32>
  %p = ingot.pack %m : tensor<8x3xf32> -> tensor<1x8x16xf32>
  %q = ingot.pack %v : tensor<8x3xf32> -> tensor<1x8x16xf32>
  %y = ingot.packed_matmul %x, %p : tensor<4x8xf32>, tensor<1x8x16xf32> -> tensor<4x3xf32>
  %z = ingot.packed_matmul %x, %q : tensor<4x8xf32>, tensor<1x8x16xf32> -> tensor<4x3xf32>
  return %y, %z : tensor<4x3xf32>, tensor<4x3xf32>
}

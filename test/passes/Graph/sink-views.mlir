// RUN: ingot-opt %s -ingot-sink-views | FileCheck %s

// A bias per channel becomes one along the last dim; the transpose meets its inverse behind the addition of another transposed tensor.
// CHECK-LABEL: @elementwise(
// CHECK-SAME: %[[A:.*]]: tensor<1x4x5x3xf32>, %[[B:.*]]: tensor<1x4x5x3xf32>, %[[S:.*]]: tensor<1x3x1x1xf32>
// CHECK-DAG: %[[C:.*]] = ingot.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]> : tensor<3xf32>
// CHECK-DAG: %[[R:.*]] = ingot.reshape %[[S]] : tensor<1x3x1x1xf32> -> tensor<1x1x1x3xf32>
// CHECK-DAG: %[[U:.*]] = ingot.binary add %[[A]], %[[C]]
// CHECK: %[[V:.*]] = ingot.binary mul %[[U]], %[[R]]
// CHECK: %[[Y:.*]] = ingot.binary add %[[V]], %[[B]]
// CHECK-NOT: ingot.transpose
// CHECK: return %[[Y]]
func.func @elementwise(%a: tensor<1x4x5x3xf32>, %b: tensor<1x4x5x3xf32>, %s: tensor<1x3x1x1xf32>) -> tensor<1x4x5x3xf32> {
  %bias = ingot.constant dense<[[[1.0]], [[2.0]], [[3.0]]]> : tensor<3x1x1xf32>
  %0 = ingot.transpose %a [0, 3, 1, 2] : tensor<1x4x5x3xf32> -> tensor<1x3x4x5xf32>
  %1 = ingot.transpose %b [0, 3, 1, 2] : tensor<1x4x5x3xf32> -> tensor<1x3x4x5xf32>
  %2 = ingot.binary add %0, %bias : tensor<1x3x4x5xf32>, tensor<3x1x1xf32> -> tensor<1x3x4x5xf32>
  %3 = ingot.binary mul %2, %s : tensor<1x3x4x5xf32>, tensor<1x3x1x1xf32> -> tensor<1x3x4x5xf32>
  %4 = ingot.binary add %3, %1 : tensor<1x3x4x5xf32>, tensor<1x3x4x5xf32> -> tensor<1x3x4x5xf32>
  %5 = ingot.transpose %4 [0, 2, 3, 1] : tensor<1x3x4x5xf32> -> tensor<1x4x5x3xf32>
  return %5 : tensor<1x4x5x3xf32>
}

// A weight is transposed by a recipe.
// CHECK-LABEL: @weight(
// CHECK-SAME: %[[A:.*]]: tensor<4x5x3xf32>
// CHECK: %[[W:.*]] = ingot.constant #ingot.weight<0, "w">
// CHECK: %[[T:.*]] = ingot.transpose %[[W]] [1, 2, 0] : tensor<3x4x5xf32> -> tensor<4x5x3xf32>
// CHECK: ingot.binary mul %[[A]], %[[T]]
func.func @weight(%a: tensor<4x5x3xf32>) -> tensor<3x4x5xf32> {
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<3x4x5xf32>
  %0 = ingot.transpose %a [2, 0, 1] : tensor<4x5x3xf32> -> tensor<3x4x5xf32>
  %1 = ingot.binary mul %0, %w : tensor<3x4x5xf32>, tensor<3x4x5xf32> -> tensor<3x4x5xf32>
  return %1 : tensor<3x4x5xf32>
}

// An activation is not, and a smaller operand's transpose does not become one of the result.
// CHECK-LABEL: @keep(
// CHECK: ingot.transpose %{{.*}} [2, 0, 1]
// CHECK: ingot.transpose %{{.*}} [1, 0]
// CHECK: ingot.binary mul
// CHECK: ingot.binary mul
func.func @keep(%a: tensor<4x5x3xf32>, %b: tensor<3x4x5xf32>, %c: tensor<5x4xf32>) -> tensor<3x4x5xf32> {
  %0 = ingot.transpose %a [2, 0, 1] : tensor<4x5x3xf32> -> tensor<3x4x5xf32>
  %1 = ingot.transpose %c [1, 0] : tensor<5x4xf32> -> tensor<4x5xf32>
  %2 = ingot.binary mul %0, %b : tensor<3x4x5xf32>, tensor<3x4x5xf32> -> tensor<3x4x5xf32>
  %3 = ingot.binary mul %2, %1 : tensor<3x4x5xf32>, tensor<4x5xf32> -> tensor<3x4x5xf32>
  return %3 : tensor<3x4x5xf32>
}

// CHECK-LABEL: @one_operand(
// CHECK-SAME: %[[X:.*]]: tensor<1x4x5x3xf32>
// CHECK: %[[P:.*]] = ingot.pad constant %[[X]] low [0, 1, 2, 0] high [0, 0, 0, 0]
// CHECK: %[[S:.*]] = ingot.slice %[[P]] [0, 1, 0, 0] [1, 4, 7, 2] [1, 1, 1, 1]
// CHECK: %[[C:.*]] = ingot.concat %[[S]], %[[S]] axis 3
// CHECK: %[[Z:.*]] = ingot.resize linear %[[C]] scales [1.000000e+00, 2.000000e+00, 3.000000e+00, 1.000000e+00]
// CHECK: %[[R:.*]] = ingot.reduce mean %[[Z]] axes [1, 2] : {{.*}} -> tensor<1x4xf32>
// CHECK: return %[[R]]
func.func @one_operand(%x: tensor<1x4x5x3xf32>) -> tensor<1x4xf32> {
  %0 = ingot.transpose %x [0, 3, 1, 2] : tensor<1x4x5x3xf32> -> tensor<1x3x4x5xf32>
  %1 = ingot.pad constant %0 low [0, 0, 1, 2] high [0, 0, 0, 0] value dense<0.0> : tensor<f32> : tensor<1x3x4x5xf32> -> tensor<1x3x5x7xf32>
  %2 = ingot.slice %1 [0, 0, 1, 0] [1, 2, 4, 7] [1, 1, 1, 1] : tensor<1x3x5x7xf32> -> tensor<1x2x4x7xf32>
  %3 = ingot.concat %2, %2 axis 1 : (tensor<1x2x4x7xf32>, tensor<1x2x4x7xf32>) -> tensor<1x4x4x7xf32>
  %4 = ingot.resize linear %3 scales [1.0, 1.0, 2.0, 3.0] "half_pixel" "floor" : tensor<1x4x4x7xf32> -> tensor<1x4x8x21xf32>
  %5 = ingot.reduce mean %4 axes [2, 3] : tensor<1x4x8x21xf32> -> tensor<1x4xf32>
  return %5 : tensor<1x4xf32>
}

// Reshapes that join or split neighbours, among them the repetition of a resize.
// CHECK-LABEL: @reshapes(
// CHECK-SAME: %[[X:.*]]: tensor<1x4x5x6xf32>
// CHECK: %[[A:.*]] = ingot.reshape %[[X]] : {{.*}} -> tensor<1x20x6xf32>
// CHECK: %[[B:.*]] = ingot.reshape %[[X]] : {{.*}} -> tensor<1x4x1x5x1x6xf32>
// CHECK: %[[C:.*]] = ingot.broadcast %[[B]] : {{.*}} -> tensor<1x4x2x5x2x6xf32>
// CHECK: %[[D:.*]] = ingot.reshape %[[C]] : {{.*}} -> tensor<1x8x10x6xf32>
// CHECK: %[[E:.*]] = ingot.transpose %[[D]] [0, 3, 1, 2]
// CHECK: return %[[A]], %[[E]]
func.func @reshapes(%x: tensor<1x4x5x6xf32>) -> (tensor<1x20x6xf32>, tensor<1x6x8x10xf32>) {
  %0 = ingot.transpose %x [0, 3, 1, 2] : tensor<1x4x5x6xf32> -> tensor<1x6x4x5xf32>
  %1 = ingot.reshape %0 : tensor<1x6x4x5xf32> -> tensor<1x6x20xf32>
  %2 = ingot.transpose %1 [0, 2, 1] : tensor<1x6x20xf32> -> tensor<1x20x6xf32>
  %3 = ingot.reshape %0 : tensor<1x6x4x5xf32> -> tensor<1x6x4x1x5x1xf32>
  %4 = ingot.broadcast %3 : tensor<1x6x4x1x5x1xf32> -> tensor<1x6x4x2x5x2xf32>
  %5 = ingot.reshape %4 : tensor<1x6x4x2x5x2xf32> -> tensor<1x6x8x10xf32>
  return %2, %5 : tensor<1x20x6xf32>, tensor<1x6x8x10xf32>
}

// The channels of a flattened image are no neighbours of its rows; softmax along a dim that is not the last before the transpose keeps it.
// CHECK-LABEL: @keep_one_operand(
// CHECK: %[[T:.*]] = ingot.transpose
// CHECK-DAG: ingot.reshape %[[T]]
// CHECK-DAG: ingot.norm softmax %[[T]] axes [3]
// CHECK-DAG: ingot.norm softmax %{{.*}} axes [3] : tensor<1x4x5x6xf32>
func.func @keep_one_operand(%x: tensor<1x4x5x6xf32>) -> (tensor<1x120xf32>, tensor<1x6x4x5xf32>, tensor<1x6x4x5xf32>) {
  %0 = ingot.transpose %x [0, 3, 1, 2] : tensor<1x4x5x6xf32> -> tensor<1x6x4x5xf32>
  %1 = ingot.reshape %0 : tensor<1x6x4x5xf32> -> tensor<1x120xf32>
  %2 = ingot.norm softmax %0 axes [3] : tensor<1x6x4x5xf32> -> tensor<1x6x4x5xf32>
  %3 = ingot.norm softmax %0 axes [1] : tensor<1x6x4x5xf32> -> tensor<1x6x4x5xf32>
  return %1, %2, %3 : tensor<1x120xf32>, tensor<1x6x4x5xf32>, tensor<1x6x4x5xf32>
}

// The bias of a matrix product whose columns are split: repeated for each of them.
// CHECK-LABEL: @reshape_elementwise(
// CHECK-SAME: %[[X:.*]]: tensor<1x4x6xf32>, %[[S:.*]]: tensor<1x4x1x1xf32>
// CHECK-DAG: %[[B:.*]] = ingot.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00, 1.000000e+00, 2.000000e+00, 3.000000e+00]>
// CHECK-DAG: %[[R:.*]] = ingot.reshape %[[S]] : tensor<1x4x1x1xf32> -> tensor<1x4x1xf32>
// CHECK-DAG: %[[Y:.*]] = ingot.binary add %[[X]], %[[B]]
// CHECK: %[[Z:.*]] = ingot.binary mul %[[Y]], %[[R]]
// CHECK: %[[V:.*]] = ingot.unary relu %[[Z]]
// CHECK: ingot.reshape %[[V]] {{.*}} -> tensor<1x4x2x3xf32>
func.func @reshape_elementwise(%x: tensor<1x4x6xf32>, %s: tensor<1x4x1x1xf32>) -> tensor<1x4x2x3xf32> {
  %b = ingot.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %0 = ingot.reshape %x : tensor<1x4x6xf32> -> tensor<1x4x2x3xf32>
  %1 = ingot.binary add %0, %b : tensor<1x4x2x3xf32>, tensor<3xf32> -> tensor<1x4x2x3xf32>
  %2 = ingot.binary mul %1, %s : tensor<1x4x2x3xf32>, tensor<1x4x1x1xf32> -> tensor<1x4x2x3xf32>
  %3 = ingot.unary relu %2 : tensor<1x4x2x3xf32> -> tensor<1x4x2x3xf32>
  return %3 : tensor<1x4x2x3xf32>
}

// Another activation keeps its dims, and so does one that varies along a part of the joined dim.
// CHECK-LABEL: @keep_reshape(
// CHECK: ingot.reshape
// CHECK: ingot.binary add
// CHECK: ingot.binary mul
func.func @keep_reshape(%x: tensor<1x4x6xf32>, %y: tensor<1x4x2x3xf32>, %b: tensor<3xf32>) -> tensor<1x4x2x3xf32> {
  %0 = ingot.reshape %x : tensor<1x4x6xf32> -> tensor<1x4x2x3xf32>
  %1 = ingot.binary add %0, %y : tensor<1x4x2x3xf32>, tensor<1x4x2x3xf32> -> tensor<1x4x2x3xf32>
  %2 = ingot.binary mul %1, %b : tensor<1x4x2x3xf32>, tensor<3xf32> -> tensor<1x4x2x3xf32>
  return %2 : tensor<1x4x2x3xf32>
}

// The border of a convolution is made after the transpose.
// CHECK-LABEL: @border(
// CHECK: %[[T:.*]] = ingot.transpose
// CHECK: ingot.pad constant %[[T]]
func.func @border(%x: tensor<1x3x4x4xf32>, %w: tensor<1x1x27x16xf32>) -> tensor<1x4x4x8xf32> {
  %0 = ingot.transpose %x [0, 2, 3, 1] : tensor<1x3x4x4xf32> -> tensor<1x4x4x3xf32>
  %1 = ingot.pad constant %0 low [0, 1, 1, 0] high [0, 1, 1, 0] value dense<0.0> : tensor<f32> : tensor<1x4x4x3xf32> -> tensor<1x6x6x3xf32>
  %2 = ingot.conv %1, %w channels_last kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 8 : tensor<1x6x6x3xf32>, tensor<1x1x27x16xf32> -> tensor<1x4x4x8xf32>
  return %2 : tensor<1x4x4x8xf32>
}

// CHECK-LABEL: @concat_elementwise(
// CHECK-SAME: %[[A:.*]]: tensor<4x3xf32>, %[[B:.*]]: tensor<2x3xf32>, %[[S:.*]]: tensor<3xf32>
// CHECK-DAG: %[[X:.*]] = ingot.binary add %[[A]], %[[S]]
// CHECK-DAG: %[[Y:.*]] = ingot.binary add %[[B]], %[[S]]
// CHECK: ingot.concat %[[X]], %[[Y]] axis 0
func.func @concat_elementwise(%a: tensor<4x3xf32>, %b: tensor<2x3xf32>, %s: tensor<3xf32>) -> tensor<6x3xf32> {
  %0 = ingot.concat %a, %b axis 0 : (tensor<4x3xf32>, tensor<2x3xf32>) -> tensor<6x3xf32>
  %1 = ingot.binary add %0, %s : tensor<6x3xf32>, tensor<3xf32> -> tensor<6x3xf32>
  return %1 : tensor<6x3xf32>
}

// A scale for each row would have to be cut; a part that is read elsewhere is there anyway.
// CHECK-LABEL: @keep_concat(
// CHECK: %[[C:.*]] = ingot.concat %{{.*}} axis 0
// CHECK: ingot.binary mul %[[C]]
// CHECK: %[[D:.*]] = ingot.concat %{{.*}} axis 0
// CHECK: ingot.unary exp %[[D]]
func.func @keep_concat(%a: tensor<4x3xf32>, %b: tensor<2x3xf32>, %s: tensor<6x1xf32>, %c: tensor<4x3xf32>) -> (tensor<6x3xf32>, tensor<8x3xf32>, tensor<4x3xf32>) {
  %0 = ingot.concat %a, %b axis 0 : (tensor<4x3xf32>, tensor<2x3xf32>) -> tensor<6x3xf32>
  %1 = ingot.binary mul %0, %s : tensor<6x3xf32>, tensor<6x1xf32> -> tensor<6x3xf32>
  %2 = ingot.concat %c, %c axis 0 : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<8x3xf32>
  %3 = ingot.unary exp %2 : tensor<8x3xf32> -> tensor<8x3xf32>
  return %1, %3, %c : tensor<6x3xf32>, tensor<8x3xf32>, tensor<4x3xf32>
}

// A residual follows the product behind a reshape that only adds dims of size 1.
// CHECK-LABEL: @residual(
// CHECK-SAME: %[[X:.*]]: tensor<1x4x6xf32>, %[[A:.*]]: tensor<4x6xf32>, %[[W:.*]]: tensor<6x6xf32>
// CHECK-DAG: %[[P:.*]] = ingot.matmul %[[A]], %[[W]]
// CHECK-DAG: %[[R:.*]] = ingot.reshape %[[X]] : tensor<1x4x6xf32> -> tensor<4x6xf32>
// CHECK: %[[Y:.*]] = ingot.binary add %[[P]], %[[R]] : tensor<4x6xf32>
// CHECK: ingot.reshape %[[Y]] : tensor<4x6xf32> -> tensor<1x4x6xf32>
func.func @residual(%x: tensor<1x4x6xf32>, %a: tensor<4x6xf32>, %w: tensor<6x6xf32>) -> tensor<1x4x6xf32> {
  %0 = ingot.matmul %a, %w : tensor<4x6xf32>, tensor<6x6xf32> -> tensor<4x6xf32>
  %1 = ingot.reshape %0 : tensor<4x6xf32> -> tensor<1x4x6xf32>
  %2 = ingot.binary add %1, %x : tensor<1x4x6xf32>, tensor<1x4x6xf32> -> tensor<1x4x6xf32>
  return %2 : tensor<1x4x6xf32>
}

// Not where something else reads the reshaped tensor, and not where the reshape takes dims away.
// CHECK-LABEL: @keep_residual(
// CHECK: ingot.binary add %{{.*}} : tensor<1x4x6xf32>
// CHECK: ingot.binary add %{{.*}} : tensor<4x6xf32>
func.func @keep_residual(%x: tensor<1x4x6xf32>, %a: tensor<4x6xf32>) -> (tensor<1x4x6xf32>, tensor<1x4x6xf32>, tensor<4x6xf32>) {
  %0 = ingot.reshape %a : tensor<4x6xf32> -> tensor<1x4x6xf32>
  %1 = ingot.binary add %0, %x : tensor<1x4x6xf32>, tensor<1x4x6xf32> -> tensor<1x4x6xf32>
  %2 = ingot.reshape %x : tensor<1x4x6xf32> -> tensor<4x6xf32>
  %3 = ingot.binary add %2, %a : tensor<4x6xf32>, tensor<4x6xf32> -> tensor<4x6xf32>
  return %0, %1, %3 : tensor<1x4x6xf32>, tensor<1x4x6xf32>, tensor<4x6xf32>
}

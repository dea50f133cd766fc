// RUN: ingot-opt %s -ingot-recognize-attention -canonicalize | FileCheck %s

// The transposes of the model cancel those around the attention.
// CHECK-LABEL: @heads(
// CHECK-SAME: %[[Q:.*]]: tensor<1x8x24xf32>, %[[K:.*]]: tensor<1x8x24xf32>, %[[V:.*]]: tensor<1x8x24xf32>, %[[M:.*]]: tensor<1x1x8x8xf32>
// CHECK-DAG: %[[QH:.*]] = ingot.reshape %[[Q]] : tensor<1x8x24xf32> -> tensor<1x8x3x8xf32>
// CHECK-DAG: %[[KH:.*]] = ingot.reshape %[[K]]
// CHECK-DAG: %[[VH:.*]] = ingot.reshape %[[V]]
// CHECK: %[[Y:.*]] = ingot.attention %[[QH]], %[[KH]], %[[VH]] mask %[[M]] scale 1.250000e-01
// CHECK-NEXT: %[[R:.*]] = ingot.reshape %[[Y]] : tensor<1x8x3x8xf32> -> tensor<1x8x24xf32>
// CHECK-NEXT: return %[[R]]
func.func @heads(%q: tensor<1x8x24xf32>, %k: tensor<1x8x24xf32>, %v: tensor<1x8x24xf32>, %m: tensor<1x1x8x8xf32>) -> tensor<1x8x24xf32> {
  %scale = ingot.constant dense<0.125> : tensor<f32>
  %0 = ingot.reshape %q : tensor<1x8x24xf32> -> tensor<1x8x3x8xf32>
  %1 = ingot.transpose %0 [0, 2, 1, 3] : tensor<1x8x3x8xf32> -> tensor<1x3x8x8xf32>
  %2 = ingot.reshape %k : tensor<1x8x24xf32> -> tensor<1x8x3x8xf32>
  %3 = ingot.transpose %2 [0, 2, 3, 1] : tensor<1x8x3x8xf32> -> tensor<1x3x8x8xf32>
  %4 = ingot.reshape %v : tensor<1x8x24xf32> -> tensor<1x8x3x8xf32>
  %5 = ingot.transpose %4 [0, 2, 1, 3] : tensor<1x8x3x8xf32> -> tensor<1x3x8x8xf32>
  %6 = ingot.matmul %1, %3 : tensor<1x3x8x8xf32>, tensor<1x3x8x8xf32> -> tensor<1x3x8x8xf32>
  %7 = ingot.binary mul %6, %scale : tensor<1x3x8x8xf32>, tensor<f32> -> tensor<1x3x8x8xf32>
  %8 = ingot.binary add %7, %m : tensor<1x3x8x8xf32>, tensor<1x1x8x8xf32> -> tensor<1x3x8x8xf32>
  %9 = ingot.norm softmax %8 axes [3] : tensor<1x3x8x8xf32> -> tensor<1x3x8x8xf32>
  %10 = ingot.matmul %9, %5 : tensor<1x3x8x8xf32>, tensor<1x3x8x8xf32> -> tensor<1x3x8x8xf32>
  %11 = ingot.transpose %10 [0, 2, 1, 3] : tensor<1x3x8x8xf32> -> tensor<1x8x3x8xf32>
  %12 = ingot.reshape %11 : tensor<1x8x3x8xf32> -> tensor<1x8x24xf32>
  return %12 : tensor<1x8x24xf32>
}

// One batch dim is heads. Scales of both sides, a product with transposed keys, a mask that chooses.
// CHECK-LABEL: @masked(
// CHECK-SAME: %[[Q:.*]]: tensor<3x8x4xf32>, %[[K:.*]]: tensor<3x9x4xf32>, %[[V:.*]]: tensor<3x9x5xf32>, %[[M:.*]]: tensor<8x9xi1>
// CHECK: %[[QH:.*]] = ingot.transpose %{{.*}} [0, 2, 1, 3] : tensor<1x3x8x4xf32> -> tensor<1x8x3x4xf32>
// CHECK: %[[Y:.*]] = ingot.attention %[[QH]], %{{.*}}, %{{.*}} mask %[[M]] scale 2.500000e-01 fill -1.000000e+09 : ({{.*}}, tensor<8x9xi1>) -> tensor<1x8x3x5xf32>
// CHECK: ingot.transpose %[[Y]] [0, 2, 1, 3]
func.func @masked(%q: tensor<3x8x4xf32>, %k: tensor<3x9x4xf32>, %v: tensor<3x9x5xf32>, %m: tensor<8x9xi1>) -> tensor<3x8x5xf32> {
  %half = ingot.constant dense<0.5> : tensor<f32>
  %two = ingot.constant dense<2.0> : tensor<1x1x1xf32>
  %never = ingot.constant dense<-1.0e9> : tensor<f32>
  %0 = ingot.binary mul %q, %half : tensor<3x8x4xf32>, tensor<f32> -> tensor<3x8x4xf32>
  %1 = ingot.binary div %k, %two : tensor<3x9x4xf32>, tensor<1x1x1xf32> -> tensor<3x9x4xf32>
  %2 = ingot.matmul %0, %1 {transpose_rhs} : tensor<3x8x4xf32>, tensor<3x9x4xf32> -> tensor<3x8x9xf32>
  %3 = ingot.select %m, %2, %never : tensor<8x9xi1>, tensor<3x8x9xf32>, tensor<f32> -> tensor<3x8x9xf32>
  %4 = ingot.norm softmax %3 axes [2] : tensor<3x8x9xf32> -> tensor<3x8x9xf32>
  %5 = ingot.matmul %4, %v : tensor<3x8x9xf32>, tensor<3x9x5xf32> -> tensor<3x8x5xf32>
  return %5 : tensor<3x8x5xf32>
}

// Two query heads share each key head, which a broadcast repeats; the mask says which scores go.
// CHECK-LABEL: @shared(
// CHECK-SAME: %[[Q:.*]]: tensor<1x4x8x4xf32>, %[[K:.*]]: tensor<1x2x9x4xf32>, %[[V:.*]]: tensor<1x2x9x4xf32>, %[[M:.*]]: tensor<1x1x8x9xi1>
// CHECK-DAG: %[[KH:.*]] = ingot.transpose %[[K]] [0, 2, 1, 3] : tensor<1x2x9x4xf32> -> tensor<1x9x2x4xf32>
// CHECK-DAG: %[[VH:.*]] = ingot.transpose %[[V]] [0, 2, 1, 3]
// CHECK-DAG: %[[KEPT:.*]] = ingot.unary not %[[M]]
// CHECK: ingot.attention %{{.*}}, %[[KH]], %[[VH]] mask %[[KEPT]] scale 1.000000e+00 fill 0xFFF0000000000000
func.func @shared(%q: tensor<1x4x8x4xf32>, %k: tensor<1x2x9x4xf32>, %v: tensor<1x2x9x4xf32>, %m: tensor<1x1x8x9xi1>) -> tensor<1x4x8x4xf32> {
  %never = ingot.constant dense<0xFF800000> : tensor<f32>
  %0 = ingot.reshape %k : tensor<1x2x9x4xf32> -> tensor<1x2x1x9x4xf32>
  %1 = ingot.broadcast %0 : tensor<1x2x1x9x4xf32> -> tensor<1x2x2x9x4xf32>
  %2 = ingot.reshape %1 : tensor<1x2x2x9x4xf32> -> tensor<1x4x9x4xf32>
  %3 = ingot.reshape %v : tensor<1x2x9x4xf32> -> tensor<1x2x1x9x4xf32>
  %4 = ingot.broadcast %3 : tensor<1x2x1x9x4xf32> -> tensor<1x2x2x9x4xf32>
  %5 = ingot.reshape %4 : tensor<1x2x2x9x4xf32> -> tensor<1x4x9x4xf32>
  %6 = ingot.transpose %2 [0, 1, 3, 2] : tensor<1x4x9x4xf32> -> tensor<1x4x4x9xf32>
  %7 = ingot.matmul %q, %6 : tensor<1x4x8x4xf32>, tensor<1x4x4x9xf32> -> tensor<1x4x8x9xf32>
  %8 = ingot.select %m, %never, %7 : tensor<1x1x8x9xi1>, tensor<f32>, tensor<1x4x8x9xf32> -> tensor<1x4x8x9xf32>
  %9 = ingot.norm softmax %8 axes [3] : tensor<1x4x8x9xf32> -> tensor<1x4x8x9xf32>
  %10 = ingot.matmul %9, %5 : tensor<1x4x8x9xf32>, tensor<1x4x9x4xf32> -> tensor<1x4x8x4xf32>
  return %10 : tensor<1x4x8x4xf32>
}

// Groups of heads as a batch dim of their own; symbolic positions.
// CHECK-LABEL: @groups(
// CHECK: ingot.attention %{{.*}} scale 1.000000e+00 : (tensor<1x?x6x4xf32, {{.*}}>, tensor<1x?x2x4xf32, {{.*}}>, tensor<1x?x2x4xf32, {{.*}}>) -> tensor<1x?x6x4xf32
#q = #ingot.dims<()[s0] -> (1, 2, 3, s0, 4)>
#k = #ingot.dims<()[s0] -> (1, 2, 1, s0, 4)>
#s = #ingot.dims<()[s0] -> (1, 2, 3, s0, s0)>
func.func @groups(%q: tensor<1x2x3x?x4xf32, #q>, %k: tensor<1x2x1x?x4xf32, #k>, %v: tensor<1x2x1x?x4xf32, #k>) -> tensor<1x2x3x?x4xf32, #q> {
  %0 = ingot.matmul %q, %k {transpose_rhs} : tensor<1x2x3x?x4xf32, #q>, tensor<1x2x1x?x4xf32, #k> -> tensor<1x2x3x?x?xf32, #s>
  %1 = ingot.norm softmax %0 axes [4] : tensor<1x2x3x?x?xf32, #s> -> tensor<1x2x3x?x?xf32, #s>
  %2 = ingot.matmul %1, %v : tensor<1x2x3x?x?xf32, #s>, tensor<1x2x1x?x4xf32, #k> -> tensor<1x2x3x?x4xf32, #q>
  return %2 : tensor<1x2x3x?x4xf32, #q>
}

// The weights are a result of the model.
// CHECK-LABEL: @weights_are_read(
// CHECK-NOT: ingot.attention
func.func @weights_are_read(%q: tensor<3x8x4xf32>, %k: tensor<3x4x8xf32>, %v: tensor<3x8x4xf32>) -> (tensor<3x8x4xf32>, tensor<3x8x8xf32>) {
  %0 = ingot.matmul %q, %k : tensor<3x8x4xf32>, tensor<3x4x8xf32> -> tensor<3x8x8xf32>
  %1 = ingot.norm softmax %0 axes [2] : tensor<3x8x8xf32> -> tensor<3x8x8xf32>
  %2 = ingot.matmul %1, %v : tensor<3x8x8xf32>, tensor<3x8x4xf32> -> tensor<3x8x4xf32>
  return %2, %1 : tensor<3x8x4xf32>, tensor<3x8x8xf32>
}

// The softmax goes along the queries.
// CHECK-LABEL: @other_axis(
// CHECK-NOT: ingot.attention
func.func @other_axis(%q: tensor<3x8x4xf32>, %k: tensor<3x4x8xf32>, %v: tensor<3x8x4xf32>) -> tensor<3x8x4xf32> {
  %0 = ingot.matmul %q, %k : tensor<3x8x4xf32>, tensor<3x4x8xf32> -> tensor<3x8x8xf32>
  %1 = ingot.norm softmax %0 axes [1] : tensor<3x8x8xf32> -> tensor<3x8x8xf32>
  %2 = ingot.matmul %1, %v : tensor<3x8x8xf32>, tensor<3x8x4xf32> -> tensor<3x8x4xf32>
  return %2 : tensor<3x8x4xf32>
}

// A few queries: one step of a decoder. Then scores that are no product, f64, and a mask behind which the scores are scaled.
// CHECK-LABEL: @others(
// CHECK-NOT: ingot.attention
func.func @others(%q: tensor<3x1x4xf32>, %s: tensor<3x8x8xf32>, %k: tensor<3x4x8xf32>, %v: tensor<3x8x4xf32>, %d: tensor<3x8x8xf64>, %m: tensor<8xf32>)
    -> (tensor<3x1x4xf32>, tensor<3x8x4xf32>, tensor<3x8x8xf64>, tensor<3x8x4xf32>) {
  %two = ingot.constant dense<2.0> : tensor<f32>
  %0 = ingot.matmul %q, %k : tensor<3x1x4xf32>, tensor<3x4x8xf32> -> tensor<3x1x8xf32>
  %1 = ingot.norm softmax %0 axes [2] : tensor<3x1x8xf32> -> tensor<3x1x8xf32>
  %2 = ingot.matmul %1, %v : tensor<3x1x8xf32>, tensor<3x8x4xf32> -> tensor<3x1x4xf32>
  %3 = ingot.norm softmax %s axes [2] : tensor<3x8x8xf32> -> tensor<3x8x8xf32>
  %4 = ingot.matmul %3, %v : tensor<3x8x8xf32>, tensor<3x8x4xf32> -> tensor<3x8x4xf32>
  %5 = ingot.matmul %d, %d : tensor<3x8x8xf64>, tensor<3x8x8xf64> -> tensor<3x8x8xf64>
  %6 = ingot.norm softmax %5 axes [2] : tensor<3x8x8xf64> -> tensor<3x8x8xf64>
  %7 = ingot.matmul %6, %d : tensor<3x8x8xf64>, tensor<3x8x8xf64> -> tensor<3x8x8xf64>
  %8 = ingot.matmul %v, %k : tensor<3x8x4xf32>, tensor<3x4x8xf32> -> tensor<3x8x8xf32>
  %9 = ingot.binary add %8, %m : tensor<3x8x8xf32>, tensor<8xf32> -> tensor<3x8x8xf32>
  %10 = ingot.binary mul %9, %two : tensor<3x8x8xf32>, tensor<f32> -> tensor<3x8x8xf32>
  %11 = ingot.norm softmax %10 axes [2] : tensor<3x8x8xf32> -> tensor<3x8x8xf32>
  %12 = ingot.matmul %11, %v : tensor<3x8x8xf32>, tensor<3x8x4xf32> -> tensor<3x8x4xf32>
  return %2, %4, %7, %12 : tensor<3x1x4xf32>, tensor<3x8x4xf32>, tensor<3x8x8xf64>, tensor<3x8x4xf32>
}

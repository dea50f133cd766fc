// RUN: ingot-opt %s -ingot-recognize-composites | FileCheck %s

// CHECK-LABEL: @layer_norm(
// CHECK-SAME: %[[X:.*]]: tensor<2x5x8xf32>
// CHECK-NEXT: %[[Y:.*]] = ingot.norm standardize %[[X]] axes [2] {epsilon = 9.{{9*[0-9]*}}E-6 : f64, ingot.values = ["y"]}
// CHECK-NEXT: return %[[Y]]
func.func @layer_norm(%x: tensor<2x5x8xf32>) -> tensor<2x5x8xf32> {
  %two = ingot.constant dense<2.0> : tensor<f32>
  %eps = ingot.constant dense<1.0e-5> : tensor<f32>
  %m = ingot.reduce mean %x axes [2] {keep_dims} : tensor<2x5x8xf32> -> tensor<2x5x1xf32>
  %d = ingot.binary sub %x, %m : tensor<2x5x8xf32>, tensor<2x5x1xf32> -> tensor<2x5x8xf32>
  %s = ingot.binary pow %d, %two : tensor<2x5x8xf32>, tensor<f32> -> tensor<2x5x8xf32>
  %v = ingot.reduce mean %s axes [2] {keep_dims} : tensor<2x5x8xf32> -> tensor<2x5x1xf32>
  %e = ingot.binary add %v, %eps : tensor<2x5x1xf32>, tensor<f32> -> tensor<2x5x1xf32>
  %r = ingot.unary sqrt %e : tensor<2x5x1xf32> -> tensor<2x5x1xf32>
  %y = ingot.binary div %d, %r {ingot.values = ["y"]} : tensor<2x5x8xf32>, tensor<2x5x1xf32> -> tensor<2x5x8xf32>
  return %y : tensor<2x5x8xf32>
}

// Root mean square, with a reciprocal; and the Euclidean norm of rows of 16.
// CHECK-LABEL: @lengths(
// CHECK-SAME: %[[X:.*]]: tensor<4x16xf32>
// CHECK-DAG: %[[RMS:.*]] = ingot.norm rms %[[X]] axes [1] {epsilon = 5.000000e-01 : f64}
// CHECK-DAG: %[[L2:.*]] = ingot.norm rms %[[X]] axes [1] : tensor<4x16xf32>
// CHECK-DAG: %[[C:.*]] = ingot.constant dense<2.500000e-01> : tensor<f32>
// CHECK: %[[S:.*]] = ingot.binary mul %[[L2]], %[[C]]
// CHECK-NEXT: return %[[RMS]], %[[S]]
func.func @lengths(%x: tensor<4x16xf32>) -> (tensor<4x16xf32>, tensor<4x16xf32>) {
  %half = ingot.constant dense<0.5> : tensor<f32>
  %s = ingot.binary mul %x, %x : tensor<4x16xf32>, tensor<4x16xf32> -> tensor<4x16xf32>
  %m = ingot.reduce mean %s axes [1] {keep_dims} : tensor<4x16xf32> -> tensor<4x1xf32>
  %e = ingot.binary add %m, %half : tensor<4x1xf32>, tensor<f32> -> tensor<4x1xf32>
  %q = ingot.unary sqrt %e : tensor<4x1xf32> -> tensor<4x1xf32>
  %i = ingot.unary reciprocal %q : tensor<4x1xf32> -> tensor<4x1xf32>
  %y = ingot.binary mul %x, %i : tensor<4x16xf32>, tensor<4x1xf32> -> tensor<4x16xf32>
  %t = ingot.reduce sum %s axes [1] {keep_dims} : tensor<4x16xf32> -> tensor<4x1xf32>
  %l = ingot.unary sqrt %t : tensor<4x1xf32> -> tensor<4x1xf32>
  %z = ingot.binary div %x, %l : tensor<4x16xf32>, tensor<4x1xf32> -> tensor<4x16xf32>
  return %y, %z : tensor<4x16xf32>, tensor<4x16xf32>
}

// CHECK-LABEL: @softmax(
// CHECK-SAME: %[[X:.*]]: tensor<4x16xf32>
// CHECK-NEXT: %[[Y:.*]] = ingot.norm log_softmax %[[X]] axes [1]
// CHECK-NEXT: return %[[Y]]
func.func @softmax(%x: tensor<4x16xf32>) -> tensor<4x16xf32> {
  %m = ingot.reduce max %x axes [1] {keep_dims} : tensor<4x16xf32> -> tensor<4x1xf32>
  %d = ingot.binary sub %x, %m : tensor<4x16xf32>, tensor<4x1xf32> -> tensor<4x16xf32>
  %e = ingot.unary exp %d : tensor<4x16xf32> -> tensor<4x16xf32>
  %s = ingot.reduce sum %e axes [1] {keep_dims} : tensor<4x16xf32> -> tensor<4x1xf32>
  %y = ingot.binary div %e, %s : tensor<4x16xf32>, tensor<4x1xf32> -> tensor<4x16xf32>
  %z = ingot.unary log %y : tensor<4x16xf32> -> tensor<4x16xf32>
  return %z : tensor<4x16xf32>
}

// CHECK-LABEL: @silu(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>
// CHECK: ingot.unary silu %[[X]] {alpha = 1.000000e+00 : f64}
// CHECK: ingot.unary silu %[[X]] {alpha = 1.702{{.*}} : f64}
func.func @silu(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %c = ingot.constant dense<1.702> : tensor<f32>
  %s = ingot.unary sigmoid %x : tensor<4xf32> -> tensor<4xf32>
  %y = ingot.binary mul %s, %x : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  %m = ingot.binary mul %x, %c : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %t = ingot.unary sigmoid %m : tensor<4xf32> -> tensor<4xf32>
  %z = ingot.binary mul %x, %t : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  return %y, %z : tensor<4xf32>, tensor<4xf32>
}

// x * clip(x + 3, 0, 6) / 6, divided after or before the product, and x * hard_sigmoid(x).
// CHECK-LABEL: @hard_swish(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>
// CHECK-NEXT: %[[A:.*]] = ingot.unary hard_swish %[[X]]
// CHECK-NEXT: %[[B:.*]] = ingot.unary hard_swish %[[X]]
// CHECK-NEXT: %[[C:.*]] = ingot.unary hard_swish %[[X]]
// CHECK-NEXT: return %[[A]], %[[B]], %[[C]]
func.func @hard_swish(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %three = ingot.constant dense<3.0> : tensor<1xf32>
  %six = ingot.constant dense<6.0> : tensor<f32>
  %zero = ingot.constant dense<0.0> : tensor<f32>
  %a = ingot.binary add %x, %three : tensor<4xf32>, tensor<1xf32> -> tensor<4xf32>
  %b = ingot.binary max %a, %zero : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %c = ingot.binary min %b, %six : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %d = ingot.binary mul %x, %c : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  %e = ingot.binary div %d, %six : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %f = ingot.binary div %c, %six : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %g = ingot.binary mul %f, %x : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  %h = ingot.unary hard_sigmoid %x {alpha = 0.16666670143604279 : f64, beta = 0.5 : f64} : tensor<4xf32> -> tensor<4xf32>
  %i = ingot.binary mul %x, %h : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  return %e, %g, %i : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: @hard_sigmoid(
// CHECK-NEXT: ingot.unary hard_sigmoid %{{.*}} {alpha = 0.16666666666666666 : f64, beta = 5.000000e-01 : f64}
func.func @hard_sigmoid(%x: tensor<4xf32>) -> tensor<4xf32> {
  %three = ingot.constant dense<3.0> : tensor<1xf32>
  %six = ingot.constant dense<6.0> : tensor<f32>
  %zero = ingot.constant dense<0.0> : tensor<f32>
  %sixth = ingot.constant dense<0.16666667> : tensor<f32>
  %a = ingot.binary add %x, %three : tensor<4xf32>, tensor<1xf32> -> tensor<4xf32>
  %b = ingot.binary min %a, %six : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %c = ingot.binary max %b, %zero : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %d = ingot.binary mul %c, %sixth : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  return %d : tensor<4xf32>
}

// CHECK-LABEL: @gelu(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>
// CHECK-NEXT: ingot.unary gelu %[[X]]
func.func @gelu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %root = ingot.constant dense<1.41421354> : tensor<f32>
  %one = ingot.constant dense<1.0> : tensor<f32>
  %half = ingot.constant dense<0.5> : tensor<f32>
  %a = ingot.binary div %x, %root : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %b = ingot.unary erf %a : tensor<4xf32> -> tensor<4xf32>
  %c = ingot.binary add %b, %one : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %d = ingot.binary mul %x, %c : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  %e = ingot.binary mul %d, %half : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  return %e : tensor<4xf32>
}

// CHECK-LABEL: @gelu_tanh(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>
// CHECK-NEXT: ingot.unary gelu_tanh %[[X]]
func.func @gelu_tanh(%x: tensor<4xf32>) -> tensor<4xf32> {
  %three = ingot.constant dense<3.0> : tensor<f32>
  %k = ingot.constant dense<0.044715> : tensor<f32>
  %root = ingot.constant dense<0.797884583> : tensor<f32>
  %one = ingot.constant dense<1.0> : tensor<f32>
  %half = ingot.constant dense<0.5> : tensor<f32>
  %a = ingot.binary pow %x, %three : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %b = ingot.binary mul %a, %k : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %c = ingot.binary add %x, %b : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  %d = ingot.binary mul %c, %root : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %e = ingot.unary tanh %d : tensor<4xf32> -> tensor<4xf32>
  %f = ingot.binary add %e, %one : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %g = ingot.binary mul %x, %half : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %h = ingot.binary mul %g, %f : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  return %h : tensor<4xf32>
}

// CHECK-LABEL: @powers(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>
// CHECK: %[[S:.*]] = ingot.binary mul %[[X]], %[[X]]
// CHECK: %[[R:.*]] = ingot.unary sqrt %[[S]]
// CHECK: %[[I:.*]] = ingot.unary reciprocal %[[R]]
// CHECK: ingot.binary pow %[[I]], %{{.*}}
func.func @powers(%x: tensor<4xf32>) -> tensor<4xf32> {
  %two = ingot.constant dense<2.0> : tensor<f32>
  %half = ingot.constant dense<-0.5> : tensor<1xf32>
  %third = ingot.constant dense<0.333333> : tensor<f32>
  %a = ingot.binary pow %x, %two : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %b = ingot.binary pow %a, %half : tensor<4xf32>, tensor<1xf32> -> tensor<4xf32>
  %c = ingot.binary pow %b, %third : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  return %c : tensor<4xf32>
}

// Near misses: a clip at 5, a root of something else than the squares, a sum that drops its dims.
// CHECK-LABEL: @left(
// CHECK-NOT: ingot.norm
// CHECK-NOT: hard_swish
// CHECK: return
func.func @left(%x: tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>) {
  %three = ingot.constant dense<3.0> : tensor<1xf32>
  %five = ingot.constant dense<5.0> : tensor<f32>
  %six = ingot.constant dense<6.0> : tensor<f32>
  %zero = ingot.constant dense<0.0> : tensor<f32>
  %a = ingot.binary add %x, %three : tensor<4x4xf32>, tensor<1xf32> -> tensor<4x4xf32>
  %b = ingot.binary max %a, %zero : tensor<4x4xf32>, tensor<f32> -> tensor<4x4xf32>
  %c = ingot.binary min %b, %five : tensor<4x4xf32>, tensor<f32> -> tensor<4x4xf32>
  %d = ingot.binary mul %x, %c : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
  %e = ingot.binary div %d, %six : tensor<4x4xf32>, tensor<f32> -> tensor<4x4xf32>
  %s = ingot.binary mul %x, %x : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
  %t = ingot.binary add %s, %x : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
  %v = ingot.reduce mean %t axes [0] {keep_dims} : tensor<4x4xf32> -> tensor<1x4xf32>
  %r = ingot.unary sqrt %v : tensor<1x4xf32> -> tensor<1x4xf32>
  %y = ingot.binary div %x, %r : tensor<4x4xf32>, tensor<1x4xf32> -> tensor<4x4xf32>
  %f = ingot.unary exp %x : tensor<4x4xf32> -> tensor<4x4xf32>
  %g = ingot.reduce sum %f axes [1] : tensor<4x4xf32> -> tensor<4xf32>
  %z = ingot.binary div %f, %g : tensor<4x4xf32>, tensor<4xf32> -> tensor<4x4xf32>
  return %e, %y, %z : tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>
}

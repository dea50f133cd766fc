// RUN: ingot-opt %s -ingot-join-gates -split-input-file | FileCheck %s

// Panels of the gate and of what it lets through in turn; views tell the two apart.
// CHECK-LABEL: @swiglu(
// CHECK-SAME: %[[X:.*]]: tensor<5x8xf32>
// CHECK: %[[G:.*]] = ingot.reshape %{{.*}} : tensor<2x8x16xf32> -> tensor<2x1x8x16xf32>
// CHECK: %[[U:.*]] = ingot.reshape %{{.*}} : tensor<2x8x16xf32> -> tensor<2x1x8x16xf32>
// CHECK: %[[PAIRS:.*]] = ingot.concat %[[G]], %[[U]] axis 1
// CHECK: %[[W:.*]] = ingot.reshape %[[PAIRS]] : tensor<2x2x8x16xf32> -> tensor<4x8x16xf32>
// CHECK: %[[BOTH:.*]] = ingot.packed_matmul %[[X]], %[[W]] : tensor<5x8xf32>, tensor<4x8x16xf32> -> tensor<5x64xf32>
// CHECK: %[[R:.*]] = ingot.reshape %[[BOTH]] : tensor<5x64xf32> -> tensor<5x2x2x16xf32>
// CHECK: %[[S0:.*]] = ingot.slice %[[R]] [0, 0, 0, 0] [5, 2, 1, 16] [1, 1, 1, 1]
// CHECK: %[[FIRST:.*]] = ingot.reshape %[[S0]] {ingot.values = ["gate"]} : tensor<5x2x1x16xf32> -> tensor<5x32xf32>
// CHECK: %[[S1:.*]] = ingot.slice %[[R]] [0, 0, 1, 0] [5, 2, 1, 16] [1, 1, 1, 1]
// CHECK: %[[SECOND:.*]] = ingot.reshape %[[S1]]
// CHECK: %[[A:.*]] = ingot.unary silu %[[FIRST]]
// CHECK: ingot.binary mul %[[A]], %[[SECOND]]
// CHECK-NOT: ingot.packed_matmul
func.func @swiglu(%x: tensor<5x8xf32>) -> tensor<5x32xf32> {
  %wg = ingot.constant #ingot.weight<0, "wg"> : tensor<2x8x16xf32>
  %g = ingot.packed_matmul %x, %wg {ingot.values = ["gate"]} : tensor<5x8xf32>, tensor<2x8x16xf32> -> tensor<5x32xf32>
  %a = ingot.unary silu %g : tensor<5x32xf32> -> tensor<5x32xf32>
  %wu = ingot.constant #ingot.weight<1, "wu"> : tensor<2x8x16xf32>
  %u = ingot.packed_matmul %x, %wu : tensor<5x8xf32>, tensor<2x8x16xf32> -> tensor<5x32xf32>
  %y = ingot.binary mul %a, %u : tensor<5x32xf32>, tensor<5x32xf32> -> tensor<5x32xf32>
  return %y : tensor<5x32xf32>
}

// -----

// Weights in halves and biases, for any number of rows; a third product is none of the two.
// CHECK-LABEL: @halves(
// CHECK: ingot.packed_matmul %{{.*}} : {{.*}}, tensor<4x8x16xf16> -> tensor<1x?x64xf32, #ingot.dims<()[s0] -> (1, s0, 64)>>
// CHECK: ingot.slice
// CHECK: ingot.slice
// CHECK: ingot.packed_matmul %{{.*}} : {{.*}}, tensor<2x8x16xf16> -> tensor<1x?x32xf32
// CHECK-NOT: ingot.packed_matmul
func.func @halves(%x: tensor<1x?x8xf32, #ingot.dims<()[s0] -> (1, s0, 8)>>)
    -> (tensor<1x?x32xf32, #ingot.dims<()[s0] -> (1, s0, 32)>>, tensor<1x?x32xf32, #ingot.dims<()[s0] -> (1, s0, 32)>>)
    attributes {ingot.symbols = ["s"], ingot.ranges = [1, 512]} {
  %wg = ingot.constant #ingot.weight<0, "wg"> : tensor<2x8x16xf16>
  %wt = ingot.constant #ingot.weight<1, "wt"> : tensor<2x8x16xf16>
  %wu = ingot.constant #ingot.weight<2, "wu"> : tensor<2x8x16xf16>
  %b = ingot.constant #ingot.weight<3, "b"> : tensor<32xf32>
  %g = ingot.packed_matmul %x, %wg : tensor<1x?x8xf32, #ingot.dims<()[s0] -> (1, s0, 8)>>, tensor<2x8x16xf16> -> tensor<1x?x32xf32, #ingot.dims<()[s0] -> (1, s0, 32)>>
  %t = ingot.packed_matmul %x, %wt : tensor<1x?x8xf32, #ingot.dims<()[s0] -> (1, s0, 8)>>, tensor<2x8x16xf16> -> tensor<1x?x32xf32, #ingot.dims<()[s0] -> (1, s0, 32)>>
  %u = ingot.packed_matmul %x, %wu : tensor<1x?x8xf32, #ingot.dims<()[s0] -> (1, s0, 8)>>, tensor<2x8x16xf16> -> tensor<1x?x32xf32, #ingot.dims<()[s0] -> (1, s0, 32)>>
  %d = ingot.binary add %u, %b : tensor<1x?x32xf32, #ingot.dims<()[s0] -> (1, s0, 32)>>, tensor<32xf32> -> tensor<1x?x32xf32, #ingot.dims<()[s0] -> (1, s0, 32)>>
  %y = ingot.binary mul %g, %d : tensor<1x?x32xf32, #ingot.dims<()[s0] -> (1, s0, 32)>>, tensor<1x?x32xf32, #ingot.dims<()[s0] -> (1, s0, 32)>> -> tensor<1x?x32xf32, #ingot.dims<()[s0] -> (1, s0, 32)>>
  %r = ingot.unary relu %t : tensor<1x?x32xf32, #ingot.dims<()[s0] -> (1, s0, 32)>> -> tensor<1x?x32xf32, #ingot.dims<()[s0] -> (1, s0, 32)>>
  return %y, %r : tensor<1x?x32xf32, #ingot.dims<()[s0] -> (1, s0, 32)>>, tensor<1x?x32xf32, #ingot.dims<()[s0] -> (1, s0, 32)>>
}

// -----

// Stay as they are: half a panel at the end; weights that a run computes; a product that a reduction reads; two of different left sides; two that do not meet.
// CHECK-LABEL: @stay(
// CHECK-COUNT-10: ingot.packed_matmul
// CHECK-NOT: ingot.slice
func.func @stay(%x: tensor<5x8xf32>, %z: tensor<5x8xf32>, %v: tensor<2x8x16xf32>)
    -> (tensor<5x24xf32>, tensor<5x32xf32>, tensor<5x32xf32>, tensor<5x32xf32>, tensor<5x32xf32>, tensor<5x32xf32>) {
  %wg = ingot.constant #ingot.weight<0, "wg"> : tensor<2x8x16xf32>
  %wu = ingot.constant #ingot.weight<1, "wu"> : tensor<2x8x16xf32>
  %1 = ingot.packed_matmul %x, %wg : tensor<5x8xf32>, tensor<2x8x16xf32> -> tensor<5x24xf32>
  %2 = ingot.packed_matmul %x, %wu : tensor<5x8xf32>, tensor<2x8x16xf32> -> tensor<5x24xf32>
  %3 = ingot.binary mul %1, %2 : tensor<5x24xf32>, tensor<5x24xf32> -> tensor<5x24xf32>
  %4 = ingot.packed_matmul %x, %wg : tensor<5x8xf32>, tensor<2x8x16xf32> -> tensor<5x32xf32>
  %5 = ingot.packed_matmul %x, %v : tensor<5x8xf32>, tensor<2x8x16xf32> -> tensor<5x32xf32>
  %6 = ingot.binary mul %4, %5 : tensor<5x32xf32>, tensor<5x32xf32> -> tensor<5x32xf32>
  %7 = ingot.packed_matmul %z, %wg : tensor<5x8xf32>, tensor<2x8x16xf32> -> tensor<5x32xf32>
  %8 = ingot.packed_matmul %z, %wu : tensor<5x8xf32>, tensor<2x8x16xf32> -> tensor<5x32xf32>
  %9 = ingot.norm softmax %8 axes [1] : tensor<5x32xf32> -> tensor<5x32xf32>
  %10 = ingot.binary mul %7, %9 : tensor<5x32xf32>, tensor<5x32xf32> -> tensor<5x32xf32>
  %11 = ingot.unary relu %x : tensor<5x8xf32> -> tensor<5x8xf32>
  %12 = ingot.unary tanh %x : tensor<5x8xf32> -> tensor<5x8xf32>
  %13 = ingot.packed_matmul %11, %wg : tensor<5x8xf32>, tensor<2x8x16xf32> -> tensor<5x32xf32>
  %14 = ingot.packed_matmul %12, %wu : tensor<5x8xf32>, tensor<2x8x16xf32> -> tensor<5x32xf32>
  %15 = ingot.binary mul %13, %14 : tensor<5x32xf32>, tensor<5x32xf32> -> tensor<5x32xf32>
  %16 = ingot.packed_matmul %12, %wg : tensor<5x8xf32>, tensor<2x8x16xf32> -> tensor<5x32xf32>
  %17 = ingot.packed_matmul %11, %wu : tensor<5x8xf32>, tensor<2x8x16xf32> -> tensor<5x32xf32>
  %18 = ingot.unary relu %16 : tensor<5x32xf32> -> tensor<5x32xf32>
  %19 = ingot.unary relu %17 : tensor<5x32xf32> -> tensor<5x32xf32>
  return %3, %6, %10, %15, %18, %19 : tensor<5x24xf32>, tensor<5x32xf32>, tensor<5x32xf32>, tensor<5x32xf32>, tensor<5x32xf32>, tensor<5x32xf32>
}

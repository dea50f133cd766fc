// Control flow, symbols that data defines, and results whose size depends on data are written and read back.
// RUN: ingot-opt %s | ingot-opt | FileCheck %s

// CHECK-LABEL: @bind_dim
func.func @bind_dim(%count: tensor<i64>, %buffer: memref<i64>) {
  // CHECK: ingot.bind_dim %{{.*}} symbol 2 limit #{{.*}} : (tensor<i64>) -> ()
  ingot.bind_dim %count symbol 2 limit affine_map<()[s0, s1, s2] -> (s0 * 4)> : (tensor<i64>) -> ()
  // CHECK: %{{.*}} = ingot.bind_dim %{{.*}} symbol 0 : (memref<i64>) -> index
  %0 = ingot.bind_dim %buffer symbol 0 : (memref<i64>) -> index
  return
}

// CHECK-LABEL: @branch
func.func @branch(%c: tensor<i1>, %x: tensor<4xf32>, %t: tensor<2xf32>) {
  // CHECK: ingot.if %{{.*}} symbols [] : (tensor<i1>) -> tensor<4xf32> {
  // CHECK-NEXT: ingot.unary relu
  // CHECK-NEXT: ingot.yield %{{.*}} : tensor<4xf32>
  // CHECK-NEXT: } else {
  // CHECK-NEXT: ingot.yield %{{.*}} : tensor<4xf32>
  // CHECK-NEXT: }
  %0 = ingot.if %c symbols [] : (tensor<i1>) -> tensor<4xf32> {
    %a = ingot.unary relu %x : tensor<4xf32> -> tensor<4xf32>
    ingot.yield %a : tensor<4xf32>
  } else {
    ingot.yield %x : tensor<4xf32>
  }
  // CHECK: ingot.if %{{.*}} symbols [0] then #{{.*}} else #{{.*}} : (tensor<i1>) -> tensor<?xf32, #ingot.dims<()[s0] -> (s0)>> {
  %1 = ingot.if %c symbols [0] then affine_map<() -> (4)> else affine_map<() -> (2)> : (tensor<i1>) -> tensor<?xf32, #ingot.dims<()[s0] -> (s0)>> {
    ingot.yield %x : tensor<4xf32>
  } else {
    ingot.yield %t : tensor<2xf32>
  }
  return
}

// CHECK-LABEL: @branch_of_buffers
func.func @branch_of_buffers(%c: memref<i8>) {
  // CHECK: %{{.*}} = ingot.if %{{.*}} symbols [0] then #{{.*}} else #{{.*}} : (memref<i8>) -> index {
  // CHECK-NEXT: ingot.yield
  // CHECK-NEXT: } else {
  // CHECK-NEXT: ingot.yield
  %0 = ingot.if %c symbols [0] then affine_map<() -> (4)> else affine_map<() -> (2)> : (memref<i8>) -> index {
    ingot.yield
  } else {
    ingot.yield
  }
  return
}

// CHECK-LABEL: @loop
func.func @loop(%c: tensor<i1>, %zero: tensor<3xf32>, %x: tensor<3xf32>) {
  // CHECK: ingot.loop inits(%{{.*}}) trips #{{.*}} counter 0 : (tensor<3xf32>) -> (tensor<3xf32>, tensor<4x3xf32>) {
  // CHECK-NEXT: ^bb0(%[[SO_FAR:.*]]: tensor<3xf32>):
  // CHECK-NEXT: %[[NEXT:.*]] = ingot.binary add %[[SO_FAR]], %{{.*}}
  // CHECK-NEXT: ingot.yield %[[NEXT]], %[[NEXT]] : tensor<3xf32>, tensor<3xf32>
  %sum, %sums = ingot.loop inits(%zero) trips affine_map<()[s0] -> (4)> counter 0 : (tensor<3xf32>) -> (tensor<3xf32>, tensor<4x3xf32>) {
  ^bb0(%so_far: tensor<3xf32>):
    %next = ingot.binary add %so_far, %x : tensor<3xf32>, tensor<3xf32> -> tensor<3xf32>
    ingot.yield %next, %next : tensor<3xf32>, tensor<3xf32>
  }
  // CHECK: ingot.loop while %{{.*}} trips #{{.*}} counter 0 count 1 : (tensor<i1>) -> tensor<?x3xf32, #ingot.dims<()[s0, s1] -> (s1, 3)>> {
  // CHECK-NEXT: ingot.yield %{{.*}}, %{{.*}} : tensor<i1>, tensor<3xf32>
  %all = ingot.loop while %c trips affine_map<() -> (9)> counter 0 count 1 : (tensor<i1>) -> tensor<?x3xf32, #ingot.dims<()[s0, s1] -> (s1, 3)>> {
    ingot.yield %c, %x : tensor<i1>, tensor<3xf32>
  }
  return
}

// CHECK-LABEL: @loop_of_buffers
func.func @loop_of_buffers(%c: memref<i8>) {
  // CHECK: %{{.*}} = ingot.loop while %{{.*}} trips #{{.*}} counter 0 count 1 : (memref<i8>) -> index {
  // CHECK-NEXT: ^bb0(%{{.*}}: index):
  // CHECK-NEXT: ingot.yield
  %count = ingot.loop while %c trips affine_map<() -> (9)> counter 0 count 1 : (memref<i8>) -> index {
  ^bb0(%trip: index):
    ingot.yield
  }
  return
}

// CHECK-LABEL: @counted
func.func @counted(%x: tensor<2x3xf32>, %rows: tensor<5x1xui8>, %open: tensor<?x2xi64, #ingot.dims<()[s0] -> (s0, 2)>>) {
  // CHECK: ingot.nonzero %{{.*}} : tensor<2x3xf32> -> tensor<2x6xi64>, tensor<i64>
  %i, %n = ingot.nonzero %x : tensor<2x3xf32> -> tensor<2x6xi64>, tensor<i64>
  // CHECK: ingot.nonzero %{{.*}} -> tensor<2x?xi64, #ingot.dims<()[s0] -> (2, s0 * 2)>>, tensor<i64>
  %o:2 = ingot.nonzero %open : tensor<?x2xi64, #ingot.dims<()[s0] -> (s0, 2)>> -> tensor<2x?xi64, #ingot.dims<()[s0] -> (2, s0 * 2)>>, tensor<i64>
  // CHECK: ingot.unique %{{.*}} {sorted} : tensor<5x1xui8> -> tensor<5xi64>, tensor<5xi64>, tensor<5xi64>, tensor<i64>
  %u:4 = ingot.unique %rows {sorted} : tensor<5x1xui8> -> tensor<5xi64>, tensor<5xi64>, tensor<5xi64>, tensor<i64>
  return
}

// CHECK-LABEL: @suppression
func.func @suppression(%boxes: tensor<1x9x4xf32>, %scores: tensor<1x2x9xf32>, %most: tensor<i64>, %overlap: tensor<f32>, %score: tensor<f32>) {
  // CHECK: ingot.non_max_suppression %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {center_point_box}
  // CHECK-SAME: : (tensor<1x9x4xf32>, tensor<1x2x9xf32>, tensor<i64>, tensor<f32>, tensor<f32>) -> (tensor<18x3xi64>, tensor<i64>)
  %s, %c = ingot.non_max_suppression %boxes, %scores, %most, %overlap, %score {center_point_box}
    : (tensor<1x9x4xf32>, tensor<1x2x9xf32>, tensor<i64>, tensor<f32>, tensor<f32>) -> (tensor<18x3xi64>, tensor<i64>)
  return
}

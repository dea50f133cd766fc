// RUN: ingot-opt %s -ingot-emit-kernels -split-input-file -mlir-print-local-scope | FileCheck %s

// Every operation that can fail has a site; kernels that are shared get the number of their region's first one.
// CHECK: module attributes {ingot.failure_sites = [
// CHECK-SAME: [loc("first"), "index out of range"], [loc("second"), "index out of range"]]
// CHECK-LABEL: func.func @shared
// CHECK-SAME: %[[FAILURE:[a-z0-9]+]]: !llvm.ptr) attributes
// CHECK: %[[SITE0:.*]] = arith.constant 0 : i32
// CHECK: call @[[KERNEL:region_[0-9]+]]({{.*}}, %[[FAILURE]], %[[SITE0]])
// CHECK: %[[SITE1:.*]] = arith.constant 1 : i32
// CHECK: call @[[KERNEL]]({{.*}}, %[[FAILURE]], %[[SITE1]])
// CHECK: func.func private @[[KERNEL]]({{.*}}, %[[RECORD:[a-z0-9]+]]: !llvm.ptr, %[[FIRST:[a-z0-9]+]]: i32)
// One check per row of 32 elements, outside of the loop that copies them.
// CHECK: %[[OUTSIDE:.*]] = arith.cmpi uge
// CHECK: %[[RARE:.*]] = llvm.intr.expect %[[OUTSIDE]]
// CHECK: scf.if %[[RARE]]
// CHECK: %[[STATUS:.*]] = arith.constant 5 : i32
// CHECK: %[[AT0:.*]] = llvm.getelementptr %[[RECORD]][0]
// CHECK: llvm.store %[[STATUS]], %[[AT0]] atomic monotonic
// CHECK: %[[SITE:.*]] = arith.addi %[[FIRST]]
// CHECK: %[[AT1:.*]] = llvm.getelementptr %[[RECORD]][1]
// CHECK: llvm.store %[[SITE]], %[[AT1]] atomic monotonic
// CHECK: arith.select
// CHECK: scf.for
// CHECK: vector.store
// CHECK-NOT: llvm.store
// CHECK: return
func.func @shared(%x: memref<4x32xf32>, %i: memref<8xi64>, %j: memref<8xi64>, %y: memref<8x32xf32>, %z: memref<8x32xf32>)
    attributes {ingot.input_count = 3 : i64, ingot.output_count = 2 : i64} {
  ingot.region ins(%x, %i) outs(%y) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 8, parallel = true>
      : (memref<4x32xf32>, memref<8xi64>, memref<8x32xf32>) -> () {
  ^bb0(%table: tensor<4x32xf32>, %rows: tensor<8xi64>):
    %0 = ingot.gather %table, %rows axis 0 : tensor<4x32xf32>, tensor<8xi64> -> tensor<8x32xf32> loc("first")
    ingot.yield %0 : tensor<8x32xf32>
  }
  ingot.region ins(%x, %j) outs(%z) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 8, parallel = true>
      : (memref<4x32xf32>, memref<8xi64>, memref<8x32xf32>) -> () {
  ^bb0(%table: tensor<4x32xf32>, %rows: tensor<8xi64>):
    %0 = ingot.gather %table, %rows axis 0 : tensor<4x32xf32>, tensor<8xi64> -> tensor<8x32xf32> loc("second")
    ingot.yield %0 : tensor<8x32xf32>
  }
  return
}

// -----

// One index per element.
// CHECK-LABEL: func.func @gather_elements(
// CHECK: func.func private @region_0
// CHECK: %[[SIZE:.*]] = arith.constant 4 : index
// CHECK: %[[OUTSIDE:.*]] = arith.cmpi uge, %{{.*}}, %[[SIZE]]
// CHECK: llvm.intr.expect %[[OUTSIDE]]
// CHECK: llvm.store
// CHECK: llvm.store
// CHECK-NOT: llvm.store
// CHECK: return
func.func @gather_elements(%a0: memref<4x3xf32>, %a1: memref<4x3xi32>, %b0: memref<4x3xf32>) {
  ingot.region ins(%a0, %a1) outs(%b0) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 4, parallel = true>
      : (memref<4x3xf32>, memref<4x3xi32>, memref<4x3xf32>) -> () {
  ^bb0(%x0: tensor<4x3xf32>, %x1: tensor<4x3xi32>):
    %0 = ingot.gather_elements %x0, %x1 axis 0 : tensor<4x3xf32>, tensor<4x3xi32> -> tensor<4x3xf32>
    ingot.yield %0 : tensor<4x3xf32>
  }
  return
}

// -----

// Every coordinate of a point has its own dim, and one site for all of them.
// CHECK-LABEL: func.func @gather_nd(
// CHECK: func.func private @region_0
// CHECK: %[[ROWS:.*]] = arith.constant 4 : index
// CHECK: arith.cmpi uge, %{{.*}}, %[[ROWS]]
// CHECK: llvm.store
// CHECK: llvm.store
// CHECK: %[[COLUMNS:.*]] = arith.constant 3 : index
// CHECK: arith.cmpi uge, %{{.*}}, %[[COLUMNS]]
// CHECK: llvm.store
// CHECK: llvm.store
// CHECK-NOT: llvm.store
// CHECK: return
func.func @gather_nd(%a0: memref<4x3xf32>, %a1: memref<4x2xi64>, %b0: memref<4xf32>) {
  ingot.region ins(%a0, %a1) outs(%b0) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 4, parallel = true>
      : (memref<4x3xf32>, memref<4x2xi64>, memref<4xf32>) -> () {
  ^bb0(%x0: tensor<4x3xf32>, %x1: tensor<4x2xi64>):
    %0 = ingot.gather_nd %x0, %x1 batch_dims 0 : tensor<4x3xf32>, tensor<4x2xi64> -> tensor<4xf32>
    ingot.yield %0 : tensor<4xf32>
  }
  return
}

// -----

// An update whose place does not exist goes elsewhere inside of the buffer.
// CHECK-LABEL: func.func @scatter_elements(
// CHECK: func.func private @region_0
// CHECK: arith.cmpi uge
// CHECK: llvm.store
// CHECK: llvm.store
// CHECK: %[[SAFE:.*]] = arith.select %{{.*}}
// CHECK: memref.store %{{.*}}, %{{.*}}[{{.*}}%[[SAFE]]{{.*}}]
// CHECK-NOT: llvm.store
// CHECK: return
func.func @scatter_elements(%a0: memref<4x3xf32>, %a1: memref<4x2xi64>, %a2: memref<4x2xf32>, %b0: memref<4x3xf32>) {
  ingot.region ins(%a0, %a1, %a2) outs(%b0) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 1, parallel = false>
      : (memref<4x3xf32>, memref<4x2xi64>, memref<4x2xf32>, memref<4x3xf32>) -> () {
  ^bb0(%x0: tensor<4x3xf32>, %x1: tensor<4x2xi64>, %x2: tensor<4x2xf32>):
    %0 = ingot.scatter_elements add %x0, %x1, %x2 axis 1 : tensor<4x3xf32>, tensor<4x2xi64>, tensor<4x2xf32> -> tensor<4x3xf32>
    ingot.yield %0 : tensor<4x3xf32>
  }
  return
}

// -----

// An update whose place does not exist goes elsewhere inside of the buffer.
// CHECK-LABEL: func.func @scatter_nd(
// CHECK: func.func private @region_0
// CHECK: arith.cmpi uge
// CHECK: llvm.store
// CHECK: llvm.store
// CHECK: %[[SAFE:.*]] = arith.select %{{.*}}
// CHECK: memref.store %{{.*}}, %{{.*}}[{{.*}}%[[SAFE]]{{.*}}]
// CHECK-NOT: llvm.store
// CHECK: return
func.func @scatter_nd(%a0: memref<4x3xf32>, %a1: memref<4x1xi64>, %a2: memref<4x3xf32>, %b0: memref<4x3xf32>) {
  ingot.region ins(%a0, %a1, %a2) outs(%b0) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 1, parallel = false>
      : (memref<4x3xf32>, memref<4x1xi64>, memref<4x3xf32>, memref<4x3xf32>) -> () {
  ^bb0(%x0: tensor<4x3xf32>, %x1: tensor<4x1xi64>, %x2: tensor<4x3xf32>):
    %0 = ingot.scatter_nd add %x0, %x1, %x2 : tensor<4x3xf32>, tensor<4x1xi64>, tensor<4x3xf32> -> tensor<4x3xf32>
    ingot.yield %0 : tensor<4x3xf32>
  }
  return
}

// -----

// The divisor, one element at a time.
// CHECK-LABEL: func.func @div(
// CHECK: func.func private @region_0
// CHECK: %[[ZERO:.*]] = arith.constant 0 : i32
// CHECK: arith.cmpi eq, %{{.*}}, %[[ZERO]] : i32
// CHECK: llvm.store
// CHECK: llvm.store
// CHECK-NOT: llvm.store
// CHECK: return
func.func @div(%a0: memref<4xi32>, %a1: memref<4xi32>, %b0: memref<4xi32>) {
  ingot.region ins(%a0, %a1) outs(%b0) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 4, parallel = true>
      : (memref<4xi32>, memref<4xi32>, memref<4xi32>) -> () {
  ^bb0(%x0: tensor<4xi32>, %x1: tensor<4xi32>):
    %0 = ingot.binary div %x0, %x1 : tensor<4xi32>, tensor<4xi32> -> tensor<4xi32>
    ingot.yield %0 : tensor<4xi32>
  }
  return
}

// -----

// The divisor, one element at a time.
// CHECK-LABEL: func.func @mod(
// CHECK: func.func private @region_0
// CHECK: %[[ZERO:.*]] = arith.constant 0 : i32
// CHECK: arith.cmpi eq, %{{.*}}, %[[ZERO]] : i32
// CHECK: llvm.store
// CHECK: llvm.store
// CHECK-NOT: llvm.store
// CHECK: return
func.func @mod(%a0: memref<4xi32>, %a1: memref<4xi32>, %b0: memref<4xi32>) {
  ingot.region ins(%a0, %a1) outs(%b0) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 4, parallel = true>
      : (memref<4xi32>, memref<4xi32>, memref<4xi32>) -> () {
  ^bb0(%x0: tensor<4xi32>, %x1: tensor<4xi32>):
    %0 = ingot.binary mod %x0, %x1 : tensor<4xi32>, tensor<4xi32> -> tensor<4xi32>
    ingot.yield %0 : tensor<4xi32>
  }
  return
}

// -----

// The divisor, one element at a time.
// CHECK-LABEL: func.func @fmod(
// CHECK: func.func private @region_0
// CHECK: %[[ZERO:.*]] = arith.constant 0 : i32
// CHECK: arith.cmpi eq, %{{.*}}, %[[ZERO]] : i32
// CHECK: llvm.store
// CHECK: llvm.store
// CHECK-NOT: llvm.store
// CHECK: return
func.func @fmod(%a0: memref<4xi32>, %a1: memref<4xi32>, %b0: memref<4xi32>) {
  ingot.region ins(%a0, %a1) outs(%b0) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 4, parallel = true>
      : (memref<4xi32>, memref<4xi32>, memref<4xi32>) -> () {
  ^bb0(%x0: tensor<4xi32>, %x1: tensor<4xi32>):
    %0 = ingot.binary fmod %x0, %x1 : tensor<4xi32>, tensor<4xi32> -> tensor<4xi32>
    ingot.yield %0 : tensor<4xi32>
  }
  return
}

// -----

// A vector of divisors at once. Of a tail only the lanes that the tensor has: the others hold zeros.
// CHECK-LABEL: func.func @vectors(
// CHECK: func.func private @region_0
// CHECK: scf.for
// CHECK: arith.divsi %{{.*}}, %{{.*}} : vector<8xi32>
// CHECK: %[[FULL:.*]] = arith.cmpi eq, {{.*}} : vector<8xi32>
// CHECK-NEXT: vector.reduction <or>, %[[FULL]]
// CHECK: llvm.store
// CHECK: llvm.store
// CHECK: arith.divsi %{{.*}}, %{{.*}} : vector<8xi32>
// CHECK: %[[THREE:.*]] = arith.constant 3 : index
// CHECK: %[[MASK:.*]] = vector.create_mask %[[THREE]] : vector<8xi1>
// CHECK: %[[TAIL:.*]] = arith.andi %{{.*}}, %[[MASK]]
// CHECK-NEXT: vector.reduction <or>, %[[TAIL]]
// CHECK: llvm.store
// CHECK: llvm.store
// CHECK: return
func.func @vectors(%a0: memref<19xi32>, %a1: memref<19xi32>, %b0: memref<19xi32>) {
  ingot.region ins(%a0, %a1) outs(%b0) plan <family = map, tile = [64], unroll = 1, lanes = 8, units = 1, parallel = false>
      : (memref<19xi32>, memref<19xi32>, memref<19xi32>) -> () {
  ^bb0(%x0: tensor<19xi32>, %x1: tensor<19xi32>):
    %0 = ingot.binary div %x0, %x1 : tensor<19xi32>, tensor<19xi32> -> tensor<19xi32>
    ingot.yield %0 : tensor<19xi32>
  }
  return
}

// -----

// What cannot fail has no site and no argument for one: constants in range, divisors that are not zero, floats.
// CHECK-NOT: ingot.failure_sites
// CHECK-LABEL: func.func @never(
// CHECK: func.func private @region_0(%{{[a-z0-9]+}}: memref<4xi32>, %{{[a-z0-9]+}}: memref<4xi32>, %{{[a-z0-9]+}}: index, %{{[a-z0-9]+}}: index)
// CHECK-NOT: llvm.store
func.func @never(%x: memref<4xi32>, %y: memref<4xi32>, %z: memref<4xf32>, %w: memref<4xf32>) {
  ingot.region ins(%x) outs(%y) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 4, parallel = true>
      : (memref<4xi32>, memref<4xi32>) -> () {
  ^bb0(%in: tensor<4xi32>):
    %three = ingot.constant dense<3> : tensor<i32>
    %0 = ingot.binary mod %in, %three : tensor<4xi32>, tensor<i32> -> tensor<4xi32>
    ingot.yield %0 : tensor<4xi32>
  }
  ingot.region ins(%z) outs(%w) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 4, parallel = true>
      : (memref<4xf32>, memref<4xf32>) -> () {
  ^bb0(%in: tensor<4xf32>):
    %last = ingot.constant dense<-4> : tensor<4xi64>
    %0 = ingot.gather %in, %last axis 0 : tensor<4xf32>, tensor<4xi64> -> tensor<4xf32>
    %1 = ingot.binary div %0, %0 : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
    ingot.yield %1 : tensor<4xf32>
  }
  return
}

// -----

// A dim that may be shorter than k at run time: one check for all rows, and nothing is read when it is.
// CHECK: [loc({{.*}}), "fewer elements than k"]
// CHECK-LABEL: func.func @top_k(
// CHECK: func.func private @region_0(%{{.*}}: memref<24xf32>, %{{.*}}: memref<3xf32>, %{{.*}}: memref<3xi64>, %[[LENGTH:[a-z0-9]+]]: index,
// CHECK: %[[SHORT:.*]] = arith.cmpi slt, %[[LENGTH]]
// CHECK: llvm.intr.expect %[[SHORT]]
// CHECK: llvm.store
// CHECK: llvm.store
// CHECK: scf.if %[[SHORT]]
// CHECK-NEXT: } else {
// CHECK: scf.for
func.func @top_k(%x: memref<24xf32>, %y: memref<3xf32>, %z: memref<3xi64>, %values: memref<1xi64> {ingot.values})
    attributes {ingot.symbols = ["length"], ingot.ranges = [array<i64: 1, 24>]} {
  ingot.region ins(%x) outs(%y, %z) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 1, parallel = false>
      strides [affine_map<()[s0] -> (1)>, affine_map<()[s0] -> (1)>, affine_map<()[s0] -> (1)>]
      : (memref<24xf32>, memref<3xf32>, memref<3xi64>) -> () {
  ^bb0(%in: tensor<?xf32, #ingot.dims<()[s0] -> (s0)>>):
    %0:2 = ingot.top_k %in k 3 axis 0 {largest} : tensor<?xf32, #ingot.dims<()[s0] -> (s0)>> -> tensor<3xf32>, tensor<3xi64>
    ingot.yield %0#0, %0#1 : tensor<3xf32>, tensor<3xi64>
  }
  return
}

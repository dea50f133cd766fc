// RUN: ingot-opt %s -ingot-emit-kernels -split-input-file -mlir-print-local-scope | FileCheck %s

// All threads take the same way: a condition is read behind a barrier, and behind the branch nobody overwrites what another thread still reads.
// CHECK-LABEL: func.func @branch
// CHECK: call @region_0
// CHECK: call @region_1
// CHECK: call @ingot_team_barrier
// CHECK-NEXT: %[[C:.*]] = memref.load %arg2[]
// CHECK: %[[TRUE:.*]] = arith.cmpi ne, %[[C]]
// CHECK: %[[SIZE:.*]] = scf.if %[[TRUE]] -> (index) {
// Only the condition is pending.
// CHECK-NOT: barrier
// CHECK: call @region_0
// CHECK: scf.yield %c4
// CHECK: } else {
// CHECK-NOT: barrier
// CHECK: scf.yield %c2
// CHECK: }
// What one of the bodies wrote is waited for.
// CHECK: call @ingot_team_barrier
// CHECK: call @region_0
// CHECK: return
func.func @branch(%x: memref<64xf32>, %y: memref<64xf32>, %c: memref<i8>, %z: memref<64xf32>, %d: memref<i8>)
    attributes {ingot.ranges = [array<i64: 2, 4>], ingot.bounds = [affine_map<()[s0] -> (4)>]} {
  ingot.region ins(%x) outs(%y) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 64, parallel = true>
      : (memref<64xf32>, memref<64xf32>) -> () {
  ^bb0(%in: tensor<64xf32>):
    %0 = ingot.unary relu %in : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %0 : tensor<64xf32>
  }
  ingot.region ins(%d) outs(%c) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 1, parallel = false>
      : (memref<i8>, memref<i8>) -> () {
  ^bb0(%in: tensor<i1>):
    %0 = ingot.unary not %in : tensor<i1> -> tensor<i1>
    ingot.yield %0 : tensor<i1>
  }
  %size = ingot.if %c symbols [0] then affine_map<()[s0] -> (4)> else affine_map<()[s0] -> (2)> : (memref<i8>) -> index {
  ingot.region ins(%y) outs(%z) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 64, parallel = true>
      : (memref<64xf32>, memref<64xf32>) -> () {
  ^bb0(%in: tensor<64xf32>):
    %0 = ingot.unary relu %in : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %0 : tensor<64xf32>
  }
    ingot.yield
  } else {
    ingot.yield
  }
  ingot.region ins(%z) outs(%y) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 64, parallel = true>
      : (memref<64xf32>, memref<64xf32>) -> () {
  ^bb0(%in: tensor<64xf32>):
    %0 = ingot.unary relu %in : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %0 : tensor<64xf32>
  }
  return
}

// -----

// Threads wait before a loop and at the end of each trip, as the next one may overwrite what this one reads.
// CHECK-LABEL: func.func @loop
// CHECK: call @region_0
// CHECK: call @ingot_team_barrier
// CHECK: scf.for %{{.*}} = %{{.*}} to %c9{{.*}} step %c1
// CHECK-NOT: barrier
// CHECK: call @region_0
// CHECK: call @ingot_team_barrier{{.*}}
// CHECK-NEXT: }
// CHECK-NOT: barrier
// CHECK: return
func.func @loop(%x: memref<64xf32>, %y: memref<64xf32>) attributes {ingot.ranges = [array<i64: 0, 8>], ingot.bounds = [affine_map<()[s0] -> (8)>]} {
  ingot.region ins(%x) outs(%y) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 64, parallel = true>
      : (memref<64xf32>, memref<64xf32>) -> () {
  ^bb0(%in: tensor<64xf32>):
    %0 = ingot.unary relu %in : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %0 : tensor<64xf32>
  }
  %size = ingot.loop trips affine_map<()[s0] -> (9)> counter 0 : () -> index {
  ^bb0(%trip: index):
  ingot.region ins(%x) outs(%y) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 64, parallel = true>
      : (memref<64xf32>, memref<64xf32>) -> () {
  ^bb0(%in: tensor<64xf32>):
    %0 = ingot.unary relu %in : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %0 : tensor<64xf32>
  }
    ingot.yield
  }
  return
}

// -----

// A loop whose regions are all of thread 0 has no barriers.
// CHECK-LABEL: func.func @serial
// CHECK-NOT: barrier
// CHECK: return
func.func @serial(%x: memref<64xf32>, %y: memref<64xf32>) attributes {ingot.ranges = [array<i64: 0, 8>], ingot.bounds = [affine_map<()[s0] -> (8)>]} {
  ingot.region ins(%x) outs(%y) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 64, parallel = false>
      : (memref<64xf32>, memref<64xf32>) -> () {
  ^bb0(%in: tensor<64xf32>):
    %0 = ingot.unary relu %in : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %0 : tensor<64xf32>
  }
  %size = ingot.loop trips affine_map<()[s0] -> (9)> counter 0 : () -> index {
  ^bb0(%trip: index):
  ingot.region ins(%y) outs(%x) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 64, parallel = false>
      : (memref<64xf32>, memref<64xf32>) -> () {
  ^bb0(%in: tensor<64xf32>):
    %0 = ingot.unary relu %in : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %0 : tensor<64xf32>
  }
  ingot.region ins(%x) outs(%y) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 64, parallel = false>
      : (memref<64xf32>, memref<64xf32>) -> () {
  ^bb0(%in: tensor<64xf32>):
    %0 = ingot.unary relu %in : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %0 : tensor<64xf32>
  }
    ingot.yield
  }
  return
}

// -----

// When it has to wait for others, then before it: inside, it would not come to the barrier when it makes no trip.
// CHECK-LABEL: func.func @serial_that_waits
// CHECK: call @region_0
// CHECK: call @ingot_team_barrier
// CHECK: scf.for
// CHECK-NOT: barrier
// CHECK: return
func.func @serial_that_waits(%x: memref<64xf32>, %y: memref<64xf32>, %z: memref<64xf32>)
    attributes {ingot.ranges = [array<i64: 0, 8>], ingot.bounds = [affine_map<()[s0] -> (8)>]} {
  ingot.region ins(%x) outs(%y) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 64, parallel = true>
      : (memref<64xf32>, memref<64xf32>) -> () {
  ^bb0(%in: tensor<64xf32>):
    %0 = ingot.unary relu %in : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %0 : tensor<64xf32>
  }
  %size = ingot.loop trips affine_map<()[s0] -> (9)> counter 0 : () -> index {
  ^bb0(%trip: index):
  ingot.region ins(%y) outs(%z) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 64, parallel = false>
      : (memref<64xf32>, memref<64xf32>) -> () {
  ^bb0(%in: tensor<64xf32>):
    %0 = ingot.unary relu %in : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %0 : tensor<64xf32>
  }
    ingot.yield
  }
  ingot.region ins(%y) outs(%z) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 64, parallel = false>
      : (memref<64xf32>, memref<64xf32>) -> () {
  ^bb0(%in: tensor<64xf32>):
    %0 = ingot.unary relu %in : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %0 : tensor<64xf32>
  }
  return
}

// -----

// The condition is read at the head of each trip, behind a barrier; the number of trips is a symbol's value from there on.
// CHECK-LABEL: func.func @until
// CHECK: call @ingot_team_barrier
// CHECK: %[[COUNT:.*]] = scf.while (%[[TRIP:.*]] = %c0{{.*}}) : (index) -> index {
// CHECK-NEXT: %[[C:.*]] = memref.load %arg2[]
// CHECK: %[[MORE:.*]] = arith.cmpi ne, %[[C]]
// CHECK: %[[WITHIN:.*]] = arith.cmpi slt, %[[TRIP]], %c9
// CHECK: %[[GO:.*]] = arith.andi %[[MORE]], %[[WITHIN]]
// CHECK: scf.condition(%[[GO]]) %[[TRIP]] : index
// CHECK: } do {
// CHECK: ^bb0(%[[NOW:.*]]: index):
// CHECK: call @region_0
// CHECK: call @ingot_team_barrier
// CHECK: %[[NEXT:.*]] = arith.addi %[[NOW]], %c1
// CHECK: scf.yield %[[NEXT]] : index
// CHECK: }
// CHECK: call @region_1(%arg0, %arg1, %{{[^,]*}}, %[[COUNT]],

#one = affine_map<()[s0, s1] -> (1)>
func.func @until(%x: memref<64xf32>, %y: memref<64xf32>, %c: memref<i8>)
    attributes {ingot.ranges = [array<i64: 0, 8>, array<i64: 0, 9>], ingot.bounds = [affine_map<()[s0, s1] -> (8)>, affine_map<()[s0, s1] -> (9)>]} {
  ingot.region ins(%x) outs(%y) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 64, parallel = true>
      : (memref<64xf32>, memref<64xf32>) -> () {
  ^bb0(%in: tensor<64xf32>):
    %0 = ingot.unary relu %in : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %0 : tensor<64xf32>
  }
  %size = ingot.loop while %c trips affine_map<()[s0, s1] -> (9)> counter 0 count 1 : (memref<i8>) -> index {
  ^bb0(%trip: index):
  ingot.region ins(%x) outs(%y) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 64, parallel = true>
      : (memref<64xf32>, memref<64xf32>) -> () {
  ^bb0(%in: tensor<64xf32>):
    %0 = ingot.unary relu %in : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %0 : tensor<64xf32>
  }
    ingot.yield
  }
  ingot.region ins(%x) outs(%y) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 256, parallel = true> strides [#one, #one]
      : (memref<64xf32>, memref<64xf32>) -> () {
  ^bb0(%in: tensor<?xf32, #ingot.dims<()[s0, s1] -> (s1)>>):
    %1 = ingot.unary relu %in : tensor<?xf32, #ingot.dims<()[s0, s1] -> (s1)>> -> tensor<?xf32, #ingot.dims<()[s0, s1] -> (s1)>>
    ingot.yield %1 : tensor<?xf32, #ingot.dims<()[s0, s1] -> (s1)>>
  }
  return
}

// -----

// A value out of its range is reported, and cut to the nearest one that is allowed. At the end, thread 0 writes down the symbols that data gave their
// values, and the sizes that follow from them.
// CHECK: module attributes {ingot.failure_sites = {{\[\[}}loc({{.*}}), "a size that follows from data is not within 1 to 6"]]}
// CHECK-LABEL: func.func @bind
// CHECK: %[[S0:.*]] = memref.load %arg2[%c0
// CHECK: %[[N:.*]] = arith.index_cast %[[S0]]
// CHECK: %[[GIVEN:.*]] = memref.load %arg0[]
// CHECK: %[[NUMBER:.*]] = arith.index_cast %[[GIVEN]]
// CHECK: %[[MOST:.*]] = arith.minsi %c6{{.*}}, %[[N]]
// CHECK: %[[CUT:.*]] = arith.minsi %[[NUMBER]], %[[MOST]]
// CHECK: %[[SIZE:.*]] = arith.maxsi %[[CUT]], %c1
// CHECK: %[[OUTSIDE:.*]] = arith.cmpi ne, %[[SIZE]], %[[NUMBER]]
// CHECK: %[[RARE:.*]] = llvm.intr.expect %[[OUTSIDE]]
// CHECK: scf.if %[[RARE]]
// CHECK: llvm.store
// CHECK: %[[FIRST:.*]] = arith.cmpi eq
// CHECK: scf.if %[[FIRST]]
// CHECK: %[[TOLD:.*]] = arith.index_cast %[[SIZE]]
// CHECK: memref.store %[[TOLD]], %arg2[%c1
// CHECK: %[[TWICE:.*]] = arith.muli %[[SIZE]], %c2
// CHECK: %[[TOLD2:.*]] = arith.index_cast %[[TWICE]]
// CHECK: memref.store %[[TOLD2]], %arg2[%c2
func.func @bind(%k: memref<i64>, %arena: memref<0xi8> {ingot.arena}, %values: memref<3xi64> {ingot.values})
    attributes {ingot.ranges = [array<i64: 1, 9>, array<i64: 1, 6>], ingot.derived = affine_map<()[s0, s1] -> (s1 * 2)>,
                ingot.bounds = [affine_map<()[s0, s1] -> (s0)>, affine_map<()[s0, s1] -> (s0)>]} {
  %size = ingot.bind_dim %k symbol 1 limit affine_map<()[s0, s1] -> (s0)> : (memref<i64>) -> index
  return
}

// -----

// What nothing bounds asks for more room, once all threads have read how much there is, and then all of them leave.
// CHECK-LABEL: func.func @room
// CHECK: %[[ROOM:.*]] = arith.index_cast
// CHECK: %[[MORE:.*]] = arith.cmpi sgt, %{{.*}}, %[[ROOM]]
// CHECK-NEXT: scf.if %[[MORE]] {
// CHECK-NEXT: func.call @ingot_team_barrier
// CHECK: memref.store
// CHECK: %[[LEAVE:.*]] = arith.ori %{{.*}}, %[[MORE]]
// CHECK: call @ingot_leave_when(%[[LEAVE]])
func.func @room(%n: memref<i64>, %values: memref<2xi64> {ingot.values})
    attributes {ingot.input_count = 1 : i64, ingot.output_count = 0 : i64, ingot.ranges = [array<i64: 64, 1000>, array<i64: 0, 1000>],
                ingot.bounds = [affine_map<()[s0, s1] -> (s0)>, affine_map<()[s0, s1] -> (s0)>], ingot.rooms = array<i64: 0>,
                ingot.derived = affine_map<()[s0, s1] -> ()>, ingot.symbols = ["room", "n"]} {
  %size = ingot.bind_dim %n symbol 1 limit affine_map<()[s0] -> (s0)> {ingot.room = 0 : i64} : (memref<i64>) -> index
  return
}

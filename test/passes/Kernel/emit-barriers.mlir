// RUN: ingot-opt %s -ingot-emit-kernels | FileCheck %s

// Places in the arena that depend on symbols: those in use at one step do not overlap, others may; and a border lies beside what is written inside.
#strides = affine_map<()[s0] -> (1)>

// CHECK-LABEL: func @places
// CHECK: call @region_0
// The second place is in use while the first one is: no barrier.
// CHECK-NOT: barrier
// CHECK: call @region_0
// The third one is not: it may lie where the first one did.
// CHECK: call @ingot_team_barrier
// CHECK: call @region_0
// A border of the third place, and its inside.
// CHECK-NOT: barrier
// CHECK: call @region_1
// Its reader waits.
// CHECK: call @ingot_team_barrier
// CHECK: call @region_0
func.func @places(%x: memref<4096xi8> {ingot.name = "x"}, %arena: memref<16384xi8> {ingot.arena}, %weights: memref<0xi8> {ingot.weights},
                  %values: memref<5xi64> {ingot.values})
    attributes {ingot.input_count = 1 : i64, ingot.output_count = 0 : i64, ingot.symbols = ["n"], ingot.ranges = [array<i64: 1, 1024>]} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %first = memref.load %values[%c1] : memref<5xi64>
  %a = arith.index_cast %first {ingot.alive = array<i64: 1, 2>} : i64 to index
  %second = memref.load %values[%c2] : memref<5xi64>
  %b = arith.index_cast %second {ingot.alive = array<i64: 2, 9>} : i64 to index
  %third = memref.load %values[%c3] : memref<5xi64>
  %c = arith.index_cast %third {ingot.alive = array<i64: 3, 9>} : i64 to index
  %from = memref.view %x[%c0][] : memref<4096xi8> to memref<1024xf32>
  %toA = memref.view %arena[%a][] : memref<16384xi8> to memref<1024xf32>
  %toB = memref.view %arena[%b][] : memref<16384xi8> to memref<1024xf32>
  %toC = memref.view %arena[%c][] : memref<16384xi8> to memref<1024xf32>
  ingot.region ins(%from) outs(%toA) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 256, parallel = true> strides [#strides, #strides]
      : (memref<1024xf32>, memref<1024xf32>) -> () {
  ^bb0(%in: tensor<?xf32, #ingot.dims<()[s0] -> (s0)>>):
    %0 = ingot.unary relu %in : tensor<?xf32, #ingot.dims<()[s0] -> (s0)>> -> tensor<?xf32, #ingot.dims<()[s0] -> (s0)>>
    ingot.yield %0 : tensor<?xf32, #ingot.dims<()[s0] -> (s0)>>
  }
  ingot.region ins(%from) outs(%toB) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 256, parallel = true> strides [#strides, #strides]
      : (memref<1024xf32>, memref<1024xf32>) -> () {
  ^bb0(%in: tensor<?xf32, #ingot.dims<()[s0] -> (s0)>>):
    %0 = ingot.unary relu %in : tensor<?xf32, #ingot.dims<()[s0] -> (s0)>> -> tensor<?xf32, #ingot.dims<()[s0] -> (s0)>>
    ingot.yield %0 : tensor<?xf32, #ingot.dims<()[s0] -> (s0)>>
  }
  ingot.region ins(%from) outs(%toC) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 256, parallel = true> strides [#strides, #strides]
      : (memref<1024xf32>, memref<1024xf32>) -> () {
  ^bb0(%in: tensor<?xf32, #ingot.dims<()[s0] -> (s0)>>):
    %0 = ingot.unary relu %in : tensor<?xf32, #ingot.dims<()[s0] -> (s0)>> -> tensor<?xf32, #ingot.dims<()[s0] -> (s0)>>
    ingot.yield %0 : tensor<?xf32, #ingot.dims<()[s0] -> (s0)>>
  }
  ingot.region ins() outs(%toC) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 256, parallel = true> strides [#strides]
      {ingot.border} : (memref<1024xf32>) -> () {
    %value = ingot.constant dense<0.0> : tensor<f32>
    %0 = ingot.broadcast %value : tensor<f32> -> tensor<?xf32, #ingot.dims<()[s0] -> (s0)>>
    ingot.yield %0 : tensor<?xf32, #ingot.dims<()[s0] -> (s0)>>
  }
  ingot.region ins(%toC) outs(%toB) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 256, parallel = true> strides [#strides, #strides]
      : (memref<1024xf32>, memref<1024xf32>) -> () {
  ^bb0(%in: tensor<?xf32, #ingot.dims<()[s0] -> (s0)>>):
    %0 = ingot.unary relu %in : tensor<?xf32, #ingot.dims<()[s0] -> (s0)>> -> tensor<?xf32, #ingot.dims<()[s0] -> (s0)>>
    ingot.yield %0 : tensor<?xf32, #ingot.dims<()[s0] -> (s0)>>
  }
  return
}

// RUN: ingot-opt %s -ingot-emit-kernels -split-input-file -mlir-print-debuginfo=false | FileCheck %s

// What a profile says of each region: the ONNX nodes, from the planned cost or else its buffers, and by its number which call it is.
// CHECK: module attributes {ingot.profile_table = [
// CHECK-SAME: {bytes = 300 : i64, family = "plain", flops = 100 : i64, kind = "operations without a kernel of their own", name = "first + second"}
// CHECK-SAME: {bytes = 512 : i64, family = "plain", flops = 0 : i64, kind = "operations without a kernel of their own", name = "a + b + c + 2 more"}
// CHECK-SAME: {bytes = 512 : i64, family = "plain", flops = 0 : i64, kind = "operations without a kernel of their own", name = "unnamed"}]
// CHECK: func.func @main({{.*}}ingot.thread_argument = 5 : i64
// CHECK: call @region_{{.*}} {ingot.profile_number = 0 : i32}
// CHECK: call @ingot_team_barrier({{.*}}) {ingot.profile_after = 0 : i32}
// CHECK: call @region_{{.*}} {ingot.profile_number = 1 : i32}
// CHECK: call @ingot_team_barrier({{.*}}) {ingot.profile_after = 1 : i32}
// CHECK: scf.if
// CHECK-NEXT: call @region_{{.*}} {ingot.profile_number = 2 : i32}
func.func @main(%x: memref<64xf32>, %y: memref<64xf32>, %arena: memref<256xi8> {ingot.arena}, %weights: memref<0xi8> {ingot.weights})
    attributes {ingot.input_count = 1 : i64, ingot.output_count = 1 : i64} {
  %zero = arith.constant 0 : index
  %a = memref.view %arena[%zero][] : memref<256xi8> to memref<64xf32>
  ingot.region ins(%x) outs(%a) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 64, parallel = true>
      {ingot.cost = #ingot.cost<flops = 100, read = 200, written = 100, cycles = 7>} : (memref<64xf32>, memref<64xf32>) -> () {
  ^bb0(%in: tensor<64xf32>):
    %0 = ingot.unary relu %in : tensor<64xf32> -> tensor<64xf32> loc("first")
    %1 = ingot.unary abs %0 : tensor<64xf32> -> tensor<64xf32> loc("second")
    ingot.yield %1 : tensor<64xf32>
  }
  ingot.region ins(%a) outs(%y) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 64, parallel = true>
      : (memref<64xf32>, memref<64xf32>) -> () {
  ^bb0(%in: tensor<64xf32>):
    %0 = ingot.unary relu %in : tensor<64xf32> -> tensor<64xf32> loc(fused["a", "b", "a"])
    %1 = ingot.unary abs %0 : tensor<64xf32> -> tensor<64xf32> loc(callsite("in a function" at fused["c", "d", "e"]))
    ingot.yield %1 : tensor<64xf32>
  }
  ingot.region ins(%y) outs(%a) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 64, parallel = false>
      : (memref<64xf32>, memref<64xf32>) -> () {
  ^bb0(%in: tensor<64xf32>):
    %0 = ingot.unary relu %in : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %0 : tensor<64xf32>
  }
  return
}

// -----

// What a region with symbols does in a run is not known, whatever was predicted for typical sizes.
// CHECK: module attributes {ingot.profile_table = [
// CHECK-SAME: {bytes = 0 : i64, family = "plain", flops = 0 : i64, kind = "operations without a kernel of their own", name = "rows"}]
#strides = affine_map<()[s0] -> (1)>
func.func @open(%x: memref<4096xi8> {ingot.name = "x"}, %y: memref<4096xi8> {ingot.name = "y"}, %arena: memref<0xi8> {ingot.arena},
                %weights: memref<0xi8> {ingot.weights}, %values: memref<1xi64> {ingot.values})
    attributes {ingot.input_count = 1 : i64, ingot.output_count = 1 : i64, ingot.symbols = ["n"], ingot.ranges = [array<i64: 1, 1024>]} {
  %c0 = arith.constant 0 : index
  %from = memref.view %x[%c0][] : memref<4096xi8> to memref<1024xf32>
  %to = memref.view %y[%c0][] : memref<4096xi8> to memref<1024xf32>
  ingot.region ins(%from) outs(%to) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 256, parallel = true> strides [#strides, #strides]
      {ingot.cost = #ingot.cost<flops = 64, read = 256, written = 256, cycles = 7>} : (memref<1024xf32>, memref<1024xf32>) -> () {
  ^bb0(%in: tensor<?xf32, #ingot.dims<()[s0] -> (s0)>>):
    %0 = ingot.unary relu %in : tensor<?xf32, #ingot.dims<()[s0] -> (s0)>> -> tensor<?xf32, #ingot.dims<()[s0] -> (s0)>> loc("rows")
    ingot.yield %0 : tensor<?xf32, #ingot.dims<()[s0] -> (s0)>>
  }
  return
}

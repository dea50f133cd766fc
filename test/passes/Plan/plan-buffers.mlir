// The contract of buffers: inputs, outputs, arena and weights are arguments; what is alive at once does not overlap.
// RUN: ingot-opt %s -ingot-choose-kernels=plain=true -ingot-plan-buffers -ingot-verify-plan -split-input-file | FileCheck %s

// The result of a dead region gives its place to a later one: three values, two places of 4096 bytes.
// CHECK: ingot.weight_layout = [{offset = 0 : i64, value = #ingot.weight<5, "bias"> : tensor<1024xf32>}]
// CHECK-LABEL: @chain
// CHECK-SAME: (%[[X:[a-z0-9]+]]: memref<1024xf32> {ingot.name = "x"}, %[[Y:[a-z0-9]+]]: memref<1024xf32> {ingot.name = "y"}
// CHECK-SAME: %[[ARENA:[a-z0-9]+]]: memref<8192xi8> {ingot.arena}, %[[WEIGHTS:[a-z0-9]+]]: memref<4096xi8> {ingot.weights})
// CHECK-SAME: ingot.input_count = 1 : i64
// CHECK-SAME: ingot.output_count = 1 : i64
func.func @chain(%x: tensor<1024xf32> {ingot.name = "x"}) -> (tensor<1024xf32> {ingot.name = "y"}) {
  %bias = ingot.constant #ingot.weight<5, "bias"> : tensor<1024xf32>
  // CHECK: memref.view %[[WEIGHTS]]
  // CHECK: memref.view %[[ARENA]]
  // CHECK: ingot.region ins(%[[X]], %{{.*}}) outs(%{{.*}}) plan
  %0 = ingot.region ins(%x, %bias) : (tensor<1024xf32>, tensor<1024xf32>) -> tensor<1024xf32> {
  ^bb0(%a: tensor<1024xf32>, %b: tensor<1024xf32>):
    %1 = ingot.norm softmax %a axes [0] : tensor<1024xf32> -> tensor<1024xf32>
    ingot.yield %1 : tensor<1024xf32>
  }
  %2 = ingot.region ins(%0) : (tensor<1024xf32>) -> tensor<1024xf32> {
  ^bb0(%a: tensor<1024xf32>):
    %1 = ingot.norm softmax %a axes [0] : tensor<1024xf32> -> tensor<1024xf32>
    ingot.yield %1 : tensor<1024xf32>
  }
  %3 = ingot.region ins(%2) : (tensor<1024xf32>) -> tensor<1024xf32> {
  ^bb0(%a: tensor<1024xf32>):
    %1 = ingot.norm softmax %a axes [0] : tensor<1024xf32> -> tensor<1024xf32>
    ingot.yield %1 : tensor<1024xf32>
  }
  // CHECK: ingot.region ins(%{{.*}}) outs(%[[Y]]) plan
  %4 = ingot.region ins(%3) : (tensor<1024xf32>) -> tensor<1024xf32> {
  ^bb0(%a: tensor<1024xf32>):
    %1 = ingot.norm softmax %a axes [0] : tensor<1024xf32> -> tensor<1024xf32>
    ingot.yield %1 : tensor<1024xf32>
  }
  return %4 : tensor<1024xf32>
}

// -----

// i1 lies in bytes.
// CHECK-LABEL: @storage
// CHECK-SAME: memref<8xi8>
func.func @storage(%x: tensor<8xf32>) -> tensor<8xi1> {
  %0 = ingot.region ins(%x) : (tensor<8xf32>) -> tensor<8xi1> {
  ^bb0(%a: tensor<8xf32>):
    %1 = ingot.unary is_nan %a : tensor<8xf32> -> tensor<8xi1>
    ingot.yield %1 : tensor<8xi1>
  }
  return %0 : tensor<8xi1>
}

// -----

// A prologue reads whole rows, again for other columns: its input keeps its place. An epilogue's input may still be written over.
// CHECK-LABEL: @prologue
// CHECK-SAME: memref<2048xi8> {ingot.arena}
// CHECK: ingot.packed_matmul
func.func @prologue(%x: tensor<16x16xf32>, %y: tensor<16x16xf32>) -> tensor<16x16xf32> {
  %w = ingot.constant #ingot.weight<5, "w"> : tensor<1x16x16xf32>
  %0 = ingot.region ins(%x) : (tensor<16x16xf32>) -> tensor<16x16xf32> {
  ^bb0(%a: tensor<16x16xf32>):
    %1 = ingot.norm softmax %a axes [1] : tensor<16x16xf32> -> tensor<16x16xf32>
    ingot.yield %1 : tensor<16x16xf32>
  }
  %2 = ingot.region ins(%y) : (tensor<16x16xf32>) -> tensor<16x16xf32> {
  ^bb0(%a: tensor<16x16xf32>):
    %1 = ingot.norm softmax %a axes [1] : tensor<16x16xf32> -> tensor<16x16xf32>
    ingot.yield %1 : tensor<16x16xf32>
  }
  %3 = ingot.region ins(%0, %w, %2) : (tensor<16x16xf32>, tensor<1x16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32> {
  ^bb0(%a: tensor<16x16xf32>, %b: tensor<1x16x16xf32>, %c: tensor<16x16xf32>):
    %1 = ingot.unary relu %a : tensor<16x16xf32> -> tensor<16x16xf32>
    %4 = ingot.packed_matmul %1, %b columns 16 : tensor<16x16xf32>, tensor<1x16x16xf32> -> tensor<16x16xf32>
    %5 = ingot.binary add %4, %c : tensor<16x16xf32>, tensor<16x16xf32> -> tensor<16x16xf32>
    ingot.yield %5 : tensor<16x16xf32>
  }
  %6 = ingot.region ins(%3) : (tensor<16x16xf32>) -> tensor<16x16xf32> {
  ^bb0(%a: tensor<16x16xf32>):
    %1 = ingot.norm softmax %a axes [1] : tensor<16x16xf32> -> tensor<16x16xf32>
    ingot.yield %1 : tensor<16x16xf32>
  }
  return %6 : tensor<16x16xf32>
}

// -----

// CHECK-LABEL: @prologue_alone
// CHECK-SAME: memref<2048xi8> {ingot.arena}
func.func @prologue_alone(%x: tensor<16x16xf32>) -> tensor<16x16xf32> {
  %w = ingot.constant #ingot.weight<5, "w"> : tensor<1x16x16xf32>
  %0 = ingot.region ins(%x) : (tensor<16x16xf32>) -> tensor<16x16xf32> {
  ^bb0(%a: tensor<16x16xf32>):
    %1 = ingot.norm softmax %a axes [1] : tensor<16x16xf32> -> tensor<16x16xf32>
    ingot.yield %1 : tensor<16x16xf32>
  }
  %3 = ingot.region ins(%0, %w) : (tensor<16x16xf32>, tensor<1x16x16xf32>) -> tensor<16x16xf32> {
  ^bb0(%a: tensor<16x16xf32>, %b: tensor<1x16x16xf32>):
    %1 = ingot.unary relu %a : tensor<16x16xf32> -> tensor<16x16xf32>
    %4 = ingot.packed_matmul %1, %b columns 16 : tensor<16x16xf32>, tensor<1x16x16xf32> -> tensor<16x16xf32>
    ingot.yield %4 : tensor<16x16xf32>
  }
  %6 = ingot.region ins(%3) : (tensor<16x16xf32>) -> tensor<16x16xf32> {
  ^bb0(%a: tensor<16x16xf32>):
    %1 = ingot.norm softmax %a axes [1] : tensor<16x16xf32> -> tensor<16x16xf32>
    ingot.yield %1 : tensor<16x16xf32>
  }
  return %6 : tensor<16x16xf32>
}

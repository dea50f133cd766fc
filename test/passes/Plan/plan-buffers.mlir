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

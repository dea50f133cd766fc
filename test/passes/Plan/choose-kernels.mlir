// Every region gets its family and the plainest plan of it; `plain` forces that family.
// RUN: ingot-opt %s -ingot-choose-kernels | FileCheck %s
// RUN: ingot-opt %s -ingot-choose-kernels='plain=true' | FileCheck %s --check-prefix=PLAIN

// CHECK: ingot.region ins({{.*}}) plan <family = contraction, tile = [1, 16], unroll = 1, lanes = 16, units = 128, parallel = false>
// CHECK: ingot.region ins({{.*}}) plan <family = map, {{.*}}, parallel = false>
// CHECK: ingot.region ins({{.*}}) plan <family = row, {{.*}}, parallel = false>
// CHECK: ingot.region ins({{.*}}) plan <family = plain, {{.*}}, parallel = false>
// PLAIN-COUNT-4: plan <family = plain, tile = [], unroll = 1, lanes = 1, units = {{[0-9]+}}, parallel = false>
// PLAIN-LABEL: @symbolic
// PLAIN: plan <family = plain, {{.*}}, units = 256, parallel = false>
func.func @main(%x: tensor<64x32xf32>, %w: tensor<2x32x16xf32>, %i: tensor<64xi64>)
    -> (tensor<64x32xf32>, tensor<64x32xf32>, tensor<64x32xf32>, tensor<64x32xf32>) {
  %0 = ingot.region ins(%x, %w) : (tensor<64x32xf32>, tensor<2x32x16xf32>) -> tensor<64x32xf32> {
  ^bb0(%a: tensor<64x32xf32>, %b: tensor<2x32x16xf32>):
    %4 = ingot.packed_matmul %a, %b : tensor<64x32xf32>, tensor<2x32x16xf32> -> tensor<64x32xf32>
    ingot.yield %4 : tensor<64x32xf32>
  }
  %1 = ingot.region ins(%x) : (tensor<64x32xf32>) -> tensor<64x32xf32> {
  ^bb0(%a: tensor<64x32xf32>):
    %4 = ingot.unary relu %a : tensor<64x32xf32> -> tensor<64x32xf32>
    ingot.yield %4 : tensor<64x32xf32>
  }
  %2 = ingot.region ins(%x) : (tensor<64x32xf32>) -> tensor<64x32xf32> {
  ^bb0(%a: tensor<64x32xf32>):
    %4 = ingot.norm softmax %a axes [1] : tensor<64x32xf32> -> tensor<64x32xf32>
    ingot.yield %4 : tensor<64x32xf32>
  }
  %3 = ingot.region ins(%x) : (tensor<64x32xf32>) -> tensor<64x32xf32> {
  ^bb0(%a: tensor<64x32xf32>):
    %4 = ingot.cumulative sum %a axis 1 : tensor<64x32xf32> -> tensor<64x32xf32>
    ingot.yield %4 : tensor<64x32xf32>
  }
  return %0, %1, %2, %3 : tensor<64x32xf32>, tensor<64x32xf32>, tensor<64x32xf32>, tensor<64x32xf32>
}

// A number of pieces that depends on symbols: enough units for any number of threads.
// CHECK-LABEL: @symbolic
// CHECK: plan <family = plain, {{.*}}, units = 256, parallel = false>
func.func @symbolic(%x: tensor<?x32x?xf32, #ingot.dims<()[s0, s1] -> (s0, 32, s1)>>) -> tensor<?x32x?xf32, #ingot.dims<()[s0, s1] -> (s0, 32, s1)>>
    attributes {ingot.symbols = ["a", "b"], ingot.ranges = [array<i64: 1, 8>, array<i64: 1, 8>]} {
  %0 = ingot.region ins(%x) : (tensor<?x32x?xf32, #ingot.dims<()[s0, s1] -> (s0, 32, s1)>>)
      -> tensor<?x32x?xf32, #ingot.dims<()[s0, s1] -> (s0, 32, s1)>> {
  ^bb0(%a: tensor<?x32x?xf32, #ingot.dims<()[s0, s1] -> (s0, 32, s1)>>):
    %1 = ingot.cumulative sum %a axis 2 : tensor<?x32x?xf32, #ingot.dims<()[s0, s1] -> (s0, 32, s1)>>
        -> tensor<?x32x?xf32, #ingot.dims<()[s0, s1] -> (s0, 32, s1)>>
    ingot.yield %1 : tensor<?x32x?xf32, #ingot.dims<()[s0, s1] -> (s0, 32, s1)>>
  }
  return %0 : tensor<?x32x?xf32, #ingot.dims<()[s0, s1] -> (s0, 32, s1)>>
}

// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam,ingot-auto-parallelize))' | FileCheck %s
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-describe-machine{level=x86-64-v3},ingot-choose-kernels,ingot-unroll-and-jam))' | FileCheck %s --check-prefix=AVX2

// All keys are one block; a unit is one tile of queries, as units of a head share what is packed.
// CHECK-LABEL: func @short
// CHECK: plan <family = attention, tile = [[[ROWS:[0-9]+]], {{[0-9]+}}, {{[0-9]+}}, 112, [[ROWS]]], unroll = 2, lanes = 16, units = {{[0-9]+}}, parallel = true, scratch = {{[0-9]+}}>
// AVX2-LABEL: func @short
// AVX2: plan <family = attention, tile = [{{[1-6]}}, 16, 16, 112, {{[1-6]}}], unroll = 1
func.func @short(%q: tensor<1x100x12x64xf32>, %k: tensor<1x100x12x64xf32>) -> tensor<1x100x12x64xf32> {
  %y = ingot.region ins(%q, %k) : (tensor<1x100x12x64xf32>, tensor<1x100x12x64xf32>) -> tensor<1x100x12x64xf32> {
  ^bb0(%a: tensor<1x100x12x64xf32>, %b: tensor<1x100x12x64xf32>):
    %c = ingot.attention %a, %b, %b scale 0.125 : (tensor<1x100x12x64xf32>, tensor<1x100x12x64xf32>, tensor<1x100x12x64xf32>) -> tensor<1x100x12x64xf32>
    ingot.yield %c : tensor<1x100x12x64xf32>
  }
  return %y : tensor<1x100x12x64xf32>
}

// Many keys, or a number of them that only a run tells: several blocks, and units of as many rows as pay for packing: as have room for their results.
// CHECK-LABEL: func @long
// CHECK: plan <family = attention, tile = [{{[0-9]+}}, {{[0-9]+}}, {{[0-9]+}}, 256, {{15[0-9][0-9]}}], unroll = 2, lanes = 16, units = {{[0-9]+}}, parallel = true
func.func @long(%q: tensor<1x1500x6x64xf32>) -> tensor<1x1500x6x64xf32> {
  %y = ingot.region ins(%q) : (tensor<1x1500x6x64xf32>) -> tensor<1x1500x6x64xf32> {
  ^bb0(%a: tensor<1x1500x6x64xf32>):
    %c = ingot.attention %a, %a, %a scale 0.125 : (tensor<1x1500x6x64xf32>, tensor<1x1500x6x64xf32>, tensor<1x1500x6x64xf32>) -> tensor<1x1500x6x64xf32>
    ingot.yield %c : tensor<1x1500x6x64xf32>
  }
  return %y : tensor<1x1500x6x64xf32>
}

// CHECK-LABEL: func @open
// CHECK: plan <family = attention, tile = [{{[0-9]+}}, {{[0-9]+}}, 32, 256, {{[0-9]+}}], unroll = 2, lanes = 16, units = 256, parallel = true
#q = #ingot.dims<()[s0, s1] -> (s0, s1, 12, 32)>
func.func @open(%q: tensor<?x?x12x32xf32, #q>) -> tensor<?x?x12x32xf32, #q> {
  %y = ingot.region ins(%q) : (tensor<?x?x12x32xf32, #q>) -> tensor<?x?x12x32xf32, #q> {
  ^bb0(%a: tensor<?x?x12x32xf32, #q>):
    %c = ingot.attention %a, %a, %a scale 0.125 : (tensor<?x?x12x32xf32, #q>, tensor<?x?x12x32xf32, #q>, tensor<?x?x12x32xf32, #q>) -> tensor<?x?x12x32xf32, #q>
    ingot.yield %c : tensor<?x?x12x32xf32, #q>
  }
  return %y : tensor<?x?x12x32xf32, #q>
}

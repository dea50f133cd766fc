// Tiles of two products whose panels alternate hold whole panels of both, with many rows and with one.
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam{keep=20},ingot-auto-parallelize,ingot-schedule-loads))' | FileCheck %s
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-describe-machine{level=x86-64-v3},ingot-choose-kernels,ingot-unroll-and-jam))' | FileCheck %s --check-prefix=AVX2
// RUN: not ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam{force=gate:1x48}))' 2>&1 | FileCheck %s --check-prefix=ODD

// ODD: cannot have the tile [1, 48]: it must have whole panels of both products: columns in multiples of 32
// CHECK-LABEL: func @rows
// CHECK: plan <family = contraction, tile = [{{[0-9]+}}, {{32|64|96}}]
// CHECK-NOT: tile = [{{[0-9]+}}, {{16|48|80}}]
// CHECK-LABEL: func @row
// CHECK: plan <family = gemv, tile = [1, {{32|64}}]
// AVX2: plan <family = contraction, tile = [{{[0-9]+}}, 32]
// AVX2: plan <family = gemv, tile = [1, {{32|64}}]
func.func @rows(%x: tensor<128x768xf32>, %w: tensor<96x768x16xf32>) -> tensor<128x768xf32> {
  %y = ingot.region ins(%x, %w) : (tensor<128x768xf32>, tensor<96x768x16xf32>) -> tensor<128x768xf32> {
  ^bb0(%a: tensor<128x768xf32>, %b: tensor<96x768x16xf32>):
    %0 = ingot.packed_matmul %a, %b : tensor<128x768xf32>, tensor<96x768x16xf32> -> tensor<128x1536xf32>
    %1 = ingot.reshape %0 : tensor<128x1536xf32> -> tensor<128x48x2x16xf32>
    %2 = ingot.slice %1 [0, 0, 0, 0] [128, 48, 1, 16] [1, 1, 1, 1] : tensor<128x48x2x16xf32> -> tensor<128x48x1x16xf32>
    %g = ingot.reshape %2 : tensor<128x48x1x16xf32> -> tensor<128x768xf32>
    %3 = ingot.slice %1 [0, 0, 1, 0] [128, 48, 1, 16] [1, 1, 1, 1] : tensor<128x48x2x16xf32> -> tensor<128x48x1x16xf32>
    %u = ingot.reshape %3 : tensor<128x48x1x16xf32> -> tensor<128x768xf32>
    %m = ingot.binary mul %g, %u : tensor<128x768xf32>, tensor<128x768xf32> -> tensor<128x768xf32>
    ingot.yield %m : tensor<128x768xf32>
  } loc("gate")
  return %y : tensor<128x768xf32>
}

func.func @row(%x: tensor<1x768xf32>, %w: tensor<96x768x16xf32>) -> tensor<1x768xf32> {
  %y = ingot.region ins(%x, %w) : (tensor<1x768xf32>, tensor<96x768x16xf32>) -> tensor<1x768xf32> {
  ^bb0(%a: tensor<1x768xf32>, %b: tensor<96x768x16xf32>):
    %0 = ingot.packed_matmul %a, %b : tensor<1x768xf32>, tensor<96x768x16xf32> -> tensor<1x1536xf32>
    %1 = ingot.reshape %0 : tensor<1x1536xf32> -> tensor<1x48x2x16xf32>
    %2 = ingot.slice %1 [0, 0, 0, 0] [1, 48, 1, 16] [1, 1, 1, 1] : tensor<1x48x2x16xf32> -> tensor<1x48x1x16xf32>
    %g = ingot.reshape %2 : tensor<1x48x1x16xf32> -> tensor<1x768xf32>
    %3 = ingot.slice %1 [0, 0, 1, 0] [1, 48, 1, 16] [1, 1, 1, 1] : tensor<1x48x2x16xf32> -> tensor<1x48x1x16xf32>
    %u = ingot.reshape %3 : tensor<1x48x1x16xf32> -> tensor<1x768xf32>
    %m = ingot.binary mul %g, %u : tensor<1x768xf32>, tensor<1x768xf32> -> tensor<1x768xf32>
    ingot.yield %m : tensor<1x768xf32>
  } loc("gate")
  return %y : tensor<1x768xf32>
}

// A tile fits the registers: rows * vectors + vectors + 1 of 32, or of 16. What it is better than stays beside it. A forced tile is taken as it is.
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam))' | FileCheck %s
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-describe-machine{level=x86-64-v3},ingot-choose-kernels,ingot-unroll-and-jam))' | FileCheck %s --check-prefix=AVX2
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam{force=dense:6x32/4}))' | FileCheck %s --check-prefix=NAMED
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam{force=0:8x16}))' | FileCheck %s --check-prefix=NUMBERED

// CHECK: plan <family = contraction, tile = [{{[0-9]+}}, {{[0-9]+}}], unroll = 2, lanes = 16, units = {{[0-9]+}}, parallel = false>
// CHECK-SAME: ingot.rejected = [#ingot.candidate<family = contraction, tile = [{{[0-9]+}}, {{[0-9]+}}], unroll = 2, cycles = {{[0-9]+}}>, #ingot.candidate<family = contraction, tile
// There is nothing to choose for a map.
// CHECK: plan <family = map
// CHECK-NOT: ingot.rejected
// AVX2: plan <family = contraction, tile = [{{[1-6]}}, 16], unroll = 1
// NAMED: plan <family = contraction, tile = [6, 32], unroll = 4, lanes = 16, units = 528,
// NUMBERED: plan <family = contraction, tile = [8, 16], unroll = 2, lanes = 16, units = 768,
func.func @main(%x: tensor<128x768xf32>, %w: tensor<48x768x16xf32>) -> tensor<128x768xf32> {
  %y = ingot.region ins(%x, %w) : (tensor<128x768xf32>, tensor<48x768x16xf32>) -> tensor<128x768xf32> {
  ^bb0(%a: tensor<128x768xf32>, %b: tensor<48x768x16xf32>):
    %c = ingot.packed_matmul %a, %b : tensor<128x768xf32>, tensor<48x768x16xf32> -> tensor<128x768xf32>
    ingot.yield %c : tensor<128x768xf32>
  } loc("dense")
  %z = ingot.region ins(%y) : (tensor<128x768xf32>) -> tensor<128x768xf32> {
  ^bb0(%a: tensor<128x768xf32>):
    %c = ingot.unary relu %a : tensor<128x768xf32> -> tensor<128x768xf32>
    ingot.yield %c : tensor<128x768xf32>
  } loc("act")
  return %z : tensor<128x768xf32>
}

// Regions that compute the same have the same key, whatever their nodes and values are called; a forced tile finds them by it, and more of the next best
// tiles can be kept. A key that no region has is no error: it may come from another compilation.
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam{keys=true keep=5}))' | FileCheck %s
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam{keys=true force=#0123456789abcdef:1x16}))' | FileCheck %s --check-prefix=OTHER
// RUN: bash -c 'KEY=$(ingot-opt %s --pass-pipeline="builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam{keys=true}))" | grep -o "#[0-9a-f]\{16\}" | head -n 1); \
// RUN:   ingot-opt %s --pass-pipeline="builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam{force=$KEY:3x32/4}))"' | FileCheck %s --check-prefix=FORCED

// CHECK: ingot.key = "[[KEY:#[0-9a-f]+]]"
// CHECK-COUNT-5: #ingot.candidate<
// CHECK: ingot.key = "[[KEY]]"
// CHECK-NOT: ingot.key = "[[KEY]]"
// CHECK: ingot.key = "#
// OTHER-NOT: tile = [1, 16]
// OTHER: ingot.key
// FORCED: tile = [3, 32], unroll = 4
// FORCED: tile = [3, 32], unroll = 4
// FORCED-NOT: tile = [3, 32], unroll = 4
func.func @main(%x: tensor<128x128xf32>, %w: tensor<8x128x16xf32>, %v: tensor<8x128x16xf32>) -> tensor<128x128xf32> {
  %y = ingot.region ins(%x, %w) : (tensor<128x128xf32>, tensor<8x128x16xf32>) -> tensor<128x128xf32> {
  ^bb0(%a: tensor<128x128xf32>, %b: tensor<8x128x16xf32>):
    %c = ingot.packed_matmul %a, %b {ingot.values = ["first"]} : tensor<128x128xf32>, tensor<8x128x16xf32> -> tensor<128x128xf32>
    ingot.yield %c : tensor<128x128xf32>
  } loc("one")
  %z = ingot.region ins(%y, %v) : (tensor<128x128xf32>, tensor<8x128x16xf32>) -> tensor<128x128xf32> {
  ^bb0(%p: tensor<128x128xf32>, %q: tensor<8x128x16xf32>):
    %r = ingot.packed_matmul %p, %q {ingot.values = ["second"]} : tensor<128x128xf32>, tensor<8x128x16xf32> -> tensor<128x128xf32>
    ingot.yield %r : tensor<128x128xf32>
  } loc("two")
  %u = ingot.region ins(%z, %v) : (tensor<128x128xf32>, tensor<8x128x16xf32>) -> tensor<128x128xf32> {
  ^bb0(%p: tensor<128x128xf32>, %q: tensor<8x128x16xf32>):
    %r = ingot.packed_matmul %p, %q : tensor<128x128xf32>, tensor<8x128x16xf32> -> tensor<128x128xf32>
    %s = ingot.unary relu %r : tensor<128x128xf32> -> tensor<128x128xf32>
    ingot.yield %s : tensor<128x128xf32>
  } loc("three")
  return %u : tensor<128x128xf32>
}

// A forced tile may say when weights are fetched: `ingot-schedule-loads` leaves that as it is, keeps nothing beside it, and decides for the others.
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam{force=one:8x32/2@3+5,two:8x32@0+0},ingot-schedule-loads{others=true}))' | FileCheck %s
// RUN: not ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam{force=one:8x32/2@3+4097}))' 2>&1 | FileCheck %s --check-prefix=FAR
// RUN: not ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam{force=one:8x32/2@-1+0}))' 2>&1 | FileCheck %s --check-prefix=LESS
// RUN: not ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam{force=one:8x32/2@3}))' 2>&1 | FileCheck %s --check-prefix=TEXT
// RUN: not ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam{force=act:3072@0+8}))' 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam{force=act:3072@0+0}))' | FileCheck %s --check-prefix=NOTHING

// FAR: error: {{.*}}'ingot.region' op cannot fetch its weights as 3+4097: write tiles, and 0 to 4096 steps
// LESS: error: {{.*}}cannot fetch its weights as -1+0
// TEXT: error: ingot-unroll-and-jam: 'one:8x32/2@3' is no forced tile
// NONE: error: {{.*}}cannot fetch its weights as 0+8: it has none
// NOTHING: family = map
func.func @main(%x: tensor<128x768xf32>, %w: tensor<48x768x16xf32>) -> tensor<128x768xf32> {
  // CHECK: tile = [8, 32], unroll = 2
  // CHECK-SAME: ingot.loads = array<i64: 3, 5>
  // CHECK-NOT: ingot.other_loads
  %1 = ingot.region ins(%x, %w) : (tensor<128x768xf32>, tensor<48x768x16xf32>) -> tensor<128x768xf32> {
  ^bb0(%a: tensor<128x768xf32>, %b: tensor<48x768x16xf32>):
    %c = ingot.packed_matmul %a, %b : tensor<128x768xf32>, tensor<48x768x16xf32> -> tensor<128x768xf32>
    ingot.yield %c : tensor<128x768xf32>
  } loc("one")
  // CHECK: tile = [8, 32]
  // CHECK-SAME: ingot.loads = array<i64: 0, 0>
  // CHECK-NOT: ingot.other_loads
  %2 = ingot.region ins(%1, %w) : (tensor<128x768xf32>, tensor<48x768x16xf32>) -> tensor<128x768xf32> {
  ^bb0(%a: tensor<128x768xf32>, %b: tensor<48x768x16xf32>):
    %c = ingot.packed_matmul %a, %b : tensor<128x768xf32>, tensor<48x768x16xf32> -> tensor<128x768xf32>
    ingot.yield %c : tensor<128x768xf32>
  } loc("two")
  // CHECK: ingot.other_loads
  %3 = ingot.region ins(%2, %w) : (tensor<128x768xf32>, tensor<48x768x16xf32>) -> tensor<128x768xf32> {
  ^bb0(%a: tensor<128x768xf32>, %b: tensor<48x768x16xf32>):
    %c = ingot.packed_matmul %a, %b : tensor<128x768xf32>, tensor<48x768x16xf32> -> tensor<128x768xf32>
    ingot.yield %c : tensor<128x768xf32>
  } loc("three")
  %y = ingot.region ins(%3) : (tensor<128x768xf32>) -> tensor<128x768xf32> {
  ^bb0(%a: tensor<128x768xf32>):
    %c = ingot.unary relu %a : tensor<128x768xf32> -> tensor<128x768xf32>
    ingot.yield %c : tensor<128x768xf32>
  } loc("act")
  return %y : tensor<128x768xf32>
}

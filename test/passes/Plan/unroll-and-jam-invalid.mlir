// A tile or a factor that would give slow or wrong code is refused, with the reason.
// RUN: not ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam{force=dense:16x64}))' 2>&1 | FileCheck %s --check-prefix=REGISTERS
// RUN: not ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam{force=dense:6x24}))' 2>&1 | FileCheck %s --check-prefix=COLUMNS
// RUN: not ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam{force=dense:6}))' 2>&1 | FileCheck %s --check-prefix=RANK
// RUN: not ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam{force=dense:6x32/64}))' 2>&1 | FileCheck %s --check-prefix=FACTOR
// RUN: not ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam{force=dense:1x16/3/2}))' 2>&1 | FileCheck %s --check-prefix=TEXT
// RUN: not ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam{force=dense}))' 2>&1 | FileCheck %s --check-prefix=TEXT2
// RUN: not ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam{force=nothing:6x32}))' 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: not ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam{force=act:7}))' 2>&1 | FileCheck %s --check-prefix=MAP
// RUN: not ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam{force=dense:6x32/0}))' 2>&1 | FileCheck %s --check-prefix=ZERO

// REGISTERS: error: {{.*}}'ingot.region' op cannot have the tile [16, 64]: it needs more registers than there are
// COLUMNS: error: {{.*}}'ingot.region' op cannot have the tile [6, 24]: it must have 2 sizes, the last of them columns in multiples of 16
// RANK: error: {{.*}}'ingot.region' op cannot have the tile [6]: it must have 2 sizes
// FACTOR: error: {{.*}}'ingot.region' op cannot be unrolled 64 times with this tile: the registers last for 1 to 8
// ZERO: error: {{.*}}'ingot.region' op cannot be unrolled 0 times
// TEXT: error: ingot-unroll-and-jam: 'dense:1x16/3/2' is no forced tile
// TEXT2: error: ingot-unroll-and-jam: 'dense' is no forced tile
// NAME: error: ingot-unroll-and-jam: no planned region has the name or number 'nothing'
// MAP: error: {{.*}}'ingot.region' op cannot have the tile [7]: it is not one that the family 'map' offers for this region
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

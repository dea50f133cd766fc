// Operations (two for a multiply-add), bytes that have to move, and cycles: bound by arithmetic, or by what the memory gives.
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam,ingot-estimate-costs))' | FileCheck %s
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-estimate-costs))' | FileCheck %s --check-prefix=UNPLANNED

// 128 * 768 * 768 multiply-adds at 16 a cycle are 4.7 million cycles.
// CHECK: ingot.cost = #ingot.cost<flops = 150994944, read = 2752512, written = 393216, cycles = 4{{[789][0-9][0-9][0-9][0-9][0-9]}}>
// CHECK: ingot.cost = #ingot.cost<flops = 98304, read = 393216, written = 393216, cycles = {{[0-9]+}}>
// A table gives what is taken out of it, and symbols count as 64.
// CHECK-LABEL: @take
// CHECK: ingot.cost = #ingot.cost<flops = 0, read = 66048, written = 65536, cycles = {{[0-9]+}}>
// UNPLANNED-NOT: ingot.cost
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

func.func @take(%table: tensor<30000x256xf32>, %i: tensor<?xi64, #ingot.dims<()[s] -> (s)>>) -> tensor<?x256xf32, #ingot.dims<()[s] -> (s, 256)>>
    attributes {ingot.symbols = ["n"], ingot.ranges = [array<i64: 1, 512>]} {
  %y = ingot.region ins(%table, %i) : (tensor<30000x256xf32>, tensor<?xi64, #ingot.dims<()[s] -> (s)>>) -> tensor<?x256xf32, #ingot.dims<()[s] -> (s, 256)>> {
  ^bb0(%a: tensor<30000x256xf32>, %b: tensor<?xi64, #ingot.dims<()[s] -> (s)>>):
    %c = ingot.gather %a, %b axis 0 : tensor<30000x256xf32>, tensor<?xi64, #ingot.dims<()[s] -> (s)>> -> tensor<?x256xf32, #ingot.dims<()[s] -> (s, 256)>>
    ingot.yield %c : tensor<?x256xf32, #ingot.dims<()[s] -> (s, 256)>>
  }
  return %y : tensor<?x256xf32, #ingot.dims<()[s] -> (s, 256)>>
}

// RUN: ingot-opt %s -pass-pipeline='builtin.module(func.func(ingot-fix-dims{sizes=-1,64}))' -split-input-file -verify-diagnostics | FileCheck %s

// The second symbol becomes 64 in all types and bounds, the first stays.
// CHECK: #[[$DERIVED:.*]] = affine_map<()[s0, s1] -> (s1 * 2)>
// CHECK-LABEL: @two
// CHECK-SAME: (%{{.*}}: tensor<?x64xf32, #ingot.dims<()[s0] -> (s0, 64)>>) -> tensor<?x128xf32, #ingot.dims<()[s0] -> (s0, 128)>>
// CHECK-SAME: ingot.derived = #[[$DERIVED]]
// CHECK: ingot.slice %{{.*}} [0] [63] [1] : tensor<512xf32> -> tensor<63xf32>
// CHECK: ingot.region {{.*}} : (tensor<?x64xf32, #ingot.dims<()[s0] -> (s0, 64)>>)
// CHECK: ^bb0(%{{.*}}: tensor<?x64xf32, #ingot.dims<()[s0] -> (s0, 64)>>)
func.func @two(%x: tensor<?x?xf32, #ingot.dims<()[s0, s1] -> (s0, s1)>>) -> tensor<?x?xf32, #ingot.dims<()[s0, s1] -> (s0, s1 * 2)>>
    attributes {ingot.symbols = ["n", "width"], ingot.ranges = [array<i64: 1, 8>, array<i64: 1, 512>]} {
  %table = ingot.constant #ingot.weight<5, "table"> : tensor<512xf32>
  %part = ingot.slice %table [0] [-9223372036854775808] [1] bounds affine_map<()[s0, s1] -> (0, s1 - 1)>
    : tensor<512xf32> -> tensor<?xf32, #ingot.dims<()[s0, s1] -> (s1 - 1)>>
  %0 = ingot.region ins(%x) : (tensor<?x?xf32, #ingot.dims<()[s0, s1] -> (s0, s1)>>) -> tensor<?x?xf32, #ingot.dims<()[s0, s1] -> (s0, s1 * 2)>> {
  ^bb0(%a: tensor<?x?xf32, #ingot.dims<()[s0, s1] -> (s0, s1)>>):
    %1 = ingot.concat %a, %a axis 1 : (tensor<?x?xf32, #ingot.dims<()[s0, s1] -> (s0, s1)>>, tensor<?x?xf32, #ingot.dims<()[s0, s1] -> (s0, s1)>>)
      -> tensor<?x?xf32, #ingot.dims<()[s0, s1] -> (s0, s1 * 2)>>
    ingot.yield %1 : tensor<?x?xf32, #ingot.dims<()[s0, s1] -> (s0, s1 * 2)>>
  }
  return %0 : tensor<?x?xf32, #ingot.dims<()[s0, s1] -> (s0, s1 * 2)>>
}

// -----

// A slice of some columns takes all rows.
// CHECK-LABEL: @rows
// CHECK: ingot.slice %{{.*}} [0, 2] [64, 3] [1, 1] : tensor<64x8xf32> -> tensor<64x3xf32>
// CHECK: ingot.slice %{{.*}} [0, 2] [-9223372036854775808, 3] [1, 1] : tensor<?x8xf32, #{{.*}}> -> tensor<?x3xf32, #{{.*}}>
func.func @rows(%x: tensor<?x8xf32, #ingot.dims<()[s0, s1] -> (s1, 8)>>, %y: tensor<?x8xf32, #ingot.dims<()[s0] -> (s0, 8)>>)
    -> (tensor<?x3xf32, #ingot.dims<()[s0, s1] -> (s1, 3)>>, tensor<?x3xf32, #ingot.dims<()[s0] -> (s0, 3)>>)
    attributes {ingot.symbols = ["n", "width"], ingot.ranges = [array<i64: 1, 8>, array<i64: 1, 512>]} {
  %0 = ingot.slice %x [0, 2] [-9223372036854775808, 3] [1, 1]
    : tensor<?x8xf32, #ingot.dims<()[s0, s1] -> (s1, 8)>> -> tensor<?x3xf32, #ingot.dims<()[s0, s1] -> (s1, 3)>>
  %1 = ingot.slice %y [0, 2] [-9223372036854775808, 3] [1, 1]
    : tensor<?x8xf32, #ingot.dims<()[s0] -> (s0, 8)>> -> tensor<?x3xf32, #ingot.dims<()[s0] -> (s0, 3)>>
  return %0, %1 : tensor<?x3xf32, #ingot.dims<()[s0, s1] -> (s1, 3)>>, tensor<?x3xf32, #ingot.dims<()[s0] -> (s0, 3)>>
}

// -----

// A model without symbols has nothing to fix.
// CHECK-LABEL: @none
// CHECK-NOT: ingot.derived
func.func @none(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}

// -----

// expected-error @+1 {{has 1 symbols, but sizes are given for 2}}
func.func @one(%x: tensor<?xf32, #ingot.dims<()[s0] -> (s0)>>) -> tensor<?xf32, #ingot.dims<()[s0] -> (s0)>>
    attributes {ingot.symbols = ["n"], ingot.ranges = [array<i64: 1, 8>]} {
  return %x : tensor<?xf32, #ingot.dims<()[s0] -> (s0)>>
}

// RUN: ingot-opt %s -ingot-merge-contractions | FileCheck %s

// Queries, keys and values are slices of one product; a bias that is missing is 0.
// CHECK-LABEL: @projections(
// CHECK-SAME: %[[X:.*]]: tensor<1x5x8xf32>
// CHECK: %[[W:.*]] = ingot.concat %{{.*}}, %{{.*}}, %{{.*}} axis 1 : (tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x12xf32>) -> tensor<8x28xf32>
// CHECK: %[[P:.*]] = ingot.matmul %[[X]], %[[W]] : tensor<1x5x8xf32>, tensor<8x28xf32> -> tensor<1x5x28xf32>
// CHECK: %[[ZERO:.*]] = ingot.constant dense<0.000000e+00> : tensor<8xf32>
// CHECK: %[[ROW:.*]] = ingot.broadcast %{{.*}} : tensor<1xf32> -> tensor<12xf32>
// CHECK: %[[B:.*]] = ingot.concat %{{.*}}, %[[ZERO]], %[[ROW]] axis 0
// CHECK: %[[Y:.*]] = ingot.binary add %[[P]], %[[B]]
// CHECK: %[[Q:.*]] = ingot.slice %[[Y]] [0, 0, 0] [1, 5, 8] [1, 1, 1] {ingot.values = ["q"]}
// CHECK: %[[K:.*]] = ingot.slice %[[Y]] [0, 0, 8] [1, 5, 8] [1, 1, 1]
// CHECK: %[[V:.*]] = ingot.slice %[[Y]] [0, 0, 16] [1, 5, 12] [1, 1, 1]
// CHECK: ingot.reshape %[[Q]]
// CHECK-NOT: ingot.matmul
func.func @projections(%x: tensor<1x5x8xf32>) -> tensor<1x5x2x6xf32> {
  %wq = ingot.constant #ingot.weight<0, "wq"> : tensor<8x8xf32>
  %q0 = ingot.matmul %x, %wq : tensor<1x5x8xf32>, tensor<8x8xf32> -> tensor<1x5x8xf32>
  %bq = ingot.constant #ingot.weight<1, "bq"> : tensor<8xf32>
  %q1 = ingot.binary add %bq, %q0 {ingot.values = ["q"]} : tensor<8xf32>, tensor<1x5x8xf32> -> tensor<1x5x8xf32>
  %q = ingot.reshape %q1 : tensor<1x5x8xf32> -> tensor<1x5x2x4xf32>
  %wk = ingot.constant #ingot.weight<2, "wk"> : tensor<8x8xf32>
  %k0 = ingot.matmul %x, %wk : tensor<1x5x8xf32>, tensor<8x8xf32> -> tensor<1x5x8xf32>
  %k = ingot.reshape %k0 : tensor<1x5x8xf32> -> tensor<1x5x2x4xf32>
  %wv = ingot.constant #ingot.weight<3, "wv"> : tensor<8x12xf32>
  %v0 = ingot.matmul %x, %wv : tensor<1x5x8xf32>, tensor<8x12xf32> -> tensor<1x5x12xf32>
  %bv = ingot.constant #ingot.weight<4, "bv"> : tensor<1xf32>
  %v1 = ingot.binary add %v0, %bv : tensor<1x5x12xf32>, tensor<1xf32> -> tensor<1x5x12xf32>
  %v = ingot.reshape %v1 : tensor<1x5x12xf32> -> tensor<1x5x2x6xf32>
  %y = ingot.attention %q, %k, %v scale 0.5 : (tensor<1x5x2x4xf32>, tensor<1x5x2x4xf32>, tensor<1x5x2x6xf32>) -> tensor<1x5x2x6xf32>
  return %y : tensor<1x5x2x6xf32>
}

// Symbolic rows, transposed weights that the model has in halves, and two projections: queries come from elsewhere.
// CHECK-LABEL: @halves(
// CHECK: %[[W:.*]] = ingot.concat %{{.*}}, %{{.*}} axis 0 : (tensor<8x8xf16>, tensor<8x8xf16>) -> tensor<16x8xf16>
// CHECK: %[[F:.*]] = ingot.cast %[[W]] to f32 : tensor<16x8xf16> -> tensor<16x8xf32>
// CHECK: %[[P:.*]] = ingot.matmul %{{.*}}, %[[F]] {transpose_rhs}
// CHECK-NOT: ingot.binary
// CHECK: ingot.slice %[[P]] [0, 0, 0] [1, -9223372036854775808, 8] [1, 1, 1] : {{.*}} -> tensor<1x?x8xf32, #ingot.dims<()[s0] -> (1, s0, 8)>>
// CHECK: ingot.slice %[[P]] [0, 0, 8]
func.func @halves(%q: tensor<1x4x2x4xf32>, %x: tensor<1x?x8xf32, #ingot.dims<()[s0] -> (1, s0, 8)>>) -> tensor<1x4x2x4xf32>
    attributes {ingot.symbols = ["s"], ingot.ranges = [1, 512]} {
  %wk16 = ingot.constant #ingot.weight<0, "wk"> : tensor<8x8xf16>
  %wk = ingot.cast %wk16 to f32 : tensor<8x8xf16> -> tensor<8x8xf32>
  %wv16 = ingot.constant #ingot.weight<1, "wv"> : tensor<8x8xf16>
  %wv = ingot.cast %wv16 to f32 : tensor<8x8xf16> -> tensor<8x8xf32>
  %k0 = ingot.matmul %x, %wk {transpose_rhs} : tensor<1x?x8xf32, #ingot.dims<()[s0] -> (1, s0, 8)>>, tensor<8x8xf32> -> tensor<1x?x8xf32, #ingot.dims<()[s0] -> (1, s0, 8)>>
  %v0 = ingot.matmul %x, %wv {transpose_rhs} : tensor<1x?x8xf32, #ingot.dims<()[s0] -> (1, s0, 8)>>, tensor<8x8xf32> -> tensor<1x?x8xf32, #ingot.dims<()[s0] -> (1, s0, 8)>>
  %k = ingot.reshape %k0 : tensor<1x?x8xf32, #ingot.dims<()[s0] -> (1, s0, 8)>> -> tensor<1x?x2x4xf32, #ingot.dims<()[s0] -> (1, s0, 2, 4)>>
  %v = ingot.reshape %v0 : tensor<1x?x8xf32, #ingot.dims<()[s0] -> (1, s0, 8)>> -> tensor<1x?x2x4xf32, #ingot.dims<()[s0] -> (1, s0, 2, 4)>>
  %y = ingot.attention %q, %k, %v scale 0.5 : (tensor<1x4x2x4xf32>, tensor<1x?x2x4xf32, #ingot.dims<()[s0] -> (1, s0, 2, 4)>>, tensor<1x?x2x4xf32, #ingot.dims<()[s0] -> (1, s0, 2, 4)>>) -> tensor<1x4x2x4xf32>
  return %y : tensor<1x4x2x4xf32>
}

// What a caller gets, and what something behind the product computes with, stays.
// CHECK-LABEL: @other_readers(
// CHECK-COUNT-3: ingot.matmul
// CHECK-NOT: ingot.slice
func.func @other_readers(%x: tensor<1x5x8xf32>) -> (tensor<1x5x2x4xf32>, tensor<1x5x2x4xf32>) {
  %wq = ingot.constant #ingot.weight<0, "wq"> : tensor<8x8xf32>
  %wk = ingot.constant #ingot.weight<1, "wk"> : tensor<8x8xf32>
  %wv = ingot.constant #ingot.weight<2, "wv"> : tensor<8x8xf32>
  %q0 = ingot.matmul %x, %wq : tensor<1x5x8xf32>, tensor<8x8xf32> -> tensor<1x5x8xf32>
  %k0 = ingot.matmul %x, %wk : tensor<1x5x8xf32>, tensor<8x8xf32> -> tensor<1x5x8xf32>
  %v0 = ingot.matmul %x, %wv : tensor<1x5x8xf32>, tensor<8x8xf32> -> tensor<1x5x8xf32>
  %v1 = ingot.unary relu %v0 : tensor<1x5x8xf32> -> tensor<1x5x8xf32>
  %q = ingot.reshape %q0 : tensor<1x5x8xf32> -> tensor<1x5x2x4xf32>
  %k = ingot.reshape %k0 : tensor<1x5x8xf32> -> tensor<1x5x2x4xf32>
  %v = ingot.reshape %v1 : tensor<1x5x8xf32> -> tensor<1x5x2x4xf32>
  %y = ingot.attention %q, %k, %v scale 0.5 : (tensor<1x5x2x4xf32>, tensor<1x5x2x4xf32>, tensor<1x5x2x4xf32>) -> tensor<1x5x2x4xf32>
  return %y, %k : tensor<1x5x2x4xf32>, tensor<1x5x2x4xf32>
}

// A reshape that joins what is no neighbour in a wider row would be a copy.
// CHECK-LABEL: @joined_rows(
// CHECK-COUNT-2: ingot.matmul
// CHECK-NOT: ingot.slice
func.func @joined_rows(%q: tensor<1x4x1x16xf32>, %x: tensor<1x6x8xf32>) -> tensor<1x4x1x16xf32> {
  %wk = ingot.constant #ingot.weight<0, "wk"> : tensor<8x8xf32>
  %wv = ingot.constant #ingot.weight<1, "wv"> : tensor<8x8xf32>
  %k0 = ingot.matmul %x, %wk : tensor<1x6x8xf32>, tensor<8x8xf32> -> tensor<1x6x8xf32>
  %v0 = ingot.matmul %x, %wv : tensor<1x6x8xf32>, tensor<8x8xf32> -> tensor<1x6x8xf32>
  %k = ingot.reshape %k0 : tensor<1x6x8xf32> -> tensor<1x3x1x16xf32>
  %v = ingot.reshape %v0 : tensor<1x6x8xf32> -> tensor<1x3x1x16xf32>
  %y = ingot.attention %q, %k, %v scale 0.5 : (tensor<1x4x1x16xf32>, tensor<1x3x1x16xf32>, tensor<1x3x1x16xf32>) -> tensor<1x4x1x16xf32>
  return %y : tensor<1x4x1x16xf32>
}

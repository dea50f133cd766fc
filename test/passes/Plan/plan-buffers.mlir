// The contract of buffers: inputs, outputs, arena and weights are arguments; what is alive at once does not overlap.
// RUN: ingot-opt %s -ingot-choose-kernels=plain=true -ingot-plan-buffers -ingot-verify-plan -split-input-file | FileCheck %s

// The result of a dead region gives its place to a later one: three values, two places of 4096 bytes.
// CHECK: ingot.weight_layout = [{offset = 0 : i64, value = #ingot.weight<5, "bias"> : tensor<1024xf32>}]
// CHECK-LABEL: @chain
// CHECK-SAME: (%[[X:[a-z0-9]+]]: memref<1024xf32> {ingot.name = "x"}, %[[Y:[a-z0-9]+]]: memref<1024xf32> {ingot.name = "y"}
// CHECK-SAME: %[[ARENA:[a-z0-9]+]]: memref<8192xi8> {ingot.arena}, %[[WEIGHTS:[a-z0-9]+]]: memref<4096xi8> {ingot.weights})
// CHECK-SAME: ingot.input_count = 1 : i64
// CHECK-SAME: ingot.output_count = 1 : i64
func.func @chain(%x: tensor<1024xf32> {ingot.name = "x"}) -> (tensor<1024xf32> {ingot.name = "y"}) {
  %bias = ingot.constant #ingot.weight<5, "bias"> : tensor<1024xf32>
  // CHECK: memref.view %[[WEIGHTS]]
  // CHECK: memref.view %[[ARENA]]
  // CHECK: ingot.region ins(%[[X]], %{{.*}}) outs(%{{.*}}) plan
  %0 = ingot.region ins(%x, %bias) : (tensor<1024xf32>, tensor<1024xf32>) -> tensor<1024xf32> {
  ^bb0(%a: tensor<1024xf32>, %b: tensor<1024xf32>):
    %1 = ingot.norm softmax %a axes [0] : tensor<1024xf32> -> tensor<1024xf32>
    ingot.yield %1 : tensor<1024xf32>
  }
  %2 = ingot.region ins(%0) : (tensor<1024xf32>) -> tensor<1024xf32> {
  ^bb0(%a: tensor<1024xf32>):
    %1 = ingot.norm softmax %a axes [0] : tensor<1024xf32> -> tensor<1024xf32>
    ingot.yield %1 : tensor<1024xf32>
  }
  %3 = ingot.region ins(%2) : (tensor<1024xf32>) -> tensor<1024xf32> {
  ^bb0(%a: tensor<1024xf32>):
    %1 = ingot.norm softmax %a axes [0] : tensor<1024xf32> -> tensor<1024xf32>
    ingot.yield %1 : tensor<1024xf32>
  }
  // CHECK: ingot.region ins(%{{.*}}) outs(%[[Y]]) plan
  %4 = ingot.region ins(%3) : (tensor<1024xf32>) -> tensor<1024xf32> {
  ^bb0(%a: tensor<1024xf32>):
    %1 = ingot.norm softmax %a axes [0] : tensor<1024xf32> -> tensor<1024xf32>
    ingot.yield %1 : tensor<1024xf32>
  }
  return %4 : tensor<1024xf32>
}

// -----

// i1 lies in bytes.
// CHECK-LABEL: @storage
// CHECK-SAME: memref<8xi8>
func.func @storage(%x: tensor<8xf32>) -> tensor<8xi1> {
  %0 = ingot.region ins(%x) : (tensor<8xf32>) -> tensor<8xi1> {
  ^bb0(%a: tensor<8xf32>):
    %1 = ingot.unary is_nan %a : tensor<8xf32> -> tensor<8xi1>
    ingot.yield %1 : tensor<8xi1>
  }
  return %0 : tensor<8xi1>
}

// -----

// Padded buffers that are alike take turns in two places: of four borders (4 sides each), two are filled.
// CHECK-LABEL: @borders
// CHECK-COUNT-8: ingot.constant
// CHECK-NOT: ingot.constant
// CHECK: return
func.func @borders(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %0 = ingot.region ins(%x) : (tensor<4x4xf32>) -> tensor<4x4xf32> {
  ^bb0(%a: tensor<4x4xf32>):
    %9 = ingot.unary relu %a : tensor<4x4xf32> -> tensor<4x4xf32>
    ingot.yield %9 : tensor<4x4xf32>
  }
  %1 = ingot.pad constant %0 low [1, 1] high [1, 1] value dense<0.0> : tensor<f32> : tensor<4x4xf32> -> tensor<6x6xf32>
  %2 = ingot.region ins(%1) : (tensor<6x6xf32>) -> tensor<4x4xf32> {
  ^bb0(%a: tensor<6x6xf32>):
    %9 = ingot.slice %a [1, 1] [4, 4] [1, 1] : tensor<6x6xf32> -> tensor<4x4xf32>
    ingot.yield %9 : tensor<4x4xf32>
  }
  %3 = ingot.pad constant %2 low [1, 1] high [1, 1] value dense<0.0> : tensor<f32> : tensor<4x4xf32> -> tensor<6x6xf32>
  %4 = ingot.region ins(%3) : (tensor<6x6xf32>) -> tensor<4x4xf32> {
  ^bb0(%a: tensor<6x6xf32>):
    %9 = ingot.slice %a [0, 1] [4, 4] [1, 1] : tensor<6x6xf32> -> tensor<4x4xf32>
    ingot.yield %9 : tensor<4x4xf32>
  }
  %5 = ingot.pad constant %4 low [1, 1] high [1, 1] value dense<0.0> : tensor<f32> : tensor<4x4xf32> -> tensor<6x6xf32>
  %6 = ingot.region ins(%5) : (tensor<6x6xf32>) -> tensor<4x4xf32> {
  ^bb0(%a: tensor<6x6xf32>):
    %9 = ingot.slice %a [1, 2] [4, 4] [1, 1] : tensor<6x6xf32> -> tensor<4x4xf32>
    ingot.yield %9 : tensor<4x4xf32>
  }
  %7 = ingot.pad constant %6 low [1, 1] high [1, 1] value dense<0.0> : tensor<f32> : tensor<4x4xf32> -> tensor<6x6xf32>
  %8 = ingot.region ins(%7) : (tensor<6x6xf32>) -> tensor<4x4xf32> {
  ^bb0(%a: tensor<6x6xf32>):
    %9 = ingot.slice %a [2, 1] [4, 4] [1, 1] : tensor<6x6xf32> -> tensor<4x4xf32>
    ingot.yield %9 : tensor<4x4xf32>
  }
  return %8 : tensor<4x4xf32>
}

// -----

// Who computes rows fills what lies beside them: the side before all rows is thread 0's, the one behind them the last thread's (one unit that is
// shared), the other two are divided as the rows are.
// CHECK-LABEL: @sides
// CHECK: plan <family = map, {{.*}}units = 1, parallel = false>
// CHECK: plan <family = map, {{.*}}units = 1, parallel = true>
// CHECK-COUNT-2: plan <family = map, {{.*}}units = 4, parallel = true>
func.func @sides(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %0 = ingot.region ins(%x) : (tensor<4x4xf32>) -> tensor<4x4xf32> {
  ^bb0(%a: tensor<4x4xf32>):
    %9 = ingot.unary relu %a : tensor<4x4xf32> -> tensor<4x4xf32>
    ingot.yield %9 : tensor<4x4xf32>
  }
  %1 = ingot.pad constant %0 low [1, 1] high [1, 1] value dense<0.0> : tensor<f32> : tensor<4x4xf32> -> tensor<6x6xf32>
  %2 = ingot.region ins(%1) : (tensor<6x6xf32>) -> tensor<4x4xf32> {
  ^bb0(%a: tensor<6x6xf32>):
    %9 = ingot.slice %a [1, 1] [4, 4] [1, 1] : tensor<6x6xf32> -> tensor<4x4xf32>
    ingot.yield %9 : tensor<4x4xf32>
  }
  return %2 : tensor<4x4xf32>
}

// -----

// Another value in the border: another place.
// CHECK-LABEL: @other_borders
// CHECK-COUNT-2: ingot.constant dense<0.0
// CHECK-COUNT-2: ingot.constant dense<1.0
// CHECK-NOT: ingot.constant
// CHECK: return
func.func @other_borders(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = ingot.region ins(%x) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %9 = ingot.unary relu %a : tensor<4xf32> -> tensor<4xf32>
    ingot.yield %9 : tensor<4xf32>
  }
  %1 = ingot.pad constant %0 low [1] high [1] value dense<0.0> : tensor<f32> : tensor<4xf32> -> tensor<6xf32>
  %2 = ingot.region ins(%1) : (tensor<6xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<6xf32>):
    %9 = ingot.slice %a [1] [4] [1] : tensor<6xf32> -> tensor<4xf32>
    ingot.yield %9 : tensor<4xf32>
  }
  %3 = ingot.pad constant %2 low [1] high [1] value dense<1.0> : tensor<f32> : tensor<4xf32> -> tensor<6xf32>
  %4 = ingot.region ins(%3) : (tensor<6xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<6xf32>):
    %9 = ingot.slice %a [0] [4] [1] : tensor<6xf32> -> tensor<4xf32>
    ingot.yield %9 : tensor<4xf32>
  }
  %5 = ingot.pad constant %4 low [1] high [1] value dense<0.0> : tensor<f32> : tensor<4xf32> -> tensor<6xf32>
  %6 = ingot.region ins(%5) : (tensor<6xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<6xf32>):
    %9 = ingot.slice %a [2] [4] [1] : tensor<6xf32> -> tensor<4xf32>
    ingot.yield %9 : tensor<4xf32>
  }
  return %6 : tensor<4xf32>
}

// -----

// Symbolic dims: places in the arena are computed by a function of their own, the largest sizes bound what the types say, and a relation that does not
// hold is told by its number.
// CHECK-LABEL: @symbolic
// CHECK-SAME: %{{[a-z0-9]+}}: memref<4096xi8> {ingot.name = "x"}, %{{[a-z0-9]+}}: memref<8192xi8>
// CHECK-SAME: memref<3xi64> {ingot.values}
// CHECK-SAME: ingot.peak = ["16*n + 63"]
// CHECK: ingot.region {{.*}} strides [#{{.*}}, #{{.*}}] : (memref<1024xf32>, memref<1024xf32>)
// CHECK: func.func @symbolic_prepare(%[[SLOTS:.*]]: memref<3xi64>) -> i64 attributes {ingot.prepares = @symbolic}
// CHECK: memref.store %{{.*}}, %[[SLOTS]]
// CHECK: %[[BROKEN:.*]] = arith.constant -1 : index
// CHECK: arith.select %{{.*}}, %{{.*}}, %[[BROKEN]]
func.func @symbolic(%x: tensor<?x4xf32, #ingot.dims<()[s0] -> (s0, 4)>> {ingot.name = "x"})
    -> tensor<?x4xf32, #ingot.dims<()[s0] -> (s0 * 2, 4)>>
    attributes {ingot.symbols = ["n"], ingot.ranges = [array<i64: 1, 256>],
                ingot.relations = [[affine_map<()[s0] -> (s0, (s0 floordiv 2) * 2)>, "node"]]} {
  %0 = ingot.region ins(%x) : (tensor<?x4xf32, #ingot.dims<()[s0] -> (s0, 4)>>) -> tensor<?x4xf32, #ingot.dims<()[s0] -> (s0, 4)>> {
  ^bb0(%a: tensor<?x4xf32, #ingot.dims<()[s0] -> (s0, 4)>>):
    %9 = ingot.unary relu %a : tensor<?x4xf32, #ingot.dims<()[s0] -> (s0, 4)>> -> tensor<?x4xf32, #ingot.dims<()[s0] -> (s0, 4)>>
    ingot.yield %9 : tensor<?x4xf32, #ingot.dims<()[s0] -> (s0, 4)>>
  }
  %1 = ingot.region ins(%0) : (tensor<?x4xf32, #ingot.dims<()[s0] -> (s0, 4)>>) -> tensor<?x4xf32, #ingot.dims<()[s0] -> (s0 * 2, 4)>> {
  ^bb0(%a: tensor<?x4xf32, #ingot.dims<()[s0] -> (s0, 4)>>):
    %9 = ingot.concat %a, %a axis 0 : (tensor<?x4xf32, #ingot.dims<()[s0] -> (s0, 4)>>, tensor<?x4xf32, #ingot.dims<()[s0] -> (s0, 4)>>) -> tensor<?x4xf32, #ingot.dims<()[s0] -> (s0 * 2, 4)>>
    ingot.yield %9 : tensor<?x4xf32, #ingot.dims<()[s0] -> (s0 * 2, 4)>>
  }
  return %1 : tensor<?x4xf32, #ingot.dims<()[s0] -> (s0 * 2, 4)>>
}

// -----

// A prologue reads whole rows, again for other columns: its input keeps its place. An epilogue's input may still be written over.
// CHECK-LABEL: @prologue
// CHECK-SAME: memref<2048xi8> {ingot.arena}
// CHECK: ingot.packed_matmul
func.func @prologue(%x: tensor<16x16xf32>, %y: tensor<16x16xf32>) -> tensor<16x16xf32> {
  %w = ingot.constant #ingot.weight<5, "w"> : tensor<1x16x16xf32>
  %0 = ingot.region ins(%x) : (tensor<16x16xf32>) -> tensor<16x16xf32> {
  ^bb0(%a: tensor<16x16xf32>):
    %1 = ingot.norm softmax %a axes [1] : tensor<16x16xf32> -> tensor<16x16xf32>
    ingot.yield %1 : tensor<16x16xf32>
  }
  %2 = ingot.region ins(%y) : (tensor<16x16xf32>) -> tensor<16x16xf32> {
  ^bb0(%a: tensor<16x16xf32>):
    %1 = ingot.norm softmax %a axes [1] : tensor<16x16xf32> -> tensor<16x16xf32>
    ingot.yield %1 : tensor<16x16xf32>
  }
  %3 = ingot.region ins(%0, %w, %2) : (tensor<16x16xf32>, tensor<1x16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32> {
  ^bb0(%a: tensor<16x16xf32>, %b: tensor<1x16x16xf32>, %c: tensor<16x16xf32>):
    %1 = ingot.unary relu %a : tensor<16x16xf32> -> tensor<16x16xf32>
    %4 = ingot.packed_matmul %1, %b : tensor<16x16xf32>, tensor<1x16x16xf32> -> tensor<16x16xf32>
    %5 = ingot.binary add %4, %c : tensor<16x16xf32>, tensor<16x16xf32> -> tensor<16x16xf32>
    ingot.yield %5 : tensor<16x16xf32>
  }
  %6 = ingot.region ins(%3) : (tensor<16x16xf32>) -> tensor<16x16xf32> {
  ^bb0(%a: tensor<16x16xf32>):
    %1 = ingot.norm softmax %a axes [1] : tensor<16x16xf32> -> tensor<16x16xf32>
    ingot.yield %1 : tensor<16x16xf32>
  }
  return %6 : tensor<16x16xf32>
}

// -----

// CHECK-LABEL: @prologue_alone
// CHECK-SAME: memref<2048xi8> {ingot.arena}
func.func @prologue_alone(%x: tensor<16x16xf32>) -> tensor<16x16xf32> {
  %w = ingot.constant #ingot.weight<5, "w"> : tensor<1x16x16xf32>
  %0 = ingot.region ins(%x) : (tensor<16x16xf32>) -> tensor<16x16xf32> {
  ^bb0(%a: tensor<16x16xf32>):
    %1 = ingot.norm softmax %a axes [1] : tensor<16x16xf32> -> tensor<16x16xf32>
    ingot.yield %1 : tensor<16x16xf32>
  }
  %3 = ingot.region ins(%0, %w) : (tensor<16x16xf32>, tensor<1x16x16xf32>) -> tensor<16x16xf32> {
  ^bb0(%a: tensor<16x16xf32>, %b: tensor<1x16x16xf32>):
    %1 = ingot.unary relu %a : tensor<16x16xf32> -> tensor<16x16xf32>
    %4 = ingot.packed_matmul %1, %b : tensor<16x16xf32>, tensor<1x16x16xf32> -> tensor<16x16xf32>
    ingot.yield %4 : tensor<16x16xf32>
  }
  %6 = ingot.region ins(%3) : (tensor<16x16xf32>) -> tensor<16x16xf32> {
  ^bb0(%a: tensor<16x16xf32>):
    %1 = ingot.norm softmax %a axes [1] : tensor<16x16xf32> -> tensor<16x16xf32>
    ingot.yield %1 : tensor<16x16xf32>
  }
  return %6 : tensor<16x16xf32>
}

// -----

// The last row of an open dim: its place depends on the symbol, its shape and strides do not, so it is an ordinary buffer.
// CHECK-LABEL: func.func @last_row(
// CHECK: %[[ROW:.*]] = memref.view %{{.*}} : memref<{{[0-9]+}}xi8> to memref<1x20xf32>
// CHECK: ingot.region ins(%[[ROW]]) outs(%{{.*}})
func.func @last_row(%x: tensor<?x20xf32, #ingot.dims<()[s0] -> (s0, 20)>> {ingot.name = "x"}) -> (tensor<1x20xf32> {ingot.name = "y"})
    attributes {ingot.symbols = ["open"], ingot.ranges = [array<i64: 1, 8>], ingot.relations = []} {
  %0 = ingot.slice %x [-9223372036854775808, 0] [1, 20] [1, 1] bounds affine_map<()[s0] -> (s0 - 1, 0, 1, 20)>
    : tensor<?x20xf32, #ingot.dims<()[s0] -> (s0, 20)>> -> tensor<1x20xf32>
  %1 = ingot.region ins(%0) : (tensor<1x20xf32>) -> tensor<1x20xf32> {
  ^bb0(%a: tensor<1x20xf32>):
    %2 = ingot.unary relu %a : tensor<1x20xf32> -> tensor<1x20xf32>
    ingot.yield %2 : tensor<1x20xf32>
  }
  return %1 : tensor<1x20xf32>
}

// The contract, not the choice of what is fused: every operation ends up in one region, its meaning unchanged.
// RUN: ingot-opt %s -ingot-form-regions | FileCheck %s
// RUN: ingot-opt %s -ingot-form-regions=fuse=false | FileCheck %s --check-prefix=ALONE

// CHECK-LABEL: @epilogue
// ALONE-LABEL: @epilogue
func.func @epilogue(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>) -> tensor<4x16xf32> {
  // CHECK: %[[BIAS:.*]] = ingot.constant #ingot.weight<0, "bias">
  %bias = ingot.constant #ingot.weight<0, "bias"> : tensor<16xf32>
  // CHECK: %[[Y:.*]] = ingot.region ins(%arg0, %arg1, %[[BIAS]])
  // CHECK: ingot.matmul
  // CHECK-NEXT: ingot.binary add
  // CHECK-NEXT: ingot.unary relu
  // CHECK-NEXT: ingot.yield
  // CHECK: return %[[Y]]
  // ALONE-COUNT-3: ingot.region
  // ALONE-NOT: ingot.region
  %0 = ingot.matmul %x, %w : tensor<4x8xf32>, tensor<8x16xf32> -> tensor<4x16xf32>
  %1 = ingot.binary add %0, %bias : tensor<4x16xf32>, tensor<16xf32> -> tensor<4x16xf32>
  %2 = ingot.unary relu %1 : tensor<4x16xf32> -> tensor<4x16xf32>
  return %2 : tensor<4x16xf32>
}

// Views stay outside when regions are fused; a splat moves into the body.
// CHECK-LABEL: @view_and_splat
// ALONE-LABEL: @view_and_splat
func.func @view_and_splat(%x: tensor<4x8xf32>) -> tensor<8x4xf32> {
  %c = ingot.constant dense<2.0> : tensor<1xf32>
  // CHECK: %[[VIEW:.*]] = ingot.transpose %arg0
  // CHECK: ingot.region ins(%[[VIEW]])
  // CHECK: ingot.constant dense<2.0
  // ALONE: ingot.region ins(%arg0)
  // ALONE: ingot.transpose
  %0 = ingot.transpose %x [1, 0] : tensor<4x8xf32> -> tensor<8x4xf32>
  %1 = ingot.binary mul %0, %c : tensor<8x4xf32>, tensor<1xf32> -> tensor<8x4xf32>
  return %1 : tensor<8x4xf32>
}

// Two anchors never share a region.
// CHECK-LABEL: @two_anchors
// CHECK-COUNT-2: ingot.region
// CHECK: return
func.func @two_anchors(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>) -> tensor<4x8xf32> {
  %0 = ingot.matmul %x, %w : tensor<4x8xf32>, tensor<8x8xf32> -> tensor<4x8xf32>
  %1 = ingot.matmul %0, %w : tensor<4x8xf32>, tensor<8x8xf32> -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// What computes the left side of a product, cheaply and for it alone, becomes its prologue.
// CHECK-LABEL: @prologue
// CHECK: ingot.region
// CHECK: ingot.binary mul
// CHECK-NEXT: ingot.unary relu
// CHECK-NEXT: ingot.packed_matmul
// CHECK-NOT: ingot.region
// CHECK: return
// ALONE-LABEL: @prologue
// ALONE-COUNT-3: ingot.region
func.func @prologue(%x: tensor<40x64xf32>, %s: tensor<64xf32>, %w: tensor<2x64x16xf32>) -> tensor<40x32xf32> {
  %0 = ingot.binary mul %x, %s : tensor<40x64xf32>, tensor<64xf32> -> tensor<40x64xf32>
  %1 = ingot.unary relu %0 : tensor<40x64xf32> -> tensor<40x64xf32>
  %2 = ingot.packed_matmul %1, %w : tensor<40x64xf32>, tensor<2x64x16xf32> -> tensor<40x32xf32>
  return %2 : tensor<40x32xf32>
}

// The scale of squeeze and excite, before a 1x1 convolution.
// CHECK-LABEL: @prologue_of_pointwise
// CHECK: ingot.region
// CHECK: ingot.binary mul
// CHECK-NEXT: ingot.conv
// CHECK-NOT: ingot.region
// CHECK: return
func.func @prologue_of_pointwise(%x: tensor<1x7x7x64xf32>, %s: tensor<1x1x1x64xf32>, %w: tensor<1x2x64x16xf32>) -> tensor<1x7x7x32xf32> {
  %0 = ingot.binary mul %x, %s : tensor<1x7x7x64xf32>, tensor<1x1x1x64xf32> -> tensor<1x7x7x64xf32>
  %1 = ingot.conv %0, %w channels_last kernel [1, 1] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 32 : tensor<1x7x7x64xf32>, tensor<1x2x64x16xf32> -> tensor<1x7x7x32xf32>
  return %1 : tensor<1x7x7x32xf32>
}

// With few rows the weights cost more than any left side: however wide.
// CHECK-LABEL: @prologue_of_gemv
// CHECK: ingot.region
// CHECK: ingot.unary relu
// CHECK-NEXT: ingot.packed_matmul
func.func @prologue_of_gemv(%x: tensor<1x64xf32>, %w: tensor<100x64x16xf32>) -> tensor<1x1600xf32> {
  %0 = ingot.unary relu %x : tensor<1x64xf32> -> tensor<1x64xf32>
  %1 = ingot.packed_matmul %0, %w : tensor<1x64xf32>, tensor<100x64x16xf32> -> tensor<1x1600xf32>
  return %1 : tensor<1x1600xf32>
}

// No prologue: a second reader, a polynomial, a wide result, a left side that only a map can read, a kernel of several pixels.
// CHECK-LABEL: @no_prologue_two_readers
// CHECK-COUNT-2: ingot.region
func.func @no_prologue_two_readers(%x: tensor<40x64xf32>, %w: tensor<2x64x16xf32>) -> (tensor<40x32xf32>, tensor<40x64xf32>) {
  %0 = ingot.unary relu %x : tensor<40x64xf32> -> tensor<40x64xf32>
  %1 = ingot.packed_matmul %0, %w : tensor<40x64xf32>, tensor<2x64x16xf32> -> tensor<40x32xf32>
  return %1, %0 : tensor<40x32xf32>, tensor<40x64xf32>
}

// CHECK-LABEL: @no_prologue_polynomial
// CHECK-COUNT-2: ingot.region
func.func @no_prologue_polynomial(%x: tensor<40x64xf32>, %w: tensor<2x64x16xf32>) -> tensor<40x32xf32> {
  %0 = ingot.unary exp %x : tensor<40x64xf32> -> tensor<40x64xf32>
  %1 = ingot.packed_matmul %0, %w : tensor<40x64xf32>, tensor<2x64x16xf32> -> tensor<40x32xf32>
  return %1 : tensor<40x32xf32>
}

// CHECK-LABEL: @no_prologue_wide
// CHECK-COUNT-2: ingot.region
func.func @no_prologue_wide(%x: tensor<40x64xf32>, %w: tensor<20x64x16xf32>) -> tensor<40x320xf32> {
  %0 = ingot.unary relu %x : tensor<40x64xf32> -> tensor<40x64xf32>
  %1 = ingot.packed_matmul %0, %w : tensor<40x64xf32>, tensor<20x64x16xf32> -> tensor<40x320xf32>
  return %1 : tensor<40x320xf32>
}

// CHECK-LABEL: @no_prologue_transposed
// CHECK-COUNT-2: ingot.region
func.func @no_prologue_transposed(%x: tensor<64x40xf32>, %w: tensor<2x64x16xf32>) -> tensor<40x32xf32> {
  %0 = ingot.transpose %x [1, 0] : tensor<64x40xf32> -> tensor<40x64xf32>
  %1 = ingot.unary relu %0 : tensor<40x64xf32> -> tensor<40x64xf32>
  %2 = ingot.packed_matmul %1, %w : tensor<40x64xf32>, tensor<2x64x16xf32> -> tensor<40x32xf32>
  return %2 : tensor<40x32xf32>
}

// CHECK-LABEL: @no_prologue_window
// CHECK-COUNT-2: ingot.region
func.func @no_prologue_window(%x: tensor<1x8x8x16xf32>, %w: tensor<1x1x64x16xf32>) -> tensor<1x7x7x16xf32> {
  %0 = ingot.unary relu %x : tensor<1x8x8x16xf32> -> tensor<1x8x8x16xf32>
  %1 = ingot.conv %0, %w channels_last kernel [2, 2] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 16 : tensor<1x8x8x16xf32>, tensor<1x1x64x16xf32> -> tensor<1x7x7x16xf32>
  return %1 : tensor<1x7x7x16xf32>
}

// A number of rows that only a run tells does not matter, a depth does.
// CHECK-LABEL: @prologue_of_any_rows
// CHECK: ingot.region
// CHECK: ingot.unary relu
// CHECK-NEXT: ingot.packed_matmul
// CHECK-NOT: ingot.region
// CHECK-LABEL: @no_prologue_of_any_depth
// CHECK-COUNT-2: ingot.region
func.func @prologue_of_any_rows(%x: tensor<?x64xf32, #ingot.dims<()[s] -> (s, 64)>>, %w: tensor<2x64x16xf32>) -> tensor<?x32xf32, #ingot.dims<()[s] -> (s, 32)>> {
  %0 = ingot.unary relu %x : tensor<?x64xf32, #ingot.dims<()[s] -> (s, 64)>> -> tensor<?x64xf32, #ingot.dims<()[s] -> (s, 64)>>
  %1 = ingot.packed_matmul %0, %w : tensor<?x64xf32, #ingot.dims<()[s] -> (s, 64)>>, tensor<2x64x16xf32> -> tensor<?x32xf32, #ingot.dims<()[s] -> (s, 32)>>
  return %1 : tensor<?x32xf32, #ingot.dims<()[s] -> (s, 32)>>
}
func.func @no_prologue_of_any_depth(%x: tensor<8x?xf32, #ingot.dims<()[s] -> (8, s)>>, %w: tensor<2x?x16xf32, #ingot.dims<()[s] -> (2, s, 16)>>) -> tensor<8x32xf32> {
  %0 = ingot.unary relu %x : tensor<8x?xf32, #ingot.dims<()[s] -> (8, s)>> -> tensor<8x?xf32, #ingot.dims<()[s] -> (8, s)>>
  %1 = ingot.packed_matmul %0, %w : tensor<8x?xf32, #ingot.dims<()[s] -> (8, s)>>, tensor<2x?x16xf32, #ingot.dims<()[s] -> (2, s, 16)>> -> tensor<8x32xf32>
  return %1 : tensor<8x32xf32>
}

// Bodies have regions of their own; what is inside joins nothing outside.
// CHECK-LABEL: @bodies
// CHECK: %[[E:.*]] = ingot.region ins(%arg1)
// CHECK: ingot.loop inits(%arg0)
// CHECK-NEXT: ^bb0(%[[V:.*]]: tensor<4x8xf32>):
// CHECK-NEXT: %[[N:.*]] = ingot.region ins(%[[V]], %[[E]])
// CHECK: ingot.binary mul
// CHECK-NEXT: ingot.unary relu
// CHECK: ingot.yield %[[N]]
// CHECK: ingot.region
// ALONE-LABEL: @bodies
// ALONE: ingot.loop
// ALONE-COUNT-3: ingot.region
func.func @bodies(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %e = ingot.unary exp %y : tensor<4x8xf32> -> tensor<4x8xf32>
  %0 = ingot.loop inits(%x) trips affine_map<()[s0] -> (9)> counter 0 : (tensor<4x8xf32>) -> tensor<4x8xf32> {
  ^bb0(%v: tensor<4x8xf32>):
    %m = ingot.binary mul %v, %e : tensor<4x8xf32>, tensor<4x8xf32> -> tensor<4x8xf32>
    %n = ingot.unary relu %m : tensor<4x8xf32> -> tensor<4x8xf32>
    ingot.yield %n : tensor<4x8xf32>
  }
  %1 = ingot.unary exp %0 : tensor<4x8xf32> -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// What needs a symbol stays behind the operation that defines it, and whatever that reads is computed before. (The symbol's number is above what a word
// of bits holds.)
// CHECK-LABEL: @symbols
// CHECK: %[[K:.*]] = ingot.region ins(%arg1)
// CHECK: ingot.bind_dim %[[K]] symbol 70
// CHECK: %[[N:.*]] = ingot.region ins(%arg0)
// CHECK: ingot.broadcast
// CHECK: return %[[N]]
// ALONE-LABEL: @symbols
// ALONE: ingot.bind_dim
// ALONE-COUNT-2: ingot.region
#n = #ingot.dims<()[s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15, s16, s17, s18, s19, s20, s21, s22, s23, s24, s25, s26,
  s27, s28, s29, s30, s31, s32, s33, s34, s35, s36, s37, s38, s39, s40, s41, s42, s43, s44, s45, s46, s47, s48, s49, s50, s51, s52, s53, s54, s55,
  s56, s57, s58, s59, s60, s61, s62, s63, s64, s65, s66, s67, s68, s69, s70] -> (s70)>
func.func @symbols(%x: tensor<f32>, %k: tensor<i64>) -> tensor<?xf32, #n> {
  %a = ingot.unary abs %k : tensor<i64> -> tensor<i64>
  ingot.bind_dim %a symbol 70 : (tensor<i64>) -> ()
  %0 = ingot.broadcast %x : tensor<f32> -> tensor<?xf32, #n>
  %1 = ingot.unary relu %0 : tensor<?xf32, #n> -> tensor<?xf32, #n>
  return %1 : tensor<?xf32, #n>
}

// A group that would need the result of control flow which reads one of its members stays apart.
// CHECK-LABEL: @around
// CHECK: %[[A:.*]] = ingot.region ins(%arg0)
// CHECK: %[[B:.*]] = ingot.if
// CHECK: ingot.region ins(%[[A]])
// CHECK: %[[C:.*]] = ingot.region ins(%[[A]], %[[B]])
// CHECK: return %[[C]]
// ALONE-LABEL: @around
// ALONE-COUNT-3: ingot.region
func.func @around(%x: tensor<4x8xf32>, %c: tensor<i1>) -> tensor<4x8xf32> {
  %a = ingot.unary exp %x : tensor<4x8xf32> -> tensor<4x8xf32>
  %b = ingot.if %c symbols [] : (tensor<i1>) -> tensor<4x8xf32> {
    %t = ingot.unary relu %a : tensor<4x8xf32> -> tensor<4x8xf32>
    ingot.yield %t : tensor<4x8xf32>
  } else {
    ingot.yield %x : tensor<4x8xf32>
  }
  %d = ingot.binary add %a, %b : tensor<4x8xf32>, tensor<4x8xf32> -> tensor<4x8xf32>
  return %d : tensor<4x8xf32>
}

// Two products whose panels alternate in one, and what elementwise operations make of them: the views that tell the two apart are a part of the region.
// CHECK-LABEL: func.func @gate
func.func @gate(%x: tensor<5x8xf32>, %w: tensor<4x8x16xf32>, %b: tensor<32xf32>) -> tensor<5x32xf32> {
  // CHECK: %[[Y:.*]] = ingot.region ins(%arg0, %arg1, %arg2) : (tensor<5x8xf32>, tensor<4x8x16xf32>, tensor<32xf32>) -> tensor<5x32xf32>
  // CHECK: ingot.packed_matmul
  // CHECK-COUNT-2: ingot.slice
  // CHECK: ingot.unary silu
  // CHECK: ingot.binary mul
  // CHECK: ingot.binary add
  // CHECK-NOT: ingot.region
  // CHECK: return %[[Y]]
  %0 = ingot.packed_matmul %x, %w : tensor<5x8xf32>, tensor<4x8x16xf32> -> tensor<5x64xf32>
  %1 = ingot.reshape %0 : tensor<5x64xf32> -> tensor<5x2x2x16xf32>
  %2 = ingot.slice %1 [0, 0, 0, 0] [5, 2, 1, 16] [1, 1, 1, 1] : tensor<5x2x2x16xf32> -> tensor<5x2x1x16xf32>
  %g = ingot.reshape %2 : tensor<5x2x1x16xf32> -> tensor<5x32xf32>
  %3 = ingot.slice %1 [0, 0, 1, 0] [5, 2, 1, 16] [1, 1, 1, 1] : tensor<5x2x2x16xf32> -> tensor<5x2x1x16xf32>
  %u = ingot.reshape %3 : tensor<5x2x1x16xf32> -> tensor<5x32xf32>
  %a = ingot.unary silu %g : tensor<5x32xf32> -> tensor<5x32xf32>
  %m = ingot.binary mul %a, %u : tensor<5x32xf32>, tensor<5x32xf32> -> tensor<5x32xf32>
  %y = ingot.binary add %m, %b : tensor<5x32xf32>, tensor<32xf32> -> tensor<5x32xf32>
  return %y : tensor<5x32xf32>
}

// Halves of the columns are no panels in turn: the product is stored, and read in two parts.
// CHECK-LABEL: func.func @halves
func.func @halves(%x: tensor<5x8xf32>, %w: tensor<4x8x16xf32>) -> tensor<5x32xf32> {
  // CHECK: ingot.region ins(%arg0, %arg1) : (tensor<5x8xf32>, tensor<4x8x16xf32>) -> tensor<5x64xf32>
  // CHECK-COUNT-2: ingot.slice
  // CHECK: ingot.region
  // CHECK: ingot.binary mul
  %0 = ingot.packed_matmul %x, %w : tensor<5x8xf32>, tensor<4x8x16xf32> -> tensor<5x64xf32>
  %1 = ingot.reshape %0 : tensor<5x64xf32> -> tensor<5x2x2x16xf32>
  %2 = ingot.slice %1 [0, 0, 0, 0] [5, 1, 2, 16] [1, 1, 1, 1] : tensor<5x2x2x16xf32> -> tensor<5x1x2x16xf32>
  %g = ingot.reshape %2 : tensor<5x1x2x16xf32> -> tensor<5x32xf32>
  %3 = ingot.slice %1 [0, 1, 0, 0] [5, 1, 2, 16] [1, 1, 1, 1] : tensor<5x2x2x16xf32> -> tensor<5x1x2x16xf32>
  %u = ingot.reshape %3 : tensor<5x1x2x16xf32> -> tensor<5x32xf32>
  %y = ingot.binary mul %g, %u : tensor<5x32xf32>, tensor<5x32xf32> -> tensor<5x32xf32>
  return %y : tensor<5x32xf32>
}

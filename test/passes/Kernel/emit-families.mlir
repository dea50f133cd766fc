// RUN: ingot-opt %s --ingot-emit-kernels --split-input-file --verify-diagnostics --canonicalize --cse | FileCheck %s

// The sums of a tile (two of each: six alone would wait for each other) stay in registers while the reduction runs; the epilogue follows on vectors.
// CHECK-LABEL: func.func @contraction(
// CHECK-SAME: %[[TEAM:[a-z0-9]+]]: !llvm.ptr, %[[THREAD:[a-z0-9]+]]: index, %[[THREADS:[a-z0-9]+]]: index, %{{[a-z0-9]+}}: !llvm.ptr)
// CHECK: call @region_0
// CHECK-LABEL: func.func private @region_0(
// CHECK-SAME: %[[X:.*]]: memref<6x8xf32, strided<[11, 1], offset: 3>>, %[[W:.*]]: memref<2x8x16xf32>, %[[Y:.*]]: memref<6x24xf32>, %[[BEGIN:.*]]: index, %[[END:.*]]: index)
// CHECK: memref.reinterpret_cast %[[X]] to offset: [3], sizes: [63], strides: [1]
// CHECK: scf.for %{{.*}} = %[[BEGIN]] to %[[END]]
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> (vector<16xf32>, vector<8xf32>,
// CHECK-COUNT-12: vector.fma
// CHECK: scf.yield
// CHECK: arith.cmpf {{.*}}vector<16xf32>
// CHECK: vector.store %{{.*}}, %[[Y]]
func.func @contraction(%x: memref<6x8xf32, strided<[11, 1], offset: 3>>, %w: memref<2x8x16xf32>, %y: memref<6x24xf32>, %arena: memref<0xi8> {ingot.arena}) {
  ingot.region ins(%x, %w) outs(%y) plan <family = contraction, tile = [3, 32], unroll = 2, lanes = 16, units = 2, parallel = false> : (memref<6x8xf32, strided<[11, 1], offset: 3>>, memref<2x8x16xf32>, memref<6x24xf32>) -> () {
  ^bb0(%a: tensor<6x8xf32>, %b: tensor<2x8x16xf32>):
    %c = ingot.packed_matmul %a, %b : tensor<6x8xf32>, tensor<2x8x16xf32> -> tensor<6x24xf32>
    %d = ingot.unary relu %c : tensor<6x24xf32> -> tensor<6x24xf32>
    ingot.yield %d : tensor<6x24xf32>
  }
  return
}

// -----

// Regions that are alike share a function; one that is divided gives each thread its share, and the next one waits for all of them.
// CHECK-LABEL: func.func @shared(
// CHECK: call @region_0
// CHECK: call @ingot_team_barrier
// CHECK: call @region_0
// CHECK-NOT: @region_1
func.func @shared(%x: memref<64x1024xf32>, %y: memref<64x1024xf32>, %arena: memref<262144xi8> {ingot.arena}) {
  %zero = arith.constant 0 : index
  %t = memref.view %arena[%zero][] : memref<262144xi8> to memref<64x1024xf32>
  ingot.region ins(%x) outs(%t) plan <family = map, tile = [64], unroll = 1, lanes = 16, units = 16, parallel = true> : (memref<64x1024xf32>, memref<64x1024xf32>) -> () {
  ^bb0(%a: tensor<64x1024xf32>):
    %c = ingot.unary relu %a : tensor<64x1024xf32> -> tensor<64x1024xf32>
    ingot.yield %c : tensor<64x1024xf32>
  }
  ingot.region ins(%t) outs(%y) plan <family = map, tile = [64], unroll = 1, lanes = 16, units = 16, parallel = true> : (memref<64x1024xf32>, memref<64x1024xf32>) -> () {
  ^bb0(%a: tensor<64x1024xf32>):
    %c = ingot.unary relu %a : tensor<64x1024xf32> -> tensor<64x1024xf32>
    ingot.yield %c : tensor<64x1024xf32>
  }
  return
}

// -----

// A kernel obeys its plan or refuses it.
func.func @units(%x: memref<5x8xf32>, %w: memref<2x8x16xf32>, %y: memref<5x24xf32>, %arena: memref<0xi8> {ingot.arena}) {
  // expected-error@+1 {{has 2 units with this tile, but its plan says 3}}
  ingot.region ins(%x, %w) outs(%y) plan <family = contraction, tile = [3, 32], unroll = 2, lanes = 16, units = 3, parallel = false> : (memref<5x8xf32>, memref<2x8x16xf32>, memref<5x24xf32>) -> () {
  ^bb0(%a: tensor<5x8xf32>, %b: tensor<2x8x16xf32>):
    %c = ingot.packed_matmul %a, %b : tensor<5x8xf32>, tensor<2x8x16xf32> -> tensor<5x24xf32>
    ingot.yield %c : tensor<5x24xf32>
  }
  return
}

// -----

func.func @unplanned(%x: memref<8xf32>, %y: memref<8xf32>, %arena: memref<0xi8> {ingot.arena}) {
  // expected-error@+1 {{has no plan: run the plan stage first}}
  ingot.region ins(%x) outs(%y) : (memref<8xf32>, memref<8xf32>) -> () {
  ^bb0(%a: tensor<8xf32>):
    %c = ingot.unary relu %a : tensor<8xf32> -> tensor<8xf32>
    ingot.yield %c : tensor<8xf32>
  }
  return
}

// -----

// A prologue computes the left rows of a tile into a few rows on the stack, vectors at a time, when the unit is the first one of these rows; the
// reduction reads them there.
// CHECK-LABEL: func.func @prologue(
// CHECK-LABEL: func.func private @region_0(
// CHECK: %[[ROWS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<96xf32>
// CHECK: scf.for
// CHECK: scf.if
// CHECK: scf.for
// CHECK-COUNT-3: vector.store %{{.*}}, %[[ROWS]]
// CHECK: vector.maskedload
// CHECK: scf.for {{.*}} iter_args
// CHECK: memref.load %[[ROWS]]
func.func @prologue(%x: memref<6x20xf32>, %w: memref<3x20x16xf32>, %y: memref<6x48xf32>, %arena: memref<0xi8> {ingot.arena}) {
  ingot.region ins(%x, %w) outs(%y) plan <family = contraction, tile = [3, 32], unroll = 2, lanes = 16, units = 4, parallel = false> : (memref<6x20xf32>, memref<3x20x16xf32>, memref<6x48xf32>) -> () {
  ^bb0(%a: tensor<6x20xf32>, %b: tensor<3x20x16xf32>):
    %p = ingot.unary relu %a : tensor<6x20xf32> -> tensor<6x20xf32>
    %c = ingot.packed_matmul %p, %b : tensor<6x20xf32>, tensor<3x20x16xf32> -> tensor<6x48xf32>
    ingot.yield %c : tensor<6x48xf32>
  }
  return
}

// -----

// Rows and columns that only a run tells: the call's share of the tiles, which is walked column by column. Whether tiles are numbered in bands of rows, or in blocks of columns that read a part of the weights only,
// the run finds out: with rows of 8 and s elements and 8 * s weights, bands from 4 * s * (8 + s) >= 8 * s on. Full tiles; then the last columns, by the number of their panels, the last one
// masked; for each of them a full tile of rows or what is left of it, 2 rows and 1 row.
// CHECK-LABEL: func.func @any_rows_and_columns(
// CHECK-LABEL: func.func private @region_0(
// CHECK-SAME: %[[S:[a-z0-9]+]]: index, %[[BEGIN:[a-z0-9]+]]: index, %[[END:[a-z0-9]+]]: index)
// CHECK: %[[FROM:.*]] = arith.divui
// CHECK: %[[TO:.*]] = arith.divui
// CHECK: %[[WEIGHTS:.*]] = arith.muli %[[S]], %c8
// CHECK: %[[BANDS:.*]] = arith.cmpi uge, %{{.*}}, %[[WEIGHTS]]
// CHECK: %[[BEFORE:.*]] = arith.divui %[[FROM]], %[[ROWS:.*]] :
// CHECK: %[[FIRST:.*]] = arith.select %[[BANDS]], %c0, %[[BEFORE]]
// CHECK: %[[BEHIND:.*]] = arith.ceildivui %[[TO]], %[[ROWS]]
// CHECK: %[[LAST:.*]] = arith.select %[[BANDS]], %[[COLUMNS:.*]], %[[BEHIND]]
// CHECK: scf.for %[[COLUMN:.*]] = %[[FIRST]] to %[[LAST]] step %c1
// CHECK: %[[OFBAND:.*]] = arith.divui %{{.*}}, %[[COLUMNS]]
// CHECK: %[[PASSED:.*]] = arith.muli %[[COLUMN]], %[[ROWS]]
// CHECK: %[[REACHED:.*]] = arith.maxui %[[FROM]], %[[PASSED]]
// CHECK: %[[LEFT:.*]] = arith.subi %[[REACHED]], %[[PASSED]]
// CHECK: %[[OFBLOCK:.*]] = arith.minui %[[LEFT]], %[[ROWS]]
// CHECK: %[[ROW:.*]] = arith.select %[[BANDS]], %[[OFBAND]], %[[OFBLOCK]]
// CHECK: scf.for %{{.*}} = %[[ROW]] to %{{.*}} step %c1
// CHECK: scf.if
// CHECK: scf.if
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> (vector<16xf32>, vector<16xf32>,
// CHECK: vector.store
// CHECK-NOT: vector.maskedstore
// CHECK: arith.andi %{{.*}}, %c2
// CHECK: arith.andi %{{.*}}, %c1
// CHECK: } else {
// CHECK: arith.divui
// CHECK: %[[ACTIVE:.*]] = arith.subi
// CHECK: vector.create_mask %[[ACTIVE]]
// CHECK: vector.maskedstore
func.func @any_rows_and_columns(%x: memref<800xf32>, %w: memref<1024xf32>, %y: memref<10000xf32>, %values: memref<1xi64> {ingot.values}, %arena: memref<0xi8> {ingot.arena}) attributes {ingot.symbols = ["s"], ingot.ranges = [array<i64: 1, 100>]} {
  ingot.region ins(%x, %w) outs(%y) plan <family = contraction, tile = [3, 32], unroll = 2, lanes = 16, units = 256, parallel = true>
      strides [affine_map<()[s] -> (8, 1)>, affine_map<()[s] -> (128, 16, 1)>, affine_map<()[s] -> (s, 1)>] : (memref<800xf32>, memref<1024xf32>, memref<10000xf32>) -> () {
  ^bb0(%a: tensor<?x8xf32, #ingot.dims<()[s] -> (s, 8)>>, %b: tensor<?x8x16xf32, #ingot.dims<()[s] -> ((s + 15) floordiv 16, 8, 16)>>):
    %c = ingot.packed_matmul %a, %b : tensor<?x8xf32, #ingot.dims<()[s] -> (s, 8)>>, tensor<?x8x16xf32, #ingot.dims<()[s] -> ((s + 15) floordiv 16, 8, 16)>> -> tensor<?x?xf32, #ingot.dims<()[s] -> (s, s)>>
    ingot.yield %c : tensor<?x?xf32, #ingot.dims<()[s] -> (s, s)>>
  }
  return
}

// -----

// A step of bf16 takes two elements of the depth: a pair of the left row as one scalar, and of the odd last one what there is.
// CHECK: ingot.profile_table = [{bf16, bytes
// CHECK-LABEL: func.func private @region_0(
// CHECK: scf.for {{.*}} iter_args
// CHECK: vector.load {{.*}}, vector<32xbf16>
// CHECK: vector.load {{.*}}, vector<2xbf16>
// CHECK: llvm.bitcast {{.*}} : vector<2xbf16> to i32
// CHECK: vector.broadcast {{.*}} : i32 to vector<16xi32>
// CHECK: llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"
// CHECK: scf.yield
// CHECK: memref.load {{.*}}xbf16
// CHECK: arith.extui {{.*}} : i16 to i32
// CHECK: arith.truncf {{.*}} : vector<16xf32> to vector<16xbf16>
// CHECK: vector.store
func.func @pairs(%x: memref<2x9xbf16>, %w: memref<1x5x32xbf16>, %y: memref<2x16xbf16>, %arena: memref<0xi8> {ingot.arena}) {
  ingot.region ins(%x, %w) outs(%y) plan <family = contraction, tile = [2, 16], unroll = 2, lanes = 16, units = 1, parallel = false> : (memref<2x9xbf16>, memref<1x5x32xbf16>, memref<2x16xbf16>) -> () {
  ^bb0(%a: tensor<2x9xbf16>, %b: tensor<1x5x32xbf16>):
    %c = ingot.packed_matmul %a, %b : tensor<2x9xbf16>, tensor<1x5x32xbf16> -> tensor<2x16xf32>
    %d = ingot.cast %c to bf16 : tensor<2x16xf32> -> tensor<2x16xbf16>
    ingot.yield %d : tensor<2x16xbf16>
  }
  return
}

// -----

// Weights alone may be narrow: they are widened when they are loaded.
// CHECK: ingot.profile_table = [{bytes
// CHECK-LABEL: func.func private @region_0(
// CHECK: vector.load {{.*}}, vector<16xf16>
// CHECK: arith.extf {{.*}} : vector<16xf16> to vector<16xf32>
// CHECK: vector.fma
func.func @widened(%x: memref<2x9xf32>, %w: memref<1x9x16xf16>, %y: memref<2x16xf32>, %arena: memref<0xi8> {ingot.arena}) {
  ingot.region ins(%x, %w) outs(%y) plan <family = contraction, tile = [2, 16], unroll = 2, lanes = 16, units = 1, parallel = false> : (memref<2x9xf32>, memref<1x9x16xf16>, memref<2x16xf32>) -> () {
  ^bb0(%a: tensor<2x9xf32>, %b: tensor<1x9x16xf16>):
    %c = ingot.packed_matmul %a, %b : tensor<2x9xf32>, tensor<1x9x16xf16> -> tensor<2x16xf32>
    ingot.yield %c : tensor<2x16xf32>
  }
  return
}

// -----

func.func @odd_channels(%x: memref<1x2x2x3xbf16>, %w: memref<1x1x2x32xbf16>, %y: memref<1x2x2x8xf32>, %arena: memref<0xi8> {ingot.arena}) {
  // expected-error@+1 {{is planned for 'convolution', which multiplies whole groups of channels only}}
  ingot.region ins(%x, %w) outs(%y) plan <family = convolution, tile = [4, 16], unroll = 1, lanes = 16, units = 1, parallel = false> : (memref<1x2x2x3xbf16>, memref<1x1x2x32xbf16>, memref<1x2x2x8xf32>) -> () {
  ^bb0(%a: tensor<1x2x2x3xbf16>, %b: tensor<1x1x2x32xbf16>):
    %c = ingot.conv %a, %b channels_last kernel [1, 1] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 8 : tensor<1x2x2x3xbf16>, tensor<1x1x2x32xbf16> -> tensor<1x2x2x8xf32>
    ingot.yield %c : tensor<1x2x2x8xf32>
  }
  return
}

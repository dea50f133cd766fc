// RUN: ingot-opt %s -split-input-file -ingot-pack-blocks | FileCheck %s
// RUN: ingot-opt %s -split-input-file -ingot-pack-blocks="bytes=1" | FileCheck %s --check-prefix=INT8
// RUN: not ingot-opt %s -split-input-file -ingot-pack-blocks="bytes=2" 2>&1 | FileCheck %s --check-prefix=BYTES

// BYTES: ingot-pack-blocks: integers of 1 or 4 bytes stand for activations, not 2

// As MatMulNBits has them: columns first, zero points of 4 bits, too. A last block may be cut; columns are filled up to whole panels.
// CHECK-LABEL: @columns_first(
// CHECK-SAME: %[[X:.*]]: tensor<3x90xf32>
// CHECK: %[[Q:.*]] = ingot.unpack_bits
// CHECK: %[[P:.*]] = ingot.pack_blocks %{{.*}} block 32 : tensor<20x90xui8> -> tensor<2x3x256xui8>
// CHECK: %[[S:.*]] = ingot.pad constant %{{.*}} : tensor<20x3xf32> -> tensor<32x3xf32>
// CHECK: %[[R:.*]] = ingot.reshape %[[S]] : tensor<32x3xf32> -> tensor<2x16x3xf32>
// CHECK: %[[T:.*]] = ingot.transpose %[[R]] [0, 2, 1] : tensor<2x16x3xf32> -> tensor<2x3x16xf32>
// CHECK: %[[Z:.*]] = ingot.transpose %{{.*}} [0, 2, 1] : tensor<2x16x3xui8> -> tensor<2x3x16xui8>
// CHECK: %[[Y:.*]] = ingot.block_matmul %[[X]], %[[P]] scales %[[T]] points %[[Z]] block 32 columns 20 bytes 4 {ingot.values = ["y"]}
// CHECK: return %[[Y]]
// INT8: ingot.block_matmul {{.*}} bytes 1
func.func @columns_first(%x: tensor<3x90xf32>) -> tensor<3x20xf32> {
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<20x48xui8>
  %s = ingot.constant #ingot.weight<1, "s"> : tensor<20x3xf32>
  %p = ingot.constant #ingot.weight<2, "p"> : tensor<20x2xui8>
  %q = ingot.unpack_bits %w bits 4 to ui8 : tensor<20x48xui8> -> tensor<20x96xui8>
  %c = ingot.slice %q [0, 0] [20, 90] [1, 1] : tensor<20x96xui8> -> tensor<20x90xui8>
  %u = ingot.unpack_bits %p bits 4 to ui8 : tensor<20x2xui8> -> tensor<20x4xui8>
  %z = ingot.slice %u [0, 0] [20, 3] [1, 1] : tensor<20x4xui8> -> tensor<20x3xui8>
  %d = ingot.dequantize %c scale %s zero_point %z {axis = 1 : i64, block = 32 : i64} to f32 : (tensor<20x90xui8>, tensor<20x3xf32>, tensor<20x3xui8>) -> tensor<20x90xf32>
  %y = ingot.matmul %x, %d {transpose_rhs, ingot.values = ["y"]} : tensor<3x90xf32>, tensor<20x90xf32> -> tensor<3x20xf32>
  return %y : tensor<3x20xf32>
}

// -----

// Columns last, signed: without zero points, which are 8 in the packed weights. Scales of f16 are widened.
// CHECK-LABEL: @rows_first(
// CHECK-DAG: %[[T:.*]] = ingot.transpose %{{.*}} [1, 0] : tensor<64x32xi8> -> tensor<32x64xi8>
// CHECK-DAG: ingot.pack_blocks %[[T]] block 16 : tensor<32x64xi8> -> tensor<2x4x128xui8>
// CHECK-DAG: ingot.cast %{{.*}} to f32 : tensor<4x32xf16> -> tensor<4x32xf32>
// CHECK: ingot.block_matmul %{{.*}}, %{{.*}} scales %{{[^ ]*}} block 16 columns 32 bytes 4 : (tensor<2x5x64xf32>
func.func @rows_first(%x: tensor<2x5x64xf32>) -> tensor<2x5x32xf32> {
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<64x16xui8>
  %s = ingot.constant #ingot.weight<1, "s"> : tensor<4x32xf16>
  %q = ingot.unpack_bits %w bits 4 to i8 : tensor<64x16xui8> -> tensor<64x32xi8>
  %d = ingot.dequantize %q scale %s {axis = 0 : i64, block = 16 : i64} to f32 : (tensor<64x32xi8>, tensor<4x32xf16>) -> tensor<64x32xf32>
  %y = ingot.matmul %x, %d : tensor<2x5x64xf32>, tensor<64x32xf32> -> tensor<2x5x32xf32>
  return %y : tensor<2x5x32xf32>
}

// -----

// Zero points of 8 need not be kept; a transpose between is the other order.
// CHECK-LABEL: @middle(
// CHECK: ingot.pack_blocks %{{.*}} block 64 : tensor<16x64xui8> -> tensor<1x1x512xui8>
// CHECK: ingot.block_matmul %{{.*}}, %{{.*}} scales %{{[^ ]*}} block 64
func.func @middle(%x: tensor<1x64xf32>) -> tensor<1x16xf32> {
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<16x32xui8>
  %s = ingot.constant #ingot.weight<1, "s"> : tensor<16x1xf32>
  %z = ingot.constant dense<8> : tensor<16x1xui8>
  %q = ingot.unpack_bits %w bits 4 to ui8 : tensor<16x32xui8> -> tensor<16x64xui8>
  %d = ingot.dequantize %q scale %s zero_point %z {axis = 1 : i64, block = 64 : i64} to f32 : (tensor<16x64xui8>, tensor<16x1xf32>, tensor<16x1xui8>) -> tensor<16x64xf32>
  %t = ingot.transpose %d [1, 0] : tensor<16x64xf32> -> tensor<64x16xf32>
  %y = ingot.matmul %x, %t : tensor<1x64xf32>, tensor<64x16xf32> -> tensor<1x16xf32>
  return %y : tensor<1x16xf32>
}

// -----

// As MatMulNBits without zero points is imported.
// CHECK-LABEL: @broadcast_middle(
// CHECK: ingot.block_matmul %{{.*}}, %{{.*}} scales %{{[^ ]*}} block 64
func.func @broadcast_middle(%x: tensor<1x64xf32>) -> tensor<1x16xf32> {
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<16x32xui8>
  %s = ingot.constant #ingot.weight<1, "s"> : tensor<16x1xf32>
  %eight = ingot.constant dense<8> : tensor<ui8>
  %z = ingot.broadcast %eight : tensor<ui8> -> tensor<16x1xui8>
  %q = ingot.unpack_bits %w bits 4 to ui8 : tensor<16x32xui8> -> tensor<16x64xui8>
  %d = ingot.dequantize %q scale %s zero_point %z {axis = 1 : i64, block = 64 : i64} to f32 : (tensor<16x64xui8>, tensor<16x1xf32>, tensor<16x1xui8>) -> tensor<16x64xf32>
  %y = ingot.matmul %x, %d {transpose_rhs} : tensor<1x64xf32>, tensor<16x64xf32> -> tensor<1x16xf32>
  return %y : tensor<1x16xf32>
}

// -----

// Not along the depth; not of 4 bits; not constant; a block of no size that there are kernels for.
// CHECK-LABEL: @others(
// CHECK-NOT: block_matmul
// CHECK-NOT: pack_blocks
func.func @others(%x: tensor<1x64xf32>, %v: tensor<16x32xui8>) -> (tensor<1x64xf32>, tensor<1x16xf32>, tensor<1x16xf32>, tensor<1x16xf32>) {
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<64x32xui8>
  %s = ingot.constant #ingot.weight<1, "s"> : tensor<64x2xf32>
  %q = ingot.unpack_bits %w bits 4 to ui8 : tensor<64x32xui8> -> tensor<64x64xui8>
  %d = ingot.dequantize %q scale %s {axis = 1 : i64, block = 32 : i64} to f32 : (tensor<64x64xui8>, tensor<64x2xf32>) -> tensor<64x64xf32>
  %0 = ingot.matmul %x, %d : tensor<1x64xf32>, tensor<64x64xf32> -> tensor<1x64xf32>

  %w8 = ingot.constant #ingot.weight<2, "w8"> : tensor<16x64xui8>
  %s8 = ingot.constant #ingot.weight<3, "s8"> : tensor<16x2xf32>
  %d8 = ingot.dequantize %w8 scale %s8 {axis = 1 : i64, block = 32 : i64} to f32 : (tensor<16x64xui8>, tensor<16x2xf32>) -> tensor<16x64xf32>
  %1 = ingot.matmul %x, %d8 {transpose_rhs} : tensor<1x64xf32>, tensor<16x64xf32> -> tensor<1x16xf32>

  %qv = ingot.unpack_bits %v bits 4 to ui8 : tensor<16x32xui8> -> tensor<16x64xui8>
  %dv = ingot.dequantize %qv scale %s8 {axis = 1 : i64, block = 32 : i64} to f32 : (tensor<16x64xui8>, tensor<16x2xf32>) -> tensor<16x64xf32>
  %2 = ingot.matmul %x, %dv {transpose_rhs} : tensor<1x64xf32>, tensor<16x64xf32> -> tensor<1x16xf32>

  %w4 = ingot.constant #ingot.weight<4, "w4"> : tensor<16x32xui8>
  %s4 = ingot.constant #ingot.weight<5, "s4"> : tensor<16x8xf32>
  %q4 = ingot.unpack_bits %w4 bits 4 to ui8 : tensor<16x32xui8> -> tensor<16x64xui8>
  %d4 = ingot.dequantize %q4 scale %s4 {axis = 1 : i64, block = 8 : i64} to f32 : (tensor<16x64xui8>, tensor<16x8xf32>) -> tensor<16x64xf32>
  %3 = ingot.matmul %x, %d4 {transpose_rhs} : tensor<1x64xf32>, tensor<16x64xf32> -> tensor<1x16xf32>
  return %0, %1, %2, %3 : tensor<1x64xf32>, tensor<1x16xf32>, tensor<1x16xf32>, tensor<1x16xf32>
}

// RUN: ingot-opt %s --ingot-emit-kernels -canonicalize -cse | FileCheck %s

// A row becomes four bytes per number once, 32 numbers of a block at a time: 16 of them lie in two chunks of 8, the lowest bytes of a chunk first. Then
// for each panel and block: low and high halves of 4 chunks (each fetches the one 512 rows behind it), by the bytes of the row; the sums of the bytes
// are put together and scaled.
// CHECK-LABEL: func.func private @region_0
// CHECK: scf.for
// CHECK: scf.if
// CHECK-COUNT-2: vector.load {{.*}} vector<16xf32>
// CHECK: vector.reduction <maxui>
// CHECK-COUNT-16: vector.store {{.*}} : memref<640xi8>, vector<8xi8>
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> (vector<16xf32>)
// CHECK-COUNT-4: vector.broadcast {{.*}} : i32 to vector<16xi32>
// CHECK: memref.prefetch
// CHECK: vector.load {{.*}} vector<64xi8>
// CHECK-COUNT-8: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"
// CHECK: vector.load {{.*}} vector<64xi8>
// CHECK-COUNT-24: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"
// CHECK-NOT: vpdpbusd
// CHECK-COUNT-2: arith.sitofp {{.*}} vector<16xf32>
// CHECK: vector.fma
// CHECK: vector.maskedstore {{.*}} vector<16xf32>
func.func @main(%x: memref<1x128xf32> {ingot.name = "x"}, %w: memref<2x4x256xi8> {ingot.name = "w"}, %s: memref<2x4x16xf32> {ingot.name = "s"},
                %y: memref<1x29xf32> {ingot.name = "y"}, %arena: memref<0xi8> {ingot.arena}, %weights: memref<0xi8> {ingot.weights})
    attributes {ingot.input_count = 3 : i64, ingot.output_count = 1 : i64} {
  ingot.region ins(%x, %w, %s) outs(%y) plan <family = blocks, tile = [1, 16, 1], unroll = 1, lanes = 16, units = 2, parallel = true, scratch = 640>
      {ingot.loads = array<i64: 0, 512>} : (memref<1x128xf32>, memref<2x4x256xi8>, memref<2x4x16xf32>, memref<1x29xf32>) -> () {
  ^bb0(%x0: tensor<1x128xf32>, %w0: tensor<2x4x256xui8>, %s0: tensor<2x4x16xf32>):
    %c = ingot.block_matmul %x0, %w0 scales %s0 block 32 columns 29 bytes 4 : (tensor<1x128xf32>, tensor<2x4x256xui8>, tensor<2x4x16xf32>) -> tensor<1x29xf32>
    ingot.yield %c : tensor<1x29xf32>
  }
  return
}

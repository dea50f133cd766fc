// RUN: ingot-opt %s --ingot-emit-kernels -canonicalize -cse | FileCheck %s

// Rows are transposed once for all panels, 16 words of 8 rows at a time. Then each panel walks the blocks that it has: a block times the words of its
// step, one of each row.
// CHECK-LABEL: func.func private @region_0
// CHECK: scf.for
// CHECK: scf.if
// CHECK: scf.for
// CHECK-COUNT-8: vector.load {{.*}} vector<16xf32>
// CHECK-COUNT-16: vector.store {{.*}} vector<8xf32>
// CHECK: scf.for
// CHECK: memref.load {{.*}} : memref<{{.*}}i32
// CHECK: memref.load {{.*}} : memref<{{.*}}i32
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
// CHECK: memref.load {{.*}} : memref<{{.*}}i32
// CHECK: vector.load {{.*}} vector<16xf32>
// CHECK-COUNT-8: vector.fma
// CHECK-NOT: vector.fma
// CHECK-COUNT-8: vector.store {{.*}} vector<16xf32>
func.func @main(%x: memref<8x128xf32> {ingot.name = "x"}, %b: memref<40x16xf32> {ingot.name = "b"}, %p: memref<45xi32> {ingot.name = "p"},
                %y: memref<8x64xf32> {ingot.name = "y"}, %arena: memref<0xi8> {ingot.arena}, %weights: memref<0xi8> {ingot.weights})
    attributes {ingot.input_count = 3 : i64, ingot.output_count = 1 : i64} {
  ingot.region ins(%x, %b, %p) outs(%y) plan <family = sparse, tile = [8, 32, 8], unroll = 1, lanes = 16, units = 2, parallel = true, scratch = 4096>
      : (memref<8x128xf32>, memref<40x16xf32>, memref<45xi32>, memref<8x64xf32>) -> () {
  ^bb0(%x0: tensor<8x128xf32>, %b0: tensor<40x16xf32>, %p0: tensor<45xi32>):
    %c = ingot.sparse_matmul %x0, %b0 places %p0 columns 64 : (tensor<8x128xf32>, tensor<40x16xf32>, tensor<45xi32>) -> tensor<8x64xf32>
    ingot.yield %c : tensor<8x64xf32>
  }
  return
}

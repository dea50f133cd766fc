// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-bypass-caches))' | FileCheck %s

// Whole lines: rows of 32 elements and steps of 16 keep to them. What is left over is written as before, and nothing fetches what is written whole.
// CHECK-LABEL: func.func private @lines
// CHECK-SAME: (%{{.*}}: memref<9x40xf32>, %{{.*}}: memref<9x48xf32>)
// CHECK-NOT: memref.prefetch
// CHECK: vector.store %{{.*}}, %{{.*}}[%{{.*}}, %{{.*}}] {alignment = 64 : i64, nontemporal = true}
// CHECK: vector.maskedstore
// CHECK: llvm.call_intrinsic "llvm.x86.sse.sfence"() : () -> ()
// CHECK-NEXT: return
func.func private @lines(%x: memref<9x40xf32>, %y: memref<9x48xf32> {ingot.bypass = true}) {
  %c0 = arith.constant 0 : index
  %c9 = arith.constant 9 : index
  %c16 = arith.constant 16 : index
  %c1 = arith.constant 1 : index
  %c32 = arith.constant 32 : index
  %mask = vector.constant_mask [8] : vector<16xi1>
  scf.for %i = %c0 to %c9 step %c1 {
    memref.prefetch %y[%i, %c0], write, locality<3>, data : memref<9x48xf32>
    scf.for %j = %c0 to %c32 step %c16 {
      %v = vector.load %x[%i, %j] : memref<9x40xf32>, vector<16xf32>
      vector.store %v, %y[%i, %j] : memref<9x48xf32>, vector<16xf32>
    }
    %v = vector.load %x[%i, %c16] : memref<9x40xf32>, vector<16xf32>
    vector.maskedstore %y[%i, %c32], %mask, %v : memref<9x48xf32>, vector<16xi1>, vector<16xf32>
  }
  return
}

// Half a line: where the loop goes on behind it. Elsewhere, and where rows or steps are no multiples, stores stay.
// CHECK-LABEL: func.func private @halves
// CHECK: scf.for
// CHECK: vector.store %{{.*}}, %{{.*}}[%{{.*}}] {alignment = 32 : i64, nontemporal = true}
// CHECK: scf.for
// CHECK: vector.store %{{.*}}, %{{.*}}[%{{.*}}] : memref<640xf32>, vector<8xf32>
// CHECK: vector.store %{{.*}}, %{{.*}}[%{{.*}}] : memref<640xf32>, vector<16xf32>
// CHECK: vector.store %{{.*}}, %{{.*}}[%{{.*}}] : memref<640xf32>, vector<16xf32>
// CHECK: sfence
func.func private @halves(%v: vector<8xf32>, %w: vector<16xf32>, %n: index, %y: memref<8x80xf32> {ingot.bypass = true}) {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %c24 = arith.constant 24 : index
  %c80 = arith.constant 80 : index
  %c1 = arith.constant 1 : index
  %flat = memref.reinterpret_cast %y to offset: [0], sizes: [640], strides: [1] : memref<8x80xf32> to memref<640xf32>
  %base = arith.muli %n, %c80 : index
  scf.for %j = %c0 to %c80 step %c8 {
    %at = arith.addi %base, %j : index
    vector.store %v, %flat[%at] : memref<640xf32>, vector<8xf32>
  }
  scf.for %i = %c0 to %c8 step %c1 {
    %row = arith.muli %i, %c80 : index
    vector.store %v, %flat[%row] : memref<640xf32>, vector<8xf32>
    %odd = arith.addi %row, %c24 : index
    vector.store %w, %flat[%odd] : memref<640xf32>, vector<16xf32>
    %any = arith.addi %row, %n : index
    vector.store %w, %flat[%any] : memref<640xf32>, vector<16xf32>
  }
  return
}

// What the caller gave may begin anywhere: each call chooses. The stack is that of both.
// CHECK-LABEL: func.func private @given
// CHECK: memref.alloca
// CHECK: %[[AT:.+]] = memref.extract_aligned_pointer_as_index %[[Y:.+]] : memref<64xf32> -> index
// CHECK: %[[WITHIN:.+]] = arith.andi %[[AT]], %c63
// CHECK: %[[IS:.+]] = arith.cmpi eq, %[[WITHIN]], %c0
// CHECK: scf.if %[[IS]] {
// CHECK: vector.store %{{.*}}, %[[Y]][%{{.*}}] {alignment = 64 : i64, nontemporal = true}
// CHECK: sfence
// CHECK: } else {
// CHECK: vector.store %{{.*}}, %[[Y]][%{{.*}}] : memref<64xf32>
// CHECK-NOT: sfence
// CHECK: return
func.func private @given(%x: memref<64xf32>, %y: memref<64xf32> {ingot.bypass = false}) {
  %room = memref.alloca() : memref<16xf32>
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %c16 = arith.constant 16 : index
  scf.for %j = %c0 to %c64 step %c16 {
    %v = vector.load %x[%j] : memref<64xf32>, vector<16xf32>
    vector.store %v, %room[%c0] : memref<16xf32>, vector<16xf32>
    %w = vector.load %room[%c0] : memref<16xf32>, vector<16xf32>
    vector.store %w, %y[%j] : memref<64xf32>, vector<16xf32>
  }
  return
}

// Read again, or with nothing to turn: as it was.
// CHECK-LABEL: func.func private @again
// CHECK-SAME: (%{{.*}}: memref<64xf32>, %{{.*}}: memref<17xf32>)
// CHECK-NOT: nontemporal
// CHECK-NOT: sfence
// CHECK: return
func.func private @again(%y: memref<64xf32> {ingot.bypass = true}, %z: memref<17xf32> {ingot.bypass = true}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %v = vector.load %y[%c16] : memref<64xf32>, vector<16xf32>
  vector.store %v, %y[%c0] : memref<64xf32>, vector<16xf32>
  vector.store %v, %z[%c1] : memref<17xf32>, vector<16xf32>
  return
}

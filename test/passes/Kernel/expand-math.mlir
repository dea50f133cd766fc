// RUN: ingot-opt %s --ingot-expand-math --split-input-file | FileCheck %s
// RUN: ingot-opt %s --ingot-expand-math=avx512-bf16=true --split-input-file | FileCheck %s --check-prefix=BF16
// RUN: ingot-opt %s --ingot-expand-math=avx512=true --split-input-file | FileCheck %s --check-prefix=TABLE
// RUN: ingot-opt %s --ingot-expand-math=avx512-vnni=true --split-input-file | FileCheck %s --check-prefix=VNNI
// RUN: ingot-opt %s --ingot-expand-math=word-pairs=true --split-input-file | FileCheck %s --check-prefix=WORDS
// RUN: ingot-opt %s --ingot-expand-math='word-pairs=true avx512=true' --split-input-file | FileCheck %s --check-prefix=WIDE

// A polynomial between two powers of two; no call is left.
// CHECK-LABEL: func.func @exp
func.func @exp(%x: vector<16xf32>) -> vector<16xf32> {
  // CHECK-NOT: math.exp
  // CHECK-COUNT-8: math.fma {{.*}} : vector<16xf32>
  // CHECK: arith.shrsi {{.*}} : vector<16xi32>
  // CHECK: arith.mulf
  %y = math.exp %x : vector<16xf32>
  return %y : vector<16xf32>
}

// -----

// Within bounds the exponent is added to the bits, and nothing is clamped.
// CHECK-LABEL: func.func @bounded_exp
func.func @bounded_exp(%x: vector<16xf32>) -> vector<16xf32> {
  // CHECK-NOT: arith.cmpf
  // CHECK-COUNT-7: math.fma {{.*}} : vector<16xf32>
  // CHECK: arith.shli {{.*}} : vector<16xi32>
  // CHECK: arith.addi {{.*}} : vector<16xi32>
  // CHECK-NOT: arith.mulf
  // CHECK: return
  %y = math.exp %x fastmath<ninf,afn> : vector<16xf32>
  return %y : vector<16xf32>
}

// -----

// With AVX-512 most of the polynomial is a table, whatever the number of lanes. What is not bounded has none.
// TABLE-LABEL: func.func @table
func.func @table(%x: vector<16xf32>, %tail: vector<8xf32>, %wide: vector<32xf32>) -> (vector<16xf32>, vector<8xf32>, vector<32xf32>, vector<16xf32>) {
  // TABLE-COUNT-4: math.fma {{.*}} : vector<16xf32>
  // TABLE: llvm.call_intrinsic "llvm.x86.avx512.vpermi2var.ps.512"
  // TABLE: arith.mulf {{.*}} fastmath<contract> : vector<16xf32>
  %a = math.exp %x fastmath<ninf,afn> : vector<16xf32>
  // TABLE-COUNT-4: math.fma {{.*}} : vector<8xf32>
  // TABLE: vector.shuffle {{.*}} : vector<8xi32>, vector<8xi32>
  // TABLE: llvm.call_intrinsic "llvm.x86.avx512.vpermi2var.ps.512"
  // TABLE: vector.shuffle {{.*}} [0, 1, 2, 3, 4, 5, 6, 7] : vector<16xf32>, vector<16xf32>
  %b = math.exp %tail fastmath<ninf,afn> : vector<8xf32>
  // TABLE-NOT: llvm.call_intrinsic
  %c = math.exp %wide fastmath<ninf,afn> : vector<32xf32>
  %d = math.exp %x : vector<16xf32>
  // TABLE: return
  return %a, %b, %c, %d : vector<16xf32>, vector<8xf32>, vector<32xf32>, vector<16xf32>
}

// -----

// What lies beyond the range reduction takes the library's, element by element.
// CHECK-LABEL: func.func @sin
func.func @sin(%x: vector<4xf32>) -> vector<4xf32> {
  // CHECK: %[[ANY:.*]] = vector.reduction <or>
  // CHECK: scf.if %[[ANY]] -> (vector<4xf32>)
  // CHECK-COUNT-4: math.sin {{.*}} : f32
  // CHECK-NOT: math.sin
  %y = math.sin %x : vector<4xf32>
  return %y : vector<4xf32>
}

// -----

// No formula: taken apart. A scalar operand is every element's.
// CHECK-LABEL: func.func @no_formula
func.func @no_formula(%x: vector<2xf64>, %y: vector<2xf32>, %n: i32) -> (vector<2xf64>, vector<2xf32>, vector<2xf32>) {
  // CHECK: %[[X:.*]]:2 = vector.to_elements %{{.*}} : vector<2xf64>
  // CHECK: %[[E0:.*]] = math.exp %[[X]]#0 : f64
  // CHECK: %[[E1:.*]] = math.exp %[[X]]#1 : f64
  // CHECK: vector.from_elements %[[E0]], %[[E1]] : vector<2xf64>
  %a = math.exp %x : vector<2xf64>
  // CHECK-COUNT-2: arith.remf {{.*}} : f32
  %b = arith.remf %y, %y : vector<2xf32>
  // CHECK-COUNT-2: math.cbrt {{.*}} : f32
  %c = math.cbrt %y : vector<2xf32>
  return %a, %b, %c : vector<2xf64>, vector<2xf32>, vector<2xf32>
}

// -----

// Scalars are the library's, and an instruction stays one.
// CHECK-LABEL: func.func @stays
func.func @stays(%x: f32, %y: vector<8xf32>) -> (f32, vector<8xf32>) {
  // CHECK: math.exp %{{.*}} : f32
  %a = math.exp %x : f32
  // CHECK: math.sqrt %{{.*}} : vector<8xf32>
  %b = math.sqrt %y : vector<8xf32>
  return %a, %b : f32, vector<8xf32>
}

// -----

// Pairs of bf16 are multiplied, and numbers rounded to bf16, by instructions or with what every processor has.
// CHECK-LABEL: func.func @bf16
// BF16-LABEL: func.func @bf16
func.func @bf16(%sum: vector<16xf32>, %x: vector<32xbf16>, %y: vector<32xbf16>) -> vector<16xbf16> {
  // CHECK-NOT: dpbf16ps
  // CHECK-DAG: arith.shli {{.*}} : vector<16xi32>
  // CHECK-DAG: arith.andi {{.*}} : vector<16xi32>
  // CHECK: %[[LOW:.*]] = vector.fma {{.*}} : vector<16xf32>
  // CHECK: vector.fma %{{.*}}, %{{.*}}, %[[LOW]] : vector<16xf32>
  // CHECK-NOT: arith.truncf
  // CHECK: arith.trunci {{.*}} : vector<16xi32> to vector<16xi16>
  // BF16: llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"
  // BF16-NEXT: arith.truncf
  // BF16-NEXT: return
  %z = llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"(%sum, %x, %y) : (vector<16xf32>, vector<32xbf16>, vector<32xbf16>) -> vector<16xf32>
  %r = arith.truncf %z : vector<16xf32> to vector<16xbf16>
  return %r : vector<16xbf16>
}

// -----

// Four bytes at a time: one instruction, two of words (four of half the length), or a multiplication for each byte. The bytes of the left side have
// no sign.
// CHECK-LABEL: func.func @bytes
func.func @bytes(%sum: vector<16xi32>, %x: vector<64xi8>, %w: vector<64xi8>) -> vector<16xi32> {
  // CHECK-NOT: llvm.call_intrinsic
  // CHECK: arith.shrui {{.*}} : vector<16xi32>
  // CHECK: arith.andi
  // CHECK: arith.shrsi {{.*}} : vector<16xi32>
  // CHECK-COUNT-4: arith.muli {{.*}} : vector<16xi32>
  // CHECK-NOT: arith.muli
  // VNNI-LABEL: func.func @bytes
  // VNNI-NEXT: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"
  // VNNI-NEXT: return
  // WORDS-LABEL: func.func @bytes
  // WORDS-NOT: vpdpbusd
  // WORDS-COUNT-4: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"({{.*}}) : (vector<16xi16>, vector<16xi16>) -> vector<8xi32>
  // WORDS-NOT: pmadd
  // WIDE-LABEL: func.func @bytes
  // WIDE-COUNT-2: llvm.call_intrinsic "llvm.x86.avx512.pmaddw.d.512"
  // WIDE-NOT: pmadd
  %y = llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%sum, %x, %w) : (vector<16xi32>, vector<64xi8>, vector<64xi8>) -> vector<16xi32>
  return %y : vector<16xi32>
}

// -----

// Where the left bytes are small, two products fit into a word.
// CHECK-LABEL: func.func @small_bytes
// VNNI-LABEL: func.func @small_bytes
// WORDS-LABEL: func.func @small_bytes
// WIDE-LABEL: func.func @small_bytes
func.func @small_bytes(%sum: vector<16xi32>, %x: vector<64xi8>, %w: vector<64xi8>) -> vector<16xi32> {
  // CHECK-COUNT-4: arith.muli {{.*}} : vector<16xi32>
  // VNNI-NEXT: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"
  // WORDS-COUNT-2: llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"({{.*}}) : (vector<32xi8>, vector<32xi8>) -> vector<16xi16>
  // WORDS-COUNT-2: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"({{.*}}) : (vector<16xi16>, vector<16xi16>) -> vector<8xi32>
  // WORDS-NOT: pmadd
  // WIDE: llvm.call_intrinsic "llvm.x86.avx512.pmaddubs.w.512"
  // WIDE: llvm.call_intrinsic "llvm.x86.avx512.pmaddw.d.512"
  // WIDE-NOT: pmadd
  %y = llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%sum, %x, %w) {ingot.small_left} : (vector<16xi32>, vector<64xi8>, vector<64xi8>) -> vector<16xi32>
  return %y : vector<16xi32>
}

// RUN: ingot-opt %s -pass-pipeline='builtin.module(func.func(ingot-verify-kernel))' -split-input-file -verify-diagnostics

func.func @good(%x: memref<64xf32>, %begin: index, %end: index) {
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1 : index
  %stack = memref.alloca() : memref<128xf32>
  scf.for %i = %begin to %end step %one {
    %0 = vector.load %x[%i] : memref<64xf32>, vector<16xf32>
    vector.store %0, %stack[%i] : memref<128xf32>, vector<16xf32>
  }
  return
}

// -----

func.func @wide(%x: memref<64xf32>, %i: index) {
  // expected-error @+1 {{'vector.load' op makes a vector of more than 1024 bits}}
  %0 = vector.load %x[%i] : memref<64xf32>, vector<64xf32>
  return
}

// -----

func.func @allocation() {
  // expected-error @+1 {{'memref.alloc' op calls the library after the kernel stage}}
  %0 = memref.alloc() : memref<4xf32>
  return
}

// -----

func.func @library_copy(%x: memref<4xf32>, %y: memref<4xf32>) {
  // expected-error @+1 {{'memref.copy' op calls the library after the kernel stage}}
  memref.copy %x, %y : memref<4xf32> to memref<4xf32>
  return
}

// -----

func.func @large_stack() {
  // expected-error @+1 {{'memref.alloca' op takes more of the stack than 65536 bytes}}
  %0 = memref.alloca() : memref<16385xf32>
  return
}

// -----

func.func @dynamic_stack(%n: index) {
  // expected-error @+1 {{'memref.alloca' op takes more of the stack than 65536 bytes}}
  %0 = memref.alloca(%n) : memref<?xf32>
  return
}

// -----

func.func @tensors(%x: tensor<4xf32>) {
  // expected-error @+1 {{'ingot.unary' op is left after the kernel stage}}
  %0 = ingot.unary relu %x : tensor<4xf32> -> tensor<4xf32>
  return
}

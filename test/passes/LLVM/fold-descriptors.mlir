// RUN: ingot-opt %s -ingot-fold-descriptors | FileCheck %s

// What is taken out of a record is what was put in, through records that change other parts; records that nobody reads any more go.
// CHECK-LABEL: llvm.func @known
// CHECK-NOT: llvm.insertvalue
// CHECK: llvm.call @use(%arg1)
// CHECK-NEXT: llvm.return %arg0
llvm.func @known(%base: !llvm.ptr, %place: !llvm.ptr, %size: i64) -> !llvm.ptr {
  %none = llvm.mlir.poison : !llvm.struct<(ptr, ptr, i64)>
  %one = llvm.insertvalue %base, %none[0] : !llvm.struct<(ptr, ptr, i64)>
  %two = llvm.insertvalue %place, %one[1] : !llvm.struct<(ptr, ptr, i64)>
  %all = llvm.insertvalue %size, %two[2] : !llvm.struct<(ptr, ptr, i64)>
  %first = llvm.extractvalue %all[0] : !llvm.struct<(ptr, ptr, i64)>
  %second = llvm.extractvalue %all[1] : !llvm.struct<(ptr, ptr, i64)>
  llvm.call @use(%second) : (!llvm.ptr) -> ()
  llvm.return %first : !llvm.ptr
}
llvm.func @use(!llvm.ptr)

// A record from elsewhere, or one that is read as a whole, stays.
// CHECK-LABEL: llvm.func @unknown
// CHECK: %[[PART:.*]] = llvm.extractvalue %arg0[1]
// CHECK: %[[WHOLE:.*]] = llvm.insertvalue %[[PART]], %arg0[0]
// CHECK: llvm.return %[[WHOLE]]
llvm.func @unknown(%record: !llvm.struct<(ptr, ptr)>) -> !llvm.struct<(ptr, ptr)> {
  %part = llvm.extractvalue %record[1] : !llvm.struct<(ptr, ptr)>
  %whole = llvm.insertvalue %part, %record[0] : !llvm.struct<(ptr, ptr)>
  llvm.return %whole : !llvm.struct<(ptr, ptr)>
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef FRONTENDS_ONNX_IMPORT_REGISTRY_H
#define FRONTENDS_ONNX_IMPORT_REGISTRY_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace ingot::importer {

class Node;

/// Makes the operations of a node and yields its results; reports what is wrong and yields nothing on failure.
using ImportFn = void (*)(Node &);

inline constexpr int kNewest = 1 << 20;

/// A row of the import table: how nodes of an operator are imported whose meaning dates from a version in [first, last].
struct OpRow {
  llvm::StringLiteral op;
  ImportFn import;
  int first = 1, last = kNewest;
  llvm::StringLiteral domain = "";
};

/// The importer of `op`, null when it has none and is to be replaced by its function body.
ImportFn findImporter(llvm::StringRef domain, llvm::StringRef op, int since);

// The table of each family, in the file of its name.
llvm::ArrayRef<OpRow> elementwiseOps();
llvm::ArrayRef<OpRow> reduceOps();
llvm::ArrayRef<OpRow> layoutOps();
llvm::ArrayRef<OpRow> shapeOps();
llvm::ArrayRef<OpRow> contractionOps();
llvm::ArrayRef<OpRow> normalizationOps();
llvm::ArrayRef<OpRow> poolOps();
llvm::ArrayRef<OpRow> indexingOps();
llvm::ArrayRef<OpRow> resizeOps();
llvm::ArrayRef<OpRow> recurrentOps();
llvm::ArrayRef<OpRow> quantizeOps();
llvm::ArrayRef<OpRow> controlOps();
llvm::ArrayRef<OpRow> loopOps();
llvm::ArrayRef<OpRow> countedOps();
llvm::ArrayRef<OpRow> sliceOps();
llvm::ArrayRef<OpRow> einsumOps();
llvm::ArrayRef<OpRow> samplingOps();
llvm::ArrayRef<OpRow> sequenceOps();
llvm::ArrayRef<OpRow> signalOps();

} // namespace ingot::importer

#endif

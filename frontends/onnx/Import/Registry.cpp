// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Import/Registry.h"

#include "llvm/ADT/StringMap.h"

#include <vector>

namespace ingot::importer {
namespace {

using Table = llvm::StringMap<std::vector<OpRow>>;

Table buildTable() {
  Table table;
  for (llvm::ArrayRef<OpRow> family :
       {elementwiseOps(), reduceOps(), layoutOps(), shapeOps(), contractionOps(), normalizationOps(), poolOps(), indexingOps(), resizeOps(),
        recurrentOps(), quantizeOps(), controlOps(), loopOps(), countedOps(), sliceOps(), einsumOps(), samplingOps(), sequenceOps(), signalOps()})
    for (const OpRow &row : family)
      table[row.op].push_back(row);
  return table;
}

} // namespace

ImportFn findImporter(llvm::StringRef domain, llvm::StringRef op, int since) {
  static const Table table = buildTable();
  auto it = table.find(op);
  if (it == table.end())
    return nullptr;
  for (const OpRow &row : it->second)
    if (row.domain == domain && since >= row.first && since <= row.last)
      return row.import;
  return nullptr;
}

} // namespace ingot::importer

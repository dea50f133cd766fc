// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/ModelSymbols.h"

using namespace mlir;

namespace ingot {

ModelSymbols ModelSymbols::of(func::FuncOp model) {
  ModelSymbols symbols;
  if (auto ranges = model->getAttrOfType<ArrayAttr>("ingot.ranges"))
    for (auto range : ranges.getAsRange<DenseI64ArrayAttr>())
      symbols.ranges.push_back({range[0], range[1]});
  return symbols;
}

} // namespace ingot

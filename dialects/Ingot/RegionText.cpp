// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/RegionText.h"

using namespace mlir;

namespace ingot {

std::string textOfBody(RegionOp region) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  for (Operation &op : region.getBody().front()) {
    Operation *copy = op.clone();
    copy->removeAttr("ingot.values");
    copy->print(stream, OpPrintingFlags().useLocalScope());
    for (Value operand : op.getOperands()) {
      stream << ' ';
      if (auto argument = dyn_cast<BlockArgument>(operand))
        stream << 'a' << argument.getArgNumber();
      else
        stream << 'v' << std::distance(op.getBlock()->begin(), operand.getDefiningOp()->getIterator()) << '.'
               << cast<OpResult>(operand).getResultNumber();
    }
    copy->dropAllReferences();
    copy->destroy();
  }
  return text;
}

} // namespace ingot

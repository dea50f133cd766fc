// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_QUANTIZE_ACTIVATIONPLACES_H
#define COMPILER_COMPRESS_QUANTIZE_ACTIVATIONPLACES_H

#include "compiler/Compress/Edit/Products.h"
#include "compiler/Compress/Quantize/QuantizeOptions.h"

namespace ingot::compress {

/// A value that becomes bytes.
struct ActivationPlace {
  std::string value;
  std::vector<Use> readers = {}; ///< those that read the bytes; others keep the floats
  int group = 0;                 ///< places of a group have one scale: what is between them only moves elements
  bool mayDiffer = false;        ///< from its group, where that costs too much precision: a reader joins it with others
};

/// Whether the results of an operator of ONNX are elements or means of its inputs, so that it passes on bytes as they are.
bool passesBytes(llvm::StringRef op);

/// Decides which values of a graph become bytes so that they flow from product to product. Constants never do here.
std::vector<ActivationPlace> chooseActivations(const ModelEditor &editor, llvm::ArrayRef<Product> products, Placement placement);

} // namespace ingot::compress

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_EQUALIZE_EQUALIZATION_H
#define COMPILER_COMPRESS_EQUALIZE_EQUALIZATION_H

#include "compiler/Compress/Edit/ModelEditor.h"
#include "compiler/Compress/Edit/NodeSelection.h"

namespace ingot::compress {

/// What was done.
struct EqualizeSummary {
  int64_t pairs = 0;   ///< of products with the same ranges on both sides
  int64_t norms = 0;   ///< BatchNormalization that went into the Conv in front
  int64_t clipped = 0; ///< pairs with a Clip between, which does not pass on factors: left alone

  bool operator==(const EqualizeSummary &) const = default;
};

/// Cross-layer equalisation (Nagel et al., "Data-free quantization through weight equalization and bias correction", 2019): where a product's outputs
/// go to one other product, through operators that pass on positive factors alone, each channel gets the factor that makes the largest weights on
/// both sides the same. What the model computes changes by rounding alone. Nodes that `selection` leaves out stay as they are.
absl::StatusOr<EqualizeSummary> equalize(ModelEditor &editor, const NodeSelection &selection);

} // namespace ingot::compress

#endif

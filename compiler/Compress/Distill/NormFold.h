// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_DISTILL_NORMFOLD_H
#define COMPILER_COMPRESS_DISTILL_NORMFOLD_H

#include "compiler/Compress/Distill/LayerFold.h"

namespace ingot::compress {

/// Gain and bias of a normalisation that a node ends: LayerNormalization along the last dim, RMSNormalization (which has no bias),
/// BatchNormalization, or, of one that is written out, an Add of a constant to a Mul by a constant. Nothing where the original has no value of this
/// name, or where these constants are others than there: then they took over factors of something else.
std::optional<LayerFold> findNorm(const ModelEditor &editor, const ModelEditor &original, int node);

} // namespace ingot::compress

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_EDIT_OPSETUPGRADE_H
#define COMPILER_COMPRESS_EDIT_OPSETUPGRADE_H

#include "compiler/Compress/Edit/ModelEditor.h"

namespace ingot::compress {

/// Makes the model import at least `version` of ONNX's operators: nodes whose meaning changed on the way are rewritten. From version 11 on, to 21 at
/// most. The error names a node for which there is no rewriting.
absl::Status raiseOpset(ModelEditor &editor, int version);

} // namespace ingot::compress

#endif

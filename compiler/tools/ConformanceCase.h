// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_TOOLS_CONFORMANCECASE_H
#define COMPILER_TOOLS_CONFORMANCECASE_H

#include <string>

namespace ingot::conformance {

/// What became of one case of the ONNX backend suite.
struct Verdict {
  std::string status; ///< pass, unsupported (refused with a message) or fail
  std::string reason; ///< of a pass: which inputs had to be constants, or empty
};

/// Compiles `<folder>/model.onnx` at a level (0 or 3) into this process, runs every data set and compares with the expected outputs at the tolerances
/// of
/// `<folder>/data.json`. An input that must be a constant (a shape, axes, k) is bound to its value in the data set, and the verdict says so.
Verdict runCase(const std::string &folder, int level);

/// Loads what every case needs, so that processes forked afterwards share it.
void warmUp();

} // namespace ingot::conformance

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_INPUTS_MODELINPUT_H
#define COMPILER_INPUTS_MODELINPUT_H

#include <cstdint>
#include <string>
#include <vector>

namespace ingot {

/// An input of a model as data for it must be.
struct ModelInput {
  std::string name;
  int32_t elementType = 0;   ///< TensorProto::DataType
  std::vector<int64_t> dims; ///< -1: any
  std::string firstDim;      ///< the symbol of an open first dim; empty: it is fixed or has no name
};

/// What goes in: dims without open ones, and elements as they lie in memory.
struct InputTensor {
  std::vector<int64_t> dims;
  std::string bytes;
};

} // namespace ingot

#endif

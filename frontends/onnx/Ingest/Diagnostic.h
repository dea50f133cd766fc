// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef FRONTENDS_ONNX_INGEST_DIAGNOSTIC_H
#define FRONTENDS_ONNX_INGEST_DIAGNOSTIC_H

#include <string>

namespace ingot::ingest {

/// One problem of a model.
struct Diagnostic {
  std::string node; ///< name of the node, empty for a problem of the model or one of its graphs
  std::string op, domain;
  int opset = 0; ///< the version of `domain` that the model imports, 0 when it imports none
  std::string message;

  /// One line: "node 'conv_1' (Conv, ai.onnx opset 17): ...".
  std::string str() const;
};

} // namespace ingot::ingest

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Turns a model in ONNX's text form into a file: text-to-onnx model.onnx.txt model.onnx
#include "onnx/defs/parser.h"
#include "onnx/onnx_pb.h"

#include <cstdio>
#include <fstream>
#include <iterator>

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: text-to-onnx model.onnx.txt model.onnx\n");
    return 2;
  }
  std::ifstream in(argv[1]);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  onnx::ModelProto model;
  if (onnx::Common::Status status = onnx::OnnxParser::Parse(model, text.c_str()); !status.IsOK()) {
    fprintf(stderr, "%s: %s\n", argv[1], status.ErrorMessage().c_str());
    return 1;
  }
  std::ofstream out(argv[2], std::ios::binary);
  return model.SerializeToOstream(&out) ? 0 : 1;
}

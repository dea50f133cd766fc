// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files that were a model once: whatever is left of them, there is an answer and no crash (run with sanitizers in CI).
#include "ModelFixture.h"

#include <random>

namespace ingot::ingest {
namespace {

class DamagedFileTest : public ModelFixture {
protected:
  static std::string goodFile() {
    onnx::ModelProto proto = model(R"(g (bool c, float[N, 400] x) => (float[N, 400] y) <float[400] w> {
      s = Shape (x)
      r = Reshape (x, s)
      b = If (c) <then_branch = t () => (float[N, 400] a) { a = Add (r, w) }, else_branch = e () => (float[N, 400] d) { d = Relu (r) }>
      y = f.scale <factor = 2.0> (b)
    }
    <domain: "f", opset_import: ["": 17]> scale <factor> (v) => (u) { k = Constant <value_float: float = @factor> () u = Mul (v, k) })",
                                   "\"\": 17, \"f\": 1");
    *proto.mutable_graph()->add_initializer() = floats("w", std::vector<float>(400, 1.0f));
    return proto.SerializeAsString();
  }

  /// A new file each time: writing over one makes some file systems wait for the disk.
  std::string errorOfBytes(const std::string &bytes) {
    std::string path = write(std::to_string(files++) + ".onnx", bytes);
    std::string error = errorOf(path);
    llvm::sys::fs::remove(path);
    return error;
  }

private:
  int files = 0;
};

TEST_F(DamagedFileTest, TheUndamagedFileIsAccepted) { EXPECT_EQ(errorOfBytes(goodFile()), ""); }

TEST_F(DamagedFileTest, CutAnywhere) {
  std::string bytes = goodFile();
  int accepted = 0;
  for (size_t size = 0; size < bytes.size(); size += size < 600 || size + 50 > bytes.size() ? 1 : 37)
    accepted += errorOfBytes(bytes.substr(0, size)).empty();
  EXPECT_EQ(accepted, 0); // opset imports and functions come last, so no beginning of the file is a whole model
}

TEST_F(DamagedFileTest, ChangedBytes) {
  std::string bytes = goodFile();
  std::mt19937 random(1);
  for (int i = 0; i < 3000; ++i) {
    std::string damaged = bytes;
    for (unsigned j = 0; j < 1 + random() % 3; ++j)
      damaged[random() % bytes.size()] = static_cast<char>(random());
    errorOfBytes(damaged); // may be accepted: most bytes are weights
  }
}

} // namespace
} // namespace ingot::ingest

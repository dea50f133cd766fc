// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Models for tests, written in ONNX's text form and saved into a folder that lives as long as the test.
#ifndef TEST_FRONTENDS_ONNX_INGEST_MODELFIXTURE_H
#define TEST_FRONTENDS_ONNX_INGEST_MODELFIXTURE_H

#include "frontends/onnx/Ingest/Validate.h"
#include "onnx/defs/parser.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <fstream>
#include <string>
#include <vector>

namespace ingot::ingest {

class ModelFixture : public testing::Test {
protected:
  void SetUp() override {
    llvm::SmallString<128> path;
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("ingest-test", path));
    folder = std::string(path);
  }

  void TearDown() override { llvm::sys::fs::remove_directories(folder); }

  std::string pathOf(const std::string &name) const { return folder + "/" + name; }

  std::string write(const std::string &name, const std::string &bytes) const {
    std::ofstream(pathOf(name), std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return pathOf(name);
  }

  std::string write(const onnx::ModelProto &model) const { return write("model.onnx", model.SerializeAsString()); }

  /// A model of IR version 9 and opset 17 from the text of its graph, functions may follow.
  static onnx::ModelProto model(const std::string &graph, const std::string &opsets = "\"\": 17") {
    onnx::ModelProto result;
    onnx::Common::Status status = onnx::OnnxParser::Parse(result, "<ir_version: 9, opset_import: [" + opsets + "]>\n" + graph);
    EXPECT_TRUE(status.IsOK()) << status.ErrorMessage();
    return result;
  }

  static onnx::TensorProto floats(const std::string &name, const std::vector<float> &values) {
    onnx::TensorProto tensor;
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    tensor.add_dims(static_cast<int64_t>(values.size()));
    tensor.set_raw_data(values.data(), values.size() * sizeof(float));
    return tensor;
  }

  absl::StatusOr<std::unique_ptr<Model>> load(const onnx::ModelProto &model) const { return loadModel(write(model)); }

  /// The message that loading gives, "" when the model is accepted.
  std::string errorOf(const std::string &path, const IngestOptions &options = {}) const {
    absl::StatusOr<std::unique_ptr<Model>> model = loadModel(path, options);
    return model.ok() ? "" : std::string(model.status().message());
  }
  std::string errorOf(const onnx::ModelProto &model, const IngestOptions &options = {}) const { return errorOf(write(model), options); }

  /// The problems of a model that can be read.
  std::vector<std::string> problemsOf(const onnx::ModelProto &proto) const {
    absl::StatusOr<std::unique_ptr<Model>> model = readModel(write(proto));
    if (!model.ok())
      return {"not read: " + std::string(model.status().message())};
    std::vector<std::string> lines;
    for (const Diagnostic &problem : validate(**model))
      lines.push_back(problem.str());
    return lines;
  }

  std::string folder;
};

} // namespace ingot::ingest

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Imports models that are written in ONNX's text form.
#ifndef TEST_FRONTENDS_ONNX_IMPORT_IMPORTFIXTURE_H
#define TEST_FRONTENDS_ONNX_IMPORT_IMPORTFIXTURE_H

#include "frontends/onnx/Import/Import.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "test/frontends/onnx/ingest/ModelFixture.h"

namespace ingot::importer {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class ImportFixture : public ingest::ModelFixture {
protected:
  /// The IR of a model, or its problems: a line "error: message" each.
  std::string import(const onnx::ModelProto &proto, const ImportOptions &options = {}) {
    absl::StatusOr<std::unique_ptr<ingest::Model>> model = load(proto);
    if (!model.ok())
      return "refused: " + std::string(model.status().message());
    mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
    std::string text;
    mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
      text += "error: " + diagnostic.str() + "\n";
      return mlir::success();
    });
    WeightStore weights;
    mlir::OwningOpRef<mlir::ModuleOp> module = importModel(context, **model, weights, options);
    if (!module || mlir::failed(mlir::verify(*module)))
      return text.empty() ? "failed without a message" : text;
    llvm::raw_string_ostream stream(text);
    module->print(stream);
    // Enumerations print a blank of their own before them.
    for (size_t at = text.find("  "); at != std::string::npos; at = text.find("  ", at))
      text.erase(at, 1);
    return text;
  }

  /// The same from the text of a graph.
  std::string import(const std::string &graph, const ImportOptions &options = {}, const std::string &opsets = "\"\": 20") {
    return import(model(graph, opsets), options);
  }

  /// A constant of i64 numbers for ImportOptions::boundInputs.
  static ConstantBytes ints(std::vector<int64_t> values) {
    auto owner = std::make_shared<const std::vector<int64_t>>(std::move(values));
    llvm::ArrayRef<char> bytes(reinterpret_cast<const char *>(owner->data()), owner->size() * sizeof(int64_t));
    return {onnx::TensorProto::INT64, {static_cast<int64_t>(owner->size())}, bytes, owner};
  }

  static size_t count(const std::string &text, const std::string &part) {
    size_t found = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
      ++found;
    return found;
  }
};

} // namespace ingot::importer

#endif

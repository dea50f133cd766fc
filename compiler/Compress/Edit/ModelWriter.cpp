// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A model is a protobuf whose field `graph` holds fields `initializer`: their lengths are known before their data is read, so the file is written
// from front to back, and the data of one constant at a time passes through memory.
#include "compiler/Compress/Edit/ModelWriter.h"

#include "compiler/Driver/UsageError.h"
#include "frontends/onnx/Ingest/ElementType.h"
#include "frontends/onnx/Ingest/PayloadCutter.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/LEB128.h"
#include "llvm/Support/Path.h"

namespace ingot::compress {
namespace {

std::string header(int field, uint64_t length) {
  std::string text;
  llvm::raw_string_ostream out(text);
  llvm::encodeULEB128(static_cast<uint64_t>(field) << 3 | 2, out);
  llvm::encodeULEB128(length, out);
  return text;
}

/// A constant whose data is not in its proto.
struct Payload {
  onnx::TensorProto structure; ///< without data
  uint64_t bytes = 0;
};

class ModelFile {
public:
  ModelFile(ModelEditor &editor, const std::string &output) : editor(editor), model(editor.model()), output(output) {}

  absl::Status write(bool externalData, uint64_t largestFile) {
    if (absl::Status status = restoreInner(*model.mutableProto().mutable_graph(), /*isMain=*/true); !status.ok())
      return status;
    for (onnx::FunctionProto &function : *model.mutableProto().mutable_functions())
      if (absl::Status status = restoreNodes(*function.mutable_node()); !status.ok())
        return status;
    if (absl::Status status = takeInitializers(); !status.ok())
      return status;
    uint64_t total = model.proto().ByteSizeLong();
    for (const Payload &payload : payloads)
      total += payload.bytes + payload.structure.ByteSizeLong() + 32;
    return externalData || total > largestFile ? writeExternal() : writeSingle();
  }

private:
  static bool isElsewhere(const onnx::TensorProto &tensor) { return ingest::isExternal(tensor) || ingest::cutOffset(tensor); }

  /// Constants of subgraphs, functions and attributes become a part of the structure again.
  absl::Status restore(onnx::TensorProto &tensor) {
    if (!isElsewhere(tensor))
      return absl::OkStatus();
    absl::StatusOr<ingest::Initializer> data = model.tensor(tensor);
    if (!data.ok())
      return data.status();
    strip(tensor);
    tensor.set_raw_data(data->bytes().data(), data->bytes().size());
    return absl::OkStatus();
  }

  static void strip(onnx::TensorProto &tensor) {
    tensor.clear_external_data();
    tensor.clear_data_location();
    tensor.clear_raw_data();
  }

  template <typename Nodes> absl::Status restoreNodes(Nodes &nodes) {
    absl::Status status;
    for (onnx::NodeProto &node : nodes)
      for (onnx::AttributeProto &attribute : *node.mutable_attribute()) {
        if (attribute.has_t())
          status.Update(restore(*attribute.mutable_t()));
        for (onnx::TensorProto &tensor : *attribute.mutable_tensors())
          status.Update(restore(tensor));
        if (attribute.has_sparse_tensor())
          status.Update(restore(*attribute.mutable_sparse_tensor()));
        if (attribute.has_g())
          status.Update(restoreInner(*attribute.mutable_g(), /*isMain=*/false));
        for (onnx::GraphProto &graph : *attribute.mutable_graphs())
          status.Update(restoreInner(graph, /*isMain=*/false));
      }
    return status;
  }

  absl::Status restore(onnx::SparseTensorProto &tensor) {
    absl::Status status = restore(*tensor.mutable_values());
    status.Update(restore(*tensor.mutable_indices()));
    return status;
  }

  absl::Status restoreInner(onnx::GraphProto &graph, bool isMain) {
    absl::Status status = restoreNodes(*graph.mutable_node());
    for (onnx::SparseTensorProto &tensor : *graph.mutable_sparse_initializer())
      status.Update(restore(tensor));
    if (!isMain)
      for (onnx::TensorProto &tensor : *graph.mutable_initializer())
        status.Update(restore(tensor));
    return status;
  }

  /// Takes the constants whose data is elsewhere out of the graph.
  absl::Status takeInitializers() {
    auto &all = *model.mutableProto().mutable_graph()->mutable_initializer();
    int kept = 0;
    for (int i = 0; i < all.size(); ++i) {
      std::optional<TensorSpool::Place> fresh = editor.spool().find(all[i].name());
      if (!fresh && !isElsewhere(all[i])) {
        all.SwapElements(kept++, i);
        continue;
      }
      uint64_t bytes = fresh ? fresh->bytes : 0;
      if (!fresh) {
        absl::StatusOr<ingest::Initializer> data = model.tensor(all[i]);
        if (!data.ok())
          return data.status();
        bytes = data->bytes().size();
      }
      payloads.push_back({all[i], bytes});
    }
    while (all.size() > kept)
      all.RemoveLast();
    return absl::OkStatus();
  }

  absl::Status copyData(const Payload &payload, llvm::raw_ostream &out) {
    if (std::optional<TensorSpool::Place> fresh = editor.spool().find(payload.structure.name()))
      return editor.spool().copyTo(*fresh, out);
    absl::StatusOr<ingest::Initializer> data = model.tensor(payload.structure);
    if (!data.ok())
      return data.status();
    out.write(data->bytes().data(), data->bytes().size());
    return absl::OkStatus();
  }

  absl::Status writeSingle() {
    std::string graph = model.graph().SerializeAsString();
    model.mutableProto().clear_graph();
    std::string rest = model.proto().SerializeAsString();
    std::vector<std::string> heads;
    uint64_t graphBytes = graph.size();
    for (const Payload &payload : payloads) {
      onnx::TensorProto structure = payload.structure;
      strip(structure);
      std::string head = structure.SerializeAsString() + header(onnx::TensorProto::kRawDataFieldNumber, payload.bytes);
      heads.push_back(header(onnx::GraphProto::kInitializerFieldNumber, head.size() + payload.bytes) + head);
      graphBytes += heads.back().size() + payload.bytes;
    }
    return writeFileAtomically(output, [&](llvm::raw_ostream &out) {
      out << rest << header(onnx::ModelProto::kGraphFieldNumber, graphBytes) << graph;
      for (auto [payload, head] : llvm::zip_equal(payloads, heads)) {
        out << head;
        if (absl::Status status = copyData(payload, out); !status.ok())
          return status;
      }
      return absl::OkStatus();
    });
  }

  absl::Status writeExternal() {
    std::string dataPath = output + ".data", location = llvm::sys::path::filename(dataPath).str();
    for (const Payload &payload : payloads) {
      std::optional<TensorSpool::Place> place = editor.spool().find(payload.structure.name());
      if (!place) {
        absl::StatusOr<ingest::Initializer> data = model.tensor(payload.structure);
        absl::StatusOr<TensorSpool::Place> added = data.ok() ? editor.spool().append(data->bytes()) : data.status();
        if (!added.ok())
          return added.status();
        place = *added;
      }
      onnx::TensorProto &tensor = *model.mutableProto().mutable_graph()->add_initializer();
      tensor = payload.structure;
      strip(tensor);
      tensor.set_data_location(onnx::TensorProto::EXTERNAL);
      for (auto [key, value] : {std::pair<const char *, std::string>("location", location),
                                {"offset", std::to_string(place->offset)},
                                {"length", std::to_string(place->bytes)}}) {
        onnx::StringStringEntryProto &entry = *tensor.add_external_data();
        entry.set_key(key);
        entry.set_value(value);
      }
    }
    absl::StatusOr<TemporaryFile> file = TemporaryFile::create(output);
    if (!file.ok())
      return file.status();
    std::string bytes = model.proto().SerializeAsString();
    absl::Status status = file->write([&](llvm::raw_ostream &out) {
      out << bytes;
      return absl::OkStatus();
    });
    status.Update(status.ok() ? editor.spool().moveTo(dataPath) : status);
    if (!status.ok())
      return status;
    if (absl::Status moved = file->moveTo(output); !moved.ok()) {
      llvm::sys::fs::remove(dataPath);
      return moved;
    }
    return absl::OkStatus();
  }

  ModelEditor &editor;
  ingest::Model &model;
  const std::string &output;
  std::vector<Payload> payloads;
};

} // namespace

absl::Status checkOutputIsNoInput(const ingest::Model &model, const std::string &input, const std::string &output) {
  auto isOutput = [&](const llvm::Twine &path) {
    return llvm::sys::fs::equivalent(path, output) || llvm::sys::fs::equivalent(path, output + ".data");
  };
  if (isOutput(input))
    return usageError("the output '" + output + "' would replace the model itself");
  for (const onnx::TensorProto &tensor : model.graph().initializer())
    if (absl::StatusOr<ingest::ExternalLocation> where = ingest::externalLocation(tensor);
        ingest::isExternal(tensor) && where.ok() && isOutput(llvm::sys::path::parent_path(input) + "/" + where->location))
      return usageError("the output '" + output + "' or its data would replace the model's weights");
  return absl::OkStatus();
}

absl::Status writeModel(ModelEditor &editor, const std::string &output, bool externalData, uint64_t largestFile) {
  return ModelFile(editor, output).write(externalData, largestFile);
}

} // namespace ingot::compress

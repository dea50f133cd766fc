// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/InspectText.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/Support/FormatVariadic.h"

namespace ingot {
namespace {

std::string plain(const llvm::json::Value &value) {
  if (auto text = value.getAsString())
    return text->str();
  std::string text;
  if (const llvm::json::Array *array = value.getAsArray()) {
    for (const llvm::json::Value &element : *array)
      text += (text.empty() ? "" : ", ") + plain(element);
    return "[" + text + "]";
  }
  return llvm::formatv("{0}", value).str();
}

/// "1.50 MiB (1572864 bytes)"
std::string size(int64_t bytes) { return llvm::formatv("{0:f2} MiB ({1} bytes)", bytes / 1048576.0, bytes).str(); }

std::string ports(const llvm::json::Object &object, llvm::StringRef key) {
  const llvm::json::Array *list = object.getArray(key);
  if (!list || list->empty())
    return "";
  std::string text = key.str() + "\n";
  for (const llvm::json::Value &value : *list) {
    const llvm::json::Object &port = *value.getAsObject();
    if (const llvm::json::Value *shape = port.get("shape"))
      text += llvm::formatv("  {0}  {1} {2}\n", plain(*port.get("name")), plain(*port.get("type")), plain(*shape)).str();
    else
      text += llvm::formatv("  {0}  {1} to {2}\n", plain(*port.get("name")), plain(*port.get("min")), plain(*port.get("max"))).str();
  }
  return text;
}

/// The most frequent first.
std::string operators(const llvm::json::Object &counts) {
  std::vector<std::pair<int64_t, std::string>> sorted;
  int64_t all = 0;
  for (const auto &[name, count] : counts) {
    sorted.emplace_back(-count.getAsInteger().value_or(0), name.str());
    all += count.getAsInteger().value_or(0);
  }
  llvm::sort(sorted);
  std::string text = llvm::formatv("operators\n  {0} nodes of {1} kinds\n", all, sorted.size());
  for (const auto &[count, name] : sorted)
    text += llvm::formatv("  {0,6}  {1}\n", -count, name).str();
  return text;
}

std::string weights(const llvm::json::Object &weights) {
  std::string text = llvm::formatv("weights\n  {0} tensors, {1}\n", *weights.getInteger("count"), size(*weights.getInteger("bytes")));
  for (const auto &[name, type] : *weights.getObject("types"))
    text += llvm::formatv("  {0}  {1} tensors, {2}\n", name.str(), *type.getAsObject()->getInteger("count"),
                          size(*type.getAsObject()->getInteger("bytes")))
                .str();
  return text;
}

std::string fields(llvm::StringRef title, const llvm::json::Object &object) {
  std::vector<std::string> lines;
  for (const auto &[name, value] : object)
    if (name != "passes" && name != "memory_formula") // a long list, for --json; shown as memory
      lines.push_back(llvm::formatv("  {0}  {1}\n", name.str(), plain(value)));
  llvm::sort(lines);
  std::string text = title.str() + "\n";
  for (const std::string &line : lines)
    text += line;
  return text;
}

} // namespace

std::string arenaText(llvm::ArrayRef<std::string> formula) {
  if (formula.empty())
    return "";
  if (formula.size() == 1)
    return "arena: at most " + formula.front() + " bytes\n";
  std::string text = "arena: at most the largest of these numbers of bytes\n";
  for (const std::string &polynomial : formula)
    text += "    " + polynomial + "\n";
  return text;
}

std::string inspectionText(const llvm::json::Object &object) {
  std::string text = llvm::formatv("{0}: {1}, {2}\n", *object.getString("file"), *object.getString("kind"), size(*object.getInteger("file_bytes")));
  text += ports(object, "inputs") + ports(object, "outputs") + ports(object, "dims");
  if (const llvm::json::Object *counts = object.getObject("operators"))
    text += operators(*counts);
  if (const llvm::json::Object *list = object.getObject("weights"))
    text += weights(*list);
  const llvm::json::Array *dims = object.getArray("dims");
  bool open = dims && !dims->empty();
  if (auto peak = object.getInteger("peak_memory_bytes"))
    text += llvm::formatv("memory{0}\n  {1}: arena {2} + weights {3}\n", open ? " with the largest dims" : "", size(*peak),
                          *object.getInteger("arena_bytes"), *object.getInteger("weight_bytes"));
  if (const llvm::json::Object *manifest = object.getObject("manifest"))
    if (const llvm::json::Array *formula = manifest->getArray("memory_formula"))
      text += "  " + arenaText(llvm::map_to_vector(*formula, [](const llvm::json::Value &value) { return plain(value); }));
  if (const llvm::json::Value *variants = object.get("variants"))
    text += llvm::formatv("variants\n  {0}, here {1}\n", plain(*variants), object.getString("variant").value_or("none"));
  if (const llvm::json::Value *models = object.get("models"))
    text += llvm::formatv("models\n  {0}\n", plain(*models)).str();
  if (const llvm::json::Object *manifest = object.getObject("manifest"))
    text += fields("compiled", *manifest);
  if (const llvm::json::Value *hash = object.get("model_sha256"))
    text += llvm::formatv("file\n  ONNX IR {0}, opsets {1}, producer '{2}'\n  sha256  {3}\n", *object.getInteger("ir_version"), *object.get("opsets"),
                          plain(*object.get("producer")), plain(*hash));
  if (const llvm::json::Object *external = object.getObject("external_sha256"); external && !external->empty())
    text += fields("external data (sha256)", *external);
  if (const llvm::json::Array *problems = object.getArray("problems"); problems && !problems->empty()) {
    text += "cannot be compiled\n";
    for (const llvm::json::Value &line : *problems)
      text += "  " + plain(line) + "\n";
  }
  return text;
}

} // namespace ingot

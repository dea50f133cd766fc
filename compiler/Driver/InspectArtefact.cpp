// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Codegen/ModelInterface.h"
#include "compiler/Codegen/Platform.h"
#include "compiler/Driver/Inspect.h"
#include "compiler/Driver/Manifest.h"
#include "runtime/include/ingot/ingot.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Object/Archive.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"

#include <dlfcn.h>

using namespace llvm::object;

namespace ingot {
namespace {

constexpr llvm::StringLiteral kModelSuffix = "_model";

absl::Status damaged(const std::string &path, llvm::Error error) {
  return absl::InvalidArgumentError("cannot read '" + path + "': " + llvm::toString(std::move(error)));
}

/// The manifest that lies somewhere in the file, as text.
std::optional<llvm::StringRef> findManifest(llvm::StringRef bytes) {
  size_t begin = bytes.find(kManifestBegin);
  if (begin == llvm::StringRef::npos)
    return std::nullopt;
  return bytes.substr(begin).take_until([](char c) { return c == 0; });
}

/// Adds the models that an object defines: its global symbols NAME_model.
void addModels(const ELFObjectFileBase &file, bool dynamic, std::vector<std::string> &models) {
  auto add = [&](const SymbolRef &symbol) {
    llvm::Expected<uint32_t> flags = symbol.getFlags();
    llvm::Expected<llvm::StringRef> name = symbol.getName();
    if (!flags || !name) {
      llvm::consumeError(flags.takeError());
      llvm::consumeError(name.takeError());
      return;
    }
    if ((*flags & BasicSymbolRef::SF_Global) && !(*flags & BasicSymbolRef::SF_Undefined) && name->ends_with(kModelSuffix))
      models.push_back(name->str());
  };
  if (dynamic)
    llvm::for_each(file.getDynamicSymbolIterators(), add);
  else
    llvm::for_each(file.symbols(), add);
}

absl::StatusOr<llvm::json::Object> inspectProgram(const std::string &path) {
  llvm::SmallString<128> absolute(path), answer;
  llvm::sys::fs::make_absolute(absolute);
  if (std::error_code error = llvm::sys::fs::createTemporaryFile("ingot-inspect", "json", answer))
    return absl::UnavailableError("cannot make a temporary file: " + error.message());
  std::optional<llvm::StringRef> redirects[] = {llvm::StringRef(""), answer.str(), std::nullopt};
  std::string message;
  int code = llvm::sys::ExecuteAndWait(absolute, {absolute, "--info", "--json"}, std::nullopt, redirects, /*SecondsToWait=*/60, 0, &message);
  auto text = llvm::MemoryBuffer::getFile(answer);
  llvm::sys::fs::remove(answer);
  if (code != 0 || !text)
    return absl::InvalidArgumentError("'" + path + " --info' ended with exit code " + std::to_string(code) + (message.empty() ? "" : ": " + message));
  llvm::Expected<llvm::json::Value> value = llvm::json::parse((*text)->getBuffer());
  if (!value)
    return damaged(path, value.takeError());
  if (!value->getAsObject())
    return absl::InvalidArgumentError("'" + path + " --info --json' printed no object");
  return std::move(*value->getAsObject());
}

ModelInterface interfaceOf(const IngotModel &model) {
  ModelInterface interface;
  auto tensors = [](const IngotTensorInfo *infos, uint32_t count) {
    std::vector<TensorInterface> list;
    for (const IngotTensorInfo &info : llvm::ArrayRef(infos, count))
      list.push_back({info.name, info.element_type, std::vector<int64_t>(info.dims, info.dims + info.rank), info.bytes});
    return list;
  };
  interface.inputs = tensors(model.inputs, model.input_count);
  interface.outputs = tensors(model.outputs, model.output_count);
  for (const IngotSymbol &symbol : llvm::ArrayRef(model.symbols, model.symbol_count))
    interface.symbols.push_back({symbol.name, symbol.minimum, symbol.maximum, symbol.kind});
  return interface;
}

/// What a program says of itself with --info --json.
absl::StatusOr<llvm::json::Object> inspectShared(const std::string &path, const std::string &symbol) {
  llvm::SmallString<128> absolute(path); // a name without a folder would be searched for elsewhere
  llvm::sys::fs::make_absolute(absolute);
  void *library = dlopen(absolute.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return absl::InvalidArgumentError("cannot load '" + path + "': " + dlerror());
  llvm::scope_exit close([&] { dlclose(library); });
  auto *model = static_cast<const IngotModel *>(dlsym(library, symbol.c_str()));
  if (!ingot_model_valid(model))
    return absl::InvalidArgumentError("'" + symbol + "' in '" + path + "' is no model that this version of Ingot knows; compile it again");
  llvm::json::Object object = describePorts(interfaceOf(*model));
  const IngotVariant *used = ingot_model_variant(model);
  llvm::json::Array variants;
  for (const IngotVariant &variant : llvm::ArrayRef(model->variants, model->variant_count))
    variants.push_back(std::string(variant.name)); // the library is closed before they are read
  int64_t arenaBytes = (used ? used : model->variants)->arena_bytes, weightBytes = model->weight_bytes;
  object["symbol"] = symbol;
  object["arena_bytes"] = arenaBytes;
  object["weight_bytes"] = weightBytes;
  object["scratch_bytes"] = static_cast<int64_t>(model->scratch_bytes);
  object["peak_memory_bytes"] = arenaBytes + weightBytes;
  object["variant"] = used ? llvm::json::Value(std::string(used->name)) : llvm::json::Value(nullptr);
  object["variants"] = std::move(variants);
  return object;
}

/// Of a file for another kind of CPU, its models have names; a program's have none.
absl::StatusOr<llvm::json::Object> describeForeign(const std::vector<std::string> &models) {
  return models.empty() ? llvm::json::Object{} : llvm::json::Object{{"models", llvm::json::Array(models)}};
}

/// A linked file tells most when it is run or loaded. One for another kind of CPU is only read.
absl::StatusOr<llvm::json::Object> inspectLinked(const std::string &path, const ELFObjectFileBase &file) {
  llvm::Expected<uint64_t> entry = file.getStartAddress();
  if (!entry)
    return damaged(path, entry.takeError());
  bool isProgram = *entry != 0;
  std::vector<std::string> models;
  if (!isProgram)
    addModels(file, /*dynamic=*/true, models);
  if (!isProgram && models.size() != 1)
    return absl::InvalidArgumentError("'" + path + "' exports " + std::to_string(models.size()) + " models, expected one");
  bool runsHere = file.getEMachine() == hostPlatform().elfMachine;
  absl::StatusOr<llvm::json::Object> object = !runsHere   ? describeForeign(models)
                                              : isProgram ? inspectProgram(path)
                                                          : inspectShared(path, models.front());
  if (object.ok())
    (*object)["kind"] = isProgram ? "program" : "shared library";
  return object;
}

/// What the manifest says of inputs, outputs, dims and memory, which is no longer in it then.
llvm::json::Object takeInterface(llvm::json::Value &manifest) {
  llvm::json::Object *whole = manifest.getAsObject();
  if (!whole || !whole->getObject("interface"))
    return {};
  llvm::json::Object interface = std::move(*whole->getObject("interface"));
  whole->erase("interface");
  interface["peak_memory_bytes"] = interface.getInteger("arena_bytes").value_or(0) + interface.getInteger("weight_bytes").value_or(0);
  return interface;
}

void addAll(llvm::json::Object &&from, llvm::json::Object &to) {
  for (auto &[name, value] : from)
    to[name] = std::move(value);
}

} // namespace

absl::StatusOr<llvm::json::Object> inspectArtefact(const std::string &path, llvm::StringRef bytes) {
  std::optional<llvm::StringRef> text = findManifest(bytes);
  if (!text)
    return absl::InvalidArgumentError("'" + path + "' was not made by Ingot: it holds no manifest");
  llvm::Expected<llvm::json::Value> manifest = llvm::json::parse(*text);
  if (!manifest)
    return damaged(path, manifest.takeError());
  llvm::json::Object interface = takeInterface(*manifest);
  std::vector<std::string> models;
  llvm::json::Object object;
  llvm::MemoryBufferRef buffer(bytes, path);
  if (bytes.starts_with("!<arch>")) {
    llvm::Expected<std::unique_ptr<Archive>> archive = Archive::create(buffer);
    if (!archive)
      return damaged(path, archive.takeError());
    for (const Archive::Symbol &symbol : (*archive)->symbols())
      if (symbol.getName().ends_with(kModelSuffix))
        models.push_back(symbol.getName().str());
    object["kind"] = "static library";
  } else {
    llvm::Expected<std::unique_ptr<ObjectFile>> file = ObjectFile::createELFObjectFile(buffer);
    if (!file)
      return damaged(path, file.takeError());
    const auto &elf = *llvm::cast<ELFObjectFileBase>(file->get());
    if (elf.getEType() != llvm::ELF::ET_REL) {
      absl::StatusOr<llvm::json::Object> linked = inspectLinked(path, elf);
      if (!linked.ok())
        return linked;
      if (!linked->get("inputs"))
        addAll(std::move(interface), *linked);
      (*linked)["manifest"] = std::move(*manifest);
      return linked;
    }
    addModels(elf, /*dynamic=*/false, models);
    object["kind"] = "object";
  }
  if (models.size() == 1)
    addAll(std::move(interface), object);
  object["models"] = llvm::json::Array(models);
  object["manifest"] = std::move(*manifest);
  return object;
}

} // namespace ingot

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/ImageInputs.h"

#include "compiler/Driver/UsageError.h"
#include "compiler/tools/ProgramCall.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

namespace ingot {
namespace {

/// An input and the pictures for it.
struct FilledInput {
  PictureInput input;
  std::vector<std::string> files;
};

std::string typeText(const llvm::json::Object &port) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::json::Value(port.getArray("shape") ? llvm::json::Array(*port.getArray("shape")) : llvm::json::Array());
  return port.getString("type").value_or("").str() + " " + text;
}

absl::StatusOr<PictureInput> layoutOf(const llvm::json::Object &port, const std::map<std::string, int64_t> &fixedDims) {
  std::vector<int64_t> dims;
  for (const llvm::json::Value &dim : *port.getArray("shape")) {
    auto fixed = fixedDims.find(dim.getAsString().value_or("").str());
    dims.push_back(dim.getAsInteger() ? *dim.getAsInteger() : fixed != fixedDims.end() ? fixed->second : PictureInput::kOpen);
  }
  return PictureInput::of(port.getString("name").value_or(""), port.getString("type").value_or(""), dims, typeText(port));
}

/// Splits NAME=FILE by the names that the model has; NAME= may be missing when there is one input.
absl::StatusOr<std::pair<const llvm::json::Object *, std::string>> split(llvm::StringRef text, const llvm::json::Array &ports) {
  llvm::SmallVector<llvm::StringRef> names;
  for (const llvm::json::Value &port : ports) {
    llvm::StringRef name = names.emplace_back(*port.getAsObject()->getString("name")), file = text;
    if (file.consume_front(name) && file.consume_front("=") && !file.empty())
      return std::pair(port.getAsObject(), file.str());
  }
  if (!text.contains('=') && ports.size() == 1)
    return std::pair(ports.front().getAsObject(), text.str());
  if (!text.contains('='))
    return usageError("--image wants NAME=FILE, got '" + text.str() + "'; the model's inputs are " + llvm::join(names, ", "));
  llvm::StringRef name = text.split('=').first;
  std::string near = suggestion(name, names);
  return usageError("--image " + text.str() + ": the model has no input '" + name.str() + "'" + (near.empty() ? "; " : near + " ") +
                    "the model's inputs are " + llvm::join(names, ", "));
}

absl::Status checkCount(const PictureInput &input, size_t count) {
  int64_t batch = input.hasBatch() ? input.dims[input.batch] : 1;
  if (batch != PictureInput::kOpen && static_cast<size_t>(batch) != count)
    return usageError("input '" + input.name + "' takes " + std::to_string(batch) + (batch == 1 ? " picture, " : " pictures, ") +
                      std::to_string(count) + (count == 1 ? " is given" : " are given"));
  return absl::OkStatus();
}

/// The bytes of a whole input, whose open dims become those of its pictures.
absl::StatusOr<std::string> tensorOf(FilledInput &filled, const PictureOptions &options) {
  if (absl::Status status = checkPictureOptions(filled.input, options); !status.ok())
    return status;
  if (absl::Status status = checkCount(filled.input, filled.files.size()); !status.ok())
    return status;
  return pictureBatch(filled.input, filled.files, options);
}

} // namespace

ImageFiles::~ImageFiles() {
  for (const llvm::SmallString<128> &path : paths)
    llvm::sys::fs::remove(path);
}

absl::StatusOr<ImageFiles> ImageFiles::make(const ImageOptions &options, const std::string &program, const std::map<std::string, int64_t> &dims) {
  ImageFiles files;
  if (options.images.empty())
    return files;
  absl::StatusOr<llvm::json::Object> info = callProgram({program, "--info", "--json"});
  if (!info.ok())
    return info.status();
  std::vector<FilledInput> inputs;
  for (const std::string &text : options.images) {
    auto named = split(text, *info->getArray("inputs"));
    if (!named.ok())
      return named.status();
    auto found = llvm::find_if(inputs, [&](const FilledInput &one) { return one.input.name == named->first->getString("name"); });
    if (found == inputs.end()) {
      absl::StatusOr<PictureInput> input = layoutOf(*named->first, dims);
      if (!input.ok())
        return input.status();
      found = inputs.insert(inputs.end(), FilledInput{std::move(*input), {}});
    }
    found->files.push_back(named->second);
  }
  for (FilledInput &filled : inputs) {
    const PictureInput &input = filled.input;
    absl::StatusOr<std::string> bytes = tensorOf(filled, options.values);
    if (!bytes.ok())
      return bytes.status();
    int descriptor;
    if (std::error_code error = llvm::sys::fs::createTemporaryFile("ingot-image", "bin", descriptor, files.paths.emplace_back()))
      return absl::UnavailableError("cannot make a temporary file: " + error.message());
    llvm::raw_fd_ostream out(descriptor, /*shouldClose=*/true);
    out << *bytes;
    out.close();
    if (out.has_error()) {
      out.clear_error();
      return absl::UnavailableError("cannot write a temporary file for input '" + input.name + "'");
    }
    auto shape = llvm::map_to_vector(input.dims, [](int64_t dim) { return std::to_string(dim); });
    files.words.push_back("--raw");
    files.words.push_back(input.name + "=" + files.paths.back().str().str() + ":" + input.type + ":" + llvm::join(shape, "x"));
  }
  return files;
}

} // namespace ingot

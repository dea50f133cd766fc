// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Ingest/ExternalData.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <algorithm>

namespace ingot::ingest {
namespace path = llvm::sys::path;

bool isExternal(const onnx::TensorProto &tensor) { return tensor.data_location() == onnx::TensorProto::EXTERNAL; }

absl::StatusOr<ExternalLocation> externalLocation(const onnx::TensorProto &tensor) {
  ExternalLocation result;
  for (const onnx::StringStringEntryProto &entry : tensor.external_data()) {
    llvm::StringRef value = entry.value();
    uint64_t number = 0;
    if (entry.key() == "location") {
      result.location = entry.value();
    } else if (entry.key() == "offset" || entry.key() == "length") {
      if (value.getAsInteger(10, number))
        return absl::InvalidArgumentError(absl::StrCat("the ", entry.key(), " of its external data is '", entry.value(), "', not a number of bytes"));
      if (entry.key() == "offset")
        result.offset = number;
      else
        result.length = number;
    }
  }
  if (result.location.empty())
    return absl::InvalidArgumentError("its data is external, but no file is named");
  return result;
}

void ExternalFiles::load(const std::string &location) {
  if (!files.contains(location))
    files.emplace(location, open(location));
}

absl::StatusOr<std::shared_ptr<const MappedFile>> ExternalFiles::find(const std::string &location) const {
  auto it = files.find(location);
  return it == files.end() ? absl::NotFoundError(absl::StrCat("external data file '", location, "' was not loaded")) : it->second;
}

std::map<std::string, std::shared_ptr<const MappedFile>> ExternalFiles::mapped() const {
  std::map<std::string, std::shared_ptr<const MappedFile>> result;
  for (const auto &[location, file] : files)
    if (file.ok())
      result.emplace(location, *file);
  return result;
}

absl::StatusOr<std::shared_ptr<const MappedFile>> ExternalFiles::open(const std::string &location) const {
  auto outside = [&](const char *why) {
    return absl::PermissionDeniedError(
        absl::StrCat("external data file '", location, "' ", why, "; external data must lie in the model's folder '", folder, "'"));
  };
  if (location.find('\0') != std::string::npos)
    return outside("has a name that no file can have");
  if (path::is_absolute(location))
    return outside("is an absolute path");
  if (std::any_of(path::begin(location), path::end(location), [](llvm::StringRef part) { return part == ".."; }))
    return outside("leads out of the folder by '..'");
  llvm::SmallString<256> full(folder), realFolder, realFile;
  path::append(full, location);
  if (!llvm::sys::fs::exists(full))
    return absl::NotFoundError(absl::StrCat("external data file '", location, "' is missing in the model's folder '", folder, "'"));
  if (std::error_code error = llvm::sys::fs::real_path(folder, realFolder))
    return absl::PermissionDeniedError(absl::StrCat("folder '", folder, "': ", error.message()));
  if (std::error_code error = llvm::sys::fs::real_path(full, realFile))
    return absl::PermissionDeniedError(absl::StrCat("external data file '", location, "': ", error.message()));
  if (!realFolder.ends_with("/"))
    realFolder.push_back('/');
  if (!realFile.starts_with(realFolder))
    return outside("is a link to a file outside the folder");
  return MappedFile::open(std::string(realFile), maxBytes);
}

} // namespace ingot::ingest

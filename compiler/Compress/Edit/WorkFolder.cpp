// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Edit/WorkFolder.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"

namespace ingot::compress {

absl::StatusOr<WorkFolder> WorkFolder::create(const std::string &output) {
  llvm::SmallString<128> prefix(output), folder;
  if (std::error_code error = llvm::sys::fs::make_absolute(prefix))
    return absl::UnavailableError("cannot find '" + output + "': " + error.message());
  if (std::error_code error = llvm::sys::fs::createUniqueDirectory(prefix + ".tmp", folder))
    return absl::UnavailableError("cannot make a folder beside '" + output + "': " + error.message());
  return WorkFolder(folder.str().str(), output);
}

WorkFolder::~WorkFolder() {
  if (!path.empty())
    llvm::sys::fs::remove_directories(path);
}

std::string WorkFolder::file(const std::string &name) const {
  llvm::SmallString<128> result(path);
  llvm::sys::path::append(result, name);
  llvm::sys::RemoveFileOnSignal(result);
  return result.str().str();
}

std::string WorkFolder::candidate() const { return file(llvm::sys::path::filename(output).str()); }

absl::Status WorkFolder::keepCandidate() const {
  std::string made = candidate(), data = made + ".data";
  if (llvm::sys::fs::exists(data))
    if (std::error_code error = llvm::sys::fs::rename(data, output + ".data"))
      return absl::UnavailableError("cannot write '" + output + ".data': " + error.message());
  if (std::error_code error = llvm::sys::fs::rename(made, output)) {
    llvm::sys::fs::remove(output + ".data");
    return absl::UnavailableError("cannot write '" + output + "': " + error.message());
  }
  return absl::OkStatus();
}

} // namespace ingot::compress

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/Codegen/TemporaryFile.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include <vector>

using namespace llvm;

namespace ingot {
namespace {

absl::Status cannotWrite(StringRef path, const Twine &reason) { return absl::UnavailableError(("cannot write '" + path + "': " + reason).str()); }

/// Refuses what a rename would replace although it is no ordinary file.
absl::Status checkDestination(StringRef path) {
  if (path.empty())
    return absl::InvalidArgumentError("the name of the output file is empty");
  sys::fs::file_status status;
  std::error_code error = sys::fs::status(path, status);
  if (error && error != std::errc::no_such_file_or_directory)
    return cannotWrite(path, error.message());
  if (sys::fs::is_directory(status))
    return cannotWrite(path, "it is a folder");
  if (sys::fs::exists(status) && !sys::fs::is_regular_file(status))
    return cannotWrite(path, "it is not an ordinary file");
  StringRef folder = sys::path::parent_path(path);
  if (!folder.empty() && !sys::fs::is_directory(folder))
    return cannotWrite(path, "there is no folder '" + folder + "'");
  return absl::OkStatus();
}

} // namespace

absl::StatusOr<TemporaryFile> TemporaryFile::create(StringRef destination, StringRef suffix) {
  if (absl::Status status = checkDestination(destination); !status.ok())
    return status;
  SmallString<128> name;
  if (std::error_code error = sys::fs::createUniqueFile(destination + ".tmp-%%%%%%%%" + suffix, name))
    return cannotWrite(destination, error.message());
  sys::RemoveFileOnSignal(name);
  return TemporaryFile(std::string(name));
}

TemporaryFile::~TemporaryFile() {
  if (name.empty())
    return;
  sys::fs::remove(name);
  sys::DontRemoveFileOnSignal(name);
}

absl::Status TemporaryFile::write(FileWriter writer) {
  std::error_code error;
  raw_fd_ostream stream(name, error, sys::fs::CD_OpenExisting);
  if (error)
    return cannotWrite(name, error.message());
  absl::Status status = writer(stream);
  stream.close();
  error = stream.error();
  stream.clear_error(); // or its destructor ends the process
  if (!status.ok())
    return status;
  return error ? cannotWrite(name, error.message()) : absl::OkStatus();
}

absl::Status TemporaryFile::copy(StringRef source) {
  auto cannotRead = [&](const Twine &reason) { return absl::UnavailableError(("cannot read '" + source + "': " + reason).str()); };
  Expected<sys::fs::file_t> file = sys::fs::openNativeFileForRead(source);
  if (!file)
    return cannotRead(toString(file.takeError()));
  std::vector<char> piece(kLargePage);
  absl::Status status = write([&](raw_ostream &stream) {
    stream.SetUnbuffered();
    while (true) {
      Expected<size_t> count = sys::fs::readNativeFile(*file, piece);
      if (!count)
        return cannotRead(toString(count.takeError()));
      if (*count == 0)
        return absl::OkStatus();
      stream.write(piece.data(), *count);
    }
  });
  sys::fs::closeFile(*file);
  if (!status.ok())
    return status;
  ErrorOr<sys::fs::perms> permissions = sys::fs::getPermissions(source);
  std::error_code error = permissions ? sys::fs::setPermissions(name, *permissions) : permissions.getError();
  return error ? cannotWrite(name, error.message()) : absl::OkStatus();
}

absl::Status TemporaryFile::moveTo(StringRef destination) {
  if (absl::Status status = checkDestination(destination); !status.ok())
    return status;
  if (std::error_code error = sys::fs::rename(name, destination))
    return cannotWrite(destination, error.message());
  sys::DontRemoveFileOnSignal(name);
  name.clear();
  return absl::OkStatus();
}

absl::Status checkWritable(StringRef path) {
  // Making a file is the only sure answer: permission bits know nothing of read-only or full file systems.
  return TemporaryFile::create(path).status();
}

absl::Status writeFileAtomically(StringRef path, FileWriter writer) {
  absl::StatusOr<TemporaryFile> file = TemporaryFile::create(path);
  if (!file.ok())
    return file.status();
  if (absl::Status status = file->write(writer); !status.ok())
    return status;
  return file->moveTo(path);
}

} // namespace ingot

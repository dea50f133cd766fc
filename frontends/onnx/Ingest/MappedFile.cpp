// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Ingest/MappedFile.h"

#include "absl/strings/str_cat.h"
#include "llvm/Support/FileSystem.h"

namespace ingot::ingest {

absl::StatusOr<std::shared_ptr<const MappedFile>> MappedFile::open(const std::string &path, uint64_t maxBytes) {
  llvm::sys::fs::file_status status;
  if (std::error_code error = llvm::sys::fs::status(path, status))
    return error == std::errc::no_such_file_or_directory ? absl::NotFoundError(absl::StrCat(path, ": no such file"))
                                                         : absl::PermissionDeniedError(absl::StrCat(path, ": ", error.message()));
  if (status.type() != llvm::sys::fs::file_type::regular_file) // a pipe or device has no size and cannot be mapped
    return absl::InvalidArgumentError(absl::StrCat(path, ": is not a regular file"));
  if (status.getSize() > maxBytes)
    return absl::ResourceExhaustedError(absl::StrCat(path, ": has ", status.getSize(), " bytes, the limit is ", maxBytes));
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return absl::PermissionDeniedError(absl::StrCat(path, ": cannot be read: ", buffer.getError().message()));
  return std::shared_ptr<const MappedFile>(new MappedFile(path, std::move(*buffer)));
}

} // namespace ingot::ingest

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef FRONTENDS_ONNX_INGEST_MAPPEDFILE_H
#define FRONTENDS_ONNX_INGEST_MAPPEDFILE_H

#include "absl/status/statusor.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/MemoryBuffer.h"

#include <memory>
#include <string>

namespace ingot::ingest {

/// A regular file, mapped read-only for as long as the object lives. A file that another process shortens meanwhile is not protected against.
class MappedFile {
public:
  static absl::StatusOr<std::shared_ptr<const MappedFile>> open(const std::string &path, uint64_t maxBytes);

  const std::string &path() const { return name; }
  llvm::StringRef bytes() const { return buffer->getBuffer(); }
  uint64_t size() const { return buffer->getBufferSize(); }

private:
  MappedFile(std::string path, std::unique_ptr<llvm::MemoryBuffer> buffer) : name(std::move(path)), buffer(std::move(buffer)) {}

  std::string name;
  std::unique_ptr<llvm::MemoryBuffer> buffer;
};

} // namespace ingot::ingest

#endif

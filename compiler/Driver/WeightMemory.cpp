// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/WeightMemory.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/raw_ostream.h"

#include <cstring>

namespace ingot {
namespace {

constexpr uint64_t kWeightAlignment = 64;

/// Writes into memory of a fixed size, and counts what does not fit.
class BufferStream final : public llvm::raw_ostream {
public:
  BufferStream(uint8_t *data, uint64_t size) : raw_ostream(/*unbuffered=*/true), data(data), size(size) {}

private:
  void write_impl(const char *source, size_t count) override {
    if (position < size)
      std::memcpy(data + position, source, std::min<uint64_t>(count, size - position));
    position += count;
  }
  uint64_t current_pos() const override { return position; }

  uint8_t *data;
  uint64_t size, position = 0;
};

absl::Status checkSize(uint64_t written, uint64_t bytes) {
  return written == bytes ? absl::OkStatus()
                          : absl::InternalError(std::to_string(written) + " bytes of weights were written, not " + std::to_string(bytes));
}

} // namespace

absl::StatusOr<WeightMemory> WeightMemory::create(uint64_t bytes, llvm::function_ref<absl::Status(llvm::raw_ostream &)> write,
                                                  uint64_t mostInMemory) {
  WeightMemory result;
  result.bytes = bytes;
  if (bytes <= mostInMemory) {
    result.memory.reset(static_cast<uint8_t *>(std::aligned_alloc(kWeightAlignment, (bytes / kWeightAlignment + 2) * kWeightAlignment)));
    if (!result.memory)
      return absl::ResourceExhaustedError("no memory for " + std::to_string(bytes) + " bytes of weights");
    BufferStream stream(result.memory.get(), bytes);
    if (absl::Status status = write(stream); !status.ok())
      return status;
    if (absl::Status status = checkSize(stream.tell(), bytes); !status.ok())
      return status;
    return result;
  }
  int descriptor;
  llvm::SmallString<128> path;
  if (std::error_code error = llvm::sys::fs::createTemporaryFile("ingot-weights", "bin", descriptor, path))
    return absl::UnavailableError("cannot make a temporary file for weights: " + error.message());
  llvm::sys::fs::remove(path); // the file lives as long as it is mapped
  llvm::raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
  llvm::scope_exit ignore([&] { stream.clear_error(); });
  if (absl::Status status = write(stream); !status.ok())
    return status;
  if (absl::Status status = checkSize(stream.tell(), bytes); !status.ok())
    return status;
  stream.write_zeros(kWeightAlignment);
  stream.flush();
  if (stream.has_error())
    return absl::ResourceExhaustedError("cannot write " + std::to_string(bytes) +
                                        " bytes of weights into the folder for temporary files (TMPDIR): " + stream.error().message());
  std::error_code error;
  result.mapped = std::make_unique<llvm::sys::fs::mapped_file_region>(
      llvm::sys::fs::convertFDToNativeFile(descriptor), llvm::sys::fs::mapped_file_region::readonly, bytes + kWeightAlignment, 0, error);
  if (error)
    return absl::UnavailableError("cannot map a temporary file of weights: " + error.message());
  return result;
}

} // namespace ingot

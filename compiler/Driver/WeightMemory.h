// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_DRIVER_WEIGHTMEMORY_H
#define COMPILER_DRIVER_WEIGHTMEMORY_H

#include "absl/status/statusor.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/FileSystem.h"

#include <cstdint>
#include <cstdlib>
#include <memory>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace ingot {

/// Weights of a model that lives in this process. Small ones lie in memory. Large ones lie in a temporary file without a name, which is mapped: the
/// system may take their pages back at any time, so a model need not fit into memory.
class WeightMemory {
public:
  /// Above so many bytes weights go to a file.
  static constexpr uint64_t kMostInMemory = uint64_t(256) << 20;

  WeightMemory() = default;

  /// `write` writes exactly `bytes` bytes. Fails when there is no room in memory, or in the folder for temporary files.
  static absl::StatusOr<WeightMemory> create(uint64_t bytes, llvm::function_ref<absl::Status(llvm::raw_ostream &)> write,
                                             uint64_t mostInMemory = kMostInMemory);

  /// Aligned to 64 bytes; up to 64 more may be read behind the end.
  const uint8_t *data() const { return mapped ? reinterpret_cast<const uint8_t *>(mapped->const_data()) : memory.get(); }
  uint64_t size() const { return bytes; }
  bool isFile() const { return mapped != nullptr; }

private:
  struct Free {
    void operator()(uint8_t *data) const { std::free(data); }
  };
  std::unique_ptr<uint8_t, Free> memory;
  std::unique_ptr<llvm::sys::fs::mapped_file_region> mapped;
  uint64_t bytes = 0;
};

} // namespace ingot

#endif

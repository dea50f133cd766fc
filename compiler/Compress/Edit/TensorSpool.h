// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_EDIT_TENSORSPOOL_H
#define COMPILER_COMPRESS_EDIT_TENSORSPOOL_H

#include "compiler/Codegen/TemporaryFile.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/raw_ostream.h"

#include <memory>
#include <optional>

namespace ingot::compress {

/// New constants wait here, in a file beside the output, until the model is written: none of them is kept in memory.
class TensorSpool {
public:
  static absl::StatusOr<std::unique_ptr<TensorSpool>> create(const std::string &destination);

  struct Place {
    uint64_t offset = 0, bytes = 0;
  };

  /// Offsets are multiples of 64.
  absl::StatusOr<Place> append(llvm::ArrayRef<char> bytes);
  absl::Status add(llvm::StringRef name, llvm::ArrayRef<char> bytes);
  std::optional<Place> find(llvm::StringRef name) const;

  /// Copies what `add` was given to a stream.
  absl::Status copyTo(const Place &place, llvm::raw_ostream &out);

  /// Ends writing and gives the file its final name.
  absl::Status moveTo(const std::string &destination);

private:
  explicit TensorSpool(TemporaryFile file) : file(std::move(file)) {}
  absl::Status problem() const;

  TemporaryFile file;
  std::unique_ptr<llvm::raw_fd_ostream> stream;
  llvm::StringMap<Place> places;
  uint64_t size = 0;
};

} // namespace ingot::compress

#endif

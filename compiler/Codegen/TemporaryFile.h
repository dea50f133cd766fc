// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files that appear under their own name only when they are complete.

#ifndef COMPILER_CODEGEN_TEMPORARYFILE_H
#define COMPILER_CODEGEN_TEMPORARYFILE_H

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"

#include <string>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace ingot {

using FileWriter = llvm::function_ref<absl::Status(llvm::raw_ostream &)>;

inline constexpr uint64_t kLargePage = 2 << 20;

/// An empty file with a fresh name beside `destination`, removed when this object or the process ends (by a signal too), unless it was moved into
/// place.
class TemporaryFile {
public:
  static absl::StatusOr<TemporaryFile> create(llvm::StringRef destination, llvm::StringRef suffix = "");
  TemporaryFile(TemporaryFile &&other) : name(std::move(other.name)) { other.name.clear(); }
  TemporaryFile &operator=(TemporaryFile &&) = delete;
  ~TemporaryFile();

  const std::string &path() const { return name; }

  /// Writes the whole content.
  absl::Status write(FileWriter writer);

  /// Writes what `source` holds, with its permissions, in pieces of `kLargePage`: from such pieces Linux makes large pages of its cache where the
  /// file system can, and maps them as such.
  absl::Status copy(llvm::StringRef source);

  /// Gives the file its final name, in one step: whoever opens `destination` sees the old file or the complete new one.
  absl::Status moveTo(llvm::StringRef destination);

private:
  explicit TemporaryFile(std::string name) : name(std::move(name)) {}
  std::string name;
};

/// Says before any work whether a file can be written to `path`: its folder exists and is writable, and `path` is no folder or device.
absl::Status checkWritable(llvm::StringRef path);

/// Writes a file under a temporary name and moves it into place.
absl::Status writeFileAtomically(llvm::StringRef path, FileWriter writer);

} // namespace ingot

#endif

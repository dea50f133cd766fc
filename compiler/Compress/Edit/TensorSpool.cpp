// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Edit/TensorSpool.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"

namespace ingot::compress {

constexpr uint64_t kAlignment = 64;

absl::StatusOr<std::unique_ptr<TensorSpool>> TensorSpool::create(const std::string &destination) {
  absl::StatusOr<TemporaryFile> file = TemporaryFile::create(destination, ".data");
  if (!file.ok())
    return file.status();
  std::unique_ptr<TensorSpool> spool(new TensorSpool(std::move(*file)));
  std::error_code error;
  spool->stream = std::make_unique<llvm::raw_fd_ostream>(spool->file.path(), error, llvm::sys::fs::CD_OpenExisting);
  if (error)
    return absl::UnavailableError("cannot write '" + spool->file.path() + "': " + error.message());
  return spool;
}

absl::Status TensorSpool::problem() const {
  std::error_code error = stream->error();
  stream->clear_error(); // or its destructor ends the process
  return error ? absl::UnavailableError("cannot write '" + file.path() + "': " + error.message()) : absl::OkStatus();
}

absl::StatusOr<TensorSpool::Place> TensorSpool::append(llvm::ArrayRef<char> bytes) {
  uint64_t offset = llvm::alignTo(size, kAlignment);
  stream->write_zeros(offset - size);
  stream->write(bytes.data(), bytes.size());
  size = offset + bytes.size();
  if (absl::Status status = problem(); !status.ok())
    return status;
  return Place{offset, bytes.size()};
}

absl::Status TensorSpool::add(llvm::StringRef name, llvm::ArrayRef<char> bytes) {
  absl::StatusOr<Place> place = append(bytes);
  if (!place.ok())
    return place.status();
  places[name] = *place;
  return absl::OkStatus();
}

std::optional<TensorSpool::Place> TensorSpool::find(llvm::StringRef name) const {
  auto it = places.find(name);
  return it == places.end() ? std::nullopt : std::optional(it->second);
}

absl::Status TensorSpool::copyTo(const Place &place, llvm::raw_ostream &out) {
  stream->flush();
  if (absl::Status status = problem(); !status.ok())
    return status;
  auto cannotRead = [&](const std::string &why) { return absl::UnavailableError("cannot read '" + file.path() + "': " + why); };
  llvm::Expected<llvm::sys::fs::file_t> source = llvm::sys::fs::openNativeFileForRead(file.path());
  if (!source)
    return cannotRead(llvm::toString(source.takeError()));
  std::vector<char> piece(1 << 20);
  absl::Status status;
  for (uint64_t done = 0; done < place.bytes && status.ok();) {
    size_t wanted = std::min<uint64_t>(piece.size(), place.bytes - done);
    llvm::Expected<size_t> count = llvm::sys::fs::readNativeFileSlice(*source, llvm::MutableArrayRef(piece).take_front(wanted), place.offset + done);
    if (!count)
      status = cannotRead(llvm::toString(count.takeError()));
    else if (*count == 0)
      status = cannotRead("it ends too early");
    else
      out.write(piece.data(), *count);
    done += count ? *count : 0;
  }
  llvm::sys::fs::closeFile(*source);
  return status;
}

absl::Status TensorSpool::moveTo(const std::string &destination) {
  stream->close();
  if (absl::Status status = problem(); !status.ok())
    return status;
  return file.moveTo(destination);
}

} // namespace ingot::compress

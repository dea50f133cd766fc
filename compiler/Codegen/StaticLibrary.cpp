// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/Codegen/LLVMStatus.h"
#include "compiler/Codegen/Link.h"
#include "compiler/Codegen/TemporaryFile.h"
#include "llvm/Object/Archive.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace ingot {
namespace {

/// The archive under construction; names are kept here because its members only point to them.
class ArchiveBuilder {
public:
  void addBuffer(std::unique_ptr<MemoryBuffer> buffer, const Twine &name) {
    // A file's own name is a temporary one and would differ between two runs.
    NewArchiveMember member;
    member.Buf = std::move(buffer);
    member.MemberName = names.emplace_back(std::make_unique<std::string>(name.str()))->c_str();
    members.push_back(std::move(member));
  }

  absl::Status addFile(const std::string &path, const Twine &name) {
    ErrorOr<std::unique_ptr<MemoryBuffer>> buffer = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
    if (!buffer)
      return toStatus(buffer.getError(), "cannot read '" + path + "'");
    addBuffer(std::move(*buffer), name);
    return absl::OkStatus();
  }

  absl::Status addMembers(const std::string &path) {
    ErrorOr<std::unique_ptr<MemoryBuffer>> buffer = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
    if (!buffer)
      return toStatus(buffer.getError(), "cannot read '" + path + "'");
    Expected<std::unique_ptr<object::Archive>> archive = object::Archive::create((*buffer)->getMemBufferRef());
    if (!archive)
      return toStatus(archive.takeError(), "cannot read '" + path + "'");
    Error error = Error::success();
    for (const object::Archive::Child &child : (*archive)->children(error)) {
      Expected<NewArchiveMember> member = NewArchiveMember::getOldMember(child, /*Deterministic=*/true);
      if (!member)
        return toStatus(joinErrors(std::move(error), member.takeError()), "cannot read '" + path + "'");
      members.push_back(std::move(*member));
    }
    archives.push_back(std::move(*archive));
    buffers.push_back(std::move(*buffer));
    return toStatus(std::move(error), "cannot read '" + path + "'");
  }

  absl::Status write(raw_ostream &stream) {
    return toStatus(writeArchiveToStream(stream, members, SymtabWritingMode::NormalSymtab, object::Archive::K_GNU, /*Deterministic=*/true,
                                         /*Thin=*/false, /*IsEC=*/std::nullopt, consumeError),
                    "cannot write the archive");
  }

private:
  std::vector<NewArchiveMember> members;
  std::vector<std::unique_ptr<std::string>> names;
  std::vector<std::unique_ptr<object::Archive>> archives;
  std::vector<std::unique_ptr<MemoryBuffer>> buffers;
};

} // namespace

absl::Status makeStaticLibrary(const LinkJob &job) {
  ArchiveBuilder archive;
  for (auto [index, object] : llvm::enumerate(job.objects))
    archive.addBuffer(MemoryBuffer::getMemBuffer(StringRef(object.data(), object.size()), "", /*RequiresNullTerminator=*/false),
                      job.prefix + "_" + Twine(index) + ".o");
  for (auto [index, path] : llvm::enumerate(job.objectFiles))
    if (absl::Status status = archive.addFile(path, job.prefix + "_data_" + Twine(index) + ".o"); !status.ok())
      return status;
  if (absl::Status status = archive.addMembers(job.libraries.runtime); !status.ok())
    return status;
  return writeFileAtomically(job.output, [&](raw_ostream &stream) { return archive.write(stream); });
}

} // namespace ingot

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/Codegen/TemporaryFile.h"
#include "test/codegen/TestModel.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace ingot;
using namespace ingot::test;

namespace {

auto writing(StringRef text) {
  return [text](raw_ostream &stream) {
    stream << text;
    return absl::OkStatus();
  };
}

} // namespace

TEST(TemporaryFile, ReplacesWhenComplete) {
  TestFolder folder;
  std::string path = folder.file("out");
  ASSERT_OK(writeFileAtomically(path, writing("first")));
  absl::Status status = writeFileAtomically(path, [&](raw_ostream &stream) {
    stream << "second";
    stream.flush();
    EXPECT_EQ(readFile(path), "first");
    return absl::CancelledError("stop");
  });
  EXPECT_EQ(status.message(), "stop");
  EXPECT_EQ(readFile(path), "first");
  EXPECT_EQ(folder.listing(), "out");
  ASSERT_OK(writeFileAtomically(path, writing("second")));
  EXPECT_EQ(readFile(path), "second");
  EXPECT_EQ(folder.listing(), "out");
}

TEST(TemporaryFile, VanishesUnlessMoved) {
  TestFolder folder;
  {
    absl::StatusOr<TemporaryFile> file = TemporaryFile::create(folder.file("out"), ".o");
    ASSERT_OK(file.status());
    EXPECT_TRUE(StringRef(file->path()).ends_with(".o"));
    TemporaryFile moved = std::move(*file);
    EXPECT_NE(folder.listing(), "");
  }
  EXPECT_EQ(folder.listing(), "");
}

TEST(TemporaryFile, CopiesContentAndPermissions) {
  TestFolder folder;
  std::string source = folder.file("source"), text(2 * kLargePage + 12345, 'x');
  text[kLargePage] = 'y';
  ASSERT_OK(writeFileAtomically(source, writing(text)));
  ASSERT_FALSE(sys::fs::setPermissions(source, sys::fs::owner_all));
  absl::StatusOr<TemporaryFile> file = TemporaryFile::create(folder.file("out"));
  ASSERT_OK(file.status());
  ASSERT_OK(file->copy(source));
  ASSERT_OK(file->moveTo(folder.file("out")));
  EXPECT_TRUE(readFile(folder.file("out")) == text);
  EXPECT_EQ(*sys::fs::getPermissions(folder.file("out")), sys::fs::owner_all);
  absl::StatusOr<TemporaryFile> other = TemporaryFile::create(folder.file("out"));
  ASSERT_OK(other.status());
  EXPECT_EQ(other->copy(folder.file("missing")).message(), "cannot read '" + folder.file("missing") + "': No such file or directory");
}

TEST(TemporaryFile, SaysWhatCannotBeWritten) {
  TestFolder folder;
  EXPECT_OK(checkWritable(folder.file("out")));
  EXPECT_EQ(folder.listing(), "");
  EXPECT_EQ(checkWritable("").message(), "the name of the output file is empty");
  EXPECT_EQ(checkWritable("/dev/null").message(), "cannot write '/dev/null': it is not an ordinary file");
  EXPECT_EQ(checkWritable(folder.file("")).message(), "cannot write '" + folder.file("") + "': it is a folder");
  EXPECT_EQ(checkWritable(folder.file("missing/out")).message(),
            "cannot write '" + folder.file("missing/out") + "': there is no folder '" + folder.file("missing") + "'");
  EXPECT_FALSE(checkWritable(folder.file(std::string(300, 'a'))).ok()); // a name that is too long
  EXPECT_FALSE(checkWritable("/proc/out").ok());                        // a folder that takes no files, even from root
}

TEST(TemporaryFile, ReportsAFullDisk) {
  std::error_code error;
  raw_fd_ostream probe("/dev/full", error, sys::fs::CD_OpenExisting);
  ASSERT_FALSE(error) << "needs /dev/full";
  // Reached through a link, since an output that is a device is refused before.
  TestFolder folder;
  absl::StatusOr<TemporaryFile> file = TemporaryFile::create(folder.file("out"));
  ASSERT_OK(file.status());
  ASSERT_FALSE(sys::fs::remove(file->path()));
  ASSERT_FALSE(sys::fs::create_link("/dev/full", file->path()));
  absl::Status status = file->write(writing("text"));
  EXPECT_TRUE(StringRef(std::string(status.message())).contains("cannot write")) << status.ToString();
}

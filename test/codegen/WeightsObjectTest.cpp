// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/Codegen/WeightsObject.h"
#include "test/codegen/TestModel.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace ingot;
using namespace ingot::test;
using namespace std::string_literals;

namespace {

absl::Status writeBytes(StringRef path, uint64_t announced, StringRef bytes) {
  return emitWeightsObject(path, "m_weights", announced, hostPlatform(), [&](raw_ostream &stream) {
    stream << bytes;
    return absl::OkStatus();
  });
}

} // namespace

TEST(WeightsObject, ReadsBack) {
  TestFolder folder;
  std::string path = folder.file("w.o"), bytes = "some weights\0of odd length"s + std::string(9000, '\7');
  ASSERT_OK(writeBytes(path, bytes.size(), bytes));
  auto opened = object::ObjectFile::createObjectFile(path);
  ASSERT_TRUE(bool(opened)) << toString(opened.takeError());
  auto *file = dyn_cast<object::ELF64LEObjectFile>(opened->getBinary());
  ASSERT_TRUE(file);
  unsigned symbols = 0;
  for (const object::ELFSymbolRef &symbol : file->symbols()) {
    ++symbols;
    EXPECT_EQ(cantFail(symbol.getName()), "m_weights");
    EXPECT_EQ(symbol.getSize(), bytes.size());
    EXPECT_EQ(symbol.getBinding(), ELF::STB_GLOBAL);
    EXPECT_EQ(symbol.getELFType(), ELF::STT_OBJECT);
    EXPECT_EQ(symbol.getOther(), ELF::STV_HIDDEN);
    object::ELFSectionRef section = *cantFail(symbol.getSection());
    EXPECT_EQ(cantFail(section.getName()), ".ingot.weights");
    EXPECT_EQ(section.getAlignment().value(), 4096u);
    EXPECT_EQ(section.getFlags(), uint64_t(ELF::SHF_ALLOC | ELF::SHF_X86_64_LARGE)); // not writable
    EXPECT_EQ(cantFail(section.getContents()), bytes);
  }
  EXPECT_EQ(symbols, 1u);
}

TEST(WeightsObject, MayBeEmpty) {
  TestFolder folder;
  ASSERT_OK(writeBytes(folder.file("w.o"), 0, ""));
  auto opened = object::ObjectFile::createObjectFile(folder.file("w.o"));
  EXPECT_TRUE(bool(opened)) << toString(opened.takeError());
}

TEST(WeightsObject, LeavesNothingAfterAFailure) {
  TestFolder folder;
  EXPECT_EQ(writeBytes(folder.file("w.o"), 5, "abc").message(), "the weights are 3 bytes, announced were 5");
  absl::Status status = emitWeightsObject(folder.file("w.o"), "m_weights", 5, hostPlatform(), [](raw_ostream &stream) {
    stream << "ab";
    return absl::DataLossError("the source ended");
  });
  EXPECT_EQ(status.message(), "the source ended");
  EXPECT_EQ(folder.listing(), "");
  EXPECT_FALSE(writeBytes(folder.file("no/such/folder/w.o"), 3, "abc").ok());
}

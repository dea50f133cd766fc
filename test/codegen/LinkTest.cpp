// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/Codegen/Link.h"
#include "compiler/Codegen/CHeader.h"
#include "compiler/Codegen/TemporaryFile.h"
#include "compiler/Codegen/WeightsObject.h"
#include "runtime/include/ingot/ingot.h"
#include "test/codegen/TestModel.h"
#include "llvm/Object/Archive.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"

#include <dlfcn.h>
#include <sys/stat.h>

using namespace llvm;
using namespace ingot;
using namespace ingot::test;

namespace {

struct Execution {
  int code;
  std::string output;
};

/// Runs a program with an environment of one variable.
Execution execute(const TestFolder &folder, StringRef program, ArrayRef<StringRef> arguments) {
  SmallVector<StringRef> all{program};
  llvm::append_range(all, arguments);
  std::string out = folder.file("stdout");
  std::optional<StringRef> redirects[] = {std::nullopt, StringRef(out), std::nullopt};
  std::string message;
  StringRef environment[] = {"INGOT_TEST_WORD=word"};
  int code = sys::ExecuteAndWait(program, all, ArrayRef<StringRef>(environment), redirects, 20, 0, &message);
  EXPECT_EQ(message, "");
  return {code, readFile(out)};
}

/// What a program asks of the machine that loads it.
struct Needs {
  std::string interpreter, libraries, soname;
  std::vector<std::string> exports;
  uint64_t lastSegmentSize = 0, lastSegmentShift = 0; ///< the latter: from its place in a large page of the file to its place in one of memory
  unsigned lastSegmentFlags = 0;
};

Needs needsOf(StringRef path) {
  Needs needs;
  auto opened = object::ObjectFile::createObjectFile(path);
  EXPECT_TRUE(bool(opened)) << toString(opened.takeError());
  auto *object = cast<object::ELF64LEObjectFile>(opened->getBinary());
  const auto &file = object->getELFFile();
  for (const auto &header : cantFail(file.program_headers())) {
    if (header.p_type == ELF::PT_LOAD) {
      needs.lastSegmentSize = header.p_filesz;
      needs.lastSegmentShift = (header.p_vaddr - header.p_offset) % kLargePage;
      needs.lastSegmentFlags = header.p_flags;
    }
    if (header.p_type == ELF::PT_INTERP)
      needs.interpreter = StringRef(reinterpret_cast<const char *>(file.base()) + header.p_offset).str();
  }
  StringRef strings;
  auto entries = cantFail(file.dynamicEntries());
  for (const auto &entry : entries)
    if (entry.getTag() == ELF::DT_STRTAB)
      strings = StringRef(reinterpret_cast<const char *>(cantFail(file.toMappedAddr(entry.getPtr()))), 1 << 20);
  for (const auto &entry : entries)
    if (entry.getTag() == ELF::DT_NEEDED)
      needs.libraries += std::string(strings.data() + entry.getVal()) + " ";
    else if (entry.getTag() == ELF::DT_SONAME)
      needs.soname = strings.data() + entry.getVal();
  for (const object::ELFSymbolRef &symbol : object->getDynamicSymbolIterators())
    if (!(cantFail(symbol.getFlags()) & object::BasicSymbolRef::SF_Undefined))
      needs.exports.push_back(cantFail(symbol.getName()).str());
  llvm::sort(needs.exports);
  return needs;
}

} // namespace

TEST(LinkProgram, RunsAndNeedsLibcOnly) {
  TestFolder folder;
  LinkJob job = demoJob(folder, "model");
  ASSERT_OK(linkProgram(job));
  EXPECT_EQ(folder.listing(), "model weights.o");
  Execution run = execute(folder, job.output, {"argument"});
  EXPECT_EQ(run.output, "x86-64-v3 2 argument 10 40 90 160 7.389 word\n");
  EXPECT_EQ(run.code, 7);
  Needs needs = needsOf(job.output);
  EXPECT_EQ(needs.interpreter, "/lib64/ld-linux-x86-64.so.2");
  EXPECT_EQ(needs.libraries, "libm.so.6 libc.so.6 ");
  EXPECT_TRUE(needs.exports.empty()) << needs.exports.front();
}

TEST(LinkProgram, StaticNeedsNothing) {
  TestFolder folder;
  LinkJob job = demoJob(folder, "model");
  job.isStatic = true;
  ASSERT_OK(linkProgram(job));
  Execution run = execute(folder, job.output, {});
  EXPECT_EQ(run.output, "x86-64-v3 1 - 10 40 90 160 2.718 word\n");
  EXPECT_EQ(run.code, 7);
  Needs needs = needsOf(job.output);
  EXPECT_EQ(needs.interpreter, "");
  EXPECT_EQ(needs.lastSegmentSize, sizeof kDemoWeights);
  EXPECT_EQ(needs.lastSegmentFlags, unsigned(ELF::PF_R));
  EXPECT_EQ(needs.libraries, "");
}

TEST(LinkProgram, AlignsLargeWeightsForLargePages) {
  TestFolder folder;
  LinkJob job = demoJob(folder, "model");
  constexpr uint64_t kBytes = 5 << 20;
  ASSERT_OK(emitWeightsObject(job.objectFiles.front(), "demo_weights", kBytes, *job.platform, [](raw_ostream &stream) {
    stream.write(reinterpret_cast<const char *>(kDemoWeights), sizeof kDemoWeights);
    stream.write_zeros(kBytes - sizeof kDemoWeights);
    return absl::OkStatus();
  }));
  ASSERT_OK(linkProgram(job));
  EXPECT_EQ(folder.listing(), "model weights.o");
  Execution run = execute(folder, job.output, {});
  EXPECT_EQ(run.output, "x86-64-v3 1 - 10 40 90 160 2.718 word\n");
  Needs needs = needsOf(job.output);
  EXPECT_EQ(needs.lastSegmentSize, kBytes);
  EXPECT_EQ(needs.lastSegmentShift, 0u);
  EXPECT_LT(readFile(job.output).size(), kBytes + (1 << 20)); // the alignment is one of addresses: no gap in the file
}

#ifdef TEST_RUNTIME_AARCH64
TEST(LinkProgram, CrossesToAarch64) {
  TestFolder folder;
  LinkJob job = demoJob(folder, "model", "aarch64-linux");
  ASSERT_OK(linkProgram(job));
  Needs needs = needsOf(job.output);
  EXPECT_EQ(needs.interpreter, "/lib/ld-linux-aarch64.so.1");
  EXPECT_EQ(needs.libraries, "libm.so.6 libc.so.6 ");
  EXPECT_EQ(needs.lastSegmentSize, sizeof kDemoWeights);
  EXPECT_EQ(needs.lastSegmentFlags, unsigned(ELF::PF_R));
  ErrorOr<std::string> qemu = sys::findProgramByName("qemu-aarch64");
  ASSERT_TRUE(bool(qemu)) << "compiler/dev/setup.sh installs qemu-user";
  Execution run = execute(folder, *qemu, {"-L", "/usr/aarch64-linux-gnu", job.output, "argument"});
  EXPECT_EQ(run.output, "aarch64-linux 2 argument 10 40 90 160 7.389 word\n");
  EXPECT_EQ(run.code, 7);
  TestFolder other;
  LinkJob alone = demoJob(other, "model", "aarch64-linux");
  alone.isStatic = true;
  ASSERT_OK(linkProgram(alone));
  EXPECT_EQ(needsOf(alone.output).libraries, "");
  run = execute(other, *qemu, {alone.output});
  EXPECT_EQ(run.output, "aarch64-linux 1 - 10 40 90 160 2.718 word\n");
  EXPECT_EQ(run.code, 7);
}
#endif

TEST(LinkProgram, GivesTheSameBytesAgainAndRespectsTheUmask) {
  TestFolder folder;
  LinkJob job = demoJob(folder, "model");
  mode_t old = umask(027);
  EXPECT_OK(linkProgram(job));
  umask(old);
  std::string first = readFile(job.output);
  ErrorOr<sys::fs::perms> permissions = sys::fs::getPermissions(job.output);
  ASSERT_TRUE(bool(permissions));
  EXPECT_EQ(unsigned(*permissions), 0750u);
  TestFolder other; // the folder's name must not matter
  LinkJob again = demoJob(other, "model");
  ASSERT_OK(linkProgram(again));
  EXPECT_EQ(first, readFile(again.output));
  again.stripSymbols = true;
  ASSERT_OK(linkProgram(again));
  EXPECT_LT(readFile(again.output).size(), first.size());
}

TEST(LinkProgram, LeavesTheOldOutputAfterAFailure) {
  TestFolder folder;
  LinkJob job = demoJob(folder, "model");
  ASSERT_OK(linkProgram(job));
  std::string before = readFile(job.output);
  job.objects.pop_back(); // the descriptor
  absl::Status status = linkProgram(job);
  EXPECT_TRUE(StringRef(std::string(status.message())).contains("demo_model")) << status.ToString();
  EXPECT_EQ(readFile(job.output), before);
  EXPECT_EQ(folder.listing(), "model weights.o");
  job.output = folder.file("missing/model");
  EXPECT_EQ(linkProgram(job).message(), "cannot write '" + job.output + "': there is no folder '" + folder.file("missing") + "'");
}

TEST(LinkShared, ExportsNamesWithItsPrefixOnly) {
  TestFolder folder;
  LinkJob job = demoJob(folder, "libdemo.so");
  ASSERT_OK(linkShared(job));
  EXPECT_EQ(folder.listing(), "libdemo.so weights.o");
  Needs needs = needsOf(job.output);
  EXPECT_EQ(needs.exports.size(), 18u);
  for (const std::string &name : needs.exports)
    EXPECT_TRUE(StringRef(name).starts_with("demo_")) << name;
  EXPECT_TRUE(is_contained(needs.exports, "demo_model"));
  EXPECT_TRUE(is_contained(needs.exports, "demo_session_open"));
  EXPECT_EQ(needs.lastSegmentSize, sizeof kDemoWeights);
  EXPECT_EQ(needs.lastSegmentFlags, unsigned(ELF::PF_R));
  EXPECT_EQ(needs.soname, "libdemo.so");
  EXPECT_EQ(needs.libraries, ""); // the stand-in runtime calls nothing
  void *library = dlopen(job.output.c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_TRUE(library) << dlerror();
  auto *model = static_cast<const IngotModel *>(dlsym(library, "demo_model"));
  ASSERT_TRUE(model);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(model->weights) % 4096, 0u);
  float x[4] = {1, 1, 1, 2}, y[4] = {};
  const void *inputs[] = {x};
  void *outputs[] = {y};
  IngotCall call = {model->weights, nullptr, inputs, outputs, nullptr, INGOT_OK, 0, nullptr, nullptr, nullptr};
  model->variants[0].run(&call, 0, 1);
  EXPECT_EQ(y[1], 20);
  EXPECT_EQ(y[3], 80);
  dlclose(library);
}

TEST(LinkObject, LinksIntoAProgram) {
  TestFolder folder;
  LinkJob job = demoJob(folder, "demo.o");
  ASSERT_OK(writeObject(job));
  LinkJob program = job;
  program.objects.clear();
  program.objectFiles = {job.output};
  program.output = folder.file("model");
  ASSERT_OK(linkProgram(program));
  EXPECT_EQ(execute(folder, program.output, {}).output, "x86-64-v3 1 - 10 40 90 160 2.718 word\n");
}

TEST(StaticLibrary, HoldsModelAndRuntime) {
  TestFolder folder;
  LinkJob job = demoJob(folder, "libdemo.a");
  ASSERT_OK(makeStaticLibrary(job));
  std::string bytes = readFile(job.output);
  Expected<std::unique_ptr<object::Archive>> archive = object::Archive::create(MemoryBufferRef(bytes, "archive"));
  ASSERT_TRUE(bool(archive)) << toString(archive.takeError());
  std::string members;
  Error error = Error::success();
  for (const object::Archive::Child &child : (*archive)->children(error))
    members += (cantFail(child.getName()) + " ").str();
  cantFail(std::move(error));
  EXPECT_EQ(members, "demo_0.o demo_1.o demo_data_0.o Runtime.c.o ");

  // A program finds everything in it: the archive takes the place of both objects and runtime.
  LinkJob program = job;
  program.objects.clear();
  program.objectFiles.clear();
  program.libraries.runtime = job.output;
  program.output = folder.file("model");
  ASSERT_OK(linkProgram(program));
  EXPECT_EQ(execute(folder, program.output, {}).output, "x86-64-v3 1 - 10 40 90 160 2.718 word\n");

  TestFolder other;
  LinkJob again = demoJob(other, "libdemo.a");
  ASSERT_OK(makeStaticLibrary(again));
  EXPECT_EQ(bytes, readFile(again.output));
}

TEST(StaticLibrary, SaysWhichFileIsMissing) {
  TestFolder folder;
  LinkJob job = demoJob(folder, "libdemo.a");
  job.libraries.runtime = folder.file("no.a");
  EXPECT_EQ(makeStaticLibrary(job).message(), "cannot read '" + folder.file("no.a") + "': No such file or directory");
  EXPECT_EQ(folder.listing(), "weights.o");
}

TEST(RuntimeLibraries, AreFoundBesideTheTool) {
  TestFolder folder;
  for (const char *name : {"bin", "lib"})
    ASSERT_FALSE(sys::fs::create_directory(folder.file(name)));
  ASSERT_OK(writeHeader(folder.file("bin/tool"), demoInterface()));
  EXPECT_EQ(findRuntimeLibraries(folder.file("bin/tool"), hostPlatform()).status().message(),
            "the compiler's library '" + folder.file("lib/libingot_runtime.a") + "' is missing: the installation is not complete");
  for (const char *name : {"lib/libingot_runtime.a", "lib/libingot_program.a"})
    ASSERT_OK(writeHeader(folder.file(name), demoInterface()));
  ASSERT_FALSE(sys::fs::create_link(folder.file("bin/tool"), folder.file("link"))); // started through a link
  absl::StatusOr<RuntimeLibraries> libraries = findRuntimeLibraries(folder.file("link"), hostPlatform());
  ASSERT_OK(libraries.status());
  EXPECT_EQ(libraries->program, folder.file("lib/libingot_program.a"));
  // Those of another platform are optional where the compiler is built.
  EXPECT_EQ(findRuntimeLibraries(folder.file("link"), platformOf(namedTarget("aarch64-linux"))).status().message(),
            "the compiler's library '" + folder.file("lib/aarch64-linux/libingot_runtime.a") +
                "' is missing: Ingot was built without the packages gcc-aarch64-linux-gnu and libc6-dev-arm64-cross, which it needs for this target; "
                "install them, configure and build again");
}

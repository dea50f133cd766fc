// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/Codegen/Link.h"
#include "compiler/Codegen/StartCode.h"
#include "compiler/Codegen/TemporaryFile.h"
#include "lld/Common/Driver.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

LLD_HAS_DRIVER(elf)

using namespace llvm;

namespace ingot {
namespace {

/// What a shared library exports beside its model, each as `<prefix>_<name>` for `ingot_export_<name>` (runtime/src/Exports.c).
constexpr StringLiteral kExports[] = {"status_text",         "model_variant",        "model_memory_required", "model_find_input", "model_find_output",
                                      "weights_open",        "weights_close",        "session_open",          "session_close",    "session_run",
                                      "session_run_tensors", "session_cancel",       "session_error",         "session_threads",  "session_values",
                                      "session_profile",     "session_profile_write"};

absl::StatusOr<std::string> findSystemFile(const Platform &platform, StringRef name, StringRef remedy) {
  for (StringRef folder : platform.libraryFolders)
    if (std::string path = (folder + "/" + name).str(); sys::fs::exists(path))
      return path;
  return absl::NotFoundError(("cannot find " + name + " in " + llvm::join(platform.libraryFolders, ", ") + ": " + remedy).str());
}

absl::Status runLinker(ArrayRef<std::string> arguments) {
  SmallVector<const char *> pointers{"ld.lld"};
  for (const std::string &argument : arguments)
    pointers.push_back(argument.c_str());
  std::string text;
  raw_string_ostream stream(text);
  const lld::DriverDef driver = {lld::Gnu, &lld::elf::link};
  lld::Result result = lld::lldMain(pointers, stream, stream, driver);
  if (result.retCode == 0)
    return absl::OkStatus();
  if (!result.canRunAgain)
    text += "the linker crashed";
  return absl::InternalError("link failed: " + StringRef(text).trim().str());
}

/// One run of the linker: its arguments, and the temporary files they name.
class Linkage {
public:
  explicit Linkage(const LinkJob &job) : job(job) {}

  const Platform &platform() const { return *job.platform; }

  void add(std::initializer_list<StringRef> list) {
    for (StringRef argument : list)
      arguments.push_back(argument.str());
  }

  absl::Status addSystemFile(StringRef name, StringRef remedy) {
    absl::StatusOr<std::string> path = findSystemFile(*job.platform, name, remedy);
    if (path.ok())
      arguments.push_back(*path);
    return path.status();
  }

  /// A temporary file with the given content, removed after the link.
  absl::StatusOr<std::string> spill(StringRef suffix, StringRef content) {
    absl::StatusOr<TemporaryFile> file = TemporaryFile::create(job.output, suffix);
    if (!file.ok())
      return file.status();
    absl::Status status = file->write([&](raw_ostream &stream) {
      stream << content;
      return absl::OkStatus();
    });
    if (!status.ok())
      return status;
    files.push_back(*std::move(file));
    return files.back().path();
  }

  absl::Status addObject(ArrayRef<char> object) {
    absl::StatusOr<std::string> path = spill(".o", StringRef(object.data(), object.size()));
    if (path.ok())
      arguments.push_back(*path);
    return path.status();
  }

  absl::Status addModel() {
    for (const SmallVector<char, 0> &object : job.objects)
      if (absl::Status status = addObject(object); !status.ok())
        return status;
    llvm::append_range(arguments, job.objectFiles);
    return absl::OkStatus();
  }

  absl::Status run() {
    absl::StatusOr<TemporaryFile> output = TemporaryFile::create(job.output);
    if (!output.ok())
      return output.status();
    add({"--color-diagnostics=never", "-o", output->path()});
    if (job.stripSymbols)
      add({"--strip-all"});
    if (absl::Status status = runLinker(arguments); !status.ok())
      return status;
    if (!hasLargeWeights())
      return output->moveTo(job.output);
    absl::StatusOr<TemporaryFile> copy = TemporaryFile::create(job.output); // what the linker has written lies in small pages of the file cache
    if (!copy.ok())
      return copy.status();
    if (absl::Status status = copy->copy(output->path()); !status.ok())
      return status;
    return copy->moveTo(job.output);
  }

  /// Whether large pages are worth their alignment: a run reads all weights, and with small pages it waits for the tables of pages (7 % of
  /// MobileNetV3), as does the opening of the first session (7 ms for its 21 MB).
  bool hasLargeWeights() const {
    uint64_t bytes = 0, size = 0;
    for (const std::string &file : job.objectFiles)
      bytes += sys::fs::file_size(file, size) ? 0 : size;
    return bytes >= 2 * kLargePage;
  }

private:
  const LinkJob &job;
  std::vector<std::string> arguments;
  std::vector<TemporaryFile> files;
};

absl::Status addDynamicLibc(Linkage &link) {
  std::string remedy = ("a dynamically linked output needs the GNU C library; install the " + link.platform().libcPackages +
                        " or compile with --emit=static or --emit=object instead")
                           .str();
  for (StringRef name : {"libm.so.6", "libc.so.6"})
    if (absl::Status status = link.addSystemFile(name, remedy); !status.ok())
      return status;
  return absl::OkStatus();
}

/// Moves the weights to the end of the image, into a read-only segment of their own: code and libc reach everything else with 32-bit offsets however
/// large the model is. Static libc has a section that would come behind the weights, and takes the memory behind `_end` for the rest of its last data
/// page.
absl::Status placeWeightsLast(Linkage &link) {
  absl::StatusOr<std::string> script = link.spill(".script", "SECTIONS {\n  __libc_freeres_ptrs : { *(__libc_freeres_ptrs) _end = .; }\n"
                                                             "  .ingot.weights : { *(.ingot.weights) }\n} INSERT AFTER .bss;\n");
  if (script.ok())
    link.add({"--script=" + *script});
  if (link.hasLargeWeights())
    link.add({"-z", "max-page-size=" + std::to_string(kLargePage)});
  return script.status();
}

absl::Status addStaticLibc(Linkage &link) {
  std::string remedy =
      ("--static needs the GNU C library as an archive; install the " + link.platform().libcPackages + " or leave out --static").str();
  for (StringRef name : link.platform().staticFiles)
    if (absl::Status status = link.addSystemFile(name, remedy); !status.ok())
      return status;
  return absl::OkStatus();
}

} // namespace

absl::StatusOr<RuntimeLibraries> findRuntimeLibraries(StringRef toolPath, const Platform &platform) {
  SmallString<256> real;
  if (std::error_code error = sys::fs::real_path(toolPath, real))
    return absl::NotFoundError(("cannot find the compiler's own program '" + toolPath + "': " + error.message()).str());
  SmallString<256> folder = sys::path::parent_path(sys::path::parent_path(real));
  sys::path::append(folder, "lib");
  if (!platform.runtimeFolder.empty())
    sys::path::append(folder, platform.runtimeFolder);
  RuntimeLibraries libraries{(folder + "/libingot_runtime.a").str(), (folder + "/libingot_program.a").str()};
  for (const std::string &path : {libraries.runtime, libraries.program})
    if (!sys::fs::exists(path))
      return absl::NotFoundError("the compiler's library '" + path + "' is missing: " +
                                 (&platform == &hostPlatform() ? "the installation is not complete"
                                                               : "Ingot was built without the " + platform.libcPackages.str() +
                                                                     ", which it needs for this target; install them, configure and build again"));
  return libraries;
}

absl::Status linkProgram(const LinkJob &job) {
  Linkage link(job);
  link.add({"-pie", "--gc-sections", "-z", "relro", "-z", "now", "-z", "noexecstack", "--hash-style=gnu", "--build-id=none",
            "--defsym=ingot_program_model=" + job.prefix + "_model"});
  if (absl::Status status = placeWeightsLast(link); !status.ok())
    return status;
  absl::StatusOr<SmallVector<char, 0>> start = job.isStatic ? emitStaticSupport(*job.platform) : emitStartCode(*job.platform);
  if (!start.ok())
    return start.status();
  if (absl::Status status = link.addObject(*start); !status.ok())
    return status;
  if (absl::Status status = link.addModel(); !status.ok())
    return status;
  link.add({job.libraries.program, job.libraries.runtime});
  if (job.isStatic)
    link.add({"-static", "--no-dynamic-linker", "-z", "text"});
  else
    link.add({("--dynamic-linker=" + job.platform->dynamicLinker).str(), "--as-needed"});
  if (absl::Status status = job.isStatic ? addStaticLibc(link) : addDynamicLibc(link); !status.ok())
    return status;
  return link.run();
}

absl::Status linkShared(const LinkJob &job) {
  Linkage link(job);
  std::string names = job.prefix + "_model; ";
  for (StringRef name : kExports) {
    names += job.prefix + "_" + name.str() + "; ";
    link.add({"--defsym=" + job.prefix + "_" + name.str() + "=ingot_export_" + name.str()});
  }
  absl::StatusOr<std::string> exports = link.spill(".exports", "{ global: " + names + "local: *; };\n");
  if (!exports.ok())
    return exports.status();
  if (absl::Status status = placeWeightsLast(link); !status.ok())
    return status;
  // Every model carries its own runtime, so that two in one process may have different versions; no name of it is visible.
  link.add({"-shared", "-Bsymbolic", "--gc-sections", "-z", "relro", "-z", "now", "-z", "noexecstack", "-z", "defs", "--hash-style=gnu",
            "--build-id=none", "--version-script=" + *exports, "-soname", sys::path::filename(job.output)});
  if (absl::Status status = link.addModel(); !status.ok())
    return status;
  link.add({"--whole-archive", job.libraries.runtime, "--no-whole-archive", "--as-needed"});
  if (absl::Status status = addDynamicLibc(link); !status.ok())
    return status;
  return link.run();
}

absl::Status writeObject(const LinkJob &job) {
  Linkage link(job);
  link.add({"-r"});
  if (absl::Status status = link.addModel(); !status.ok())
    return status;
  return link.run();
}

} // namespace ingot

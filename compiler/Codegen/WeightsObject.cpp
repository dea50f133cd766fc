// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/Codegen/WeightsObject.h"
#include "compiler/Codegen/TemporaryFile.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Object/ELFTypes.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using object::ELF64LE;

namespace ingot {
namespace {

constexpr uint64_t kPage = 4096;

enum SectionIndex { kNone, kWeights, kSymbols, kStrings, kSectionNames, kStackNote, kSectionCount };

/// The section names, each at the offset that its header states.
constexpr char kNames[] = "\0.ingot.weights\0.symtab\0.strtab\0.shstrtab\0.note.GNU-stack";

uint32_t nameOffset(StringRef name) {
  size_t offset = StringRef(kNames, sizeof kNames).find(name);
  assert(offset != StringRef::npos && "not a section name");
  return offset;
}

/// A file of known parts in a known order, so that it can be written front to back.
struct Layout {
  Layout(StringRef symbol, uint64_t size)
      : symbols(alignTo(kPage + size, 8)), strings(symbols + 2 * sizeof(ELF64LE::Sym)), stringBytes(symbol.size() + 2), names(strings + stringBytes),
        headers(alignTo(names + sizeof kNames, 8)) {}
  uint64_t symbols, strings, stringBytes, names, headers;
};

template <typename T> void writeRecord(raw_ostream &stream, const T &record) { stream.write(reinterpret_cast<const char *>(&record), sizeof record); }

void writeFileHeader(raw_ostream &stream, const Layout &layout, const Platform &platform) {
  ELF64LE::Ehdr header = {};
  std::copy_n(ELF::ElfMagic, 4, header.e_ident);
  header.e_ident[ELF::EI_CLASS] = ELF::ELFCLASS64;
  header.e_ident[ELF::EI_DATA] = ELF::ELFDATA2LSB;
  header.e_ident[ELF::EI_VERSION] = ELF::EV_CURRENT;
  header.e_type = ELF::ET_REL;
  header.e_machine = platform.elfMachine;
  header.e_version = ELF::EV_CURRENT;
  header.e_shoff = layout.headers;
  header.e_ehsize = sizeof(ELF64LE::Ehdr);
  header.e_shentsize = sizeof(ELF64LE::Shdr);
  header.e_shnum = kSectionCount;
  header.e_shstrndx = kSectionNames;
  writeRecord(stream, header);
}

void writeSectionHeader(raw_ostream &stream, StringRef name, uint32_t type, uint64_t flags, uint64_t offset, uint64_t size, uint64_t align) {
  ELF64LE::Shdr header = {};
  header.sh_name = nameOffset(name);
  header.sh_type = type;
  header.sh_flags = flags;
  header.sh_offset = offset;
  header.sh_size = size;
  header.sh_addralign = align;
  if (type == ELF::SHT_SYMTAB) {
    header.sh_link = kStrings;
    header.sh_info = 1; // the first global symbol
    header.sh_entsize = sizeof(ELF64LE::Sym);
  }
  writeRecord(stream, header);
}

void writeTables(raw_ostream &stream, StringRef symbol, uint64_t size, const Layout &layout, const Platform &platform) {
  stream.write_zeros(layout.symbols - (kPage + size));
  writeRecord(stream, ELF64LE::Sym{});
  ELF64LE::Sym entry = {};
  entry.st_name = 1;
  entry.setBindingAndType(ELF::STB_GLOBAL, ELF::STT_OBJECT);
  entry.setVisibility(ELF::STV_HIDDEN);
  entry.st_shndx = kWeights;
  entry.st_size = size;
  writeRecord(stream, entry);
  stream << '\0' << symbol << '\0';
  stream << StringRef(kNames, sizeof kNames);
  stream.write_zeros(layout.headers - (layout.names + sizeof kNames));

  writeRecord(stream, ELF64LE::Shdr{});
  writeSectionHeader(stream, ".ingot.weights", ELF::SHT_PROGBITS, ELF::SHF_ALLOC | platform.weightsSectionFlags, kPage, size, kPage);
  writeSectionHeader(stream, ".symtab", ELF::SHT_SYMTAB, 0, layout.symbols, layout.strings - layout.symbols, 8);
  writeSectionHeader(stream, ".strtab", ELF::SHT_STRTAB, 0, layout.strings, layout.stringBytes, 1);
  writeSectionHeader(stream, ".shstrtab", ELF::SHT_STRTAB, 0, layout.names, sizeof kNames, 1);
  writeSectionHeader(stream, ".note.GNU-stack", ELF::SHT_PROGBITS, 0, layout.headers, 0, 1);
}

} // namespace

absl::Status emitWeightsObject(StringRef path, StringRef symbol, uint64_t size, const Platform &platform, WeightsWriter writer) {
  Layout layout(symbol, size);
  return writeFileAtomically(path, [&](raw_ostream &stream) -> absl::Status {
    writeFileHeader(stream, layout, platform);
    stream.write_zeros(kPage - sizeof(ELF64LE::Ehdr));
    if (absl::Status status = writer(stream); !status.ok())
      return status;
    uint64_t written = stream.tell() - kPage;
    if (written != size)
      return absl::InternalError("the weights are " + std::to_string(written) + " bytes, announced were " + std::to_string(size));
    writeTables(stream, symbol, size, layout, platform);
    return absl::OkStatus();
  });
}

} // namespace ingot

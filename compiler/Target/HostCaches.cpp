// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/Target/TargetSpec.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;

namespace ingot {
namespace {

/// The one line of a sysfs file, empty when it cannot be read.
std::string readLine(const Twine &path) {
  // sysfs files claim a size of one page: they must be read as a stream.
  ErrorOr<std::unique_ptr<MemoryBuffer>> buffer = MemoryBuffer::getFileAsStream(path);
  return buffer ? (*buffer)->getBuffer().trim().str() : std::string();
}

/// "32K" or "8M" as bytes, 0 when it is neither.
uint64_t parseSize(StringRef text) {
  unsigned shift = text.consume_back("K") ? 10 : text.consume_back("M") ? 20 : 0;
  uint64_t size = 0;
  return text.getAsInteger(10, size) ? 0 : size << shift;
}

} // namespace

CacheSizes readCacheSizes(StringRef folder) {
  CacheSizes sizes;
  for (unsigned index = 0; index < 8; ++index) {
    std::string entry = (folder + "/index" + Twine(index)).str();
    std::string type = readLine(entry + "/type");
    if (type != "Data" && type != "Unified")
      continue;
    uint64_t bytes = parseSize(readLine(entry + "/size"));
    std::string level = readLine(entry + "/level");
    if (level == "1")
      sizes.l1 = bytes;
    else if (level == "2")
      sizes.l2 = bytes;
    else if (level == "3")
      sizes.l3 = bytes;
  }
  return sizes;
}

} // namespace ingot

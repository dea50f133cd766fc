// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/Codegen/PackageFiles.h"
#include "compiler/Codegen/TemporaryFile.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace ingot {
namespace {

/// `@NAME@` and `@FILE@` are replaced. Static libraries bring the runtime, which needs threads, and may call libm.
constexpr StringLiteral kStaticPkgConfig = R"(Name: @NAME@
Description: a neural network compiled by Ingot
Version: 1
Cflags: -I${pcfiledir}
Libs: ${pcfiledir}/@FILE@ -lm -lpthread
)";

constexpr StringLiteral kSharedPkgConfig = R"(Name: @NAME@
Description: a neural network compiled by Ingot
Version: 1
Cflags: -I${pcfiledir}
Libs: ${pcfiledir}/@FILE@
)";

constexpr StringLiteral kStaticCMake = R"(include(CMakeFindDependencyMacro)
find_dependency(Threads)
if(NOT TARGET @NAME@::@NAME@)
  add_library(@NAME@::@NAME@ STATIC IMPORTED)
  set_target_properties(@NAME@::@NAME@ PROPERTIES IMPORTED_LOCATION "${CMAKE_CURRENT_LIST_DIR}/@FILE@"
    INTERFACE_INCLUDE_DIRECTORIES "${CMAKE_CURRENT_LIST_DIR}" INTERFACE_LINK_LIBRARIES "m;Threads::Threads")
endif()
)";

constexpr StringLiteral kSharedCMake = R"(if(NOT TARGET @NAME@::@NAME@)
  add_library(@NAME@::@NAME@ SHARED IMPORTED)
  set_target_properties(@NAME@::@NAME@ PROPERTIES IMPORTED_LOCATION "${CMAKE_CURRENT_LIST_DIR}/@FILE@" IMPORTED_SONAME "@FILE@"
    INTERFACE_INCLUDE_DIRECTORIES "${CMAKE_CURRENT_LIST_DIR}")
endif()
)";

absl::Status fillIn(const Twine &path, StringRef text, StringRef name, StringRef file) {
  return writeFileAtomically(path.str(), [&](raw_ostream &os) {
    while (!text.empty()) {
      auto [before, rest] = text.split('@');
      os << before;
      auto [key, after] = rest.split('@');
      if (!rest.empty())
        os << (key == "NAME" ? name : file);
      text = after;
    }
    return absl::OkStatus();
  });
}

} // namespace

absl::Status writePackageFiles(StringRef library, StringRef prefix, bool isShared) {
  SmallString<128> base(library);
  sys::path::remove_filename(base);
  sys::path::append(base, prefix);
  StringRef file = sys::path::filename(library);
  if (absl::Status status = fillIn(base + ".pc", isShared ? kSharedPkgConfig : kStaticPkgConfig, prefix, file); !status.ok())
    return status;
  return fillIn(base + "-config.cmake", isShared ? kSharedCMake : kStaticCMake, prefix, file);
}

} // namespace ingot

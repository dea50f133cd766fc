// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/ProgramCall.h"

#include "compiler/Driver/UsageError.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"

namespace ingot {

absl::StatusOr<llvm::json::Object> callProgram(const std::vector<std::string> &command) {
  llvm::SmallString<128> file;
  if (std::error_code error = llvm::sys::fs::createTemporaryFile("ingot-answer", "json", file))
    return absl::UnavailableError("cannot make a temporary file: " + error.message());
  llvm::scope_exit clean([&] { llvm::sys::fs::remove(file); });
  llvm::SmallVector<llvm::StringRef> words(command.begin(), command.end());
  std::optional<llvm::StringRef> redirects[] = {llvm::StringRef(""), file.str(), std::nullopt};
  std::string message;
  int code = llvm::sys::ExecuteAndWait(command.front(), words, std::nullopt, redirects, /*SecondsToWait=*/0, /*MemoryLimit=*/0, &message);
  auto text = llvm::MemoryBuffer::getFile(file);
  if (code != 0 || !text) {
    std::string failure = "'" + command.front() + "' ended with exit code " + std::to_string(code) + (message.empty() ? "" : ": " + message);
    return code == 2 ? usageError(failure) : absl::InvalidArgumentError(failure);
  }
  llvm::Expected<llvm::json::Value> value = llvm::json::parse((*text)->getBuffer());
  if (!value || !value->getAsObject()) {
    llvm::consumeError(value.takeError());
    return absl::InvalidArgumentError("'" + command.front() + "' printed no JSON object");
  }
  return std::move(*value->getAsObject());
}

} // namespace ingot

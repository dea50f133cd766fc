// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/ProgramCall.h"

#include "compiler/Driver/UsageError.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"

namespace ingot {
namespace {

absl::StatusOr<llvm::json::Value> readAnswer(const std::string &command, llvm::StringRef path, int code, const std::string &message) {
  auto text = llvm::MemoryBuffer::getFile(path);
  if (code != 0 || !text) {
    std::string failure = "'" + command + "' ended with exit code " + std::to_string(code) + (message.empty() ? "" : ": " + message);
    return code == 2 ? usageError(failure) : absl::InvalidArgumentError(failure);
  }
  llvm::Expected<llvm::json::Value> value = llvm::json::parse((*text)->getBuffer());
  if (!value || !value->getAsObject()) {
    llvm::consumeError(value.takeError());
    return absl::InvalidArgumentError("'" + command + "' printed no JSON object");
  }
  return std::move(*value);
}

} // namespace

absl::StatusOr<std::vector<llvm::json::Value>> callPrograms(const std::vector<std::string> &command, uint32_t count) {
  std::vector<llvm::SmallString<128>> files(count);
  std::vector<llvm::sys::ProcessInfo> processes;
  llvm::scope_exit clean([&] {
    for (const llvm::SmallString<128> &file : files)
      llvm::sys::fs::remove(file);
  });
  llvm::SmallVector<llvm::StringRef> words(command.begin(), command.end());
  std::string message;
  for (llvm::SmallString<128> &file : files) {
    if (std::error_code error = llvm::sys::fs::createTemporaryFile("ingot-bench", "json", file))
      return absl::UnavailableError("cannot make a temporary file: " + error.message());
    std::optional<llvm::StringRef> redirects[] = {llvm::StringRef(""), file.str(), std::nullopt};
    processes.push_back(llvm::sys::ExecuteNoWait(command.front(), words, std::nullopt, redirects, 0, &message));
  }
  std::vector<int> codes;
  codes.reserve(count);
  for (const llvm::sys::ProcessInfo &process : processes)
    codes.push_back(process.Pid == llvm::sys::ProcessInfo::InvalidPid ? -1 : llvm::sys::Wait(process, std::nullopt, &message).ReturnCode);
  std::vector<llvm::json::Value> answers;
  answers.reserve(count);
  for (auto [file, code] : llvm::zip(files, codes)) {
    absl::StatusOr<llvm::json::Value> answer = readAnswer(command.front(), file, code, message);
    if (!answer.ok())
      return answer.status();
    answers.push_back(std::move(*answer));
  }
  return answers;
}

absl::StatusOr<llvm::json::Object> callProgram(const std::vector<std::string> &command) {
  absl::StatusOr<std::vector<llvm::json::Value>> answers = callPrograms(command, 1);
  if (!answers.ok())
    return answers.status();
  return std::move(*answers->front().getAsObject());
}

} // namespace ingot

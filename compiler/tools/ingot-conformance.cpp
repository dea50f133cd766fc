// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs cases of the ONNX backend suite, each in a process of its own, so that a crash or an endless loop is the result of one case.
#include "compiler/tools/ConformanceCase.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace ingot::conformance;
using Clock = std::chrono::steady_clock;

namespace {

/// A case that waits for something, or whose machine is busy, ends after this many times its limit.
constexpr unsigned kWallFactor = 10;

constexpr llvm::StringLiteral kHelp = R"(ingot-conformance: runs cases of the ONNX backend suite

  ingot-conformance --list FILE --json FILE [--level 0|3] [--jobs N] [--seconds N]

  --list FILE     the folders of the cases, one a line
  --json FILE     results, a line {"test", "status", "reason"} per case; status is pass, unsupported, fail, crash or timeout
  --level N       compile at -O0 (default) or -O3
  --jobs N        cases at a time (2)
  --seconds N     the limit of processor time for one case (120)
)";

struct Options {
  std::string list, json;
  unsigned jobs = 2, seconds = 120, level = 0;
};

bool parse(llvm::ArrayRef<llvm::StringRef> arguments, Options &options) {
  for (; arguments.size() >= 2; arguments = arguments.drop_front(2)) {
    llvm::StringRef name = arguments[0], value = arguments[1];
    if (name == "--list")
      options.list = value.str();
    else if (name == "--json")
      options.json = value.str();
    else if (!(name == "--level" && !value.getAsInteger(10, options.level) && (options.level == 0 || options.level == 3)) &&
             !(name == "--jobs" && !value.getAsInteger(10, options.jobs) && options.jobs > 0) &&
             !(name == "--seconds" && !value.getAsInteger(10, options.seconds) && options.seconds > 0))
      return false;
  }
  return arguments.empty() && !options.list.empty() && !options.json.empty();
}

/// A process that runs one case and writes its status, a zero byte and the reason into a pipe.
struct Child {
  std::string folder;
  pid_t pid = -1;
  int pipe = -1;
  Clock::time_point start = Clock::now();
  std::string output = {};
};

Child startChild(const std::string &folder, const Options &options) {
  int ends[2];
  if (pipe(ends) != 0)
    return {folder};
  Child child{folder, fork(), ends[0]};
  if (child.pid == 0) {
    close(ends[0]);
    rlimit limit{options.seconds, options.seconds + 1};
    setrlimit(RLIMIT_CPU, &limit);
    Verdict verdict = runCase(folder, static_cast<int>(options.level));
    std::string text = verdict.status + '\0' + verdict.reason;
    bool written = write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size());
    _exit(written ? 0 : 1); // destructors of a process that ends save nothing
  }
  close(ends[1]);
  return child;
}

/// Reads what the child has to say; true when it has ended, by itself or for taking too long.
bool hasEnded(Child &child, unsigned seconds, Verdict &verdict) {
  bool late = Clock::now() - child.start > std::chrono::seconds(kWallFactor * seconds);
  pollfd entry{child.pipe, POLLIN, 0};
  if (poll(&entry, 1, 0) > 0) {
    char buffer[4096];
    ssize_t count = read(child.pipe, buffer, sizeof(buffer));
    if (count > 0) {
      child.output.append(buffer, count);
      return false;
    }
  } else if (!late) {
    return false;
  }
  if (late)
    kill(child.pid, SIGKILL);
  close(child.pipe);
  int status = 0;
  waitpid(child.pid, &status, 0);
  auto [name, reason] = llvm::StringRef(child.output).split('\0');
  if (!name.empty() && WIFEXITED(status))
    verdict = {name.str(), reason.str()};
  else if (late || (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU))
    verdict = {"timeout", "takes more than " + std::to_string(seconds) + " s"};
  else
    verdict = {"crash", WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "the process ended without a result"};
  return true;
}

int runAll(const std::vector<std::string> &folders, const Options &options, llvm::raw_ostream &json) {
  std::vector<Child> running;
  size_t next = 0, passed = 0;
  while (next < folders.size() || !running.empty()) {
    while (running.size() < options.jobs && next < folders.size())
      running.push_back(startChild(folders[next++], options));
    std::vector<pollfd> pipes;
    for (const Child &child : running)
      pipes.push_back({child.pipe, POLLIN, 0});
    poll(pipes.data(), pipes.size(), 200); // returns early when a child says something or ends
    for (size_t i = running.size(); i-- > 0;) {
      Verdict verdict;
      if (!hasEnded(running[i], options.seconds, verdict))
        continue;
      json << llvm::json::Value(
                  llvm::json::Object{{"test", running[i].folder}, {"status", verdict.status}, {"reason", llvm::json::fixUTF8(verdict.reason)}})
           << '\n';
      json.flush();
      passed += verdict.status == "pass";
      running.erase(running.begin() + i);
    }
  }
  llvm::outs() << passed << " of " << folders.size() << " cases pass\n";
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  llvm::SmallVector<llvm::StringRef> arguments(argv + 1, argv + argc);
  Options options;
  if (!parse(arguments, options)) {
    llvm::errs() << kHelp;
    return 2;
  }
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> list = llvm::MemoryBuffer::getFile(options.list);
  if (!list) {
    llvm::errs() << "error: cannot read " << options.list << ": " << list.getError().message() << '\n';
    return 1;
  }
  std::error_code error;
  llvm::raw_fd_ostream json(options.json, error);
  if (error) {
    llvm::errs() << "error: cannot write " << options.json << ": " << error.message() << '\n';
    return 1;
  }
  std::vector<std::string> folders;
  llvm::SmallVector<llvm::StringRef> lines;
  (*list)->getBuffer().split(lines, '\n', -1, false);
  for (llvm::StringRef line : lines)
    folders.push_back(line.trim().str());
  warmUp();
  return runAll(folders, options, json);
}

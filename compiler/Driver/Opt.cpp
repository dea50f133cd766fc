// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/Opt.h"

#include "compiler/Driver/Diagnostics.h"
#include "compiler/Driver/ImportFile.h"
#include "compiler/Driver/Machine.h"
#include "compiler/Driver/RecipeRunner.h"
#include "compiler/Driver/UsageError.h"
#include "compiler/Init/Init.h"
#include "compiler/Pipelines/PassNames.h"
#include "compiler/Target/TargetSpec.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"

#include <chrono>

using namespace mlir;

namespace ingot {
namespace {

using Clock = std::chrono::steady_clock;

struct PassTime {
  std::string name;
  double seconds = 0;
  int64_t runs = 0;
};

/// In the order of their first runs. What runs passes on the functions of a module is a pass without name and not listed.
using PassTimes = std::vector<PassTime>;

/// Sees every pass. Passes do not run at the same time here, but a pass can run others.
class Watcher : public PassInstrumentation {
public:
  Watcher(const OptOptions &what, PassTimes &times) : what(what), times(times) {}

  void runBeforePass(Pass *, Operation *) override { begins.push_back(Clock::now()); }
  void runAfterPass(Pass *pass, Operation *op) override {
    StringRef name = pass->getArgument();
    double seconds = std::chrono::duration<double>(Clock::now() - begins.pop_back_val()).count();
    if (name.empty())
      return;
    auto time = llvm::find_if(times, [&](const PassTime &time) { return time.name == name; });
    if (time == times.end())
      time = times.insert(time, PassTime{name.str(), 0, 0});
    time->seconds += seconds;
    ++time->runs;
    if (!llvm::is_contained(what.printAfter, name))
      return;
    std::string text = ("// IR after " + name + "\n").str();
    llvm::raw_string_ostream(text) << *op << '\n';
    what.print(text);
  }
  void runAfterPassFailed(Pass *, Operation *) override { begins.pop_back(); }

private:
  const OptOptions &what;
  PassTimes &times;
  llvm::SmallVector<Clock::time_point> begins;
};

void printTimes(const OptOptions &what, const PassTimes &times) {
  double all = 0;
  for (const PassTime &time : times)
    all += time.seconds;
  std::string text = "    seconds   share  runs  pass\n";
  for (const PassTime &time : times)
    text += llvm::formatv("{0,11:f4} {1,6:f1}% {2,5}  {3}\n", time.seconds, all > 0 ? 100 * time.seconds / all : 0.0, time.runs, time.name).str();
  what.print(text + llvm::formatv("{0,11:f4} {1,6:f1}%        all passes\n", all, 100.0).str());
}

absl::Status unknown(llvm::StringRef what, llvm::StringRef name, const std::vector<std::string> &known) {
  return usageError(("unknown " + what + " '" + name + "'").str() + suggestion(name, llvm::SmallVector<llvm::StringRef>(known.begin(), known.end())));
}

/// Fills `pipeline` with --passes.
absl::Status parsePasses(llvm::StringRef passes, OpPassManager &pipeline) {
  std::string text = pipelineText(passes);
  std::vector<std::string> known;
  for (const Stage &stage : stages())
    for (const std::string &name : passNames(stage, {}))
      if (PassInfo::lookup(name))
        known.push_back(name);
  for (const std::string &name : passNames(text))
    if (!PassInfo::lookup(name) && !PassPipelineInfo::lookup(name))
      return unknown("pass", name, known);
  std::string message;
  llvm::raw_string_ostream stream(message);
  if (failed(parsePassPipeline(text, pipeline, stream)))
    return usageError("--passes: " + llvm::StringRef(message).trim().str());
  return absl::OkStatus();
}

class Optimization {
public:
  Optimization(const CompileOptions &options, const OptOptions &what) : options(options), what(what), context(makeRegistry()), diagnostics(context) {
    context.disableMultithreading(); // so that IR and times come in order
    context.registerActionHandler([&options](llvm::function_ref<void()> run, const tracing::Action &action) {
      auto *execution = dyn_cast<PassExecutionAction>(&action);
      if (!execution || !llvm::is_contained(options.disabledPasses, execution->getPass().getArgument()))
        run();
    });
  }

  absl::StatusOr<std::string> run();

private:
  static DialectRegistry makeRegistry() {
    DialectRegistry registry;
    registerDialects(registry);
    return registry;
  }

  absl::Status plan();
  absl::Status checkNames() const;
  absl::Status read();

  const CompileOptions &options;
  const OptOptions &what;
  MLIRContext context;
  DiagnosticCollector diagnostics;
  ImportedModel imported;
  std::vector<std::pair<std::string, std::unique_ptr<PassManager>>> pipelines; ///< with the stage's name, if it is one
};

/// Decides which pipelines run.
absl::Status Optimization::plan() {
  auto add = [&](llvm::StringRef stage) -> PassManager & {
    return *pipelines.emplace_back(stage, std::make_unique<PassManager>(&context, ModuleOp::getOperationName(), OpPassManager::Nesting::Implicit))
                .second;
  };
  if (!what.passes.empty() && !what.stopAfter.empty())
    return usageError("--passes and --stop-after exclude each other");
  if (!what.passes.empty())
    return parsePasses(what.passes, add(""));
  std::vector<std::string> names = {"import"};
  for (const Stage &stage : stages())
    names.push_back(stage.name.str());
  if (!what.stopAfter.empty() && !llvm::is_contained(names, what.stopAfter)) {
    absl::Status status = unknown("stage", what.stopAfter, names);
    return usageError(std::string(status.message()) + " The stages are " + llvm::join(names, ", "));
  }
  absl::StatusOr<std::vector<TargetSpec>> targets = parseTargets(options.target);
  if (!targets.ok())
    return isUnsupportedMachine(targets.status()) ? targets.status() : usageError(targets.status().message());
  if (absl::Status status = checkOptions(options); !status.ok())
    return status;
  StageOptions stageOptions = stageOptionsOf(options);
  stageOptions.machine = machineOf(targets->front());
  stageOptions.left.clear(); // any pass may be left out here: they are skipped when their turn comes
  if (what.stopAfter != "import")
    for (const Stage &stage : stages()) {
      stage.build(add(stage.name), stageOptions);
      if (stage.name == what.stopAfter)
        break;
    }
  return absl::OkStatus();
}

/// A name that no pass of the run has is a mistake.
absl::Status Optimization::checkNames() const {
  std::vector<std::string> known;
  for (const auto &[stage, passes] : pipelines) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    passes->printAsTextualPipeline(stream);
    llvm::append_range(known, passNames(text));
  }
  for (const std::vector<std::string> *names : {&what.printAfter, &options.disabledPasses})
    for (const std::string &name : *names)
      if (!llvm::is_contained(known, name))
        return PassInfo::lookup(name) ? usageError("the pass '" + name + "' does not run here") : unknown("pass", name, known);
  return absl::OkStatus();
}

absl::Status Optimization::read() {
  if (!llvm::StringRef(options.input).ends_with(".mlir")) {
    absl::StatusOr<ImportedModel> result = importFile(context, options, diagnostics);
    if (!result.ok())
      return result.status();
    imported = std::move(*result);
    return absl::OkStatus();
  }
  auto file = llvm::MemoryBuffer::getFile(options.input);
  if (!file)
    return absl::NotFoundError("cannot read '" + options.input + "': " + file.getError().message());
  imported.module = parseSourceString<ModuleOp>((*file)->getBuffer(), ParserConfig(&context), options.input);
  return imported.module ? absl::OkStatus() : diagnostics.status("'" + options.input + "' cannot be read");
}

absl::StatusOr<std::string> Optimization::run() {
  if (absl::Status status = plan(); !status.ok())
    return status;
  if (absl::Status status = checkNames(); !status.ok())
    return status;
  if (absl::Status status = read(); !status.ok())
    return status;
  PassTimes times;
  absl::Status status;
  for (auto &[stage, passes] : pipelines) {
    if (stage == "kernel")
      dropRecipes(*imported.module);
    passes->addInstrumentation(std::make_unique<Watcher>(what, times));
    if (failed(passes->run(*imported.module))) {
      status = diagnostics.status("the passes failed without a message");
      break;
    }
  }
  if (what.timePasses)
    printTimes(what, times);
  if (!status.ok())
    return status;
  std::string text;
  llvm::raw_string_ostream(text) << *imported.module;
  return text;
}

} // namespace

std::string pipelineText(llvm::StringRef passes) {
  std::string text, word;
  llvm::SmallVector<char> closers;
  for (char c : passes) {
    if (c == '(') {
      bool isOperation = word.empty() || word == "any" || llvm::StringRef(word).contains('.');
      closers.push_back(isOperation ? ')' : '}');
      c = isOperation ? '(' : '{';
    } else if (c == ')' && !closers.empty()) {
      c = closers.pop_back_val();
    } else if (c == ',' && !closers.empty() && closers.back() == '}') {
      c = ' ';
    }
    bool isWord = llvm::isAlnum(c) || c == '-' || c == '_' || c == '.';
    word = isWord ? word + c : "";
    text += c;
  }
  return text;
}

absl::StatusOr<std::string> optimizeFile(const CompileOptions &options, const OptOptions &what) { return Optimization(options, what).run(); }

} // namespace ingot

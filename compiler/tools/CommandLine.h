// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_TOOLS_COMMANDLINE_H
#define COMPILER_TOOLS_COMMANDLINE_H

#include "absl/status/statusor.h"
#include "compiler/Compress/Budget/QuantizeMeasured.h"
#include "compiler/Compress/Prune/PruneOptions.h"
#include "compiler/Compress/Quantize/QuantizeOptions.h"
#include "compiler/Driver/Compile.h"
#include "compiler/Driver/Opt.h"
#include "compiler/tools/ImageInputs.h"
#include "compiler/tools/MeasuredCompile.h"
#include "llvm/ADT/Twine.h"

#include <string>
#include <vector>

namespace ingot {

struct CommandInfo;

/// The error of a command line that says what is wanted instead.
inline absl::Status usage(const llvm::Twine &message) { return absl::InvalidArgumentError(message.str()); }

/// What `ingot bench` was asked for.
struct BenchOptions {
  uint32_t iterations = 0; ///< 0: as many as fit into `seconds`
  double seconds = 3;
  uint32_t warmup = 5, threads = 0, sessions = 1;
  std::string compare; ///< empty, or onnxruntime
  std::string profile; ///< a file for a trace of where the time goes; empty: none
  std::string chart;   ///< a file for a picture of the result; empty: none
};

/// What `ingot compile` was asked to explore.
struct SearchFlags {
  bool isOn = false, hasTime = false;
  double seconds = 60;
  std::string file;         ///< the search's points as JSON: written by a search, read for one of them
  std::optional<int> point; ///< is compiled
};

/// A parsed command line of `ingot`.
struct CommandLine {
  const CommandInfo *command = nullptr;
  OptOptions opt;
  BenchOptions bench;
  MeasuredCompile measured;                  ///< of `compile`
  CompileOptions options;                    ///< `input` is the first word that is no option
  ImageOptions pictures;                     ///< of `run` and `bench`
  std::vector<std::string> programArguments; ///< of `run`, and the inputs of `bench`
  compress::QuantizeOptions quantize;        ///< of `quantize`, and of `compile --quantize`; without input and output
  compress::MeasureOptions measures;         ///< of these, and of pruning
  SearchFlags search;                        ///< of `compile`
  compress::PruneOptions prune;              ///< of `prune`, and of `compile --prune`; what it shares with quantisation is in `quantize`
  bool isPruned = false;                     ///< `compile --prune` was given
  bool ablate = false;                       ///< of `bench`
  bool isQuantized = false;                  ///< `compile --quantize` was given
  bool quiet = false;
  bool json = false;
  bool help = false; ///< the command's page is wanted; nothing else is checked then
};

/// Parses what stands after the program's name. The message of an error names the argument and what is known instead.
absl::StatusOr<CommandLine> parseCommandLine(const std::vector<std::string> &arguments);

} // namespace ingot

#endif

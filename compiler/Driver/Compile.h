// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_DRIVER_COMPILE_H
#define COMPILER_DRIVER_COMPILE_H

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "compiler/Pipelines/Stages.h"
#include "dialects/Ingot/SymbolicDims.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/JSON.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ingot {

enum class Emit { Program, Shared, Static, Object };

/// What contractions and convolutions multiply: the model's own elements, or bf16.
enum class Precision { Stored, Bf16 };

/// What activations are in products with weights of 4 bits: as exact as f32, or integers of 8 bits.
enum class Activations { F32, Int8 };

/// What `ingot compile` was asked for.
struct CompileOptions {
  std::string input, output;
  std::string target = "native";          ///< see parseTargets
  std::string prefix;                     ///< of the model's symbol; empty: made from the output's name
  std::string weights;                    ///< the file for the weights; empty: they are a part of the output
  std::optional<uint64_t> maxMemoryBytes; ///< of arena and weights
  std::string compileTo;                  ///< a stage whose IR is wanted instead of a file
  std::string toolPath;                   ///< where the runtime libraries are looked for
  Emit emit = Emit::Program;
  bool isStatic = false;
  int level = 3; ///< 0 or 3
  Precision precision = Precision::Stored;
  Activations activations = Activations::F32;
  bool measureError = false;                           ///< that of another precision; takes two more compilations and a run of each
  bool exact = false;                                  ///< no algorithms that lose precision
  std::map<std::string, int64_t> dims;                 ///< sizes of symbolic dims
  std::map<std::string, SymbolRange> ranges;           ///< what symbolic dims may be at run time
  std::map<std::string, std::vector<int64_t>> special; ///< sizes of open dims for which there is code of its own
  std::map<std::string, std::vector<int64_t>> inputShapes;
  std::vector<std::string> disabledPasses; ///< by their names; see whyNeeded
  std::string report;                      ///< where the caller writes CompileSummary::report, .html or .json; empty: there is none
  bool keepCandidates = false;             ///< for measuring tiles: the report names the best seven of each region, and nothing of the passes
  std::vector<std::string> tiles;          ///< of certain regions, as `ingot-unroll-and-jam` takes them: REGION:12x64/2@4+0
  /// Called when a stage begins, without a time, and when it has ended. May be empty.
  std::function<void(llvm::StringRef stage, std::optional<double> seconds)> progress;
};

/// What was made.
struct CompileSummary {
  uint64_t fileBytes = 0, weightBytes = 0, arenaBytes = 0;
  int64_t regions = 0, operations = 0;      ///< operations inside of regions, without constants
  int64_t fused = 0;                        ///< those that share a region with another one
  std::vector<std::string> dims;            ///< the open dims with their ranges; `arenaBytes` is for the largest sizes
  std::vector<std::string> peak;            ///< of these polynomials of the open dims the largest is at least the arena's bytes, and hardly more
  std::vector<std::string> notes;           ///< about the precision, and how good predictions are
  std::string text;                         ///< the IR, when `compileTo` was given
  std::optional<llvm::json::Object> report; ///< what the passes did and what the regions are, when `report` was given
};

/// What the stages need to know of the options. The machine is left to the caller.
StageOptions stageOptionsOf(const CompileOptions &options);

/// An error of use for options that do not go together.
absl::Status checkOptions(const CompileOptions &options);

/// Compiles a model. The message of an error holds a line per problem and names nodes, tensors or options. Nothing is left at `output` after a
/// failure, and an existing file is replaced only by a complete one.
absl::StatusOr<CompileSummary> compileModel(const CompileOptions &options);

/// Reports every node that cannot be compiled, a line each: OK when there is none. Takes the model through the plain path without making code. Of
/// a quantised model returns a line for each product that is not computed in integers, with the reason.
absl::StatusOr<std::vector<std::string>> checkModel(const CompileOptions &options);

/// Whether all of `disabledPasses` run at the level and can be left out.
absl::Status checkDisabledPasses(const CompileOptions &options);

} // namespace ingot

#endif

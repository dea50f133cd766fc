// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What each pass is worth: the model with and without it, in turn.
#ifndef COMPILER_TOOLS_ABLATION_H
#define COMPILER_TOOLS_ABLATION_H

#include "absl/status/statusor.h"
#include "compiler/Driver/Compile.h"
#include "llvm/Support/JSON.h"

#include <string>
#include <vector>

namespace ingot {

/// A program that lives as long as this object.
class TemporaryProgram {
public:
  /// Compiles to a temporary file; `summary` takes what was made.
  static absl::StatusOr<TemporaryProgram> compile(CompileOptions options, CompileSummary *summary = nullptr);
  TemporaryProgram(TemporaryProgram &&other) : name(std::move(other.name)) { other.name.clear(); }
  TemporaryProgram &operator=(TemporaryProgram &&other) {
    std::swap(name, other.name);
    return *this;
  }
  ~TemporaryProgram();

  const std::string &path() const { return name; }

private:
  explicit TemporaryProgram(std::string name) : name(std::move(name)) {}
  std::string name;
};

/// How programs are run when they are measured.
struct MeasureOptions {
  std::vector<std::string> arguments; ///< inputs and the like
  uint32_t threads = 0;               ///< 0: one per core
  double seconds = 2;                 ///< for one comparison, about
};

/// The time of one program over that of another, measured in turn: the median of the rounds, and between which numbers the middle half of them lies.
struct TimeRatio {
  double median = 1, low = 1, high = 1;
};
absl::StatusOr<TimeRatio> compareTimes(const std::string &program, const std::string &base, const MeasureOptions &how);

/// What one pass is worth.
struct PassWorth {
  std::string name;
  TimeRatio ratio;      ///< time without the pass over time with it
  bool isSame = false;  ///< the pass changes nothing in this model
  bool dropped = false; ///< by the never-slower rule
  std::string problem;  ///< why there is no number; empty: there is one

  llvm::json::Object asJson() const;
};

/// Measures the model with each pass off that can be left out. `base` is the program with all of them.
absl::StatusOr<std::vector<PassWorth>> ablate(const CompileOptions &options, const std::string &base, const MeasureOptions &how);

/// Drops the passes that make the model slower beyond the noise, one after the other as long as that helps, and returns their names. `worths` is
/// what `ablate` found.
absl::StatusOr<std::vector<std::string>> dropHarmful(const CompileOptions &options, TemporaryProgram base, const MeasureOptions &how,
                                                     std::vector<PassWorth> &worths);

/// What `ingot bench --ablate` prints: {"file", "threads", "median_ms", "passes"}, as text or as it is.
absl::StatusOr<llvm::json::Object> ablationOf(const CompileOptions &options, const std::string &base, const MeasureOptions &how);
std::string ablationText(const llvm::json::Object &object);

} // namespace ingot

#endif

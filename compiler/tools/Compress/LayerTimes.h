// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the layers of a model take before and after it was compressed.
#ifndef COMPILER_TOOLS_COMPRESS_LAYERTIMES_H
#define COMPILER_TOOLS_COMPRESS_LAYERTIMES_H

#include "absl/status/statusor.h"
#include "compiler/Compress/Budget/Measured.h"
#include "compiler/Driver/Compile.h"
#include "llvm/Support/JSON.h"

namespace ingot {

/// The threads whose efficiency a report has.
inline constexpr uint32_t kReportThreads = 2;

/// Of a model, or of the regions of a layer, in microseconds of a run. A region of several layers is divided among them by their weights.
struct RegionTime {
  double alone = 0;             ///< with one thread
  double together = 0;          ///< with `kReportThreads`; 0: not measured
  double predictedAlone = 0;    ///< by the plan stage
  double predictedTogether = 0; ///< the same for `kReportThreads`

  void add(const RegionTime &other, double share);
  /// Speed-up over threads: measured, or where there is no such measurement, predicted. Nothing without a time.
  std::optional<double> efficiency() const;
};

struct LayerTime {
  std::string name; ///< the layer's node
  RegionTime before, after;
};

struct ModelTimes {
  RegionTime before, after;
  std::vector<LayerTime> layers; ///< in the order of the model
  bool isMeasured = false;       ///< with `kReportThreads`: the machine has so many cores
};

/// Compiles both models for this machine and the shapes of the first sample, and profiles them in turn on random inputs with one thread and, where
/// there are so many cores, with `kReportThreads`. `layers` are those of the original.
absl::StatusOr<ModelTimes> measureLayerTimes(const std::string &original, const std::string &compressed, const std::string &toolPath,
                                             const compress::Measured &summary);

/// Both times and the efficiency in a line.
std::string timesText(const ModelTimes &times);

/// Adds `time` and `layer_times`, as docs/CommandLine.md describes them.
void addTimes(llvm::json::Object &object, const ModelTimes &times);

/// All of the above: the line goes to `text`, the keys to `object`, and what prevents it to `notes`.
void reportTimes(const std::string &original, const std::string &compressed, const std::string &toolPath, const compress::Measured &summary,
                 std::string &text, llvm::json::Object &object, std::vector<std::string> &notes);

} // namespace ingot

#endif

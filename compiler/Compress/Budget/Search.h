// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_BUDGET_SEARCH_H
#define COMPILER_COMPRESS_BUDGET_SEARCH_H

#include "compiler/Compress/Budget/AccuracyBudget.h"
#include "compiler/Compress/Budget/Recipe.h"

#include <functional>

namespace ingot::compress {

/// Finds tiles for the code of a model that are faster on one thread of this machine than those of the cost model, in about so many seconds: what
/// StageOptions::tiles takes. The recipe says how the model is compiled; its inputs have these shapes.
using TileTuner = std::function<absl::StatusOr<std::vector<std::string>>(const std::string &model, const Recipe &recipe,
                                                                         const std::map<std::string, std::vector<int64_t>> &shapes, double seconds)>;

/// What a search is given.
struct SearchOptions {
  std::string input;
  std::string beside; ///< models that are tried lie in a folder beside this file
  SampleSource calibration;
  std::vector<std::string> samples;          ///< files, or folders of them, to measure on; empty: those of calibration
  std::vector<std::string> include, exclude; ///< as in QuantizeOptions
  AccuracyBudget budget;
  double seconds = 60;
  TileTuner tune = {}; ///< none: all points have the tiles of the cost model
};

/// A program that was tried. Its time is of one thread of this machine.
struct SearchPoint {
  int number = 0; ///< from 1 on
  Recipe recipe;
  uint64_t bytes = 0; ///< of the weights
  double milliseconds = 0;
  double speedup = 1; ///< over f32, both measured in turn
  ValueError error;   ///< at the outputs
  bool isOnFront = false, meetsBudget = true;
};

struct SearchResult {
  std::vector<SearchPoint> points; ///< the first one is the model as it is
  std::vector<std::string> notes;  ///< on what could not be tried
  double seconds = 0;
  bool isComplete = true; ///< nothing was left out for lack of time
};

/// Marks the points that no other one is as good as in size, time and error, and better in one of them.
void markFront(std::vector<SearchPoint> &points);

/// The fastest point that meets the budget; null when there is none.
const SearchPoint *bestPoint(llvm::ArrayRef<SearchPoint> points);

/// Tries precisions and sparsities, then precisions with sensitive layers kept, two precisions in one model, and sparsities with sensitive layers
/// kept dense, always in the same order, until the time is over; then other tiles for the fastest points of the front, within the budget. Each is
/// compiled, measured in turn with the model as it is, and compared with it on up to 16 samples.
absl::StatusOr<SearchResult> searchCompression(const SearchOptions &options);

} // namespace ingot::compress

#endif

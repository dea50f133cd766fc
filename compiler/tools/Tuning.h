// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_TOOLS_TUNING_H
#define COMPILER_TOOLS_TUNING_H

#include "absl/status/statusor.h"
#include "compiler/Driver/Compile.h"

namespace ingot {

/// What measuring tiles has found.
struct Tuning {
  std::vector<std::string> tiles; ///< CompileOptions::tiles where something else than the model's choice is faster
  int64_t distinct = 0;           ///< regions that differ and have a choice
  int64_t measured = 0;           ///< those of them that were measured now; the others were in the cache
  int64_t programs = 0;           ///< that were made for it
  double seconds = 0;

  llvm::json::Object asJson() const;
};

/// How tiles are measured.
struct TuneOptions {
  std::string cacheFolder; ///< what is found is kept there, under a name that says what machine and compiler it holds for; empty: it is not kept
  uint32_t threads = 0;    ///< 0: one per core
  double seconds = 50;     ///< after which no further program is made
};

/// Measures the tiles that the cost model ranks first, and then the fastest of them with other ways to fetch weights, at most seven things for each
/// distinct region: a program with the first of each region, one with the second of each, and so on, profiled one after the other.
absl::StatusOr<Tuning> tune(const CompileOptions &options, const TuneOptions &how);

} // namespace ingot

#endif

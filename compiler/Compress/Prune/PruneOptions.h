// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_PRUNE_PRUNEOPTIONS_H
#define COMPILER_COMPRESS_PRUNE_PRUNEOPTIONS_H

#include "compiler/Compress/Calibrate/SampleFormat.h"
#include "compiler/Compress/Edit/Products.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ingot::compress {

/// What says how much a weight matters: its size; its size times that of the activations that it meets; or what the products lose that the weights
/// left over cannot make up for, which are then changed so that they do.
enum class PruneMethod { Magnitude, Wanda, SparseGpt };

/// Which weights go together. Weights are a matrix [depth, channels]: `depth` inputs (of a convolution: channels and taps) of `channels` outputs.
struct PrunePattern {
  enum class Kind {
    Unstructured, ///< each weight alone
    Blocks,       ///< `rows` inputs of `columns` outputs, both consecutive; blocks at the end may be smaller
    TwoFour,      ///< of four consecutive inputs of an output two stay
    Channels,     ///< whole outputs, which then are no part of the model any more
  };
  Kind kind = Kind::Blocks;
  int64_t rows = 1, columns = 16;

  bool operator==(const PrunePattern &) const = default;
};

/// How the share of all weights is divided among layers.
enum class PruneAllocation {
  Lamp,     ///< by one threshold over the scores of weights
  Measured, ///< so that the errors of the layers' products, each relative to these, have the least sum on the samples
};

/// What `ingot prune` was asked for.
struct PruneOptions {
  std::string input, output;
  std::optional<double> sparsity; ///< share of all weights, or channels, that go; none: only `layerSparsity`, or half with TwoFour
  std::optional<PruneMethod> method;
  std::optional<PrunePattern> pattern;
  bool uniform = false;                        ///< `sparsity` of each layer, not of all of them together
  std::optional<PruneAllocation> allocation;   ///< of `sparsity`, where it is not uniform
  std::map<std::string, double> layerSparsity; ///< by names of nodes: their shares; 0: they stay
  std::vector<std::string> include, exclude;   ///< names of nodes, operators, or regular expressions for names
  std::vector<std::string> calibration;        ///< files, or folders of them, as SampleFiles takes
  SampleFormat sampleFormat;
  bool randomCalibration = false;
  bool externalData = false; ///< the constants go to a file beside the output, as they do in any case above 2 GB

  bool operator==(const PruneOptions &) const = default;
};

/// A node whose weights became fewer.
struct PrunedLayer {
  std::string node, op;
  int64_t weights = 0, zeros = 0;           ///< zeros: weights that are zero now, or gone with their channel
  int64_t channels = 0, channelsLeft = 0;   ///< outputs before and after
  std::optional<double> relativeError = {}; ///< norm of what the products of the samples are off, over their norm; without bias
  double wantedShare = 0;                   ///< what was chosen for it, from which `zeros` differ by whole blocks and what was zero before
  std::vector<int64_t> keptChannels = {};   ///< where whole channels go: those that stay
  double share() const { return static_cast<double>(zeros) / static_cast<double>(weights); }
};

/// What was done.
struct PruneSummary {
  std::vector<PrunedLayer> layers;
  std::vector<LeftAlone> leftAlone;
  std::vector<std::string> notes;
  uint64_t bytesBefore = 0, bytesAfter = 0; ///< of constants as they are stored: zeros take as much as other weights
  uint64_t flopsBefore = 0, flopsAfter = 0; ///< of products with weights that are not zero, in a run with open dims of 1
  int64_t samples = 0;
};

} // namespace ingot::compress

#endif

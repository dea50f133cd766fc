// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Prune/Prune.h"

#include "compiler/Compress/Edit/ModelEditor.h"
#include "compiler/Compress/Edit/ModelWriter.h"
#include "compiler/Compress/Edit/NearestNode.h"
#include "compiler/Compress/Prune/RemoveChannels.h"
#include "compiler/Compress/Prune/SparseWeights.h"
#include "compiler/Driver/UsageError.h"
#include "frontends/onnx/Ingest/Validate.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"

namespace ingot::compress {
namespace {

bool hasSamples(const PruneOptions &options) { return !options.calibration.empty() || options.randomCalibration; }

/// The nodes of `layerSparsity` are products of the model.
absl::Status checkNames(const ModelEditor &editor, const PruneOptions &options) {
  const onnx::GraphProto &graph = editor.model().graph();
  for (const auto &[name, share] : options.layerSparsity)
    if (llvm::none_of(graph.node(), [&](const onnx::NodeProto &node) { return node.name() == name; }))
      return usageError("--layer-sparsity: the model has no node '" + name + "'" + nearestNode(graph, name, /*withOperators=*/false));
  return absl::OkStatus();
}

/// The same for those that were left alone: a share that has no effect is an error.
absl::Status checkAllMeant(const PruneOptions &options, const PruneSummary &summary) {
  for (const auto &[name, share] : options.layerSparsity) {
    if (llvm::any_of(summary.layers, [&](const PrunedLayer &layer) { return layer.node == name; }))
      continue;
    auto left = llvm::find_if(summary.leftAlone, [&](const LeftAlone &one) { return one.node == name; });
    return usageError("--layer-sparsity: node '" + name + "' cannot be pruned: it " +
                      (left == summary.leftAlone.end() ? "is no MatMul, Gemm or Conv" : left->reason));
  }
  return absl::OkStatus();
}

/// The reasons why nothing was left to do, with the first node of each.
std::string reasonsOf(const PruneSummary &summary) {
  std::string text;
  std::vector<std::string> seen;
  for (const LeftAlone &left : summary.leftAlone)
    if (!llvm::is_contained(seen, left.reason)) {
      seen.push_back(left.reason);
      text += "\nnode '" + left.node + "' (" + left.op + ") " + left.reason;
    }
  if (!summary.layers.empty())
    text += "\nthe shares of the other nodes are too small for their sizes, or their weights are zero already";
  return text.empty() ? "; it has no MatMul, Gemm or Conv" : text;
}

/// A model whose shapes changed is read again, with everything that can be checked about it. What we wrote wrongly is removed.
absl::Status checkWritten(const PruneOptions &options) {
  absl::StatusOr<std::unique_ptr<ingest::Model>> model = ingest::loadModel(options.output);
  if (model.ok())
    return absl::OkStatus();
  for (const char *suffix : {"", ".data"})
    llvm::sys::fs::remove(options.output + suffix);
  return absl::InternalError("the model without channels is not valid: " + std::string(model.status().message()));
}

} // namespace

absl::Status checkOptions(const PruneOptions &options) {
  PruneMethod method = options.method.value_or(PruneMethod::Magnitude);
  PrunePattern pattern = options.pattern.value_or(PrunePattern());
  auto isShare = [](double share) { return share >= 0 && share < 1; };
  if (options.sparsity && !(isShare(*options.sparsity) && *options.sparsity > 0))
    return usageError(llvm::formatv("--sparsity wants a share above 0 and below 1, got {0:f4}", *options.sparsity).str());
  for (const auto &[name, share] : options.layerSparsity)
    if (!isShare(share))
      return usageError(llvm::formatv("--layer-sparsity wants NAME=SHARE with a share from 0 to below 1, got {0:f4} for '{1}'", share, name).str());
  if (pattern.rows < 1 || pattern.columns < 1 || pattern.rows > 1024 || pattern.columns > 1024)
    return usageError("--pattern wants blocks of 1 to 1024 by 1 to 1024 weights");
  if (pattern.kind == PrunePattern::Kind::TwoFour) {
    if (options.sparsity.value_or(0.5) != 0.5)
      return usageError("--pattern=2:4 prunes half of the weights: it goes without another --sparsity");
    for (const auto &[name, share] : options.layerSparsity)
      if (share != 0 && share != 0.5)
        return usageError("--pattern=2:4 prunes half of the weights of '" + name + "', or with --layer-sparsity=" + name + "=0 none");
  } else if (!options.sparsity && options.layerSparsity.empty()) {
    return usageError("--sparsity is missing: the share of the weights to prune, as --sparsity=0.8");
  }
  if (options.uniform && !options.sparsity)
    return usageError("--uniform says how --sparsity is divided, which is missing");
  if (options.allocation) {
    if (!options.sparsity || options.uniform || pattern.kind == PrunePattern::Kind::TwoFour || pattern.kind == PrunePattern::Kind::Channels)
      return usageError("--allocate says how --sparsity is divided among layers: it goes with that, and without --uniform and the patterns 2:4 and "
                        "channels");
    if (options.allocation == PruneAllocation::Measured && !hasSamples(options))
      return usageError("--allocate=measured needs samples: --calibration=FILE.npz, or --random-calibration, whose result means little");
  }
  if (pattern.kind == PrunePattern::Kind::Channels && (method != PruneMethod::Magnitude || hasSamples(options)))
    return usageError("--pattern=channels goes by the size of weights: without samples and another --method");
  if (method != PruneMethod::Magnitude && !hasSamples(options))
    return usageError(std::string(method == PruneMethod::Wanda ? "--method=wanda" : "--method=sparsegpt") +
                      " needs samples: --calibration=FILE.npz, or --random-calibration, whose result means little");
  if (options.randomCalibration && !options.calibration.empty())
    return usageError("--calibration and --random-calibration contradict each other");
  return absl::OkStatus();
}

absl::StatusOr<PruneSummary> pruneModel(const PruneOptions &options) {
  if (absl::Status status = checkOptions(options); !status.ok())
    return status;
  absl::StatusOr<std::unique_ptr<ModelEditor>> opened = ModelEditor::open(options.input, options.output);
  if (!opened.ok())
    return opened.status();
  ModelEditor &editor = **opened;
  if (absl::Status status = checkOutputIsNoInput(editor.model(), options.input, options.output); !status.ok())
    return status;
  absl::StatusOr<NodeSelection> selection = NodeSelection::make(editor.model().graph(), options.include, options.exclude);
  if (!selection.ok())
    return selection.status();
  if (absl::Status status = checkNames(editor, options); !status.ok())
    return status;
  PruneSummary summary;
  summary.bytesBefore = constantBytes(editor);
  bool isChannels = options.pattern.value_or(PrunePattern()).kind == PrunePattern::Kind::Channels;
  if (absl::Status status = isChannels ? removeChannels(editor, *selection, options, summary) : zeroWeights(editor, *selection, options, summary);
      !status.ok())
    return status;
  if (absl::Status status = checkAllMeant(options, summary); !status.ok())
    return status;
  if (summary.flopsAfter == summary.flopsBefore)
    return absl::FailedPreconditionError(options.input + ": there is nothing to prune" + reasonsOf(summary));
  editor.finish();
  summary.bytesAfter = constantBytes(editor);
  if (absl::Status written = writeModel(editor, options.output, options.externalData); !written.ok())
    return written;
  if (isChannels)
    if (absl::Status status = checkWritten(options); !status.ok())
      return status;
  return summary;
}

} // namespace ingot::compress

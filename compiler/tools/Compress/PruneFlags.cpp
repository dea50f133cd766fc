// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/Compress/PruneFlags.h"

#include "compiler/tools/CommandLine.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/Twine.h"

namespace ingot::prune_flags {
namespace {

using namespace compress;

absl::Status setShare(llvm::StringRef option, llvm::StringRef text, CommandLine &line) {
  double share;
  if (text.getAsDouble(share))
    return usage(option + " wants a share above 0 and below 1, got '" + text + "'");
  line.prune.sparsity = share;
  return absl::OkStatus();
}

} // namespace

absl::Status setSparsity(llvm::StringRef text, CommandLine &line) { return setShare("--sparsity", text, line); }

absl::Status setPrune(llvm::StringRef text, CommandLine &line) {
  line.isPruned = true;
  return setShare("--prune", text, line);
}

absl::Status setPattern(llvm::StringRef text, CommandLine &line) {
  PrunePattern pattern;
  auto [rows, columns] = text.split('x');
  if (text == "unstructured")
    pattern.kind = PrunePattern::Kind::Unstructured;
  else if (text == "2:4")
    pattern.kind = PrunePattern::Kind::TwoFour;
  else if (text == "channels")
    pattern.kind = PrunePattern::Kind::Channels;
  else if (rows.getAsInteger(10, pattern.rows) || columns.getAsInteger(10, pattern.columns))
    return usage("--pattern wants unstructured, 2:4, channels, or blocks of inputs by outputs as 1x16 or 4x4, got '" + text + "'");
  line.prune.pattern = pattern;
  return absl::OkStatus();
}

absl::Status setPruneMethod(llvm::StringRef text, CommandLine &line) {
  line.prune.method = llvm::StringSwitch<std::optional<PruneMethod>>(text)
                          .Case("magnitude", PruneMethod::Magnitude)
                          .Case("wanda", PruneMethod::Wanda)
                          .Case("sparsegpt", PruneMethod::SparseGpt)
                          .Default(std::nullopt);
  return line.prune.method ? absl::OkStatus() : usage("pruning goes by magnitude, wanda or sparsegpt, got '" + text + "'");
}

absl::Status setUniform(llvm::StringRef, CommandLine &line) {
  line.prune.uniform = true;
  return absl::OkStatus();
}

absl::Status setAllocation(llvm::StringRef text, CommandLine &line) {
  line.prune.allocation = llvm::StringSwitch<std::optional<PruneAllocation>>(text)
                              .Case("lamp", PruneAllocation::Lamp)
                              .Case("measured", PruneAllocation::Measured)
                              .Default(std::nullopt);
  return line.prune.allocation ? absl::OkStatus() : usage("sparsity is divided by lamp or measured, got '" + text + "'");
}

absl::Status addLayerSparsity(llvm::StringRef text, CommandLine &line) {
  auto [name, share] = text.rsplit('=');
  double value;
  if (name.empty() || share.getAsDouble(value))
    return usage("--layer-sparsity wants NODE=SHARE, got '" + text + "'");
  line.prune.layerSparsity[name.str()] = value;
  return absl::OkStatus();
}

} // namespace ingot::prune_flags

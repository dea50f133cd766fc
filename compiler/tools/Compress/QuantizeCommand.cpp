// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/Compress/QuantizeCommand.h"

#include "compiler/Compress/Budget/QuantizeMeasured.h"
#include "compiler/Compress/Quantize/Quantize.h"
#include "compiler/tools/CommandTable.h"
#include "compiler/tools/Compress/BudgetReport.h"
#include "compiler/tools/Compress/LayerTimes.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

namespace ingot {
namespace {

using namespace compress;

std::string kindText(const QuantizeSummary &summary) {
  switch (summary.mode) {
  case Mode::WeightOnly:
    if (summary.floats)
      return "weights in " + nameOf(*summary.floats).str();
    return "weights in int" + std::to_string(summary.weightBits);
  case Mode::Dynamic:
    return "dynamic int8";
  case Mode::Static:
    return "static int8";
  }
  return "";
}

double compressionRatio(const QuantizeSummary &summary) {
  return summary.bytesAfter == 0 ? 1 : static_cast<double>(summary.bytesBefore) / static_cast<double>(summary.bytesAfter);
}

} // namespace

std::string quantizeText(const std::string &output, const QuantizeSummary &summary) {
  std::string text;
  llvm::raw_string_ostream out(text);
  out << output << ": " << kindText(summary) << ", " << summary.quantized << (summary.quantized == 1 ? " node" : " nodes") << ", constants "
      << llvm::format("%.2f", summary.bytesAfter / 1048576.0) << " MiB of " << llvm::format("%.2f", summary.bytesBefore / 1048576.0) << " MiB, "
      << llvm::format("%.2f", compressionRatio(summary)) << " times smaller\n";
  if (summary.samples > 0)
    out << summary.samples << (summary.samples == 1 ? " sample, " : " samples, ") << summary.tensors << " activations are bytes"
        << (summary.smoothed > 0 ? ", outliers of " + std::to_string(summary.smoothed) + " went into weights" : "") << '\n';
  if (summary.equalized) {
    const EqualizeSummary &done = *summary.equalized;
    out << "equalised: " << done.pairs << (done.pairs == 1 ? " pair" : " pairs") << " of products, " << done.norms
        << " norms went into the convolutions in front; with a Clip between, and so left alone: " << done.clipped << '\n';
  }
  llvm::MapVector<llvm::StringRef, std::vector<const LeftAlone *>> reasons;
  for (const LeftAlone &left : summary.leftAlone)
    reasons[left.reason].push_back(&left);
  for (const auto &[reason, nodes] : reasons) {
    out << "left alone: " << (nodes.size() == 1 ? "node '" : std::to_string(nodes.size()) + " nodes, the first '") << nodes.front()->node << "' ("
        << nodes.front()->op << "): " << reason << '\n';
  }
  return text;
}

llvm::json::Object quantizeJson(const QuantizeSummary &summary) {
  llvm::json::Array leftAlone, notes;
  for (const LeftAlone &left : summary.leftAlone)
    leftAlone.push_back(llvm::json::Object{{"node", left.node}, {"op", left.op}, {"reason", left.reason}});
  for (const std::string &note : summary.notes)
    notes.push_back(note);
  llvm::json::Value equalized = nullptr;
  if (summary.equalized)
    equalized = llvm::json::Object{{"pairs", summary.equalized->pairs}, {"norms", summary.equalized->norms}, {"clipped", summary.equalized->clipped}};
  return llvm::json::Object{{"kind", kindText(summary)},
                            {"quantized", summary.quantized},
                            {"samples", summary.samples},
                            {"activations", summary.tensors},
                            {"smoothed", summary.smoothed},
                            {"equalized", std::move(equalized)},
                            {"constant_bytes_before", static_cast<int64_t>(summary.bytesBefore)},
                            {"constant_bytes_after", static_cast<int64_t>(summary.bytesAfter)},
                            {"compression_ratio", compressionRatio(summary)},
                            {"left_alone", std::move(leftAlone)},
                            {"notes", std::move(notes)}};
}

absl::StatusOr<QuantizeResult> quantizeCommand(CommandLine &line) {
  const std::string report = line.command->id == Quantize ? line.options.report : "";
  const std::string &name = line.command->id == Quantize ? line.options.output : line.options.input;
  line.measures.report = !report.empty();
  if (absl::Status status = report.empty() ? absl::OkStatus() : checkCompressionReport(report); !status.ok())
    return status;
  if (!line.measures.isWanted()) {
    absl::StatusOr<QuantizeSummary> summary = quantizeModel(line.quantize);
    if (!summary.ok())
      return summary.status();
    return QuantizeResult{quantizeText(name, *summary), quantizeJson(*summary), summary->notes};
  }
  absl::StatusOr<MeasuredQuantization> summary = quantizeMeasured(line.quantize, line.measures);
  if (!summary.ok())
    return summary.status();
  QuantizeResult result{quantizeText(name, summary->quantized) + measuredText(summary->measured), quantizeJson(summary->quantized),
                        summary->quantized.notes};
  addMeasured(result.object, summary->measured);
  if (!report.empty())
    reportTimes(line.options.input, line.quantize.output, line.options.toolPath, summary->measured, result.text, result.object, result.notes);
  result.object["model"] = line.options.input;
  std::string headline = kindText(summary->quantized) + ", " + std::to_string(summary->quantized.quantized) + " nodes; constants " +
                         llvm::formatv("{0} times smaller", llvm::format("%.2f", compressionRatio(summary->quantized))).str();
  if (absl::Status status = report.empty() ? absl::OkStatus() : writeCompressionReport(report, result.object, headline); !status.ok())
    return status;
  return result;
}

absl::StatusOr<CompileSummary> compileQuantized(CommandLine &line) {
  llvm::SmallString<128> folder;
  if (std::error_code error = llvm::sys::fs::createUniqueDirectory("ingot-quantize", folder))
    return absl::UnavailableError("cannot make a temporary folder: " + error.message());
  llvm::scope_exit clean([&] { llvm::sys::fs::remove_directories(folder); });
  llvm::SmallString<128> model(folder);
  llvm::sys::path::append(model, llvm::sys::path::filename(line.options.input));
  line.quantize.input = line.options.input;
  line.quantize.output = model.str().str();
  llvm::sys::RemoveFileOnSignal(model);
  absl::StatusOr<QuantizeResult> quantized = quantizeCommand(line);
  if (!quantized.ok())
    return quantized.status();
  line.options.input = line.quantize.output;
  absl::StatusOr<CompileSummary> summary =
      line.measured.measure || line.measured.tune ? compileMeasured(line.options, line.measured) : compileModel(line.options);
  line.options.input = line.quantize.input;
  if (!summary.ok())
    return summary;
  llvm::SmallVector<llvm::StringRef> lines;
  llvm::StringRef(quantized->text).split(lines, '\n', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef one : lines)
    summary->notes.push_back(one.str());
  for (const std::string &note : quantized->notes)
    summary->notes.push_back("warning: " + note);
  return summary;
}

} // namespace ingot

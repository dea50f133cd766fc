// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/Compress/BudgetReport.h"

#include "compiler/Codegen/TemporaryFile.h"
#include "compiler/Driver/UsageError.h"
#include "compiler/tools/Chart.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

namespace ingot {
namespace {

using namespace compress;

constexpr size_t kNamed = 5;
/// Decibels that fill a bar of the page.
constexpr double kFullBar = 60;

llvm::json::Value finiteOrNull(double value) { return std::isfinite(value) ? llvm::json::Value(value) : llvm::json::Value(nullptr); }

std::string shown(const llvm::json::Value *value, const char *format, const char *otherwise) {
  std::optional<double> known = value ? value->getAsNumber() : std::nullopt;
  std::string result;
  llvm::raw_string_ostream stream(result);
  if (known)
    stream << llvm::format(format, *known);
  else
    stream << otherwise;
  return result;
}

/// The cells of an error, and a bar as long as the noise is loud.
void writeError(llvm::raw_ostream &out, const llvm::json::Object *error) {
  if (!error) {
    out << "<td colspan=6></td>";
    return;
  }
  const llvm::json::Value *sqnr = error->get("sqnr_db");
  std::optional<double> decibels = sqnr ? sqnr->getAsNumber() : std::nullopt;
  double noise = decibels ? std::clamp(1 - *decibels / kFullBar, 0.02, 1.0) : 0;
  out << "<td>" << shown(error->get("max_error"), "%.3g", "no number") << "</td><td>" << shown(sqnr, "%.1f", "no noise") << "</td><td>"
      << "<svg width=120 height=12><rect width=" << llvm::format("%.0f", 120 * noise) << " height=12 fill='#d1600a'/></svg></td><td>"
      << shown(error->get("cosine"), "%.5f", "") << "</td><td>" << shown(error->get("least_cosine"), "%.5f", "") << "</td><td>"
      << shown(error->get("top1"), "%.4f", "") << "</td>";
}

void writeTable(llvm::raw_ostream &out, llvm::StringRef title, const llvm::json::Array *rows, llvm::StringRef key) {
  if (!rows || rows->empty())
    return;
  out << "<h2>" << title << "</h2><table><tr><th>name<th>max error<th>SQNR, dB<th>noise<th>mean cosine<th>least cosine<th>top-1</tr>\n";
  for (const llvm::json::Value &row : *rows) {
    const llvm::json::Object &object = *row.getAsObject();
    out << "<tr><td>" << escaped(object.getString("name").value_or("")) << "</td>";
    writeError(out, object.getObject(key));
    out << "</tr>\n";
  }
  out << "</table>\n";
}

/// The cells of a row of times: before, after, the ratio, and the efficiency of both.
void writeTime(llvm::raw_ostream &out, llvm::StringRef name, const llvm::json::Object &row) {
  out << "<tr><td>" << escaped(name) << "</td>";
  for (const char *key : {"before_us", "after_us"})
    out << "<td>" << shown(row.get(key), "%.1f", "") << "</td>";
  for (const char *key : {"speedup", "efficiency_before", "efficiency_after"})
    out << "<td>" << shown(row.get(key), "%.2f", "") << "</td>";
  out << "</tr>\n";
}

void writeTimes(llvm::raw_ostream &out, const llvm::json::Object &object) {
  const llvm::json::Object *time = object.getObject("time");
  const llvm::json::Array *layers = object.getArray("layer_times");
  if (!time || !layers)
    return;
  const llvm::json::Object &efficiency = *time->getObject("efficiency");
  std::string threads = shown(efficiency.get("threads"), "%.0f", "");
  out << "<h2>Time</h2><p>On this machine, with random inputs of the first sample's shapes; layers with one thread, including what is fused with "
         "them. Efficiency: speed-up over threads, with "
      << threads << " of them, " << (efficiency.getBoolean("measured").value_or(false) ? "measured" : "predicted")
      << ".</p><table><tr><th>what<th>before, us<th>after, us<th>times as fast<th>efficiency before<th>efficiency after</tr>\n";
  for (const llvm::json::Value &value : *time->getArray("runs")) {
    llvm::json::Object row = *value.getAsObject();
    bool isAlone = row.getInteger("threads") == 1;
    if (isAlone)
      for (const char *side : {"before", "after"})
        row[std::string("efficiency_") + side] = *efficiency.get(side);
    writeTime(out, isAlone ? "the model, one thread" : "the model, " + threads + " threads", row);
  }
  for (const llvm::json::Value &value : *layers)
    writeTime(out, value.getAsObject()->getString("name").value_or(""), *value.getAsObject());
  out << "</table>\n";
}

std::string page(const llvm::json::Object &object, llvm::StringRef headline) {
  std::string text;
  llvm::raw_string_ostream out(text);
  out << "<!doctype html><meta charset=utf-8><title>Compression</title><style>body{font:15px system-ui;margin:2em auto;max-width:75em}"
         "table{border-collapse:collapse}td,th{padding:.2em .8em;text-align:right;border-bottom:1px solid #ddd}"
         "td:first-child,th:first-child{text-align:left}</style>\n<h1>"
      << escaped(object.getString("model").value_or("Compression")) << "</h1>\n<p>" << escaped(headline) << "; measured on "
      << shown(object.get("measured_samples"), "%.0f", "0") << " samples.</p>\n";
  writeTimes(out, object);
  writeTable(out, "Outputs", object.getArray("outputs"), "error");
  writeTable(out, "Error at the outputs when only this layer is compressed, the most sensitive first", object.getArray("sensitivities"), "error");
  writeTable(out, "Results of layers", object.getArray("layers"), "error");
  if (const llvm::json::Array *fitted = object.getArray("fitted")) {
    out << "<h2>Fitted layers: noise, as a share of the signal, on samples that were not used to "
           "fit</h2><table><tr><th>name<th>before<th>after</tr>\n";
    for (const llvm::json::Value &row : *fitted)
      out << "<tr><td>" << escaped(row.getAsObject()->getString("name").value_or("")) << "</td><td>"
          << shown(row.getAsObject()->get("noise_before"), "%.3g", "") << "</td><td>" << shown(row.getAsObject()->get("noise_after"), "%.3g", "")
          << "</td></tr>\n";
    out << "</table>\n";
  }
  if (const llvm::json::Array *kept = object.getArray("kept_by_budget"); kept && !kept->empty()) {
    out << "<h2>Kept as they are by the budget</h2><ul>\n";
    for (const llvm::json::Value &name : *kept)
      out << "<li>" << escaped(name.getAsString().value_or("")) << "\n";
    out << "</ul>\n";
  }
  return text;
}

llvm::json::Array namedErrors(llvm::ArrayRef<NamedError> errors) {
  llvm::json::Array array;
  for (const NamedError &one : errors)
    array.push_back(llvm::json::Object{{"name", one.name}, {"error", errorJson(one.error)}});
  return array;
}

} // namespace

std::string measuredText(const Measured &summary) {
  std::string text = "error at the outputs, " + std::to_string(summary.error.samples) + " samples: " + errorText(summary.error.atOutputs()) + "\n";
  if (summary.unfitted) {
    auto better = llvm::count_if(summary.fitted, [](const FittedLayer &layer) { return layer.after < layer.before; });
    text += "fitted " + std::to_string(better) + " of " + std::to_string(summary.fitted.size()) + " layers; before: " + errorText(*summary.unfitted) +
            "\n";
  }
  if (!summary.sensitivities.empty())
    text += "the most sensitive layers: " + mostSensitive(summary.sensitivities) + "\n";
  if (!summary.kept.empty())
    text += "kept as they are by the budget: " + std::to_string(summary.kept.size()) + " of " + std::to_string(summary.sensitivities.size()) +
            " layers\n";
  return text;
}

llvm::json::Object errorJson(const ValueError &error) {
  return llvm::json::Object{{"max_error", finiteOrNull(error.maxError)},
                            {"sqnr_db", finiteOrNull(error.sqnr())},
                            {"cosine", error.cosine},
                            {"least_cosine", error.leastCosine},
                            {"top1", error.top1}};
}

void addMeasured(llvm::json::Object &object, const Measured &summary) {
  llvm::json::Array sensitivities, named, kept;
  for (auto [i, one] : llvm::enumerate(summary.sensitivities)) {
    sensitivities.push_back(llvm::json::Object{{"name", one.layer.node}, {"op", one.layer.op}, {"error", errorJson(one.error)}});
    if (i < kNamed)
      named.push_back(one.layer.node);
  }
  for (const std::string &node : summary.kept)
    kept.push_back(node);
  if (summary.unfitted) {
    llvm::json::Array fitted;
    for (const FittedLayer &layer : summary.fitted)
      fitted.push_back(
          llvm::json::Object{{"name", layer.node}, {"noise_before", finiteOrNull(layer.before)}, {"noise_after", finiteOrNull(layer.after)}});
    object["fitted"] = std::move(fitted);
    object["error_before_fit"] = errorJson(*summary.unfitted);
  }
  object["measured_samples"] = summary.error.samples;
  object["outputs"] = namedErrors(summary.error.outputs);
  if (llvm::json::Array *layers = object.getArray("layers")) { // of what was done to them
    for (llvm::json::Value &layer : *layers)
      for (const NamedError &one : summary.error.layers)
        if (llvm::json::Object &row = *layer.getAsObject(); row.getString("node") == llvm::StringRef(one.name)) {
          row["name"] = one.name;
          row["error"] = errorJson(one.error);
        }
  } else {
    object["layers"] = namedErrors(summary.error.layers);
  }
  object["sensitivities"] = std::move(sensitivities);
  object["most_sensitive"] = std::move(named);
  object["kept_by_budget"] = std::move(kept);
}

absl::Status checkCompressionReport(const std::string &path) {
  llvm::StringRef name(path);
  if (!name.ends_with(".json") && !name.ends_with(".html"))
    return usageError("--report writes a page or numbers: its file must end in .html or .json, got '" + path + "'");
  return checkWritable(path);
}

absl::Status writeCompressionReport(const std::string &path, const llvm::json::Object &object, llvm::StringRef headline) {
  return writeFileAtomically(path, [&](llvm::raw_ostream &out) {
    if (llvm::StringRef(path).ends_with(".html"))
      out << page(object, headline);
    else
      out << llvm::formatv("{0:2}", llvm::json::Value(llvm::json::Object(object))) << '\n';
    return absl::OkStatus();
  });
}

} // namespace ingot

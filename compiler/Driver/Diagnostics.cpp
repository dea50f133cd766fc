// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/Diagnostics.h"

#include "mlir/IR/Location.h"
#include "passes/Kernel/FailureSites.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace ingot {

std::string nodeNameOf(Location location) {
  if (auto name = dyn_cast<NameLoc>(location))
    return name.getName().str();
  if (auto fused = dyn_cast<FusedLoc>(location))
    for (Location part : fused.getLocations())
      if (std::string name = nodeNameOf(part); !name.empty())
        return name;
  if (auto call = dyn_cast<CallSiteLoc>(location))
    return nodeNameOf(call.getCaller());
  return "";
}

DiagnosticCollector::DiagnosticCollector(MLIRContext &context)
    : handler(&context, [this](Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
          return success();
        std::string line = describe(nodeNameOf(diagnostic.getLocation())) + diagnostic.str();
        if (auto place = dyn_cast<FileLineColLoc>(diagnostic.getLocation())) // in a file of IR
          line = llvm::formatv("{0}:{1}:{2}: {3}", place.getFilename().strref(), place.getLine(), place.getColumn(), line).str();
        if (!llvm::is_contained(lines, line))
          lines.push_back(line);
        return success();
      }) {}

std::string DiagnosticCollector::describe(StringRef name) const {
  while (!name.empty()) {
    if (auto node = nodes.find(name); node != nodes.end())
      return node->second + ": ";
    name = name.contains('/') ? name.rsplit('/').first : ""; // nodes of a function body are named after the node that calls it
  }
  return "";
}

std::vector<std::string> DiagnosticCollector::failureSites(ModuleOp module) const {
  std::vector<std::string> texts;
  auto sites = module->getAttrOfType<ArrayAttr>(kFailureSites);
  for (Attribute site : sites ? sites.getValue() : ArrayRef<Attribute>()) {
    auto pair = cast<ArrayAttr>(site);
    std::string node = nodeNameOf(cast<LocationAttr>(pair[0])), description = describe(node);
    texts.push_back((description.empty() ? "'" + node + "': " : description) + cast<StringAttr>(pair[1]).str());
  }
  return texts;
}

absl::Status DiagnosticCollector::status(const absl::Status &otherwise) const {
  if (lines.empty())
    return otherwise;
  std::string text;
  for (const std::string &line : lines)
    text += (text.empty() ? "" : "\n") + line;
  return absl::InvalidArgumentError(text);
}

} // namespace ingot

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/Report.h"

#include "llvm/Support/raw_ostream.h"

namespace ingot {
namespace {

/// report.html: it draws the JSON that stands where the mark is.
constexpr llvm::StringLiteral kPage =
#include "compiler/Driver/ReportPage.inc"
    ;
constexpr llvm::StringLiteral kMark = "@REPORT@";

} // namespace

std::string reportPage(const llvm::json::Object &report) {
  std::string json, page;
  llvm::raw_string_ostream(json) << llvm::json::Value(llvm::json::Object(report));
  auto [head, tail] = kPage.split(kMark);
  llvm::raw_string_ostream out(page);
  out << head;
  for (char c : json) // no text in it may end the script
    if (c == '<')
      out << "\\u003c";
    else
      out << c;
  out << tail;
  return page;
}

} // namespace ingot

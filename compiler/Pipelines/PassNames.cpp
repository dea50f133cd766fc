// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Pipelines/PassNames.h"

#include "mlir/Pass/PassManager.h"

namespace ingot {

std::vector<std::string> passNames(llvm::StringRef pipeline) {
  std::vector<std::string> names;
  std::string word;
  int depth = 0; // of braces: options
  auto finish = [&](bool isPass) {
    if (isPass && !word.empty())
      names.push_back(word);
    word.clear();
  };
  for (char c : pipeline) {
    if (c == '{' || c == '}')
      depth += c == '{' ? 1 : -1;
    else if (depth > 0 || c == ' ')
      continue;
    else if (c == '(' || c == ')' || c == ',')
      finish(c != '(');
    else
      word += c;
  }
  finish(true);
  return names;
}

std::vector<std::string> passNames(const Stage &stage, const StageOptions &options) {
  mlir::OpPassManager passes("builtin.module");
  stage.build(passes, options);
  std::string text;
  llvm::raw_string_ostream stream(text);
  passes.printAsTextualPipeline(stream);
  return passNames(text);
}

} // namespace ingot

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// tokenize TOKENIZER FILE: the numbers of the tokens of each line, for test/e2e/samples.py, which compares them with those of another implementation.
#include "compiler/Inputs/Text/Tokenizer.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

int main(int argc, char **argv) {
  auto fail = [](llvm::StringRef message) {
    llvm::errs() << message << '\n';
    return 1;
  };
  if (argc != 3)
    return fail("tokenize TOKENIZER FILE");
  absl::StatusOr<std::unique_ptr<ingot::Tokenizer>> tokenizer = ingot::Tokenizer::open(argv[1]);
  if (!tokenizer.ok())
    return fail(std::string(tokenizer.status().message()));
  auto file = llvm::MemoryBuffer::getFile(argv[2]);
  if (!file)
    return fail(file.getError().message());
  llvm::StringRef rest = (*file)->getBuffer();
  while (!rest.empty()) {
    llvm::StringRef line;
    std::tie(line, rest) = rest.split('\n');
    absl::StatusOr<ingot::TokenizedText> text = (*tokenizer)->encode(line, (*tokenizer)->longest().value_or(SIZE_MAX));
    llvm::outs() << (text.ok() ? llvm::join(llvm::map_range(text->ids, [](int64_t id) { return std::to_string(id); }), " ") : "") << '\n';
  }
  return 0;
}

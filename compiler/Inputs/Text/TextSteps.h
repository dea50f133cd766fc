// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a tokenizer does to a text before it looks for tokens, as a `tokenizer.json` of the package "tokenizers" describes it.
#ifndef COMPILER_INPUTS_TEXT_TEXTSTEPS_H
#define COMPILER_INPUTS_TEXT_TEXTSTEPS_H

#include "absl/status/statusor.h"
#include "llvm/Support/JSON.h"

#include <functional>
#include <string>
#include <vector>

namespace ingot {

/// Replaces characters of a text.
using Normalizer = std::function<std::u32string(std::u32string)>;

/// What BERT does: control characters go, blanks are all alike, ideographs are words of their own, accents and capitals go.
struct BertNormalization {
  bool cleansText = true, splitsIdeographs = true, stripsAccents = true, lowersCase = true;
};
Normalizer bertNormalizer(BertNormalization what);

/// The object "normalizer" of a file; null is none. The error names a kind that we do not know.
absl::StatusOr<Normalizer> readNormalizer(const llvm::json::Value &value);

/// Cuts each of a list of pieces of UTF-8 into smaller ones.
using PreTokenizer = std::function<std::vector<std::string>(std::vector<std::string>)>;

/// Words and single marks of punctuation, without what is blank.
PreTokenizer bertPreTokenizer();

/// The object "pre_tokenizer" of a file; null is none. The error names a kind that we do not know.
absl::StatusOr<PreTokenizer> readPreTokenizer(const llvm::json::Value &value);

/// The character that stands for a byte in vocabularies of bytes: itself where it can be seen, else one from U+0100 on.
char32_t characterOfByte(unsigned char byte);

} // namespace ingot

#endif

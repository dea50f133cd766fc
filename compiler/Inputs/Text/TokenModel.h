// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_INPUTS_TEXT_TOKENMODEL_H
#define COMPILER_INPUTS_TEXT_TOKENMODEL_H

#include "absl/status/statusor.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/JSON.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace ingot {

/// Tokens and their numbers.
using Vocabulary = llvm::StringMap<int64_t>;

/// Takes a word apart into tokens of a vocabulary.
class TokenModel {
public:
  virtual ~TokenModel() = default;
  /// Adds the numbers of the tokens of one word in UTF-8, which a pre-tokenizer found.
  virtual void addTokens(llvm::StringRef word, std::vector<int64_t> &ids) const = 0;
};

/// The longest token that a word begins with, then the longest one of the rest, and so on. A word that does not come out even, or that has more
/// than `mostCharacters`, is the token `unknown`, which must be in the vocabulary.
struct WordPieceOptions {
  std::string unknown = "[UNK]", prefix = "##"; ///< `prefix` marks tokens that go on with a word
  size_t mostCharacters = 100;
};
absl::StatusOr<std::unique_ptr<TokenModel>> wordPiece(const Vocabulary &vocabulary, WordPieceOptions options);

/// The object "model" of a `tokenizer.json`, of kind WordPiece or BPE over bytes, with the numbers of its tokens. The error names another kind.
absl::StatusOr<std::unique_ptr<TokenModel>> readTokenModel(const llvm::json::Object &object, Vocabulary &vocabulary);

/// Joins neighbours in a word of characters that stand for bytes (Sennrich et al., 2016), in the order of a list of pairs.
absl::StatusOr<std::unique_ptr<TokenModel>> readBytePairs(const llvm::json::Object &object, const Vocabulary &vocabulary);

} // namespace ingot

#endif

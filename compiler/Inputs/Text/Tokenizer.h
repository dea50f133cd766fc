// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_INPUTS_TEXT_TOKENIZER_H
#define COMPILER_INPUTS_TEXT_TOKENIZER_H

#include "absl/status/statusor.h"
#include "compiler/Inputs/Text/AddedTokens.h"
#include "compiler/Inputs/Text/TextSteps.h"
#include "compiler/Inputs/Text/TokenModel.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ingot {

/// A text as numbers of tokens.
struct TokenizedText {
  std::vector<int64_t> ids;
  std::vector<int64_t> types; ///< of each token: which of several texts it belongs to
};

/// Turns text into tokens as the model was trained with.
class Tokenizer {
public:
  /// Reads a `tokenizer.json` (WordPiece, or BPE over bytes), or a `vocab.txt` of BERT with a token in each line. A vocabulary without capitals makes
  /// letters small and takes off accents. The error names the file, and the kind of a tokenizer that we do not know.
  static absl::StatusOr<std::unique_ptr<Tokenizer>> open(const std::string &path);

  /// Tokens of a text in UTF-8, between those that the model wants at both ends: at most `most` of all, the last ones of the text are left out.
  /// A failure when there is no room for any, or the text has none.
  absl::StatusOr<TokenizedText> encode(llvm::StringRef text, size_t most) const;

  int64_t padding() const { return paddingToken; }
  bool padsLeft() const { return paddingIsLeft; }
  /// The length at which the file says that texts are cut.
  std::optional<size_t> longest() const { return mostTokens; }

private:
  friend class TokenizerReader;
  /// A token around the text; the text itself has none.
  struct FrameToken {
    std::optional<int64_t> id;
    int64_t type = 0;
  };

  Normalizer normalize;
  PreTokenizer split;
  std::unique_ptr<TokenModel> model;
  std::vector<AddedToken> rawTokens, normalizedTokens;
  std::vector<FrameToken> frame = {FrameToken()};
  int64_t paddingToken = 0;
  bool paddingIsLeft = false;
  std::optional<size_t> mostTokens;
};

} // namespace ingot

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_INPUTS_TEXT_ADDEDTOKENS_H
#define COMPILER_INPUTS_TEXT_ADDEDTOKENS_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ingot {

/// A token that is looked for in the text itself, before anything takes words apart, such as [SEP].
struct AddedToken {
  std::string content;
  int64_t id = 0;
  bool isWord = false;                        ///< only with no letter or digit beside it
  bool takesLeft = false, takesRight = false; ///< the blanks on that side go with it
  bool ofNormalized = false;                  ///< is looked for in the normalised text
};

/// A part of a text: a token, or what lies between tokens.
struct TextPart {
  std::string text;
  std::optional<int64_t> id;
};

/// Cuts a text at the tokens: the first one that comes, and of several there the longest.
std::vector<TextPart> splitAtTokens(llvm::StringRef text, const std::vector<AddedToken> &tokens);

} // namespace ingot

#endif

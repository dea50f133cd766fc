// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Inputs/Text/Tokenizer.h"

#include "compiler/Inputs/Text/Unicode.h"
#include "llvm/ADT/STLExtras.h"

namespace ingot {

absl::StatusOr<TokenizedText> Tokenizer::encode(llvm::StringRef text, size_t most) const {
  std::vector<int64_t> content;
  for (const TextPart &raw : splitAtTokens(text, rawTokens)) {
    if (raw.id) {
      content.push_back(*raw.id);
      continue;
    }
    for (const TextPart &part : splitAtTokens(encodeUtf8(normalize(decodeUtf8(raw.text))), normalizedTokens)) {
      if (part.id) {
        content.push_back(*part.id);
        continue;
      }
      for (const std::string &word : split({part.text}))
        model->addTokens(word, content);
    }
  }
  size_t around = llvm::count_if(frame, [](const FrameToken &token) { return token.id.has_value(); });
  if (most <= around)
    return absl::InvalidArgumentError("of " + std::to_string(most) + " tokens none are left for the text: " + std::to_string(around) +
                                      " stand around it");
  content.resize(std::min(content.size(), most - around));
  TokenizedText result;
  for (const FrameToken &token : frame) {
    if (token.id)
      result.ids.push_back(*token.id);
    else
      llvm::append_range(result.ids, content);
    result.types.resize(result.ids.size(), token.type);
  }
  if (result.ids.empty())
    return absl::InvalidArgumentError("the text has no tokens");
  return result;
}

} // namespace ingot

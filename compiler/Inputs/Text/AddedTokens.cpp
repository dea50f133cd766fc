// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Inputs/Text/AddedTokens.h"

#include "compiler/Inputs/Text/Unicode.h"

#include <utf8proc.h>

namespace ingot {
namespace {

bool isWordCharacter(char32_t c) {
  utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return c == '_' || (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) ||
         (category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_NL);
}

bool standsAlone(llvm::StringRef left, llvm::StringRef right) {
  std::u32string before = decodeUtf8(left), behind = decodeUtf8(right);
  return (before.empty() || !isWordCharacter(before.back())) && (behind.empty() || !isWordCharacter(behind.front()));
}

size_t blanksAtEnd(llvm::StringRef text) {
  std::u32string characters = decodeUtf8(text);
  size_t count = 0;
  while (count < characters.size() && isWhitespace(characters[characters.size() - 1 - count]))
    ++count;
  return encodeUtf8(std::u32string_view(characters).substr(characters.size() - count)).size();
}

size_t blanksAtBegin(llvm::StringRef text) {
  std::u32string characters = decodeUtf8(text);
  size_t count = 0;
  while (count < characters.size() && isWhitespace(characters[count]))
    ++count;
  return encodeUtf8(std::u32string_view(characters).substr(0, count)).size();
}

} // namespace

std::vector<TextPart> splitAtTokens(llvm::StringRef text, const std::vector<AddedToken> &tokens) {
  std::vector<TextPart> parts;
  size_t done = 0;
  auto addText = [&](size_t end) {
    if (done < end)
      parts.push_back({text.slice(done, end).str(), std::nullopt});
  };
  for (size_t at = 0; at < text.size();) {
    const AddedToken *longest = nullptr;
    for (const AddedToken &token : tokens)
      if (text.substr(at).starts_with(token.content) && (!longest || token.content.size() > longest->content.size()))
        longest = &token;
    if (!longest || (longest->isWord && !standsAlone(text.substr(0, at), text.substr(at + longest->content.size())))) {
      at += longest ? longest->content.size() : 1;
      continue;
    }
    size_t end = at + longest->content.size();
    addText(longest->takesLeft ? std::max(done, at - blanksAtEnd(text.substr(0, at))) : at);
    if (longest->takesRight)
      end += blanksAtBegin(text.substr(end));
    parts.push_back({text.slice(at, end).str(), longest->id});
    done = at = end;
  }
  addText(text.size());
  return parts;
}

} // namespace ingot

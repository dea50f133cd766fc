// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Inputs/Text/Unicode.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>
#include <utf8proc.h>

namespace ingot {
namespace {

const utf8proc_uint8_t *bytesOf(llvm::StringRef text) { return reinterpret_cast<const utf8proc_uint8_t *>(text.data()); }

utf8proc_category_t categoryOf(char32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)); }

} // namespace

std::optional<size_t> firstBadByte(llvm::StringRef text) {
  for (size_t at = 0; at < text.size();) {
    utf8proc_int32_t c;
    utf8proc_ssize_t length = utf8proc_iterate(bytesOf(text) + at, static_cast<utf8proc_ssize_t>(text.size() - at), &c);
    if (length <= 0)
      return at;
    at += length;
  }
  return std::nullopt;
}

std::u32string decodeUtf8(llvm::StringRef text) {
  std::u32string result;
  result.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    utf8proc_int32_t c;
    utf8proc_ssize_t length = utf8proc_iterate(bytesOf(text) + at, static_cast<utf8proc_ssize_t>(text.size() - at), &c);
    result.push_back(length > 0 ? static_cast<char32_t>(c) : U'\uFFFD');
    at += std::max<utf8proc_ssize_t>(length, 1);
  }
  return result;
}

std::string encodeUtf8(std::u32string_view text) {
  std::string result;
  result.reserve(text.size());
  for (char32_t c : text) {
    std::array<utf8proc_uint8_t, 4> bytes;
    utf8proc_ssize_t length = utf8proc_encode_char(static_cast<utf8proc_int32_t>(c), bytes.data());
    result.append(bytes.begin(), bytes.begin() + length);
  }
  return result;
}

bool isWhitespace(char32_t c) { return (c >= 9 && c <= 13) || c == 0x85 || categoryOf(c) == UTF8PROC_CATEGORY_ZS || c == 0x2028 || c == 0x2029; }

bool isControl(char32_t c) {
  switch (categoryOf(c)) {
  case UTF8PROC_CATEGORY_CC:
  case UTF8PROC_CATEGORY_CF:
  case UTF8PROC_CATEGORY_CS:
  case UTF8PROC_CATEGORY_CO:
    return true;
  default:
    return false;
  }
}

bool isPunctuation(char32_t c) {
  if (c < 128)
    return (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) || (c >= 123 && c <= 126);
  utf8proc_category_t category = categoryOf(c);
  return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

bool isAccent(char32_t c) { return categoryOf(c) == UTF8PROC_CATEGORY_MN; }

bool isIdeograph(char32_t c) {
  constexpr std::pair<char32_t, char32_t> blocks[] = {{0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xF900, 0xFAFF},   {0x20000, 0x2A6DF},
                                                      {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F}, {0x2B820, 0x2CEAF}, {0x2F800, 0x2FA1F}};
  return std::any_of(std::begin(blocks), std::end(blocks), [&](auto block) { return c >= block.first && c <= block.second; });
}

std::u32string lowerCase(std::u32string_view text) {
  std::u32string result;
  result.reserve(text.size());
  for (char32_t c : text) {
    if (c == U'\u0130') // the only one that becomes two: a capital I with a dot
      result += U"i\u0307";
    else
      result.push_back(static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
  }
  return result;
}

std::u32string normalForm(std::u32string_view text, NormalForm form) {
  int options = UTF8PROC_STABLE | (form == NormalForm::C || form == NormalForm::Kc ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE) |
                (form == NormalForm::Kc || form == NormalForm::Kd ? UTF8PROC_COMPAT : 0);
  std::string bytes = encodeUtf8(text);
  utf8proc_uint8_t *mapped = nullptr;
  utf8proc_ssize_t size = utf8proc_map(bytesOf(bytes), static_cast<utf8proc_ssize_t>(bytes.size()), &mapped, static_cast<utf8proc_option_t>(options));
  std::u32string result = size >= 0 ? decodeUtf8({reinterpret_cast<const char *>(mapped), static_cast<size_t>(size)}) : std::u32string(text);
  std::free(mapped);
  return result;
}

} // namespace ingot

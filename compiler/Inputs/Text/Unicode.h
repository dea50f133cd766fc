// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Characters of texts, as code points. What they are comes from utf8proc.
#ifndef COMPILER_INPUTS_TEXT_UNICODE_H
#define COMPILER_INPUTS_TEXT_UNICODE_H

#include "llvm/ADT/StringRef.h"

#include <optional>
#include <string>

namespace ingot {

/// The place of the first byte that is no UTF-8; nullopt when all are.
std::optional<size_t> firstBadByte(llvm::StringRef text);

/// The code points of a text in UTF-8.
std::u32string decodeUtf8(llvm::StringRef text);
std::string encodeUtf8(std::u32string_view text);

/// The property White_Space.
bool isWhitespace(char32_t c);
/// The categories of control, format, surrogate and private characters.
bool isControl(char32_t c);
/// The categories of punctuation, and all that ASCII has of it (also $ + < = > ^ ` | ~).
bool isPunctuation(char32_t c);
/// A mark that takes no room of its own (Mn), as an accent behind its letter.
bool isAccent(char32_t c);
/// An ideograph, which stands for a word.
bool isIdeograph(char32_t c);

std::u32string lowerCase(std::u32string_view text);

/// Normalisation forms of Unicode.
enum class NormalForm { C, D, Kc, Kd };
std::u32string normalForm(std::u32string_view text, NormalForm form);

} // namespace ingot

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Inputs/Text/Unicode.h"

#include <gtest/gtest.h>

namespace ingot {
namespace {

TEST(Unicode, FindsTheFirstByteThatIsNoUtf8) {
  EXPECT_EQ(firstBadByte("caf\xC3\xA9 \xF0\x9F\x98\x80"), std::nullopt);
  EXPECT_EQ(firstBadByte("ab\xE9"), 2U);
  EXPECT_EQ(firstBadByte("a\xED\xA0\x80"), 1U) << "a surrogate";
  EXPECT_EQ(firstBadByte("\xC0\x80"), 0U) << "two bytes for one";
}

TEST(Unicode, GoesBothWays) {
  std::string text = "a\xC3\xA9\xE6\xBC\xA2\xF0\x9F\x98\x80";
  EXPECT_EQ(decodeUtf8(text), U"a\u00E9\u6F22\U0001F600");
  EXPECT_EQ(encodeUtf8(decodeUtf8(text)), text);
}

TEST(Unicode, KnowsKindsOfCharacters) {
  EXPECT_TRUE(isWhitespace(U'\u3000') && isWhitespace(U'\u2028') && isWhitespace('\v'));
  EXPECT_FALSE(isWhitespace(U'\u200B'));
  EXPECT_TRUE(isPunctuation('$') && isPunctuation('`') && isPunctuation(U'\u3002'));
  EXPECT_FALSE(isPunctuation(U'\u20AC')) << "a sign of currency that ASCII does not have";
  EXPECT_TRUE(isControl(U'\u200D') && isControl(7));
  EXPECT_TRUE(isIdeograph(U'\u6F22'));
  EXPECT_FALSE(isIdeograph(U'\u30AB')) << "Katakana is spelled";
}

TEST(Unicode, ChangesLetters) {
  EXPECT_EQ(lowerCase(U"\u0130\u00C9\u03A3"), U"i\u0307\u00E9\u03C3");
  EXPECT_EQ(normalForm(U"\u00E9", NormalForm::D), U"e\u0301");
  EXPECT_EQ(normalForm(U"e\u0301", NormalForm::C), U"\u00E9");
  EXPECT_EQ(normalForm(U"\uFB01\u00BD", NormalForm::Kc), U"fi1\u20442");
}

} // namespace
} // namespace ingot

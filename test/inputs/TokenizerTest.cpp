// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What tests against another implementation (test/e2e/samples.py) do not reach: what stands around a text, and where it is cut.
#include "compiler/Inputs/Text/Tokenizer.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include <gmock/gmock.h>

namespace ingot {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class TokenizerFile : public testing::Test {
protected:
  void SetUp() override { ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("ingot-tokenizer", "txt", path)); }
  void TearDown() override { llvm::sys::fs::remove(path); }

  absl::StatusOr<std::unique_ptr<Tokenizer>> open(llvm::StringRef text) {
    std::error_code error;
    llvm::raw_fd_ostream(path, error) << text;
    return Tokenizer::open(path.str().str());
  }

  llvm::SmallString<128> path;
};

constexpr llvm::StringLiteral kVocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nun\n##aff\n##able\nable\n,\n";

TEST_F(TokenizerFile, TakesTheLongestPieces) {
  auto tokenizer = open(kVocabulary);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  auto text = (*tokenizer)->encode("Un\u00E4ffable, unx", 100);
  ASSERT_TRUE(text.ok());
  EXPECT_THAT(text->ids, ElementsAre(2, 4, 5, 6, 8, 1, 3));
  EXPECT_THAT(text->types, ElementsAre(0, 0, 0, 0, 0, 0, 0));
}

TEST_F(TokenizerFile, CutsTheTextAndNotWhatStandsAround) {
  auto tokenizer = open(kVocabulary);
  ASSERT_TRUE(tokenizer.ok());
  EXPECT_THAT((*tokenizer)->encode("able able able", 4)->ids, ElementsAre(2, 7, 7, 3));
  EXPECT_THAT((*tokenizer)->encode("", 4)->ids, ElementsAre(2, 3));
  EXPECT_THAT(std::string((*tokenizer)->encode("able", 2).status().message()), HasSubstr("of 2 tokens none are left"));
}

TEST_F(TokenizerFile, KeepsCapitalsOfAVocabularyThatHasThem) {
  auto tokenizer = open("[PAD]\n[UNK]\n[CLS]\n[SEP]\nable\nAble\n");
  ASSERT_TRUE(tokenizer.ok());
  EXPECT_THAT((*tokenizer)->encode("Able able \u00C4ble", 9)->ids, ElementsAre(2, 5, 4, 1, 3));
}

TEST_F(TokenizerFile, ReadsTypesAndPadding) {
  auto tokenizer = open(R"({"model": {"type": "WordPiece", "unk_token": "?", "vocab": {"?": 0, "a": 1, "<s>": 2}},
    "pre_tokenizer": {"type": "BertPreTokenizer"}, "padding": {"pad_id": 9, "direction": "Left"}, "truncation": {"max_length": 3},
    "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 1}}],
    "special_tokens": {"<s>": {"ids": [2]}}}})");
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  auto text = (*tokenizer)->encode("a b", 9);
  EXPECT_THAT(text->ids, ElementsAre(2, 1, 0));
  EXPECT_THAT(text->types, ElementsAre(0, 1, 1));
  EXPECT_EQ((*tokenizer)->padding(), 9);
  EXPECT_TRUE((*tokenizer)->padsLeft());
  EXPECT_EQ((*tokenizer)->longest(), 3U);
}

TEST_F(TokenizerFile, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(std::string(open("a\nb\n").status().message()), HasSubstr("there is no [UNK]"));
  EXPECT_THAT(std::string(open(R"({"model": {"type": "Unigram"}})").status().message()), HasSubstr("it is of kind 'Unigram'"));
  EXPECT_THAT(std::string(open(R"({"model": {"type": "WordPiece", "vocab": {"[UNK]": -1}}})").status().message()), HasSubstr("has no number"));
  EXPECT_THAT(std::string(open("\xFF").status().message()), HasSubstr("byte 0 is no UTF-8"));
  EXPECT_THAT(std::string(open(R"({"model": {"type": "WordPiece", "vocab": {"[UNK]": 0}}, "pre_tokenizer":
    {"type": "Split", "pattern": {"Regex": "(a"}, "behavior": "Isolated"}})")
                              .status()
                              .message()),
              HasSubstr("regular expression '(a' is wrong"));
}

TEST(AddedTokens, TakesTheFirstAndTheLongest) {
  std::vector<AddedToken> tokens = {{.content = "<a>", .id = 1}, {.content = "<a><b>", .id = 2}, {.content = "m", .id = 3, .takesLeft = true}};
  std::vector<TextPart> parts = splitAtTokens("x<a><b><a> m", tokens);
  ASSERT_EQ(parts.size(), 4U);
  EXPECT_EQ(parts[0].text, "x");
  EXPECT_EQ(parts[1].id, 2);
  EXPECT_EQ(parts[2].id, 1);
  EXPECT_EQ(parts[3].id, 3) << "with the blank in front of it";
}

TEST(AddedTokens, LeavesPartsOfWords) {
  std::vector<AddedToken> tokens = {{.content = "word", .id = 1, .isWord = true}};
  std::vector<TextPart> parts = splitAtTokens("sword word", tokens);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[0].text, "sword ");
  EXPECT_EQ(parts[1].id, 1);
}

} // namespace
} // namespace ingot

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Inputs/Text/TextSteps.h"
#include "compiler/Inputs/Text/Unicode.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <memory>
#include <pcre2.h>

namespace ingot {
namespace {

/// How GPT-2 finds words: endings of English, then letters, digits and other marks, each with the blank in front of it.
constexpr llvm::StringLiteral kWordsOfGpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

/// What a Split does with the text that its expression finds, and with that between.
enum class Keep { Both, Matches, Rest };

class Expression {
public:
  static absl::StatusOr<Expression> compile(llvm::StringRef pattern) {
    int code;
    PCRE2_SIZE offset;
    std::shared_ptr<pcre2_code> compiled(
        pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), PCRE2_UTF | PCRE2_UCP, &code, &offset, /*context=*/nullptr),
        pcre2_code_free);
    if (compiled)
      return Expression(std::move(compiled));
    char message[256];
    pcre2_get_error_message(code, reinterpret_cast<PCRE2_UCHAR *>(message), sizeof(message));
    return absl::InvalidArgumentError("its regular expression '" + pattern.str() + "' is wrong at character " + std::to_string(offset) + ": " +
                                      message);
  }

  void split(llvm::StringRef text, Keep keep, std::vector<std::string> &pieces) const {
    std::unique_ptr<pcre2_match_data, void (*)(pcre2_match_data *)> match(pcre2_match_data_create_from_pattern(code.get(), nullptr),
                                                                          pcre2_match_data_free);
    auto add = [&](size_t begin, size_t end, bool wanted) {
      if (wanted && begin < end)
        pieces.push_back(text.slice(begin, end).str());
    };
    size_t done = 0;
    for (size_t at = 0; at < text.size();) {
      if (pcre2_match(code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), at, PCRE2_NO_UTF_CHECK, match.get(), nullptr) <= 0)
        break;
      const PCRE2_SIZE *places = pcre2_get_ovector_pointer(match.get());
      size_t begin = places[0], end = places[1];
      if (begin == end) { // an empty match cuts nothing: the next one is searched from the next character on
        at = end + 1;
        while (at < text.size() && (text[at] & 0xC0) == 0x80)
          ++at;
        continue;
      }
      add(done, begin, keep != Keep::Matches);
      add(begin, end, keep != Keep::Rest);
      done = at = end;
    }
    add(done, text.size(), keep != Keep::Matches);
  }

private:
  explicit Expression(std::shared_ptr<pcre2_code> code) : code(std::move(code)) {}
  std::shared_ptr<pcre2_code> code;
};

PreTokenizer splitter(Expression expression, Keep keep) {
  return [expression, keep](std::vector<std::string> pieces) {
    std::vector<std::string> result;
    for (const std::string &piece : pieces)
      expression.split(piece, keep, result);
    return result;
  };
}

absl::StatusOr<PreTokenizer> readSplit(const llvm::json::Object &object) {
  const llvm::json::Object *pattern = object.getObject("pattern");
  std::optional<llvm::StringRef> regex = pattern ? pattern->getString("Regex") : std::nullopt;
  std::string behavior = object.getString("behavior").value_or("").str();
  bool inverted = object.getBoolean("invert").value_or(false);
  if (!regex || (behavior != "Isolated" && behavior != "Removed"))
    return absl::UnimplementedError("its pre-tokenizer is a 'Split' of behaviour '" + behavior + "'" +
                                    (regex ? "" : " without a regular expression"));
  absl::StatusOr<Expression> expression = Expression::compile(*regex);
  if (!expression.ok())
    return expression.status();
  return splitter(*expression, behavior == "Isolated" ? Keep::Both : inverted ? Keep::Matches : Keep::Rest);
}

absl::StatusOr<PreTokenizer> readByteLevel(const llvm::json::Object &object) {
  absl::StatusOr<Expression> expression = Expression::compile(kWordsOfGpt2);
  if (!expression.ok())
    return expression.status();
  bool addsBlank = object.getBoolean("add_prefix_space").value_or(true), splits = object.getBoolean("use_regex").value_or(true);
  return PreTokenizer([addsBlank, splits, split = splitter(*expression, Keep::Both)](std::vector<std::string> pieces) {
    for (std::string &piece : pieces)
      if (addsBlank && !llvm::StringRef(piece).starts_with(" "))
        piece.insert(piece.begin(), ' ');
    if (splits)
      pieces = split(std::move(pieces));
    for (std::string &piece : pieces) {
      std::u32string characters;
      for (char byte : piece)
        characters.push_back(characterOfByte(static_cast<unsigned char>(byte)));
      piece = encodeUtf8(characters);
    }
    return pieces;
  });
}

absl::StatusOr<PreTokenizer> readPreTokenizerSequence(const llvm::json::Object &object) {
  std::vector<PreTokenizer> steps;
  const llvm::json::Array *listed = object.getArray("pretokenizers");
  for (const llvm::json::Value &value : listed ? *listed : llvm::json::Array()) {
    absl::StatusOr<PreTokenizer> step = readPreTokenizer(value);
    if (!step.ok())
      return step;
    steps.push_back(std::move(*step));
  }
  return PreTokenizer([steps](std::vector<std::string> pieces) {
    for (const PreTokenizer &step : steps)
      pieces = step(std::move(pieces));
    return pieces;
  });
}

} // namespace

PreTokenizer bertPreTokenizer() {
  return [](std::vector<std::string> pieces) {
    std::vector<std::string> result;
    for (const std::string &piece : pieces) {
      std::u32string word;
      auto endWord = [&] {
        if (!word.empty())
          result.push_back(encodeUtf8(word));
        word.clear();
      };
      for (char32_t c : decodeUtf8(piece)) {
        if (isWhitespace(c) || isPunctuation(c)) {
          endWord();
          if (!isWhitespace(c))
            result.push_back(encodeUtf8({&c, 1}));
        } else {
          word.push_back(c);
        }
      }
      endWord();
    }
    return result;
  };
}

absl::StatusOr<PreTokenizer> readPreTokenizer(const llvm::json::Value &value) {
  const llvm::json::Object *object = value.getAsObject();
  if (!object)
    return PreTokenizer([](std::vector<std::string> pieces) { return pieces; });
  std::string type = object->getString("type").value_or("").str();
  if (type == "BertPreTokenizer")
    return bertPreTokenizer();
  if (type == "Sequence")
    return readPreTokenizerSequence(*object);
  if (type == "Split")
    return readSplit(*object);
  if (type == "ByteLevel")
    return readByteLevel(*object);
  return absl::UnimplementedError("its pre-tokenizer is '" + type + "'");
}

char32_t characterOfByte(unsigned char byte) {
  auto isSeen = [](unsigned c) { return (c >= 33 && c <= 126) || (c >= 161 && c <= 172) || c >= 174; };
  if (isSeen(byte))
    return byte;
  char32_t next = 256;
  for (unsigned c = 0; c < byte; ++c)
    next += isSeen(c) ? 0 : 1;
  return next;
}

} // namespace ingot

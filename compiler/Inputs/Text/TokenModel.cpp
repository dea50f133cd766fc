// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Inputs/Text/TokenModel.h"

#include "compiler/Inputs/Text/Unicode.h"

namespace ingot {
namespace {

bool continuesCharacter(char byte) { return (byte & 0xC0) == 0x80; }

class WordPiece final : public TokenModel {
public:
  WordPiece(const Vocabulary &vocabulary, WordPieceOptions options, int64_t unknown)
      : options(std::move(options)), unknown(unknown), vocabulary(vocabulary) {}

  void addTokens(llvm::StringRef word, std::vector<int64_t> &ids) const override {
    size_t before = ids.size();
    bool fits = decodeUtf8(word).size() <= options.mostCharacters;
    for (size_t begin = 0; fits && begin < word.size();) {
      std::string token = (begin == 0 ? "" : options.prefix) + word.substr(begin).str();
      size_t end = word.size();
      auto found = vocabulary.find(token);
      while (found == vocabulary.end() && end > begin + 1) {
        do {
          --end;
          token.pop_back();
        } while (end > begin && continuesCharacter(word[end]));
        found = end == begin ? vocabulary.end() : vocabulary.find(token);
      }
      fits = found != vocabulary.end();
      if (fits)
        ids.push_back(found->second);
      begin = end;
    }
    if (fits)
      return;
    ids.resize(before);
    ids.push_back(unknown);
  }

private:
  WordPieceOptions options;
  int64_t unknown;
  Vocabulary vocabulary;
};

absl::Status readVocabulary(const llvm::json::Object &object, Vocabulary &vocabulary) {
  const llvm::json::Object *listed = object.getObject("vocab");
  if (!listed || listed->empty())
    return absl::InvalidArgumentError("its vocabulary is empty, or missing");
  for (const auto &[token, number] : *listed) {
    if (!number.getAsInteger() || *number.getAsInteger() < 0)
      return absl::InvalidArgumentError("the token '" + token.str() + "' has no number");
    vocabulary[llvm::StringRef(token)] = *number.getAsInteger();
  }
  return absl::OkStatus();
}

} // namespace

absl::StatusOr<std::unique_ptr<TokenModel>> wordPiece(const Vocabulary &vocabulary, WordPieceOptions options) {
  auto unknown = vocabulary.find(options.unknown);
  if (unknown == vocabulary.end())
    return absl::InvalidArgumentError("its vocabulary has no token '" + options.unknown + "' for unknown words");
  return std::make_unique<WordPiece>(vocabulary, options, unknown->second);
}

absl::StatusOr<std::unique_ptr<TokenModel>> readTokenModel(const llvm::json::Object &object, Vocabulary &vocabulary) {
  std::string type = object.getString("type").value_or(object.get("merges") ? "BPE" : "").str();
  if (type != "WordPiece" && type != "BPE")
    return absl::UnimplementedError("it is of kind '" + type + "'");
  if (absl::Status status = readVocabulary(object, vocabulary); !status.ok())
    return status;
  if (type == "BPE")
    return readBytePairs(object, vocabulary);
  WordPieceOptions options;
  options.unknown = object.getString("unk_token").value_or(options.unknown).str();
  options.prefix = object.getString("continuing_subword_prefix").value_or(options.prefix).str();
  options.mostCharacters = object.getInteger("max_input_chars_per_word").value_or(static_cast<int64_t>(options.mostCharacters));
  return wordPiece(vocabulary, options);
}

} // namespace ingot

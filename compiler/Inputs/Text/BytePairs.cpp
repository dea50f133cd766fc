// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Inputs/Text/TextSteps.h"
#include "compiler/Inputs/Text/TokenModel.h"
#include "compiler/Inputs/Text/Unicode.h"
#include "llvm/ADT/DenseMap.h"

#include <array>

namespace ingot {
namespace {

using Pair = std::pair<int64_t, int64_t>;

struct Merge {
  size_t rank;
  int64_t result;
};

class BytePairs final : public TokenModel {
public:
  void addTokens(llvm::StringRef word, std::vector<int64_t> &ids) const override {
    if (takesWholeWords)
      if (auto found = vocabulary.find(word); found != vocabulary.end()) {
        ids.push_back(found->second);
        return;
      }
    std::vector<int64_t> parts;
    for (char32_t c : decodeUtf8(word))
      parts.push_back(vocabulary.lookup(encodeUtf8({&c, 1})));
    while (mergeFirst(parts)) {
    }
    ids.insert(ids.end(), parts.begin(), parts.end());
  }

  bool takesWholeWords = false;
  Vocabulary vocabulary;
  llvm::DenseMap<Pair, Merge> merges;

private:
  /// Joins all neighbours of the pair that comes first in the list; false when there is none.
  bool mergeFirst(std::vector<int64_t> &parts) const {
    const Merge *first = nullptr;
    Pair pair;
    for (size_t i = 0; i + 1 < parts.size(); ++i)
      if (auto found = merges.find({parts[i], parts[i + 1]}); found != merges.end() && (!first || found->second.rank < first->rank)) {
        first = &found->second;
        pair = found->first;
      }
    if (!first)
      return false;
    std::vector<int64_t> joined;
    for (size_t i = 0; i < parts.size(); ++i) {
      bool isPair = i + 1 < parts.size() && Pair(parts[i], parts[i + 1]) == pair;
      joined.push_back(isPair ? first->result : parts[i]);
      i += isPair ? 1 : 0;
    }
    parts = std::move(joined);
    return true;
  }
};

/// "a b", or ["a", "b"].
std::optional<std::pair<std::string, std::string>> pairOf(const llvm::json::Value &value) {
  if (std::optional<llvm::StringRef> text = value.getAsString()) {
    auto [left, right] = text->split(' ');
    return std::pair(left.str(), right.str());
  }
  const llvm::json::Array *both = value.getAsArray();
  if (!both || both->size() != 2 || !(*both)[0].getAsString() || !(*both)[1].getAsString())
    return std::nullopt;
  return std::pair((*both)[0].getAsString()->str(), (*both)[1].getAsString()->str());
}

} // namespace

absl::StatusOr<std::unique_ptr<TokenModel>> readBytePairs(const llvm::json::Object &object, const Vocabulary &vocabulary) {
  for (const char *key : {"continuing_subword_prefix", "end_of_word_suffix"})
    if (!object.getString(key).value_or("").empty())
      return absl::UnimplementedError(std::string("it is of kind 'BPE' with '") + key + "'");
  if (object.getBoolean("byte_fallback").value_or(false))
    return absl::UnimplementedError("it is of kind 'BPE' over characters, with bytes for what is not in the vocabulary");
  if (object.getNumber("dropout").value_or(0) != 0)
    return absl::UnimplementedError("it is of kind 'BPE' with 'dropout', so its tokens are random");
  for (unsigned byte = 0; byte < 256; ++byte) {
    char32_t c = characterOfByte(static_cast<unsigned char>(byte));
    if (!vocabulary.contains(encodeUtf8({&c, 1})))
      return absl::UnimplementedError("it is of kind 'BPE', but not over bytes: there is no token for the byte " + std::to_string(byte));
  }
  auto model = std::make_unique<BytePairs>();
  model->vocabulary = vocabulary;
  model->takesWholeWords = object.getBoolean("ignore_merges").value_or(false);
  const llvm::json::Array *listed = object.getArray("merges");
  if (!listed)
    return absl::InvalidArgumentError("it has no list 'merges'");
  for (const llvm::json::Value &value : *listed) {
    auto pair = pairOf(value);
    std::array<Vocabulary::const_iterator, 3> found;
    if (pair)
      found = {vocabulary.find(pair->first), vocabulary.find(pair->second), vocabulary.find(pair->first + pair->second)};
    if (!pair || found[0] == vocabulary.end() || found[1] == vocabulary.end() || found[2] == vocabulary.end())
      return absl::InvalidArgumentError("entry " + std::to_string(model->merges.size()) + " of 'merges' is no pair of tokens whose sum is one");
    model->merges.try_emplace({found[0]->second, found[1]->second}, Merge{model->merges.size(), found[2]->second});
  }
  return model;
}

} // namespace ingot

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Inputs/Text/Tokenizer.h"
#include "compiler/Inputs/Text/Unicode.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MemoryBuffer.h"

namespace ingot {

/// Fills a tokenizer from a file.
class TokenizerReader {
public:
  /// A line for each token; its number is that of the line, from 0 on.
  absl::Status readVocabulary(llvm::StringRef text) {
    llvm::SmallVector<llvm::StringRef> lines;
    text.split(lines, '\n');
    if (!lines.empty() && lines.back().empty())
      lines.pop_back();
    bool hasCapitals = false;
    for (auto [number, line] : llvm::enumerate(lines)) {
      llvm::StringRef token = line.rtrim('\r');
      vocabulary.try_emplace(token, static_cast<int64_t>(number));
      bool isSpecial = token.starts_with("[") && token.ends_with("]");
      hasCapitals |= !isSpecial && llvm::any_of(token, [](char c) { return c >= 'A' && c <= 'Z'; });
    }
    for (const char *token : {"[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"}) {
      auto found = vocabulary.find(token);
      if (found != vocabulary.end())
        result->rawTokens.push_back({.content = token, .id = found->second});
      else if (llvm::StringRef(token) != "[MASK]")
        return absl::InvalidArgumentError(std::string("this is no vocabulary of BERT with a token in each line: there is no ") + token);
    }
    result->normalize = bertNormalizer({.stripsAccents = !hasCapitals, .lowersCase = !hasCapitals});
    result->split = bertPreTokenizer();
    result->frame = {{vocabulary["[CLS]"]}, {}, {vocabulary["[SEP]"]}};
    result->paddingToken = vocabulary["[PAD]"];
    absl::StatusOr<std::unique_ptr<TokenModel>> model = wordPiece(vocabulary, {});
    if (model.ok())
      result->model = std::move(*model);
    return model.status();
  }

  absl::Status readJson(const llvm::json::Object &file) {
    const llvm::json::Object *description = file.getObject("model");
    if (!description)
      return absl::InvalidArgumentError("this is no tokenizer: it has no 'model'");
    absl::StatusOr<std::unique_ptr<TokenModel>> model = readTokenModel(*description, vocabulary);
    if (!model.ok())
      return model.status();
    result->model = std::move(*model);
    auto part = [&](llvm::StringRef key) { return file.get(key) ? *file.get(key) : llvm::json::Value(nullptr); };
    absl::StatusOr<Normalizer> normalizer = readNormalizer(part("normalizer"));
    if (!normalizer.ok())
      return normalizer.status();
    result->normalize = std::move(*normalizer);
    absl::StatusOr<PreTokenizer> split = readPreTokenizer(part("pre_tokenizer"));
    if (!split.ok())
      return split.status();
    result->split = std::move(*split);
    if (absl::Status status = readAddedTokens(file.getArray("added_tokens")); !status.ok())
      return status;
    readLengths(file);
    return readFrame(part("post_processor"));
  }

  std::unique_ptr<Tokenizer> result{new Tokenizer()};

private:
  absl::Status readAddedTokens(const llvm::json::Array *listed) {
    for (const llvm::json::Value &value : listed ? *listed : llvm::json::Array()) {
      const llvm::json::Object *object = value.getAsObject();
      std::optional<int64_t> id = object ? object->getInteger("id") : std::nullopt;
      if (!id || object->getString("content").value_or("").empty())
        return absl::InvalidArgumentError("an entry of 'added_tokens' has no 'id' or no 'content'");
      auto is = [&](llvm::StringRef key) { return object->getBoolean(key).value_or(false); };
      AddedToken token{object->getString("content")->str(), *id, is("single_word"), is("lstrip"), is("rstrip"), is("normalized")};
      vocabulary[token.content] = *id;
      if (token.ofNormalized)
        token.content = encodeUtf8(result->normalize(decodeUtf8(token.content)));
      (token.ofNormalized ? result->normalizedTokens : result->rawTokens).push_back(std::move(token));
    }
    return absl::OkStatus();
  }

  void readLengths(const llvm::json::Object &file) {
    for (const char *name : {"[PAD]", "<pad>", "<|pad|>"})
      if (auto found = vocabulary.find(name); found != vocabulary.end())
        result->paddingToken = found->second;
    if (const llvm::json::Object *padding = file.getObject("padding")) {
      result->paddingToken = padding->getInteger("pad_id").value_or(result->paddingToken);
      result->paddingIsLeft = padding->getString("direction") == "Left";
    }
    const llvm::json::Object *truncation = file.getObject("truncation");
    if (std::optional<int64_t> most = truncation ? truncation->getInteger("max_length") : std::nullopt; most && *most > 0)
      result->mostTokens = *most;
  }

  /// What stands before and behind a single text.
  absl::Status readFrame(const llvm::json::Value &value) {
    const llvm::json::Object *object = value.getAsObject();
    if (!object)
      return absl::OkStatus();
    std::string type = object->getString("type").value_or("").str();
    if (type == "ByteLevel") // it moves offsets alone
      return absl::OkStatus();
    if (type == "Sequence") {
      const llvm::json::Array *steps = object->getArray("processors");
      for (const llvm::json::Value &step : steps ? *steps : llvm::json::Array())
        if (absl::Status status = readFrame(step); !status.ok())
          return status;
      return absl::OkStatus();
    }
    if (type == "TemplateProcessing")
      return readTemplate(*object);
    if (type != "BertProcessing" && type != "RobertaProcessing")
      return absl::UnimplementedError("its post-processor is '" + type + "'");
    result->frame = {{idOfPair(*object, "cls")}, {}, {idOfPair(*object, "sep")}};
    if (!result->frame.front().id || !result->frame.back().id)
      return absl::InvalidArgumentError("its post-processor has no 'cls' or no 'sep'");
    return absl::OkStatus();
  }

  static std::optional<int64_t> idOfPair(const llvm::json::Object &object, llvm::StringRef key) {
    const llvm::json::Array *pair = object.getArray(key);
    return pair && pair->size() == 2 ? (*pair)[1].getAsInteger() : std::nullopt;
  }

  absl::Status readTemplate(const llvm::json::Object &object) {
    const llvm::json::Array *single = object.getArray("single");
    const llvm::json::Object *specials = object.getObject("special_tokens");
    result->frame.clear();
    for (const llvm::json::Value &value : single ? *single : llvm::json::Array()) {
      const llvm::json::Object *step = value.getAsObject(), *text = step ? step->getObject("Sequence") : nullptr;
      const llvm::json::Object *special = step ? step->getObject("SpecialToken") : nullptr;
      if (text) {
        result->frame.push_back({std::nullopt, text->getInteger("type_id").value_or(0)});
        continue;
      }
      std::optional<llvm::StringRef> name = special ? special->getString("id") : std::nullopt;
      const llvm::json::Object *token = name && specials ? specials->getObject(*name) : nullptr;
      const llvm::json::Array *ids = token ? token->getArray("ids") : nullptr;
      if (!ids)
        return absl::InvalidArgumentError("its post-processor has a token without 'ids'");
      for (const llvm::json::Value &id : *ids)
        result->frame.push_back({id.getAsInteger().value_or(0), special->getInteger("type_id").value_or(0)});
    }
    if (llvm::count_if(result->frame, [](const auto &token) { return !token.id; }) != 1)
      return absl::InvalidArgumentError("its post-processor does not say where a single text goes");
    return absl::OkStatus();
  }

  Vocabulary vocabulary;
};

absl::StatusOr<std::unique_ptr<Tokenizer>> Tokenizer::open(const std::string &path) {
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    return absl::NotFoundError("cannot read the tokenizer '" + path + "': " + file.getError().message());
  llvm::StringRef text = (*file)->getBuffer();
  auto wrong = [&](const absl::Status &status) {
    std::string message = "the tokenizer '" + path + "': " + std::string(status.message());
    if (absl::IsUnimplemented(status))
      message += "; only WordPiece and BPE over bytes are known, so give samples as .npz files, with tokens made by the package it comes from";
    return absl::Status(status.code(), message);
  };
  if (std::optional<size_t> bad = firstBadByte(text))
    return wrong(absl::InvalidArgumentError("byte " + std::to_string(*bad) + " is no UTF-8; it wants a vocab.txt or a tokenizer.json"));
  TokenizerReader reader;
  absl::Status status;
  if (text.ltrim().starts_with("{")) {
    llvm::Expected<llvm::json::Value> parsed = llvm::json::parse(text);
    if (!parsed)
      return wrong(absl::InvalidArgumentError(llvm::toString(parsed.takeError())));
    status = reader.readJson(*parsed->getAsObject());
  } else {
    status = reader.readVocabulary(text);
  }
  if (!status.ok())
    return wrong(status);
  return std::move(reader.result);
}

} // namespace ingot

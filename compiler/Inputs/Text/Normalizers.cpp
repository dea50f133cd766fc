// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Inputs/Text/TextSteps.h"
#include "compiler/Inputs/Text/Unicode.h"
#include "llvm/ADT/STLExtras.h"

namespace ingot {
namespace {

std::u32string cleaned(std::u32string_view text) {
  std::u32string result;
  for (char32_t c : text) {
    if (c == '\t' || c == '\n' || c == '\r')
      result.push_back(' ');
    else if (c != 0 && c != U'\uFFFD' && !isControl(c))
      result.push_back(isWhitespace(c) ? U' ' : c);
  }
  return result;
}

std::u32string withBlanksAroundIdeographs(std::u32string_view text) {
  std::u32string result;
  for (char32_t c : text) {
    if (isIdeograph(c))
      result.insert(result.end(), {' ', c, ' '});
    else
      result.push_back(c);
  }
  return result;
}

std::u32string withoutAccents(std::u32string text) {
  llvm::erase_if(text, isAccent);
  return text;
}

std::u32string stripped(std::u32string_view text, bool left, bool right) {
  while (left && !text.empty() && isWhitespace(text.front()))
    text.remove_prefix(1);
  while (right && !text.empty() && isWhitespace(text.back()))
    text.remove_suffix(1);
  return std::u32string(text);
}

Normalizer readBert(const llvm::json::Object &object) {
  BertNormalization what;
  what.cleansText = object.getBoolean("clean_text").value_or(true);
  what.splitsIdeographs = object.getBoolean("handle_chinese_chars").value_or(true);
  what.lowersCase = object.getBoolean("lowercase").value_or(true);
  what.stripsAccents = object.getBoolean("strip_accents").value_or(what.lowersCase);
  return bertNormalizer(what);
}

absl::StatusOr<Normalizer> readNormalizerSequence(const llvm::json::Object &object) {
  std::vector<Normalizer> steps;
  const llvm::json::Array *listed = object.getArray("normalizers");
  for (const llvm::json::Value &value : listed ? *listed : llvm::json::Array()) {
    absl::StatusOr<Normalizer> step = readNormalizer(value);
    if (!step.ok())
      return step;
    steps.push_back(std::move(*step));
  }
  return Normalizer([steps](std::u32string text) {
    for (const Normalizer &step : steps)
      text = step(std::move(text));
    return text;
  });
}

} // namespace

Normalizer bertNormalizer(BertNormalization what) {
  return [what](std::u32string text) {
    if (what.cleansText)
      text = cleaned(text);
    if (what.splitsIdeographs)
      text = withBlanksAroundIdeographs(text);
    if (what.stripsAccents)
      text = withoutAccents(normalForm(text, NormalForm::D));
    return what.lowersCase ? lowerCase(text) : text;
  };
}

absl::StatusOr<Normalizer> readNormalizer(const llvm::json::Value &value) {
  const llvm::json::Object *object = value.getAsObject();
  if (!object)
    return Normalizer([](std::u32string text) { return text; });
  std::string type = object->getString("type").value_or("").str();
  constexpr std::pair<llvm::StringLiteral, NormalForm> forms[] = {
      {"NFC", NormalForm::C}, {"NFD", NormalForm::D}, {"NFKC", NormalForm::Kc}, {"NFKD", NormalForm::Kd}};
  for (auto [name, form] : forms)
    if (type == name)
      return Normalizer([form](std::u32string text) { return normalForm(text, form); });
  if (type == "Sequence")
    return readNormalizerSequence(*object);
  if (type == "BertNormalizer")
    return readBert(*object);
  if (type == "Lowercase")
    return Normalizer([](std::u32string text) { return lowerCase(text); });
  if (type == "StripAccents")
    return Normalizer(withoutAccents);
  if (type == "Strip") {
    bool left = object->getBoolean("strip_left").value_or(true), right = object->getBoolean("strip_right").value_or(true);
    return Normalizer([=](std::u32string text) { return stripped(text, left, right); });
  }
  return absl::UnimplementedError("its normalizer is '" + type + "'");
}

} // namespace ingot

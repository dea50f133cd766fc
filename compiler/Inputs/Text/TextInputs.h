// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_INPUTS_TEXT_TEXTINPUTS_H
#define COMPILER_INPUTS_TEXT_TEXTINPUTS_H

#include "absl/status/statusor.h"
#include "compiler/Inputs/ModelInput.h"
#include "compiler/Inputs/Text/Tokenizer.h"
#include "llvm/ADT/ArrayRef.h"

#include <map>
#include <optional>
#include <string>

namespace ingot {

/// The inputs of a model of language, told by their names: input_ids, attention_mask (input_mask), token_type_ids (segment_ids), position_ids.
/// Each is [batch, tokens] or [tokens].
class TextInputs {
public:
  /// `tokens` is the length that all texts get; without it texts have the model's length, or, where that is open, that of the longest one in
  /// their batch. The error names an input that is none of these, or of another shape or type.
  static absl::StatusOr<TextInputs> of(llvm::ArrayRef<ModelInput> inputs, std::optional<int64_t> tokens);

  /// Texts of one batch; 1 where the batch is open.
  int64_t batch() const { return rows; }

  /// Whether a text that is alone in its batch has the length of its own tokens.
  bool hasOwnLengths() const { return !length; }

  /// Where texts are cut: the length that they get, else where the tokenizer's file says, at most at 512.
  size_t longest(const Tokenizer &tokenizer) const;

  /// Each input for so many texts as `batch()` says.
  std::map<std::string, InputTensor> tensors(llvm::ArrayRef<TokenizedText> texts, const Tokenizer &tokenizer) const;

private:
  enum class Role { Ids, Mask, Types, Positions };
  struct Input {
    ModelInput model;
    Role role;
  };

  std::vector<Input> all;
  int64_t rows = 1;
  std::optional<int64_t> length;
};

} // namespace ingot

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Inputs/Text/TextInputs.h"

#include "compiler/Driver/UsageError.h"
#include "frontends/onnx/Ingest/ElementType.h"
#include "onnx/onnx_pb.h"
#include "llvm/ADT/STLExtras.h"

#include <algorithm>

namespace ingot {
namespace {

/// The most that BERT and its kin take.
constexpr size_t kMostTokens = 512;

bool isNumberType(int32_t type) { return type == onnx::TensorProto::INT64 || type == onnx::TensorProto::INT32; }

void append(std::string &bytes, int32_t type, int64_t value) {
  auto put = [&](auto number) { bytes.append(reinterpret_cast<const char *>(&number), sizeof(number)); };
  if (type == onnx::TensorProto::INT64)
    put(value);
  else if (type == onnx::TensorProto::INT32)
    put(static_cast<int32_t>(value));
  else if (type == onnx::TensorProto::FLOAT)
    put(static_cast<float>(value));
  else
    put(static_cast<uint8_t>(value));
}

} // namespace

absl::StatusOr<TextInputs> TextInputs::of(llvm::ArrayRef<ModelInput> inputs, std::optional<int64_t> tokens) {
  constexpr std::pair<llvm::StringLiteral, Role> names[] = {{"input_ids", Role::Ids},     {"attention_mask", Role::Mask},
                                                            {"input_mask", Role::Mask},   {"token_type_ids", Role::Types},
                                                            {"segment_ids", Role::Types}, {"position_ids", Role::Positions}};
  TextInputs result;
  result.length = tokens;
  std::optional<int64_t> batch;
  for (const ModelInput &input : inputs) {
    const auto *found = llvm::find_if(names, [&](const auto &one) { return one.first == input.name; });
    if (found == std::end(names))
      return absl::InvalidArgumentError(
          "texts fill the inputs input_ids, attention_mask, token_type_ids and position_ids, but the model also needs '" + input.name +
          "': give samples as .npz files");
    bool isMask = found->second == Role::Mask;
    if (!isNumberType(input.elementType) && !(isMask && llvm::is_contained({onnx::TensorProto::FLOAT, onnx::TensorProto::BOOL}, input.elementType)))
      return absl::InvalidArgumentError("input '" + input.name + "' is " + ingest::elementTypeName(input.elementType) +
                                        ", but texts need int64 or int32");
    if (input.dims.empty() || input.dims.size() > 2)
      return absl::InvalidArgumentError("input '" + input.name + "' has " + std::to_string(input.dims.size()) +
                                        " dims, but texts need [batch, tokens]");
    if (int64_t fixed = input.dims.back(); fixed >= 0) {
      if (result.length && *result.length != fixed)
        return tokens ? usageError("--tokens=" + std::to_string(*tokens) + ", but input '" + input.name + "' has " + std::to_string(fixed))
                      : absl::InvalidArgumentError("inputs of the model have " + std::to_string(*result.length) + " and " + std::to_string(fixed) +
                                                   " tokens");
      result.length = fixed;
    }
    if (int64_t fixed = input.dims.size() == 2 ? input.dims[0] : 1; fixed >= 0) {
      if (batch && *batch != fixed)
        return absl::InvalidArgumentError("inputs of the model take " + std::to_string(*batch) + " and " + std::to_string(fixed) + " texts");
      batch = fixed;
    }
    result.all.push_back({input, found->second});
  }
  if (llvm::none_of(result.all, [](const Input &input) { return input.role == Role::Ids; }))
    return absl::InvalidArgumentError("the model has no input 'input_ids', which texts go to");
  result.rows = std::max<int64_t>(batch.value_or(1), 1);
  return result;
}

size_t TextInputs::longest(const Tokenizer &tokenizer) const {
  return length ? static_cast<size_t>(*length) : std::min(tokenizer.longest().value_or(kMostTokens), kMostTokens);
}

std::map<std::string, InputTensor> TextInputs::tensors(llvm::ArrayRef<TokenizedText> texts, const Tokenizer &tokenizer) const {
  int64_t columns = length.value_or(0);
  for (const TokenizedText &text : texts)
    columns = std::max<int64_t>(columns, static_cast<int64_t>(text.ids.size()));
  std::map<std::string, InputTensor> result;
  for (const Input &input : all) {
    InputTensor &tensor = result[input.model.name];
    tensor.dims = {columns};
    if (input.model.dims.size() == 2)
      tensor.dims.insert(tensor.dims.begin(), static_cast<int64_t>(texts.size()));
    for (const TokenizedText &text : texts) {
      int64_t count = static_cast<int64_t>(text.ids.size()), begin = tokenizer.padsLeft() ? columns - count : 0;
      for (int64_t column = 0; column < columns; ++column) {
        int64_t at = column - begin;
        bool isText = at >= 0 && at < count;
        int64_t value = 0;
        switch (input.role) {
        case Role::Ids:
          value = isText ? text.ids[at] : tokenizer.padding();
          break;
        case Role::Mask:
          value = isText ? 1 : 0;
          break;
        case Role::Types:
          value = isText ? text.types[at] : 0;
          break;
        case Role::Positions:
          value = std::max<int64_t>(at, 0);
          break;
        }
        append(tensor.bytes, input.model.elementType, value);
      }
    }
  }
  return result;
}

} // namespace ingot

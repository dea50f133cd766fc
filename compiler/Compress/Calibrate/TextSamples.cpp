// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Calibrate/SampleKinds.h"
#include "compiler/Inputs/Text/TextInputs.h"
#include "compiler/Inputs/Text/Unicode.h"
#include "llvm/Support/MemoryBuffer.h"

#include <algorithm>
#include <iterator>
#include <map>

namespace ingot::compress {
namespace {

struct Line {
  std::string place; ///< file and number, from 1 on
  TokenizedText text;
};

/// The lines of a file that are not blank.
absl::Status readLines(const std::string &path, const Tokenizer &tokenizer, size_t longest, std::vector<Line> &lines) {
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    return absl::NotFoundError("cannot read '" + path + "': " + file.getError().message());
  llvm::StringRef rest = (*file)->getBuffer();
  rest.consume_front("\xEF\xBB\xBF"); // the mark of UTF-8 that some editors write
  for (int64_t number = 1; !rest.empty(); ++number) {
    llvm::StringRef line;
    std::tie(line, rest) = rest.split('\n');
    line = line.rtrim('\r');
    if (line.trim().empty())
      continue;
    std::string place = path + ":" + std::to_string(number);
    if (std::optional<size_t> bad = firstBadByte(line))
      return absl::InvalidArgumentError(place + ": byte " + std::to_string(*bad + 1) + " is no UTF-8");
    absl::StatusOr<TokenizedText> text = tokenizer.encode(line, longest);
    if (!text.ok())
      return absl::Status(text.status().code(), place + ": " + std::string(text.status().message()));
    lines.push_back({std::move(place), std::move(*text)});
  }
  return absl::OkStatus();
}

/// Puts lines of one length together, since a model is compiled for each length: in the order in which lengths come first, so that the first lines
/// are still like all others.
void groupByLength(std::vector<Line> &lines) {
  std::map<size_t, size_t> groupOf;
  std::vector<std::vector<Line>> groups;
  for (Line &line : lines) {
    auto [group, isNew] = groupOf.try_emplace(line.text.ids.size(), groups.size());
    if (isNew)
      groups.emplace_back();
    groups[group->second].push_back(std::move(line));
  }
  lines.clear();
  for (std::vector<Line> &group : groups)
    std::move(group.begin(), group.end(), std::back_inserter(lines));
}

} // namespace

absl::Status visitTexts(llvm::ArrayRef<std::string> files, llvm::ArrayRef<SampleInput> inputs, const Tokenizer &tokenizer,
                        std::optional<int64_t> tokens, VisitSample visit) {
  absl::StatusOr<TextInputs> filled = TextInputs::of(inputs, tokens);
  if (!filled.ok())
    return filled.status();
  std::vector<Line> lines;
  for (const std::string &path : files)
    if (absl::Status status = readLines(path, tokenizer, filled->longest(tokenizer), lines); !status.ok())
      return status;
  if (lines.empty())
    return absl::InvalidArgumentError(files.front() + ": there is no line with text");
  size_t batch = filled->batch();
  if (batch == 1 && filled->hasOwnLengths())
    groupByLength(lines);
  for (size_t first = 0; first < lines.size(); first += batch) {
    std::vector<TokenizedText> some;
    for (size_t i = first; i < first + batch; ++i)
      some.push_back(lines[i % lines.size()].text);
    std::map<std::string, InputTensor> tensors = filled->tensors(some, tokenizer);
    Sample sample;
    for (const auto &[name, tensor] : tensors)
      sample[name] = {tensor.dims, {tensor.bytes.data(), tensor.bytes.size()}};
    if (absl::Status status = visit(sample); !status.ok())
      return absl::Status(status.code(), lines[first].place + ": " + std::string(status.message()));
  }
  return absl::OkStatus();
}

} // namespace ingot::compress

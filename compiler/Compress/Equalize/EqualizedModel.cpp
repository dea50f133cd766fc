// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Equalize/EqualizedModel.h"

#include "absl/strings/str_replace.h"
#include "compiler/Compress/Edit/ModelWriter.h"

namespace ingot::compress {

absl::StatusOr<EqualizedModel> EqualizedModel::make(const std::string &input, const std::string &output, llvm::ArrayRef<std::string> include,
                                                    llvm::ArrayRef<std::string> exclude) {
  // Its files have to outlive the editor's data.
  absl::StatusOr<WorkFolder> folder = WorkFolder::create(output);
  if (!folder.ok())
    return folder.status();
  EqualizedModel equalized(std::move(*folder), input);
  absl::StatusOr<std::unique_ptr<ModelEditor>> editor = ModelEditor::open(input, equalized.path());
  if (!editor.ok())
    return editor.status();
  if (absl::Status status = checkOutputIsNoInput((*editor)->model(), input, output); !status.ok())
    return status;
  absl::StatusOr<NodeSelection> selection = NodeSelection::make((*editor)->model().graph(), include, exclude);
  if (!selection.ok())
    return selection.status();
  equalized.originalBytes = constantBytes(**editor);
  absl::StatusOr<EqualizeSummary> summary = equalize(**editor, *selection);
  if (!summary.ok())
    return summary.status();
  equalized.summary = *summary;
  (*editor)->finish();
  if (absl::Status status = writeModel(**editor, equalized.path(), /*externalData=*/false); !status.ok())
    return status;
  return equalized;
}

absl::Status EqualizedModel::asOriginal(const absl::Status &status) const {
  absl::Status result(status.code(), absl::StrReplaceAll(status.message(), {{path(), input}}));
  status.ForEachPayload([&](absl::string_view type, const absl::Cord &payload) { result.SetPayload(type, payload); });
  return result;
}

} // namespace ingot::compress

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Calibrate/SampleKinds.h"
#include "frontends/onnx/Ingest/ElementType.h"
#include "onnx/onnx_pb.h"
#include "llvm/ADT/StringExtras.h"

namespace ingot::compress {
namespace {

/// The names that pictures know.
llvm::StringRef typeName(int32_t type) {
  switch (type) {
  case onnx::TensorProto::FLOAT:
    return "f32";
  case onnx::TensorProto::FLOAT16:
    return "f16";
  case onnx::TensorProto::DOUBLE:
    return "f64";
  case onnx::TensorProto::UINT8:
    return "u8";
  default:
    return "";
  }
}

absl::StatusOr<PictureInput> pictureInput(llvm::ArrayRef<SampleInput> inputs) {
  if (inputs.size() != 1) {
    std::string names;
    for (const SampleInput &input : inputs)
      names += (names.empty() ? "'" : ", '") + input.name + "'";
    return absl::InvalidArgumentError("pictures fill the one input that a model has, but this one has " +
                                      (inputs.empty() ? "none" : std::to_string(inputs.size()) + ", " + names) + ": give samples as .npz files");
  }
  const SampleInput &input = inputs.front();
  std::string shape = ingest::elementTypeName(input.elementType) + " " + printedShape(input.dims);
  return PictureInput::of(input.name, typeName(input.elementType), input.dims, shape);
}

} // namespace

absl::Status visitPictures(llvm::ArrayRef<std::string> files, llvm::ArrayRef<SampleInput> inputs, const PictureOptions &options, VisitSample visit) {
  absl::StatusOr<PictureInput> described = pictureInput(inputs);
  if (!described.ok())
    return described.status();
  if (absl::Status status = checkPictureOptions(*described, options); !status.ok())
    return status;
  int64_t fixed = described->hasBatch() ? described->dims[described->batch] : 1;
  size_t batch = fixed > 0 ? fixed : 1;
  for (size_t first = 0; first < files.size(); first += batch) {
    std::vector<std::string> some;
    for (size_t i = first; i < first + batch; ++i)
      some.push_back(files[i % files.size()]);
    PictureInput input = *described;
    absl::StatusOr<std::string> bytes = pictureBatch(input, some, options);
    if (!bytes.ok())
      return bytes.status();
    if (absl::Status status = checkNumbers(some.front(), input.name, {inputs.front().elementType, input.dims, bytes->data()}); !status.ok())
      return status;
    Sample sample;
    sample[input.name] = {input.dims, {bytes->data(), bytes->size()}};
    if (absl::Status status = visit(sample); !status.ok())
      return absl::Status(status.code(), some.front() + ": " + std::string(status.message()));
  }
  return absl::OkStatus();
}

} // namespace ingot::compress

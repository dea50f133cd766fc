// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Calibrate/CalibrationSamples.h"

#include "compiler/Compress/Calibrate/SampleKinds.h"
#include "compiler/Driver/UsageError.h"
#include "compiler/Inputs/Text/Tokenizer.h"
#include "frontends/onnx/Ingest/ElementType.h"
#include "onnx/onnx_pb.h"
#include "runtime/program/Npy.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <cmath>
#include <cstring>

namespace ingot::compress {
namespace {

using Kind = SampleFiles::Kind;

std::optional<Kind> kindOf(llvm::StringRef path) {
  std::string extension = llvm::sys::path::extension(path).lower();
  constexpr std::pair<llvm::StringLiteral, Kind> kinds[] = {
      {".npz", Kind::Arrays}, {".png", Kind::Pictures}, {".jpg", Kind::Pictures}, {".jpeg", Kind::Pictures}, {".txt", Kind::Texts}};
  const auto *found = llvm::find_if(kinds, [&](const auto &one) { return one.first == extension; });
  return found == std::end(kinds) ? std::nullopt : std::optional(found->second);
}

std::string nameOf(const std::string &path) { return llvm::sys::path::filename(path).str(); }

/// The index of the first value that is none, -1 when all are.
template <typename T> int64_t firstNoNumber(const char *data, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, data + i * sizeof(T), sizeof(T));
    if (!std::isfinite(value))
      return i;
  }
  return -1;
}

int64_t firstNoHalf(int32_t type, const char *data, int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    if (!std::isfinite(ingot_element_value(type, data, i)))
      return i;
  return -1;
}

} // namespace

absl::Status checkNumbers(const std::string &path, const std::string &name, CheckedElements elements) {
  auto [type, dims, data] = elements;
  int64_t count = static_cast<int64_t>(ingest::elementCount(dims).value_or(0)), at = -1;
  if (type == onnx::TensorProto::FLOAT)
    at = firstNoNumber<float>(data, count);
  else if (type == onnx::TensorProto::DOUBLE)
    at = firstNoNumber<double>(data, count);
  else if (type == onnx::TensorProto::FLOAT16)
    at = firstNoHalf(type, data, count);
  if (at < 0)
    return absl::OkStatus();
  double value = ingot_element_value(type, data, at);
  std::vector<int64_t> index(dims.size());
  int64_t rest = at;
  for (size_t dim = dims.size(); dim-- > 0; rest /= dims[dim])
    index[dim] = rest % dims[dim];
  return absl::InvalidArgumentError(path + ": element " + ingest::printedDims(index) + " of '" + name + "' is " +
                                    (std::isnan(value) ? "NaN" : "infinite"));
}

std::string printedShape(llvm::ArrayRef<int64_t> dims) {
  std::string text = ingest::printedDims(dims);
  for (size_t at; (at = text.find("-1")) != std::string::npos;)
    text.replace(at, 2, "?");
  return text;
}

absl::StatusOr<std::vector<SampleFiles::Group>> SampleFiles::groupsOf(llvm::ArrayRef<std::string> paths) {
  std::vector<Group> groups;
  for (const std::string &path : paths) {
    if (!llvm::sys::fs::is_directory(path)) {
      groups.push_back({kindOf(path).value_or(Kind::Arrays), {path}});
      continue;
    }
    std::vector<std::string> inside;
    std::error_code error;
    for (llvm::sys::fs::directory_iterator it(path, error), end; it != end && !error; it.increment(error))
      if (kindOf(it->path()) && !llvm::StringRef(nameOf(it->path())).starts_with("."))
        inside.push_back(it->path());
    if (error)
      return absl::UnavailableError("cannot read '" + path + "': " + error.message());
    if (inside.empty())
      return absl::InvalidArgumentError(path + ": there is no .npz file in this folder, no picture (.png, .jpg, .jpeg) and no text (.txt)");
    llvm::sort(inside);
    Kind kind = *kindOf(inside.front());
    auto other = llvm::find_if(inside, [&](const std::string &file) { return kindOf(file) != kind; });
    if (other != inside.end())
      return absl::InvalidArgumentError(path + ": samples of several kinds are in this folder, as '" + nameOf(inside.front()) + "' and '" +
                                        nameOf(*other) + "': give each kind a folder of its own");
    groups.push_back({kind, std::move(inside)});
  }
  return groups;
}

absl::StatusOr<SampleFiles> SampleFiles::open(llvm::ArrayRef<std::string> paths, const SampleFormat &format) {
  SampleFiles result;
  result.format = format;
  absl::StatusOr<std::vector<Group>> groups = groupsOf(paths);
  if (!groups.ok())
    return groups.status();
  result.groups = std::move(*groups);
  auto text = llvm::find_if(result.groups, [](const Group &group) { return group.kind == Kind::Texts; });
  if (text == result.groups.end())
    return result;
  if (format.tokenizer.empty())
    return usageError("'" + text->files.front() +
                      "' is text, which becomes numbers by the model's tokenizer: give --tokenizer=tokenizer.json or vocab.txt");
  absl::StatusOr<std::unique_ptr<Tokenizer>> tokenizer = Tokenizer::open(format.tokenizer);
  if (!tokenizer.ok())
    return tokenizer.status();
  result.tokenizer = std::move(*tokenizer);
  return result;
}

absl::Status SampleFiles::visit(llvm::ArrayRef<SampleInput> inputs, VisitSample visit) const {
  for (const auto &[kind, files] : groups) {
    absl::Status status;
    switch (kind) {
    case Kind::Arrays:
      status = visitArrays(files, inputs, visit);
      break;
    case Kind::Pictures:
      status = visitPictures(files, inputs, format.pictures, visit);
      break;
    case Kind::Texts:
      status = visitTexts(files, inputs, *tokenizer, format.tokens, visit);
      break;
    }
    if (!status.ok())
      return status;
  }
  return absl::OkStatus();
}

absl::Status checkSampleFormat(llvm::ArrayRef<std::string> paths, const SampleFormat &format) {
  if (format == SampleFormat())
    return absl::OkStatus();
  absl::StatusOr<std::vector<SampleFiles::Group>> groups = SampleFiles::groupsOf(paths);
  if (!groups.ok())
    return groups.status();
  auto has = [&](Kind kind) { return llvm::any_of(*groups, [&](const auto &group) { return group.kind == kind; }); };
  if (format.pictures != PictureOptions() && !has(Kind::Pictures))
    return usageError("--mean, --scale and --channels are for samples that are pictures, and none are given");
  if ((!format.tokenizer.empty() || format.tokens) && !has(Kind::Texts))
    return usageError("--tokenizer and --tokens are for samples that are texts, and none are given");
  return absl::OkStatus();
}

} // namespace ingot::compress

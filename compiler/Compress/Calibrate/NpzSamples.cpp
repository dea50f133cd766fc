// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Calibrate/SampleKinds.h"
#include "compiler/Driver/UsageError.h"
#include "frontends/onnx/Ingest/ElementType.h"
#include "frontends/onnx/Ingest/MappedFile.h"
#include "runtime/program/Npy.h"
#include "runtime/program/Zip.h"
#include "llvm/ADT/STLExtras.h"

#include <memory>

namespace ingot::compress {
namespace {

struct FreeTensor {
  void operator()(HostTensor *tensor) const {
    ingot_tensor_free(tensor);
    delete tensor;
  }
};
using Array = std::unique_ptr<HostTensor, FreeTensor>;

absl::Status wrong(const std::string &path, const std::string &what) { return absl::InvalidArgumentError(path + ": " + what); }

llvm::ArrayRef<int64_t> dimsOf(const HostTensor &array) { return {array.dims, static_cast<size_t>(array.rank)}; }

bool fits(llvm::ArrayRef<int64_t> dims, llvm::ArrayRef<int64_t> wanted) {
  return dims.size() == wanted.size() && llvm::all_of(llvm::zip(dims, wanted), [](auto pair) {
           auto [dim, want] = pair;
           return want < 0 || dim == want;
         });
}

/// Into how many samples the array falls, 0 when it does not fit the input.
struct Cut {
  int64_t samples = 0;
  std::vector<int64_t> dims; ///< of a sample
};

Cut cutOf(const SampleInput &input, llvm::ArrayRef<int64_t> dims) {
  if (dims.size() == input.dims.size() + 1 && fits(dims.drop_front(), input.dims))
    return {dims[0], dims.drop_front().vec()};
  if (dims.empty() || dims.size() != input.dims.size())
    return {fits(dims, input.dims) ? 1 : 0, dims.vec()};
  std::vector<int64_t> wanted = input.dims, sample = dims.vec();
  int64_t length = input.dims[0] > 0 ? input.dims[0] : input.firstDim.empty() ? dims[0] : 1;
  wanted[0] = -1;
  if (!fits(dims, wanted) || length == 0 || dims[0] % length != 0)
    return {};
  sample[0] = length;
  return {dims[0] / length, std::move(sample)};
}

class NpzFile {
public:
  explicit NpzFile(const std::string &path) : path(path) {}

  absl::Status read(llvm::ArrayRef<SampleInput> inputs) {
    absl::StatusOr<std::shared_ptr<const ingest::MappedFile>> file = ingest::MappedFile::open(path, UINT64_MAX);
    if (!file.ok())
      return file.status();
    ErrorText error;
    ZipReader zip;
    if (ingot_zip_open(&zip, reinterpret_cast<const uint8_t *>((*file)->bytes().data()), (*file)->size(), &error) != PROGRAM_OK)
      return wrong(path, error.text);
    for (uint64_t left = zip.entries; left > 0; --left) {
      ZipEntry entry;
      if (ingot_zip_next(&zip, &entry, &error) != PROGRAM_OK)
        return wrong(path, error.text);
      std::unique_ptr<uint8_t, void (*)(void *)> data(entry.data, std::free);
      std::string name = llvm::StringRef(entry.name).str();
      if (llvm::StringRef(name).ends_with(".npy"))
        name.resize(name.size() - 4);
      Array array(new HostTensor());
      if (ingot_npy_parse(data.get(), entry.size, array.get(), &error) != PROGRAM_OK)
        return wrong(path, "'" + name + "': " + error.text);
      if (absl::Status status = accept(name, std::move(array), inputs); !status.ok())
        return status;
    }
    for (const SampleInput &input : inputs)
      if (!arrays.count(input.name))
        return wrong(path, "there is no array '" + input.name + "', which the model needs" + present());
    return absl::OkStatus();
  }

  absl::Status visit(llvm::ArrayRef<SampleInput> inputs, llvm::function_ref<absl::Status(const Sample &)> take) {
    std::map<std::string, Cut> cuts;
    int64_t samples = -1;
    for (const SampleInput &input : inputs) {
      const HostTensor &array = *arrays[input.name];
      Cut cut = cutOf(input, dimsOf(array));
      std::string shape = "'" + input.name + "' has the shape " + ingest::printedDims(dimsOf(array));
      if (llvm::is_contained(dimsOf(array), 0))
        return wrong(path, shape + ": it is empty");
      if (cut.samples == 0)
        return wrong(path, shape + ", the model wants " + printedShape(input.dims) + ", or several of them");
      if (samples >= 0 && cut.samples != samples)
        return wrong(path, shape + " and holds " + std::to_string(cut.samples) + " samples, but '" + inputs[0].name + "' " + std::to_string(samples));
      samples = cut.samples;
      cuts[input.name] = std::move(cut);
    }
    for (int64_t i = 0; i < samples; ++i) {
      Sample sample;
      for (auto &[name, cut] : cuts) {
        const HostTensor &array = *arrays[name];
        uint64_t bytes = array.bytes / samples;
        sample[name] = {cut.dims, {static_cast<const char *>(array.data) + i * bytes, static_cast<size_t>(bytes)}};
      }
      if (absl::Status status = take(sample); !status.ok())
        return absl::Status(status.code(), path + ": sample " + std::to_string(i) + ": " + std::string(status.message()));
    }
    return absl::OkStatus();
  }

private:
  absl::Status accept(const std::string &name, Array array, llvm::ArrayRef<SampleInput> inputs) {
    const SampleInput *input = llvm::find_if(inputs, [&](const SampleInput &one) { return one.name == name; });
    if (input == inputs.end()) {
      llvm::SmallVector<llvm::StringRef> known;
      for (const SampleInput &one : inputs)
        known.push_back(one.name);
      return wrong(path, "the model has no input '" + name + "'" + suggestion(name, known));
    }
    if (array->element_type != input->elementType)
      return wrong(path, "'" + name + "' is " + ingest::elementTypeName(array->element_type) + ", the model wants " +
                             ingest::elementTypeName(input->elementType));
    if (absl::Status status = checkNumbers(path, name, {array->element_type, dimsOf(*array), static_cast<const char *>(array->data)}); !status.ok())
      return status;
    arrays[name] = std::move(array);
    return absl::OkStatus();
  }

  std::string present() const {
    std::string text;
    for (const auto &[name, array] : arrays)
      text += (text.empty() ? "; it has '" : ", '") + name + "'";
    return text;
  }

  const std::string &path;
  std::map<std::string, Array> arrays;
};

} // namespace

absl::Status visitArrays(llvm::ArrayRef<std::string> files, llvm::ArrayRef<SampleInput> inputs, VisitSample visit) {
  for (const std::string &path : files) {
    NpzFile file(path);
    if (absl::Status status = file.read(inputs); !status.ok())
      return status;
    if (absl::Status status = file.visit(inputs, visit); !status.ok())
      return status;
  }
  return absl::OkStatus();
}

} // namespace ingot::compress

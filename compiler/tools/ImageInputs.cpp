// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/ImageInputs.h"

#include "compiler/Driver/UsageError.h"
#include "compiler/tools/Picture.h"
#include "compiler/tools/ProgramCall.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

namespace ingot {
namespace {

constexpr int64_t kOpen = -1;

/// An input as the program describes it, seen as a batch of pictures.
struct PictureInput {
  std::string name, type;
  std::vector<int64_t> dims;
  size_t batch, channel, row, column; ///< positions in `dims`; `batch` is `dims.size()` when there is none
  std::vector<std::string> files;

  bool hasBatch() const { return batch < dims.size(); }
};

std::string typeText(const llvm::json::Object &port) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::json::Value(port.getArray("shape") ? llvm::json::Array(*port.getArray("shape")) : llvm::json::Array());
  return port.getString("type").value_or("").str() + " " + text;
}

absl::StatusOr<PictureInput> layoutOf(const llvm::json::Object &port, const std::map<std::string, int64_t> &dims) {
  PictureInput input{port.getString("name").value_or("").str(), port.getString("type").value_or("").str(), {}, 0, 0, 0, 0, {}};
  for (const llvm::json::Value &dim : *port.getArray("shape")) {
    auto fixed = dims.find(dim.getAsString().value_or("").str());
    input.dims.push_back(dim.getAsInteger() ? *dim.getAsInteger() : fixed != dims.end() ? fixed->second : kOpen);
  }
  size_t rank = input.dims.size(), first = rank - 3; // of the dims of one picture
  auto isChannel = [&](size_t at) { return input.dims[at] == 1 || input.dims[at] == 3; };
  bool known = llvm::is_contained({"f32", "f16", "f64", "u8"}, input.type);
  if (!known || (rank != 3 && rank != 4) || (!isChannel(first) && !isChannel(rank - 1)))
    return absl::InvalidArgumentError("input '" + input.name + "' is " + typeText(port) +
                                      ", but a picture needs f32, f16, f64 or u8 [N, C, H, W] or [N, H, W, C] with 1 or 3 channels C");
  bool isChannelFirst = isChannel(first);
  input.batch = rank == 4 ? 0 : rank;
  input.channel = isChannelFirst ? first : rank - 1;
  input.row = isChannelFirst ? first + 1 : first;
  input.column = input.row + 1;
  return input;
}

/// Splits NAME=FILE by the names that the model has; NAME= may be missing when there is one input.
absl::StatusOr<std::pair<const llvm::json::Object *, std::string>> split(llvm::StringRef text, const llvm::json::Array &ports) {
  llvm::SmallVector<llvm::StringRef> names;
  for (const llvm::json::Value &port : ports) {
    llvm::StringRef name = names.emplace_back(*port.getAsObject()->getString("name")), file = text;
    if (file.consume_front(name) && file.consume_front("=") && !file.empty())
      return std::pair(port.getAsObject(), file.str());
  }
  if (!text.contains('=') && ports.size() == 1)
    return std::pair(ports.front().getAsObject(), text.str());
  if (!text.contains('='))
    return usageError("--image wants NAME=FILE, got '" + text.str() + "'; the model's inputs are " + llvm::join(names, ", "));
  llvm::StringRef name = text.split('=').first;
  std::string near = suggestion(name, names);
  return usageError("--image " + text.str() + ": the model has no input '" + name.str() + "'" + (near.empty() ? "; " : near + " ") +
                    "the model's inputs are " + llvm::join(names, ", "));
}

/// (value - mean) * scale in the order of channels and dims that the input has.
std::vector<double> elementsOf(const PictureInput &input, const Picture &picture, const ImageOptions &options) {
  int64_t channels = picture.channels, pixels = picture.width * picture.height;
  std::vector<double> elements(picture.values.size());
  bool isChannelFirst = input.channel < input.row, isPlain = input.type == "u8";
  auto chosen = [](const std::vector<double> &list, int64_t channel, double none) {
    return list.empty() ? none : list[list.size() == 1 ? 0 : channel];
  };
  for (int64_t channel = 0; channel < channels; ++channel) {
    double mean = chosen(options.mean, channel, 0), scale = chosen(options.scale, channel, isPlain ? 1 : 1.0 / 255);
    int64_t from = options.isBgr ? channels - 1 - channel : channel;
    for (int64_t pixel = 0; pixel < pixels; ++pixel)
      elements[isChannelFirst ? channel * pixels + pixel : pixel * channels + channel] = (picture.values[pixel * channels + from] - mean) * scale;
  }
  return elements;
}

template <typename T> void append(std::string &bytes, T value) { bytes.append(reinterpret_cast<const char *>(&value), sizeof value); }

void append(std::string &bytes, llvm::StringRef type, double value) {
  if (type == "u8") {
    append(bytes, static_cast<uint8_t>(std::lround(value)));
  } else if (type == "f64") {
    append(bytes, value);
  } else if (type == "f32") {
    append(bytes, static_cast<float>(value));
  } else {
    llvm::APFloat half(value);
    bool loses;
    half.convert(llvm::APFloat::IEEEhalf(), llvm::APFloat::rmNearestTiesToEven, &loses);
    append(bytes, static_cast<uint16_t>(half.bitcastToAPInt().getZExtValue()));
  }
}

absl::Status checkOptions(const PictureInput &input, const ImageOptions &options) {
  size_t channels = input.dims[input.channel];
  for (const auto &[name, list] : {std::pair("--mean", &options.mean), std::pair("--scale", &options.scale)}) {
    if (!list->empty() && input.type == "u8")
      return usageError(std::string(name) + ": input '" + input.name + "' is u8 and takes the values of the picture as they are");
    if (list->size() > 1 && list->size() != channels)
      return usageError(std::string(name) + " has " + std::to_string(list->size()) + " numbers, but input '" + input.name + "' has " +
                        std::to_string(channels) + (channels == 1 ? " channel" : " channels"));
  }
  size_t count = input.files.size();
  int64_t batch = input.hasBatch() ? input.dims[input.batch] : 1;
  if (batch != kOpen && static_cast<size_t>(batch) != count)
    return usageError("input '" + input.name + "' takes " + std::to_string(batch) + (batch == 1 ? " picture, " : " pictures, ") +
                      std::to_string(count) + (count == 1 ? " is given" : " are given"));
  return absl::OkStatus();
}

/// The bytes of a whole input, whose open dims become those of its pictures.
absl::StatusOr<std::string> tensorOf(PictureInput &input, const ImageOptions &options) {
  if (absl::Status status = checkOptions(input, options); !status.ok())
    return status;
  if (input.hasBatch())
    input.dims[input.batch] = static_cast<int64_t>(input.files.size());
  std::string bytes;
  for (const std::string &file : input.files) {
    absl::StatusOr<Picture> picture = readPicture(file);
    if (!picture.ok())
      return absl::InvalidArgumentError("input '" + input.name + "': " + std::string(picture.status().message()));
    int64_t &height = input.dims[input.row], &width = input.dims[input.column];
    height = height == kOpen ? picture->height : height;
    width = width == kOpen ? picture->width : width;
    Picture fitting = resized(*picture, width, height);
    for (double element : elementsOf(input, input.dims[input.channel] == 1 ? gray(fitting) : fitting, options))
      append(bytes, input.type, element);
  }
  return bytes;
}

} // namespace

bool parseNumbers(llvm::StringRef text, std::vector<double> &numbers) {
  numbers.clear();
  llvm::SmallVector<llvm::StringRef> parts;
  text.split(parts, ',');
  for (llvm::StringRef part : parts) {
    auto [above, below] = part.split('/');
    double value = 0, divisor = 1;
    if (above.getAsDouble(value) || (part.contains('/') && below.getAsDouble(divisor)) || !std::isfinite(value / divisor))
      return false;
    numbers.push_back(value / divisor);
  }
  return true;
}

ImageFiles::~ImageFiles() {
  for (const llvm::SmallString<128> &path : paths)
    llvm::sys::fs::remove(path);
}

absl::StatusOr<ImageFiles> ImageFiles::make(const ImageOptions &options, const std::string &program, const std::map<std::string, int64_t> &dims) {
  ImageFiles files;
  if (options.images.empty())
    return files;
  absl::StatusOr<llvm::json::Object> info = callProgram({program, "--info", "--json"});
  if (!info.ok())
    return info.status();
  std::vector<PictureInput> inputs;
  for (const std::string &text : options.images) {
    auto named = split(text, *info->getArray("inputs"));
    if (!named.ok())
      return named.status();
    auto found = llvm::find_if(inputs, [&](const PictureInput &input) { return input.name == named->first->getString("name"); });
    if (found == inputs.end()) {
      absl::StatusOr<PictureInput> input = layoutOf(*named->first, dims);
      if (!input.ok())
        return input.status();
      found = inputs.insert(inputs.end(), std::move(*input));
    }
    found->files.push_back(named->second);
  }
  for (PictureInput &input : inputs) {
    absl::StatusOr<std::string> bytes = tensorOf(input, options);
    if (!bytes.ok())
      return bytes.status();
    int descriptor;
    if (std::error_code error = llvm::sys::fs::createTemporaryFile("ingot-image", "bin", descriptor, files.paths.emplace_back()))
      return absl::UnavailableError("cannot make a temporary file: " + error.message());
    llvm::raw_fd_ostream out(descriptor, /*shouldClose=*/true);
    out << *bytes;
    out.close();
    if (out.has_error()) {
      out.clear_error();
      return absl::UnavailableError("cannot write a temporary file for input '" + input.name + "'");
    }
    auto shape = llvm::map_to_vector(input.dims, [](int64_t dim) { return std::to_string(dim); });
    files.words.push_back("--raw");
    files.words.push_back(input.name + "=" + files.paths.back().str().str() + ":" + input.type + ":" + llvm::join(shape, "x"));
  }
  return files;
}

} // namespace ingot

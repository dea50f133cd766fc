// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Inputs/PictureInput.h"

#include "compiler/Driver/UsageError.h"
#include "compiler/Inputs/Picture.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

#include <cmath>

namespace ingot {
namespace {

/// (value - mean) * scale in the order of channels and dims that the input has.
std::vector<double> elementsOf(const PictureInput &input, const Picture &picture, const PictureOptions &options) {
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

absl::StatusOr<PictureInput> PictureInput::of(llvm::StringRef name, llvm::StringRef type, llvm::ArrayRef<int64_t> dims, llvm::StringRef shape) {
  PictureInput input{name.str(), type.str(), dims.vec()};
  size_t rank = dims.size(), first = rank - 3; // of the dims of one picture
  auto isChannel = [&](size_t at) { return dims[at] == 1 || dims[at] == 3; };
  bool known = llvm::is_contained({"f32", "f16", "f64", "u8"}, type);
  if (!known || (rank != 3 && rank != 4) || (!isChannel(first) && !isChannel(rank - 1)))
    return absl::InvalidArgumentError("input '" + input.name + "' is " + shape.str() +
                                      ", but a picture needs f32, f16, f64 or u8 [N, C, H, W] or [N, H, W, C] with 1 or 3 channels C");
  bool isChannelFirst = isChannel(first);
  input.batch = rank == 4 ? 0 : rank;
  input.channel = isChannelFirst ? first : rank - 1;
  input.row = isChannelFirst ? first + 1 : first;
  input.column = input.row + 1;
  return input;
}

absl::Status checkPictureOptions(const PictureInput &input, const PictureOptions &options) {
  size_t channels = input.dims[input.channel];
  for (const auto &[name, list] : {std::pair("--mean", &options.mean), std::pair("--scale", &options.scale)}) {
    if (!list->empty() && input.type == "u8")
      return usageError(std::string(name) + ": input '" + input.name + "' is u8 and takes the values of the picture as they are");
    if (list->size() > 1 && list->size() != channels)
      return usageError(std::string(name) + " has " + std::to_string(list->size()) + " numbers, but input '" + input.name + "' has " +
                        std::to_string(channels) + (channels == 1 ? " channel" : " channels"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> pictureBatch(PictureInput &input, llvm::ArrayRef<std::string> files, const PictureOptions &options) {
  if (input.hasBatch())
    input.dims[input.batch] = static_cast<int64_t>(files.size());
  std::string bytes;
  for (const std::string &file : files) {
    absl::StatusOr<Picture> picture = readPicture(file);
    if (!picture.ok())
      return absl::InvalidArgumentError("input '" + input.name + "': " + std::string(picture.status().message()));
    int64_t &height = input.dims[input.row], &width = input.dims[input.column];
    height = height == PictureInput::kOpen ? picture->height : height;
    width = width == PictureInput::kOpen ? picture->width : width;
    Picture fitting = resized(*picture, width, height);
    for (double element : elementsOf(input, input.dims[input.channel] == 1 ? gray(fitting) : fitting, options))
      append(bytes, input.type, element);
  }
  return bytes;
}

} // namespace ingot

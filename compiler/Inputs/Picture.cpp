// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Inputs/Picture.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/MemoryBuffer.h"

#include <algorithm>
#include <cmath>
#include <png.h>
#include <turbojpeg.h>

namespace ingot {
namespace {

constexpr int64_t kMostPixels = int64_t(1) << 28; // 3 GiB as floats

absl::Status damaged(const std::string &path, llvm::StringRef reason) {
  return absl::InvalidArgumentError("cannot read the picture '" + path + "': " + reason.str());
}

absl::Status checkSize(const std::string &path, int64_t width, int64_t height) {
  if (width > 0 && height > 0 && width <= kMostPixels / height)
    return absl::OkStatus();
  return damaged(path, "it has " + std::to_string(width) + " x " + std::to_string(height) + " pixels, more than 2^28");
}

/// Takes the first three of every `stride` bytes.
Picture pictureOf(int64_t width, int64_t height, const std::vector<uint8_t> &bytes, size_t stride) {
  Picture picture{width, height, 3, std::vector<float>(3 * width * height)};
  for (size_t pixel = 0; pixel < static_cast<size_t>(width * height); ++pixel)
    std::copy_n(&bytes[pixel * stride], 3, &picture.values[pixel * 3]);
  return picture;
}

absl::StatusOr<Picture> readPng(const std::string &path, llvm::StringRef bytes) {
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  llvm::scope_exit free([&] { png_image_free(&image); });
  if (!png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()))
    return damaged(path, image.message);
  if (absl::Status status = checkSize(path, image.width, image.height); !status.ok())
    return status;
  image.format = PNG_FORMAT_RGBA;
  image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB; // the numbers of 16 bits mean the same colours as those of 8
  std::vector<uint8_t> pixels(PNG_IMAGE_SIZE(image));
  int64_t width = image.width, height = image.height;
  if (!png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr))
    return damaged(path, image.message);
  return pictureOf(width, height, pixels, 4);
}

absl::StatusOr<Picture> readJpeg(const std::string &path, llvm::StringRef bytes) {
  tjhandle decoder = tjInitDecompress();
  if (!decoder)
    return absl::ResourceExhaustedError("cannot start the JPEG decoder");
  llvm::scope_exit destroy([&] { tjDestroy(decoder); });
  const auto *data = reinterpret_cast<const unsigned char *>(bytes.data());
  int width = 0, height = 0, sampling = 0, colours = 0;
  if (tjDecompressHeader3(decoder, data, bytes.size(), &width, &height, &sampling, &colours) != 0)
    return damaged(path, tjGetErrorStr2(decoder));
  if (absl::Status status = checkSize(path, width, height); !status.ok())
    return status;
  if (colours == TJCS_CMYK || colours == TJCS_YCCK)
    return damaged(path, "it has the four colours of print; convert it to RGB");
  std::vector<uint8_t> pixels(size_t(3) * width * height);
  if (tjDecompress2(decoder, data, bytes.size(), pixels.data(), width, 0, height, TJPF_RGB, TJFLAG_STOPONWARNING) != 0)
    return damaged(path, tjGetErrorStr2(decoder));
  return pictureOf(width, height, pixels, 3);
}

/// Which pixels one new pixel is made of, and their shares.
struct Window {
  int64_t begin;
  std::vector<float> shares;
};

std::vector<Window> windows(int64_t from, int64_t to) {
  const double scale = static_cast<double>(from) / to, reach = std::max(scale, 1.0);
  std::vector<Window> result;
  result.reserve(to);
  for (int64_t i = 0; i < to; ++i) {
    const double centre = (i + 0.5) * scale;
    int64_t begin = std::max<int64_t>(0, std::floor(centre - reach + 0.5)), end = std::min<int64_t>(from, std::floor(centre + reach + 0.5));
    Window window{begin, {}};
    float sum = 0;
    for (int64_t at = begin; at < end; ++at) {
      window.shares.push_back(std::max(0.0, 1 - std::abs(at + 0.5 - centre) / reach));
      sum += window.shares.back();
    }
    for (float &share : window.shares)
      share /= sum;
    result.push_back(std::move(window));
  }
  return result;
}

/// Resizes one axis: `outer` blocks of `from` steps of `inner` values.
std::vector<float> resizeAxis(const std::vector<float> &values, int64_t outer, int64_t from, int64_t to, int64_t inner) {
  std::vector<float> result(outer * to * inner);
  const std::vector<Window> all = windows(from, to);
  for (int64_t block = 0; block < outer; ++block)
    for (int64_t i = 0; i < to; ++i) {
      float *out = &result[(block * to + i) * inner];
      const float *in = &values[(block * from + all[i].begin) * inner];
      for (float share : all[i].shares) {
        for (int64_t k = 0; k < inner; ++k)
          out[k] += share * in[k];
        in += inner;
      }
    }
  return result;
}

} // namespace

absl::StatusOr<Picture> readPicture(const std::string &path) {
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    return damaged(path, file.getError().message());
  llvm::StringRef bytes = (*file)->getBuffer();
  if (bytes.starts_with("\x89PNG"))
    return readPng(path, bytes);
  if (bytes.starts_with("\xff\xd8"))
    return readJpeg(path, bytes);
  return damaged(path, bytes.empty() ? "it is empty" : "it is neither PNG nor JPEG");
}

Picture resized(const Picture &picture, int64_t width, int64_t height) {
  Picture result = picture;
  if (width != picture.width)
    result.values = resizeAxis(result.values, picture.height, picture.width, width, picture.channels);
  if (height != picture.height)
    result.values = resizeAxis(result.values, 1, picture.height, height, width * picture.channels);
  result.width = width;
  result.height = height;
  return result;
}

Picture gray(const Picture &picture) {
  Picture result{picture.width, picture.height, 1, std::vector<float>(picture.width * picture.height)};
  for (size_t pixel = 0; pixel < result.values.size(); ++pixel) {
    const float *rgb = &picture.values[pixel * 3];
    result.values[pixel] = 0.299F * rgb[0] + 0.587F * rgb[1] + 0.114F * rgb[2];
  }
  return result;
}

} // namespace ingot

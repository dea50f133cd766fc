// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// PNG files, and pictures as tensors.
#include "ocr.hpp"

#include <cerrno>
#include <cstring>
#include <opencv2/imgproc.hpp>
#include <png.h>
#include <stdexcept>

namespace ocr {

[[noreturn]] static void fail(const std::string &path, const std::string &what) { throw std::runtime_error(path + ": " + what); }

cv::Mat readPng(const std::string &path) {
  std::unique_ptr<std::FILE, int (*)(std::FILE *)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  png_byte signature[8] = {};
  if (!file || (std::fread(signature, 1, sizeof signature, file.get()) != sizeof signature && std::ferror(file.get())))
    fail(path, std::strerror(errno));
  if (png_sig_cmp(signature, 0, sizeof signature) != 0)
    fail(path, "not a PNG file");
  std::rewind(file.get());
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_stdio(&image, file.get()))
    fail(path, image.message);
  image.format = PNG_FORMAT_BGR;
  if (image.width > 1u << 14 || image.height > 1u << 14) {
    png_image_free(&image);
    fail(path, "wider or higher than 16384 pixels");
  }
  cv::Mat picture(static_cast<int>(image.height), static_cast<int>(image.width), CV_8UC3);
  const png_color white = {255, 255, 255};
  if (!png_image_finish_read(&image, &white, picture.data, static_cast<png_int_32>(picture.step), nullptr))
    fail(path, image.message);
  return picture;
}

void writePng(const std::string &path, const cv::Mat &picture) {
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(picture.cols);
  image.height = static_cast<png_uint_32>(picture.rows);
  image.format = PNG_FORMAT_BGR;
  if (!png_image_write_to_file(&image, path.c_str(), 0, picture.data, static_cast<png_int_32>(picture.step), nullptr))
    fail(path, image.message);
}

void toPlanes(const cv::Mat &picture, std::int64_t width, std::vector<float> &planes) {
  const std::size_t size = static_cast<std::size_t>(width) * static_cast<std::size_t>(picture.rows);
  planes.resize(3 * size);
  cv::Mat colours[3];
  cv::split(picture, colours);
  for (std::size_t i = 0; i < 3; ++i) {
    cv::Mat plane(picture.rows, static_cast<int>(width), CV_32F, planes.data() + i * size);
    cv::Mat filled = plane.colRange(0, picture.cols), rest = plane.colRange(picture.cols, plane.cols);
    colours[i].convertTo(filled, CV_32F, 2.0 / 255, -1);
    rest.setTo(0);
  }
}

} // namespace ocr

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a line of text says.
#include "ocr.hpp"
#include "ocr_cls.h"
#include "ocr_rec.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <opencv2/imgproc.hpp>
#include <string_view>

namespace ocr {

namespace {

constexpr int height = 48, classifierWidth = 192;
constexpr float headThreshold = 0.9F;
constexpr std::size_t group = 6;

/// A character per line, in UTF-8, made by alphabet.py from what the model's file says.
constexpr std::string_view characters =
#include "alphabet.inc"
    ;

/// The text of each class: 0 is the gap between two characters, the last one is the space.
const std::vector<std::string_view> &alphabet() {
  static const std::vector<std::string_view> result = [] {
    std::vector<std::string_view> list = {""};
    for (std::string_view rest = characters; !rest.empty();) {
      const std::size_t end = rest.find('\n');
      list.push_back(rest.substr(0, end));
      rest.remove_prefix(end + 1);
    }
    list.emplace_back(" ");
    return list;
  }();
  return result;
}

float distance(const cv::Point2f &a, const cv::Point2f &b) { return std::sqrt((a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y)); }

/// The size of a line before it is turned.
cv::Size sizeOf(const Box &box) {
  return {static_cast<int>(std::max(distance(box[0], box[1]), distance(box[2], box[3]))),
          static_cast<int>(std::max(distance(box[0], box[3]), distance(box[1], box[2])))};
}

/// Text that runs from top to bottom or from bottom to top.
bool upright(cv::Size size) { return size.height >= 1.5 * size.width; }

/// The line as a picture of its own, straight.
cv::Mat cut(const cv::Mat &picture, const Box &box) {
  const cv::Size size = sizeOf(box);
  const auto width = static_cast<float>(size.width), high = static_cast<float>(size.height);
  const Box target = {cv::Point2f(0, 0), {width, 0}, {width, high}, {0, high}};
  cv::Mat line;
  cv::warpPerspective(picture, line, cv::getPerspectiveTransform(box.data(), target.data()), size, cv::INTER_CUBIC, cv::BORDER_REPLICATE);
  if (upright(size))
    cv::rotate(line, line, cv::ROTATE_90_COUNTERCLOCKWISE);
  return line;
}

/// The line as high as the models want it, and at most `width` wide.
cv::Mat fitted(const cv::Mat &line, std::int64_t width) {
  const double proportional = std::ceil(height * (line.cols / static_cast<double>(line.rows)));
  cv::Mat result;
  cv::resize(line, result, {static_cast<int>(std::min(proportional, static_cast<double>(width))), height});
  return result;
}

/// Reads the classes of a line's columns: the likeliest class of each, without repetitions and gaps.
void decode(const std::vector<float> &probabilities, std::int64_t columns, Line &line) {
  const auto classes = static_cast<int>(alphabet().size());
  double sum = 0;
  int count = 0, before = -1;
  for (int column = 0; column < columns; ++column) {
    const cv::Mat row(1, classes, CV_32F, const_cast<float *>(probabilities.data()) + std::size_t(column) * std::size_t(classes));
    double best = 0;
    cv::Point place;
    cv::minMaxLoc(row, nullptr, &best, nullptr, &place);
    if (place.x != 0 && place.x != before) {
      line.text += alphabet()[static_cast<std::size_t>(place.x)];
      sum += best;
      ++count;
    }
    before = place.x;
  }
  line.score = count == 0 ? 0 : sum / count;
}

} // namespace

std::vector<std::int64_t> columnsOf(const std::vector<Line> &lines) {
  const IngotSymbol &range = ocr_rec_model.symbols[-1 - ocr_rec_model.inputs[OCR_REC_INPUT_X].dims[3]];
  std::vector<double> proportions;
  for (const Line &line : lines) {
    const cv::Size size = sizeOf(line.box);
    proportions.push_back(upright(size) ? size.height / static_cast<double>(size.width) : size.width / static_cast<double>(size.height));
  }
  std::vector<std::size_t> order(lines.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return proportions[a] < proportions[b]; });
  std::vector<std::int64_t> columns(lines.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::size_t widest = order[std::min(i / group * group + group, order.size()) - 1];
    columns[order[i]] = std::clamp(static_cast<std::int64_t>(height * proportions[widest]), range.minimum, range.maximum);
  }
  return columns;
}

Reader::Reader() : classifier(ocr_cls_model, ingot::Options(1)), recognizer(ocr_rec_model, 1) {}

bool Reader::onItsHead(const cv::Mat &line) {
  toPlanes(fitted(line, classifierWidth), classifierWidth, input);
  std::array<float, 2> probabilities; // upright, on its head
  classifier.run({input}, {probabilities});
  return probabilities[1] > headThreshold;
}

void Reader::read(const cv::Mat &picture, std::int64_t columns, Line &line) {
  cv::Mat pixels = cut(picture, line.box);
  if (onItsHead(pixels))
    cv::rotate(pixels, pixels, cv::ROTATE_180);
  toPlanes(fitted(pixels, columns), columns, input);
  const std::vector<std::int64_t> dims = recognizer.run(input, {1, 3, height, columns}, output);
  decode(output, dims[1], line);
}

} // namespace ocr

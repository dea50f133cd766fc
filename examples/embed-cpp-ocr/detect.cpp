// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where lines of text are. The model gives a map with the probability that a pixel lies in the core of a line, which is narrower than the line;
// connected pixels become a rectangle, which is then grown to the whole line.
#include "ocr.hpp"
#include "ocr_det.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>
#include <optional>

namespace ocr {

namespace {

constexpr double shortestSide = 736; // smaller pictures are enlarged
constexpr double coreThreshold = 0.3, boxThreshold = 0.5, growth = 1.6;
constexpr float leastSide = 3;
constexpr std::size_t mostBoxes = 1000;

/// The nearest multiple of 32, which the network needs.
int rounded(double size) { return std::max(32, static_cast<int>(std::nearbyint(std::trunc(size) / 32)) * 32); }

/// Top left, top right, bottom right, bottom left: the two on the left are the first ones by x.
Box ordered(Box box) {
  std::stable_sort(box.begin(), box.end(), [](const cv::Point2f &a, const cv::Point2f &b) { return a.x < b.x; });
  if (box[1].y <= box[0].y)
    std::swap(box[0], box[1]);
  if (box[3].y <= box[2].y)
    std::swap(box[2], box[3]);
  return {box[0], box[2], box[3], box[1]};
}

/// The smallest rectangle around the points, at any angle.
struct Rectangle {
  Box corners;
  float shortSide;

  explicit Rectangle(const std::vector<cv::Point> &points) {
    const cv::RotatedRect around = cv::minAreaRect(points);
    shortSide = std::min(around.size.width, around.size.height);
    around.points(corners.data());
    corners = ordered(corners);
  }
};

/// The mean probability inside of the box.
double scoreOf(const cv::Mat &map, const Box &box) {
  const auto [left, right] = std::minmax({box[0].x, box[1].x, box[2].x, box[3].x});
  const auto [top, bottom] = std::minmax({box[0].y, box[1].y, box[2].y, box[3].y});
  const auto column = [&](float x) { return std::clamp(static_cast<int>(x), 0, map.cols - 1); };
  const auto row = [&](float y) { return std::clamp(static_cast<int>(y), 0, map.rows - 1); };
  const cv::Point first(column(std::floor(left)), row(std::floor(top))), last(column(std::ceil(right)), row(std::ceil(bottom)));
  const cv::Rect area(first, last + cv::Point(1, 1));
  std::vector<cv::Point> polygon;
  for (const cv::Point2f &corner : box)
    polygon.emplace_back(static_cast<int>(corner.x - static_cast<float>(first.x)), static_cast<int>(corner.y - static_cast<float>(first.y)));
  cv::Mat mask = cv::Mat::zeros(area.size(), CV_8U);
  cv::fillPoly(mask, std::vector{polygon}, 1);
  return cv::mean(map(area), mask)[0];
}

/// The box with its sides moved outwards and its corners round, on whole pixels.
std::vector<cv::Point> grown(const Box &box) {
  constexpr double pi = std::numbers::pi, flatness = 0.25; // an arc's pieces are at most this far from it, in pixels
  double area = 0, around = 0;
  std::vector<cv::Point> corners;
  for (std::size_t i = 0; i < 4; ++i) {
    const cv::Point2d a = box[i], b = box[(i + 1) % 4];
    area += (a.x * b.y - b.x * a.y) / 2;
    around += std::hypot(b.x - a.x, b.y - a.y);
    if (const cv::Point corner(static_cast<int>(a.x), static_cast<int>(a.y)); corners.empty() || corner != corners.back())
      corners.push_back(corner);
  }
  while (corners.size() > 1 && corners.front() == corners.back())
    corners.pop_back();
  const double distance = std::abs(area) * growth / around;
  if (corners.size() < 3 || distance <= 0)
    return {};
  const double piece = 2 * pi / std::min(pi / std::acos(1 - std::min(flatness / distance, flatness)), distance * pi);

  std::vector<cv::Point> points;
  for (std::size_t i = 0, count = corners.size(); i < count; ++i) {
    const cv::Point corner = corners[i], in = corner - corners[(i + count - 1) % count], out = corners[(i + 1) % count] - corner;
    // The directions of the two sides' outer normals: corners go clockwise.
    const double begin = std::atan2(-in.x, in.y), turn = std::atan2(in.cross(out), in.dot(out));
    const auto add = [&](double angle) {
      points.emplace_back(static_cast<int>(std::lround(corner.x + distance * std::cos(angle))),
                          static_cast<int>(std::lround(corner.y + distance * std::sin(angle))));
    };
    const long pieces = std::max(1L, std::lround(std::abs(turn) / piece));
    for (long step = 0; step < pieces; ++step)
      add(begin + static_cast<double>(step) * piece);
    add(begin + turn);
  }
  return points;
}

/// The box in the picture's own pixels, which lie `scale` apart; nothing if too little is left of it.
std::optional<Box> placed(const Box &box, cv::Size map, cv::Size picture) {
  Box result;
  for (std::size_t i = 0; i < 4; ++i) {
    const float x = std::nearbyint(box[i].x / static_cast<float>(map.width) * static_cast<float>(picture.width));
    const float y = std::nearbyint(box[i].y / static_cast<float>(map.height) * static_cast<float>(picture.height));
    result[i] = {std::clamp(x, 0.0F, static_cast<float>(picture.width)), std::clamp(y, 0.0F, static_cast<float>(picture.height))};
  }
  result = ordered(result);
  for (cv::Point2f &corner : result)
    corner = {std::min(corner.x, static_cast<float>(picture.width - 1)), std::min(corner.y, static_cast<float>(picture.height - 1))};
  const auto side = [&](std::size_t a, std::size_t b) { return std::trunc(std::hypot(result[a].x - result[b].x, result[a].y - result[b].y)); };
  if (side(0, 1) <= leastSide || side(0, 3) <= leastSide)
    return std::nullopt;
  return result;
}

/// From top to bottom; boxes that begin less than 10 pixels apart are one row, from left to right.
void sortForReading(std::vector<Box> &boxes) {
  std::stable_sort(boxes.begin(), boxes.end(), [](const Box &a, const Box &b) { return std::pair(a[0].y, a[0].x) < std::pair(b[0].y, b[0].x); });
  for (std::size_t i = 1; i < boxes.size(); ++i)
    for (std::size_t j = i; j > 0 && std::abs(boxes[j][0].y - boxes[j - 1][0].y) < 10 && boxes[j][0].x < boxes[j - 1][0].x; --j)
      std::swap(boxes[j], boxes[j - 1]);
}

} // namespace

Detector::Detector(unsigned threads) : model(ocr_det_model, threads) {}

std::vector<Box> Detector::detect(const cv::Mat &picture) {
  const double scale = std::max(1.0, shortestSide / std::min(picture.rows, picture.cols));
  cv::Mat resized;
  cv::resize(picture, resized, {rounded(picture.cols * scale), rounded(picture.rows * scale)});
  toPlanes(resized, resized.cols, input);
  model.run(input, {1, 3, resized.rows, resized.cols}, output);
  const cv::Mat map(resized.rows, resized.cols, CV_32F, output.data());

  cv::Mat cores = map > coreThreshold;
  cv::dilate(cores, cores, cv::Mat::ones(2, 2, CV_8U));
  std::vector<std::vector<cv::Point>> contours;
  cv::findContours(cores, contours, cv::RETR_LIST, cv::CHAIN_APPROX_SIMPLE);
  contours.resize(std::min(contours.size(), mostBoxes));
  std::vector<Box> boxes;
  for (const std::vector<cv::Point> &contour : contours) {
    const Rectangle core(contour);
    if (core.shortSide < leastSide || scoreOf(map, core.corners) < boxThreshold)
      continue;
    const std::vector<cv::Point> points = grown(core.corners);
    if (points.empty())
      continue;
    const Rectangle line(points);
    if (line.shortSide < leastSide + 2)
      continue;
    if (std::optional<Box> box = placed(line.corners, map.size(), picture.size()))
      boxes.push_back(*box);
  }
  sortForReading(boxes);
  return boxes;
}

} // namespace ocr

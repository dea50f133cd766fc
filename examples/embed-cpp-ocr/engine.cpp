// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The models one after the other: all threads find the lines together, then each takes line after line.
#include "ocr.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <future>
#include <numeric>
#include <opencv2/imgproc.hpp>

namespace ocr {

namespace {

constexpr int longestSide = 2000, shortestSide = 30;
constexpr int flattest = 8, slimmest = 20; // longer side in shorter sides
constexpr double leastScore = 0.5;

/// A picture of a size that the detector is made for, and the way back.
struct Fitted {
  cv::Mat picture;
  double scaleX = 1, scaleY = 1;
  int above = 0; // rows that were added

  explicit Fitted(const cv::Mat &original) : picture(original) {
    const auto shrunk = [&] { return static_cast<double>(longestSide) / std::max(picture.rows, picture.cols); };
    const auto enlarged = [&] { return static_cast<double>(shortestSide) / std::min(picture.rows, picture.cols); };
    if (shrunk() < 1)
      resize(shrunk());
    if (enlarged() > 1)
      resize(enlarged());
    const int rows = picture.rows, columns = picture.cols;
    if (rows <= shortestSide || columns > flattest * rows) { // rows above and below
      above = std::abs(2 * std::max(columns / flattest, shortestSide) - rows) / 2;
      cv::copyMakeBorder(picture, picture, above, above, 0, 0, cv::BORDER_CONSTANT);
    } else if (rows > slimmest * columns) { // columns on the right
      cv::copyMakeBorder(picture, picture, 0, 0, 0, rows / slimmest - columns + 1, cv::BORDER_CONSTANT);
    }
  }

  cv::Point2f original(const cv::Point2f &point, cv::Size size) const {
    const double x = point.x * scaleX, y = (point.y - static_cast<float>(above)) * scaleY;
    return {static_cast<float>(std::clamp(x, 0.0, double(size.width))), static_cast<float>(std::clamp(y, 0.0, double(size.height)))};
  }

private:
  void resize(double scale) {
    const auto rounded = [&](int side) { return std::max(32, static_cast<int>(std::nearbyint(std::trunc(side * scale) / 32)) * 32); };
    const cv::Size size(rounded(picture.cols), rounded(picture.rows));
    scaleX = static_cast<double>(picture.cols) / size.width;
    scaleY = static_cast<double>(picture.rows) / size.height;
    cv::Mat resized;
    cv::resize(picture, resized, size);
    picture = resized;
  }
};

} // namespace

Engine::Engine(unsigned threads) : detector(threads), readers(detector.threads()) {
  cv::setNumThreads(1); // the threads are here
}

/// The longest lines first, so that the threads end at about the same time.
void Engine::recognize(const cv::Mat &picture, std::vector<Line> &lines) {
  const std::vector<std::int64_t> columns = columnsOf(lines);
  std::vector<std::size_t> order(lines.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return columns[a] > columns[b]; });
  std::atomic<std::size_t> next = 0;
  const auto work = [&](Reader &reader) {
    for (std::size_t i; (i = next++) < order.size();)
      reader.read(picture, columns[order[i]], lines[order[i]]);
  };
  std::vector<std::future<void>> others;
  for (std::size_t i = 1; i < std::min(readers.size(), lines.size()); ++i)
    others.push_back(std::async(std::launch::async, work, std::ref(readers[i])));
  work(readers[0]);
  for (std::future<void> &other : others)
    other.get(); // throws what the thread has thrown
}

std::vector<Line> Engine::read(const cv::Mat &picture) {
  const Fitted fitted(picture);
  std::vector<Line> lines;
  for (const Box &box : detector.detect(fitted.picture))
    lines.push_back({.box = box, .text = {}});
  recognize(fitted.picture, lines);
  std::erase_if(lines, [](const Line &line) { return line.score < leastScore; });
  for (Line &line : lines)
    for (cv::Point2f &corner : line.box)
      corner = fitted.original(corner, picture.size());
  return lines;
}

} // namespace ocr

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Prints the lines of text in a picture:
//
//   ocr [--threads=N] [--draw=OUT.png] [--repeat=N] PICTURE.png
//
// Each line is four corners (x,y, from the top left one clockwise), how sure the models are, and the text, with a tab between them. --draw writes the
// picture with the boxes; --repeat reads it N times and says on standard error how many seconds each took, from the file to the text, and how many
// seconds of all cores.
#include "ocr.hpp"

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <exception>
#include <opencv2/imgproc.hpp>
#include <string_view>

namespace {

struct Arguments {
  unsigned threads = 0, repeat = 0; // 0 threads: one per core
  std::string draw, picture;
};

bool number(std::string_view text, unsigned &value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value > 0 && value <= 1024;
}

bool parse(int count, char **words, Arguments &arguments) {
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    const std::string_view value = word.substr(std::min(word.find('=') + 1, word.size()));
    if (word.starts_with("--threads=") ? !number(value, arguments.threads) : word.starts_with("--repeat=") && !number(value, arguments.repeat))
      return false;
    if (word.starts_with("--draw="))
      arguments.draw = value;
    else if (!word.starts_with("--threads=") && !word.starts_with("--repeat=")) {
      if (word.starts_with("--") || !arguments.picture.empty())
        return false;
      arguments.picture = word;
    }
  }
  return !arguments.picture.empty();
}

void print(const std::vector<ocr::Line> &lines) {
  for (const ocr::Line &line : lines) {
    for (const cv::Point2f &corner : line.box)
      std::printf("%ld,%ld ", std::lround(corner.x), std::lround(corner.y));
    std::printf("\t%.3f\t%s\n", line.score, line.text.c_str());
  }
}

void draw(cv::Mat picture, const std::vector<ocr::Line> &lines) {
  for (const ocr::Line &line : lines) {
    const std::vector<cv::Point> corners(line.box.begin(), line.box.end());
    cv::polylines(picture, corners, true, {40, 40, 220}, 2, cv::LINE_AA);
  }
}

void run(const Arguments &arguments) {
  ocr::Engine engine(arguments.threads);
  std::vector<ocr::Line> lines;
  cv::Mat picture;
  for (unsigned i = 0; i < std::max(1u, arguments.repeat); ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const std::clock_t before = std::clock();
    picture = ocr::readPng(arguments.picture);
    lines = engine.read(picture);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    if (arguments.repeat > 0)
      std::fprintf(stderr, "%.6f %.6f\n", seconds.count(), static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC);
  }
  print(lines);
  if (!arguments.draw.empty()) {
    draw(picture, lines);
    ocr::writePng(arguments.draw, picture);
  }
}

} // namespace

int main(int count, char **words) {
  Arguments arguments;
  if (!parse(count, words, arguments)) {
    std::fprintf(stderr, "usage: ocr [--threads=N] [--draw=OUT.png] [--repeat=N] PICTURE.png\n");
    return 2;
  }
  try {
    run(arguments);
  } catch (const std::exception &error) {
    std::fprintf(stderr, "ocr: %s\n", error.what());
    return 1;
  }
  return 0;
}

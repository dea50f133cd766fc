// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads the lines of text in a picture, with three models of PP-OCR: one finds lines (detect.cpp), one tells whether a line stands on its head, one
// reads it (recognize.cpp).
#ifndef INGOT_EXAMPLES_EMBED_CPP_OCR_OCR_HPP
#define INGOT_EXAMPLES_EMBED_CPP_OCR_OCR_HPP

#include "model.hpp"

#include <array>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

namespace ocr {

/// The corners of a line of text: top left, top right, bottom right, bottom left.
using Box = std::array<cv::Point2f, 4>;

struct Line {
  Box box;
  std::string text;
  double score = 0; // 0 to 1: how sure the model is, on average over the characters
};

/// Blue, green and red bytes; what is transparent becomes white. Throws std::runtime_error with the file's name.
cv::Mat readPng(const std::string &path);
void writePng(const std::string &path, const cv::Mat &picture);

/// A picture as the models take it: a plane per colour, from -1 to 1, and 0 in the columns from the picture's last one to `width`.
void toPlanes(const cv::Mat &picture, std::int64_t width, std::vector<float> &planes);

/// Finds lines of text, with a team of threads.
class Detector {
public:
  explicit Detector(unsigned threads);
  /// In the order in which one reads.
  std::vector<Box> detect(const cv::Mat &picture);
  unsigned threads() const { return model.threads(); }

private:
  Model model;
  std::vector<float> input, output;
};

/// Reads lines of text, one at a time; for one thread.
class Reader {
public:
  Reader();
  /// `columns`: to which width a line is filled up, which changes a little what the model sees.
  void read(const cv::Mat &picture, std::int64_t columns, Line &line);

private:
  bool onItsHead(const cv::Mat &line);

  ingot::Session classifier; // all of its dims are fixed
  Model recognizer;
  std::vector<float> input, output;
};

/// To which width each line is filled up: that of the widest one in its group of six lines of similar proportions.
std::vector<std::int64_t> columnsOf(const std::vector<Line> &lines);

/// All of it: a picture in, lines of text out.
class Engine {
public:
  explicit Engine(unsigned threads); // 0: one per core
  std::vector<Line> read(const cv::Mat &picture);

private:
  void recognize(const cv::Mat &picture, std::vector<Line> &lines);

  Detector detector;
  std::vector<Reader> readers; // one for each thread
};

} // namespace ocr

#endif

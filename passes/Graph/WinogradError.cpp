// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Graph/WinogradError.h"

#include "dialects/Ingot/Ingot.h"
#include "dialects/Ingot/Winograd.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace ingot {
namespace {

constexpr int64_t kTiles = 4, kPanelsMeasured = 4;

/// A matrix of columns of `lanes` neighbouring f32, which are computed alike.
struct Plane {
  Plane(int64_t rows, int64_t columns, int64_t lanes) : rows(rows), columns(columns), lanes(lanes), elements(rows * columns * lanes) {}
  float *at(int64_t row, int64_t column) { return &elements[(row * columns + column) * lanes]; }
  const float *at(int64_t row, int64_t column) const { return &elements[(row * columns + column) * lanes]; }

  int64_t rows, columns, lanes;
  std::vector<float> elements;
};

/// matrix * plane * transposed matrix, rounded to f32 where the kernel rounds.
Plane transform(const SmallMatrix &matrix, const Plane &x) {
  Plane down(matrix.rows, x.columns, x.lanes), both(matrix.rows, matrix.rows, x.lanes);
  auto add = [&](float *sum, const float *term, double factor) {
    for (int64_t i = 0; factor != 0 && i < x.lanes; ++i)
      sum[i] = std::fma(static_cast<float>(factor), term[i], sum[i]);
  };
  for (int64_t i = 0; i < matrix.rows; ++i)
    for (int64_t j = 0; j < x.columns; ++j)
      for (int64_t k = 0; k < matrix.columns; ++k)
        add(down.at(i, j), x.at(k, j), matrix.at(i, k));
  for (int64_t i = 0; i < matrix.rows; ++i)
    for (int64_t j = 0; j < matrix.rows; ++j)
      for (int64_t k = 0; k < matrix.columns; ++k)
        add(both.at(i, j), down.at(i, k), matrix.at(j, k));
  return both;
}

/// The transformed filters of one panel at one point: [inputs][16].
std::vector<float> filtersAt(const SmallMatrix &filters, int64_t point, int64_t inputs, const float *panel) {
  std::vector<float> result(inputs * kPanel);
  for (int64_t i = 0; i < inputs * kPanel; ++i) {
    double sum = 0;
    for (int64_t tap = 0; tap < 9; ++tap)
      sum += filters.at(point, tap) * panel[tap * inputs * kPanel + i];
    result[i] = static_cast<float>(sum);
  }
  return result;
}

} // namespace

double winogradError(int64_t tile, int64_t inputs, int64_t outputs, llvm::ArrayRef<float> packed) {
  WinogradTransform matrices = winogradTransform(tile, tile);
  SmallMatrix filters = winogradFilters(tile);
  int64_t points = tile + 2, panels = (outputs + kPanel - 1) / kPanel, step = std::max<int64_t>(1, panels / kPanelsMeasured);
  std::minstd_rand random(1);
  std::vector<Plane> pixels, transformed;
  for (int64_t t = 0; t < kTiles; ++t) {
    Plane &own = pixels.emplace_back(points, points, inputs);
    for (float &pixel : own.elements) // the same numbers on every machine
      pixel = std::max(0.0f, static_cast<float>(random()) / static_cast<float>(std::minstd_rand::max()) * 2 - 1);
    transformed.push_back(transform(matrices.input, own));
  }
  double error = 0, largest = 0;
  for (int64_t panel = 0, measured = 0; panel < panels && measured < kPanelsMeasured; panel += step, ++measured) {
    const float *weights = packed.data() + panel * 9 * inputs * kPanel;
    std::vector<Plane> products(kTiles, Plane(points, points, kPanel));
    for (int64_t point = 0; point < points * points; ++point) {
      std::vector<float> right = filtersAt(filters, point, inputs, weights);
      for (int64_t t = 0; t < kTiles; ++t) {
        const float *left = transformed[t].at(point / points, point % points);
        float *sums = products[t].at(point / points, point % points);
        for (int64_t c = 0; c < inputs; ++c)
          for (int64_t o = 0; o < kPanel; ++o)
            sums[o] = std::fma(left[c], right[c * kPanel + o], sums[o]);
      }
    }
    for (int64_t t = 0; t < kTiles; ++t) {
      Plane results = transform(matrices.output, products[t]);
      for (int64_t pixel = 0; pixel < tile * tile; ++pixel) {
        double exact[kPanel] = {};
        for (int64_t tap = 0; tap < 9; ++tap) {
          const float *left = pixels[t].at(pixel / tile + tap / 3, pixel % tile + tap % 3), *right = weights + tap * inputs * kPanel;
          for (int64_t c = 0; c < inputs; ++c)
            for (int64_t o = 0; o < kPanel; ++o)
              exact[o] += static_cast<double>(left[c]) * right[c * kPanel + o];
        }
        const float *own = results.at(pixel / tile, pixel % tile);
        for (int64_t o = 0; o < std::min(kPanel, outputs - panel * kPanel); ++o) {
          error = std::max(error, std::isfinite(own[o]) ? std::abs(own[o] - exact[o]) : HUGE_VAL);
          largest = std::max(largest, std::abs(exact[o]));
        }
      }
    }
  }
  return largest == 0 ? error : error / largest;
}

} // namespace ingot

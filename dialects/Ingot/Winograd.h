// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef DIALECTS_INGOT_WINOGRAD_H
#define DIALECTS_INGOT_WINOGRAD_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace ingot {

/// The m of F(m x m, 3 x 3) that there are.
inline constexpr int64_t kWinogradTiles[] = {2, 4};

/// A small dense matrix, row by row.
struct SmallMatrix {
  int64_t rows = 0, columns = 0;
  std::vector<double> elements;

  SmallMatrix() = default;
  SmallMatrix(int64_t rows, int64_t columns) : rows(rows), columns(columns), elements(rows * columns) {}
  double &at(int64_t row, int64_t column) { return elements[row * columns + column]; }
  double at(int64_t row, int64_t column) const { return elements[row * columns + column]; }
};

/// The transforms of F(outputs, 3) in one dim: `y = output * ((filter * g) . (input * d))` computes `outputs` neighbouring results of the filter `g`
/// (3 elements) over `d` (outputs + 2 elements) with `outputs + 2` multiplications. In two dims each is applied to columns and rows.
struct WinogradTransform {
  SmallMatrix input;  ///< points x (outputs + 2)
  SmallMatrix output; ///< outputs x points
};

/// G of F(tile, 3): (tile + 2) x 3. The first row belongs to the point at infinity.
SmallMatrix winogradFilter(int64_t tile);

/// The other transforms for `outputs` <= `tile` results with the filters of `tile`: F(outputs, 3) needs the first outputs + 2 of its points, and the
/// other scale of these filters is made up for by `input`. So the tiles at the edge of an image, whatever is left there, compute no more than they
/// have to, with the same weights.
WinogradTransform winogradTransform(int64_t tile, int64_t outputs);

/// G x G: how all filters are transformed at once, (tile + 2)^2 x 9.
SmallMatrix winogradFilters(int64_t tile);

} // namespace ingot

#endif

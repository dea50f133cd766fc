// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A compiled model with open dims, one input and one output.
#ifndef INGOT_EXAMPLES_EMBED_CPP_OCR_MODEL_HPP
#define INGOT_EXAMPLES_EMBED_CPP_OCR_MODEL_HPP

#include "ingot/ingot.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace ocr {

/// A session of a model whose tensors are f32. The memory for the largest sizes that the model was compiled for would be gigabytes, for a picture that
/// hardly anybody has; this session's grows with the pictures that come.
class Model {
public:
  Model(const IngotModel &model, unsigned threads) : model(&model), session(model, growing(threads)) {}

  /// One run. `output` gets its size; returns its dims.
  std::vector<std::int64_t> run(std::span<const float> input, const std::vector<std::int64_t> &dims, std::vector<float> &output) {
    const std::vector<std::int64_t> result = ingot::Shapes(*model, {dims}).output(0);
    std::size_t count = 1;
    for (std::int64_t dim : result)
      count *= static_cast<std::size_t>(dim);
    output.resize(count);
    session.run({{input, dims}}, {{output, result}});
    return result;
  }

  unsigned threads() const { return session.threads(); }

private:
  static ingot::Options growing(unsigned threads) {
    ingot::Options options(threads);
    options.flags = INGOT_GROWING_ARENA;
    return options;
  }

  const IngotModel *model;
  ingot::Session session;
};

} // namespace ocr

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A compiled model with open dims, and memory for the largest run so far.
#ifndef INGOT_EXAMPLES_EMBED_CPP_OCR_MODEL_HPP
#define INGOT_EXAMPLES_EMBED_CPP_OCR_MODEL_HPP

#include "ingot/ingot.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace ocr {

/// A session of a model with one input and one output, both f32. A model with open dims has an arena for the largest sizes that it was compiled for,
/// which is gigabytes for a picture that hardly anybody has; so this one brings its own arena and replaces it when a larger picture comes.
class Model {
public:
  Model(const IngotModel &model, unsigned threads) : model(&model), wanted(threads) { open(64); }

  /// One run. `output` gets its size; returns its dims.
  std::vector<std::int64_t> run(std::span<const float> input, const std::vector<std::int64_t> &dims, std::vector<float> &output) {
    const ingot::Shapes shapes(*model, {dims});
    if (shapes.arenaBytes() > bytes)
      open(shapes.arenaBytes());
    const std::vector<std::int64_t> result = shapes.output(0);
    std::size_t count = 1;
    for (std::int64_t dim : result)
      count *= static_cast<std::size_t>(dim);
    output.resize(count);
    session.run({{input, dims}}, {{output, result}});
    return result;
  }

  unsigned threads() const { return session.threads(); }

private:
  struct alignas(64) Block {
    std::byte bytes[64];
  };

  void open(std::uint64_t least) {
    const std::size_t blocks = (least + sizeof(Block) - 1) / sizeof(Block);
    session = ingot::Session(); // the old one ends before its arena
    arena = std::make_unique_for_overwrite<Block[]>(blocks);
    bytes = 0;
    ingot::Options options(wanted);
    options.arena = arena.get();
    options.arena_bytes = blocks * sizeof(Block);
    session = ingot::Session(*model, options);
    bytes = options.arena_bytes;
  }

  const IngotModel *model;
  unsigned wanted;
  std::uint64_t bytes = 0;
  std::unique_ptr<Block[]> arena;
  ingot::Session session; // ends before the arena does
};

} // namespace ocr

#endif

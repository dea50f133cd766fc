// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Quantize/InputMoments.h"

#include "llvm/ADT/STLExtras.h"

namespace ingot::compress {
namespace {

/// Moments that are in memory at a time; each such group is a pass over the samples.
constexpr int64_t kMomentBytes = int64_t(512) << 20;

} // namespace

absl::StatusOr<size_t> InputMoments::measure(const ModelEditor &editor, llvm::ArrayRef<Product> products) {
  moments.clear();
  numbersByNode.clear();
  int64_t bytes = 0;
  size_t count = 0;
  for (; count < products.size(); ++count) {
    const Product &product = products[count];
    std::string reason;
    std::vector<InputRows> groups = inputRows(editor, product, reason);
    if (groups.empty()) {
      nodesByReason[reason].push_back(editor.node(product.node).name());
      continue;
    }
    std::vector<size_t> numbers;
    int64_t more = 0;
    for (InputRows &rows : groups) {
      int64_t own = SecondMoments::bytesFor(rows.depth);
      numbers.push_back(inputs.add(std::move(rows)));
      more += moments.count(numbers.back()) ? 0 : own;
    }
    if (!moments.empty() && bytes + more > kMomentBytes)
      break;
    bytes += more;
    for (size_t number : numbers)
      moments.try_emplace(number, inputs[number].depth);
    numbersByNode[product.node] = std::move(numbers);
  }
  std::vector<size_t> wanted;
  wanted.reserve(moments.size());
  for (const auto &[number, sums] : moments)
    wanted.push_back(number);
  absl::Status visited = inputs.visit(wanted, [&](size_t number, llvm::ArrayRef<float> rows) { moments.at(number).add(rows); });
  return visited.ok() ? absl::StatusOr<size_t>(count) : visited;
}

std::vector<SecondMoments *> InputMoments::of(const Product &product) {
  std::vector<SecondMoments *> result;
  if (auto found = numbersByNode.find(product.node); found != numbersByNode.end())
    for (size_t number : found->second)
      result.push_back(&moments.at(number));
  return result;
}

} // namespace ingot::compress

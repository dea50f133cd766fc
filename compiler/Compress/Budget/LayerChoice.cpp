// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Budget/LayerChoice.h"

#include "llvm/ADT/STLExtras.h"

#include <numeric>
#include <tuple>

namespace ingot::compress {
namespace {

/// Of samples, for the choice; the result is measured on all.
constexpr size_t kChoiceSamples = 8;
constexpr size_t kNamed = 5;

/// The choice of a budget, on the model with switches.
class Choice {
public:
  Choice(LayerSwitches &switches, const AccuracyBudget &budget, std::vector<size_t> order)
      : switches(switches), budget(budget), order(std::move(order)), chosen(this->order.size()) {}

  /// As many of the first layers as fit, and those behind them that fit as well. Errors need not grow with the layers: what is left was measured.
  absl::Status choose() {
    size_t low = 0, high = order.size() + 1;
    while (high - low > 1) {
      size_t middle = (low + high) / 2;
      absl::StatusOr<bool> fits = meets(firstOnes(middle));
      if (!fits.ok())
        return fits.status();
      (*fits ? low : high) = middle;
    }
    chosen = firstOnes(low);
    for (size_t i = low + 1; i < order.size(); ++i) {
      llvm::BitVector more = chosen;
      more.set(order[i]);
      absl::StatusOr<bool> fits = meets(more);
      if (!fits.ok())
        return fits.status();
      if (*fits)
        chosen = more;
    }
    return absl::OkStatus();
  }

  /// Takes back the `count` worst that are chosen.
  void drop(size_t count) {
    for (size_t layer : llvm::reverse(order))
      if (count > 0 && chosen[layer]) {
        chosen.reset(layer);
        --count;
      }
  }

  const llvm::BitVector &layers() const { return chosen; }

private:
  llvm::BitVector firstOnes(size_t count) const {
    llvm::BitVector result(order.size());
    for (size_t layer : llvm::ArrayRef(order).take_front(count))
      result.set(layer);
    return result;
  }

  absl::StatusOr<bool> meets(const llvm::BitVector &layers) {
    absl::StatusOr<ValueError> error = switches.measure(layers);
    return error.ok() ? absl::StatusOr<bool>(budget.isMetBy(*error)) : error.status();
  }

  LayerSwitches &switches;
  const AccuracyBudget &budget;
  std::vector<size_t> order; ///< layers, by cost for gain
  llvm::BitVector chosen;
};

std::string layersText(size_t count, size_t all) { return std::to_string(count) + " of " + std::to_string(all) + " layers compressed"; }

} // namespace

absl::StatusOr<std::vector<LayerSensitivity>> measureSensitivities(LayerSwitches &switches) {
  std::vector<LayerSensitivity> sensitivities;
  for (auto [i, layer] : llvm::enumerate(switches.layers())) {
    llvm::BitVector alone(switches.layers().size());
    alone.set(i);
    absl::StatusOr<ValueError> error = switches.measure(alone);
    if (!error.ok())
      return error.status();
    sensitivities.push_back({layer, *error});
  }
  llvm::sort(sensitivities, [](const LayerSensitivity &left, const LayerSensitivity &right) {
    return std::tuple(-left.error.noise, llvm::StringRef(left.layer.node)) < std::tuple(-right.error.noise, llvm::StringRef(right.layer.node));
  });
  return sensitivities;
}

std::string mostSensitive(llvm::ArrayRef<LayerSensitivity> sensitivities) {
  std::string text;
  llvm::ArrayRef<LayerSensitivity> first = sensitivities.take_front(kNamed);
  for (auto [i, one] : llvm::enumerate(first))
    text += (i == 0 ? "'" : i + 1 == first.size() ? " and '" : ", '") + one.layer.node + "'";
  return text;
}

absl::StatusOr<LayerChoice> chooseLayers(ErrorReference &reference, const AccuracyBudget &budget, const WorkFolder &folder, ModelError all,
                                         LayerGain gain, Compressor compress) {
  LayerChoice result;
  if (budget.isMetBy(all.atOutputs())) {
    result.error = std::move(all);
    return result;
  }
  absl::StatusOr<std::unique_ptr<LayerSwitches>> switches = LayerSwitches::open(reference, folder.candidate(), folder, kChoiceSamples);
  if (!switches.ok())
    return switches.status();
  llvm::ArrayRef<Layer> layers = (*switches)->layers();
  absl::StatusOr<std::vector<LayerSensitivity>> sensitivities = measureSensitivities(**switches);
  if (!sensitivities.ok())
    return sensitivities.status();
  result.sensitivities = std::move(*sensitivities);
  std::vector<double> cost(layers.size());
  for (const LayerSensitivity &one : result.sensitivities) {
    size_t at = llvm::find_if(layers, [&](const Layer &layer) { return layer.node == one.layer.node; }) - layers.begin();
    cost[at] = one.error.noise / gain(one.layer);
  }
  std::vector<size_t> order(layers.size());
  std::iota(order.begin(), order.end(), 0);
  llvm::sort(order, [&](size_t left, size_t right) { return std::tuple(cost[left], left) < std::tuple(cost[right], right); });

  Choice choice(**switches, budget, order);
  if (absl::Status status = choice.choose(); !status.ok())
    return status;
  std::string best = errorText(all.atOutputs()) + ", with " + layersText(layers.size(), layers.size());
  if (!result.sensitivities.empty()) {
    const LayerSensitivity &least = result.sensitivities.back();
    best = errorText(least.error) + ", with " + layersText(1, layers.size()) + " ('" + least.layer.node + "')";
  }
  for (size_t drop = 1; choice.layers().any(); drop *= 2) {
    result.kept.clear();
    for (auto [i, layer] : llvm::enumerate(layers))
      if (!choice.layers()[i])
        result.kept.push_back(layer.node);
    if (absl::Status status = compress(result.kept, folder.candidate()); !status.ok())
      return status;
    absl::StatusOr<ModelError> error = reference.measure(folder.candidate(), /*withLayers=*/true);
    if (!error.ok())
      return error.status();
    if (budget.isMetBy(error->atOutputs())) {
      result.error = std::move(*error);
      return result;
    }
    best = errorText(error->atOutputs()) + ", with " + layersText(choice.layers().count(), layers.size());
    choice.drop(drop);
  }
  return absl::FailedPreconditionError("no choice of layers meets " + budget.text() + "\nthe best found: " + best +
                                       "\nthe most sensitive layers: " + mostSensitive(result.sensitivities));
}

} // namespace ingot::compress

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The C interface for C++20: owners that close what they opened, and spans whose type and size are checked. Header only; docs/Embedding.md is its guide.
//
//   ingot::Session session(net_model);
//   session.run({x}, {y}); // std::vector<float>, std::span<const std::int64_t>, std::array ...
//   session.run({{x, {1, 3, 48, width}}}, {{y, {1, width / 8, 6625}}}); // where the model leaves dims open
//
// Constructors and run() throw ingot::Error. With -fno-exceptions there are open() and tryRun(), which return the status.
#ifndef INGOT_INGOT_HPP
#define INGOT_INGOT_HPP

// A generated header holds the C interface itself; it may be included before this one.
#ifndef INGOT_INGOT_H
#include "ingot.h"
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <ranges>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>
#if defined(__cpp_exceptions)
#include <stdexcept>
#endif

namespace ingot {

#if defined(__cpp_exceptions)
/// A status that is not INGOT_OK, with its text.
class Error : public std::runtime_error {
public:
  Error(IngotStatus status, const std::string &text) : std::runtime_error(text), code(status) {}
  IngotStatus status() const noexcept { return code; }

private:
  IngotStatus code;
};
#endif

/// Whether the elements of a tensor are stored as T. Types that C++ lacks are their bits: f16 and bf16 are std::uint16_t, narrower floats std::uint8_t.
template <typename T> constexpr bool storesAs(std::int32_t type) {
  switch (type) {
  case INGOT_F32: return std::is_same_v<T, float>;
  case INGOT_F64: return std::is_same_v<T, double>;
  case INGOT_I8:
  case INGOT_I4:
  case INGOT_I2: return std::is_same_v<T, std::int8_t>;
  case INGOT_U4:
  case INGOT_U2:
  case INGOT_F8E4M3FN:
  case INGOT_F8E4M3FNUZ:
  case INGOT_F8E5M2:
  case INGOT_F8E5M2FNUZ:
  case INGOT_F8E8M0:
  case INGOT_F6E2M3:
  case INGOT_F6E3M2:
  case INGOT_F4E2M1:
  case INGOT_U8: return std::is_same_v<T, std::uint8_t> || std::is_same_v<T, std::byte>;
  case INGOT_I16: return std::is_same_v<T, std::int16_t>;
  case INGOT_U16: return std::is_same_v<T, std::uint16_t>;
  case INGOT_F16: return std::is_same_v<T, std::uint16_t>;
  case INGOT_BF16: return std::is_same_v<T, std::uint16_t>;
  case INGOT_I32: return std::is_same_v<T, std::int32_t>;
  case INGOT_U32: return std::is_same_v<T, std::uint32_t>;
  case INGOT_I64: return std::is_same_v<T, std::int64_t>;
  case INGOT_U64: return std::is_same_v<T, std::uint64_t>;
  case INGOT_BOOL: return std::is_same_v<T, bool> || std::is_same_v<T, std::uint8_t>;
  }
  return false;
}

/// Contiguous elements of the caller's: made of any span, vector, array or string of a type that tensors have.
template <typename Pointer> class BasicView {
public:
  template <std::ranges::contiguous_range Range>
    requires std::ranges::sized_range<Range> && std::is_convertible_v<decltype(std::ranges::data(std::declval<Range &>())), Pointer>
  BasicView(Range &&range) // NOLINT: implicit on purpose
      : pointer(std::ranges::data(range)), size(std::ranges::size(range) * sizeof(std::ranges::range_value_t<Range>)),
        fits(&storesAs<std::ranges::range_value_t<Range>>) {}

  /// With its dims, which live as long as the call. The elements are as many as the dims say.
  template <std::ranges::contiguous_range Range>
  BasicView(Range &&range, std::span<const std::int64_t> dims) : BasicView(std::forward<Range>(range)) {
    shape = dims;
    bool whole = !dims.empty();
    std::size_t expected = sizeof(std::ranges::range_value_t<Range>);
    for (std::int64_t dim : dims)
      whole = whole && dim >= 0 && !__builtin_mul_overflow(expected, static_cast<std::size_t>(dim), &expected);
    filled = whole && expected == size;
  }
  template <std::ranges::contiguous_range Range>
  BasicView(Range &&range, std::initializer_list<std::int64_t> dims)
      : BasicView(std::forward<Range>(range), std::span(dims.begin(), dims.size())) {}

  Pointer data() const noexcept { return pointer; }
  std::size_t bytes() const noexcept { return size; }
  const std::int64_t *dims() const noexcept { return shape.empty() ? nullptr : shape.data(); }
  bool holds(const IngotTensorInfo &info) const noexcept {
    return fits(info.element_type) && (shape.empty() ? size == info.bytes : filled && shape.size() == static_cast<std::size_t>(info.rank));
  }

private:
  Pointer pointer;
  std::size_t size;
  bool (*fits)(std::int32_t);
  std::span<const std::int64_t> shape;
  bool filled = true;
};
using InputView = BasicView<const void *>;
using OutputView = BasicView<void *>;

/// What a model takes and gives.
inline std::span<const IngotTensorInfo> inputs(const IngotModel &model) { return {model.inputs, model.input_count}; }
inline std::span<const IngotTensorInfo> outputs(const IngotModel &model) { return {model.outputs, model.output_count}; }
inline std::span<const std::int64_t> dims(const IngotTensorInfo &tensor) { return {tensor.dims, static_cast<std::size_t>(tensor.rank)}; }

namespace detail {
[[noreturn]] inline void raise([[maybe_unused]] IngotStatus status, [[maybe_unused]] const std::string &text) {
#if defined(__cpp_exceptions)
  throw Error(status, text);
#else
  __builtin_trap(); // only functions that throw come here
#endif
}
} // namespace detail

/// What follows from the dims of the inputs before a run: the dims of the outputs, and the memory that the run takes.
class Shapes {
public:
  /// The dims of every input.
  Shapes(const IngotModel &model, std::initializer_list<std::vector<std::int64_t>> in) {
    std::string text;
    if (IngotStatus status = find(model, in, *this, &text); status != INGOT_OK)
      detail::raise(status, text);
  }

  static IngotStatus find(const IngotModel &model, std::initializer_list<std::vector<std::int64_t>> in, Shapes &shapes, std::string *text = nullptr) {
    const auto refuse = [&](IngotStatus status, std::string why) {
      if (text)
        *text = std::move(why);
      return status;
    };
    const IngotVariant *variant = ingot_model_variant(&model);
    if (!variant)
      return refuse(INGOT_UNSUPPORTED_MACHINE, ingot_status_text(INGOT_UNSUPPORTED_MACHINE));
    if (in.size() != model.input_count)
      return refuse(INGOT_INVALID_ARGUMENT, "the model has another number of inputs");
    shapes.model = &model;
    shapes.values.assign(std::max<std::size_t>(variant->value_count, model.symbol_count), -1);
    for (std::uint32_t i = 0; i < model.symbol_count; ++i) // what only a run finds out is at most this
      if (model.symbols[i].kind == INGOT_SYMBOL_RESULT || model.symbols[i].kind == INGOT_SYMBOL_ROOM)
        shapes.values[i] = model.symbols[i].kind == INGOT_SYMBOL_ROOM ? model.symbols[i].minimum : model.symbols[i].maximum;
    for (std::size_t i = 0; i < in.size(); ++i)
      if (!shapes.take(model.inputs[i], in.begin()[i]))
        return refuse(INGOT_WRONG_SHAPE, "input '" + std::string(model.inputs[i].name) + "' has dims that the model does not take");
    const std::int64_t bytes = variant->prepare ? variant->prepare(shapes.values.data()) : static_cast<std::int64_t>(variant->arena_bytes);
    if (bytes < 0)
      return refuse(INGOT_WRONG_SHAPE, model.relations[-1 - bytes]);
    shapes.arena = static_cast<std::uint64_t>(bytes);
    return INGOT_OK;
  }

  /// Of the output with this index; where only the run finds a dim, the most that it can be.
  std::vector<std::int64_t> output(std::size_t index) const {
    std::vector<std::int64_t> result;
    for (std::int64_t dim : dims(model->outputs[index]))
      result.push_back(dim >= 0 ? dim : values[static_cast<std::size_t>(-1 - dim)]);
    return result;
  }
  /// What a session's arena needs for this run; for IngotSessionOptions.arena_bytes.
  std::uint64_t arenaBytes() const noexcept { return arena; }

private:
  bool take(const IngotTensorInfo &tensor, const std::vector<std::int64_t> &given) {
    if (given.size() != static_cast<std::size_t>(tensor.rank))
      return false;
    for (std::size_t at = 0; at < given.size(); ++at) {
      const std::int64_t dim = tensor.dims[at], number = -1 - dim;
      if (dim >= 0 && given[at] != dim)
        return false;
      if (dim >= 0 || model->symbols[number].kind != INGOT_SYMBOL_INPUT)
        continue;
      std::int64_t &value = values[static_cast<std::size_t>(number)];
      if (given[at] < model->symbols[number].minimum || given[at] > model->symbols[number].maximum || (value >= 0 && value != given[at]))
        return false;
      value = given[at];
    }
    return true;
  }

  const IngotModel *model = nullptr;
  std::vector<std::int64_t> values;
  std::uint64_t arena = 0;
};

/// The weights of a model that was compiled with --weights. Must outlive its sessions.
class Weights {
public:
  Weights(const IngotModel &model, const char *path) : model(&model) {
    if (IngotStatus status = ingot_weights_open(&model, path, &handle); status != INGOT_OK)
      detail::raise(status, std::string(path) + ": " + ingot_status_text(status));
  }
  Weights(Weights &&other) noexcept : model(other.model), handle(std::exchange(other.handle, nullptr)) {}
  Weights &operator=(Weights &&other) noexcept {
    std::swap(model, other.model);
    std::swap(handle, other.handle);
    return *this;
  }
  ~Weights() { ingot_weights_close(model, &handle); }

  const IngotWeights *get() const noexcept { return handle; }

private:
  const IngotModel *model;
  IngotWeights *handle = nullptr;
};

/// IngotSessionOptions with its size filled in.
struct Options : IngotSessionOptions {
  Options() : IngotSessionOptions() { struct_size = sizeof(IngotSessionOptions); }
  explicit Options(std::uint32_t threadCount) : Options() { threads = threadCount; }
};

/// Runs a model; for one thread at a time.
class Session {
public:
  Session() = default;
  explicit Session(const IngotModel &model, const Options &options = {}) {
    std::string text;
    if (IngotStatus status = open(model, options, *this, &text); status != INGOT_OK)
      detail::raise(status, text);
  }
  Session(Session &&other) noexcept { *this = std::move(other); }
  Session &operator=(Session &&other) noexcept {
    std::swap(model, other.model);
    std::swap(handle, other.handle);
    std::swap(tensors, other.tensors);
    return *this;
  }
  ~Session() { ingot_session_close(&handle); }

  static IngotStatus open(const IngotModel &model, Options options, Session &session, std::string *text = nullptr) {
    char buffer[256] = "";
    if (!options.error_text) {
      options.error_text = buffer;
      options.error_text_bytes = sizeof buffer;
    }
    ingot_session_close(&session.handle);
    const IngotStatus status = ingot_session_open(&model, &options, &session.handle);
    if (text)
      *text = options.error_text[0] ? options.error_text : ingot_status_text(status);
    session.model = &model;
    session.tensors.resize(std::size_t{model.input_count} + model.output_count);
    return status;
  }

  /// One inference. Allocates nothing. Wrong numbers, types and sizes of tensors are refused as INGOT_WRONG_SHAPE; a tensor with open dims needs its dims.
  [[nodiscard]] IngotStatus tryRun(std::initializer_list<InputView> in, std::initializer_list<OutputView> out) {
    if (!handle)
      return INGOT_INVALID_ARGUMENT;
    if (!hold(inputs(*model), in) || !hold(outputs(*model), out))
      return INGOT_WRONG_SHAPE;
    std::size_t at = 0;
    for (const InputView &view : in)
      tensors[at++] = {const_cast<void *>(view.data()), view.dims(), nullptr}; // inputs are only read
    for (const OutputView &view : out)
      tensors[at++] = {view.data(), view.dims(), nullptr};
    return ingot_session_run_tensors(handle, tensors.data(), tensors.data() + in.size());
  }

  void run(std::initializer_list<InputView> in, std::initializer_list<OutputView> out) { expectOk(tryRun(in, out)); }

  /// Tensors with dims and strides, for any model.
  [[nodiscard]] IngotStatus tryRun(std::span<const IngotTensor> in, std::span<IngotTensor> out) {
    if (!handle || in.size() != model->input_count || out.size() != model->output_count)
      return INGOT_INVALID_ARGUMENT;
    return ingot_session_run_tensors(handle, in.data(), out.data());
  }

  void run(std::span<const IngotTensor> in, std::span<IngotTensor> out) { expectOk(tryRun(in, out)); }

  /// Of an output in the last run.
  std::vector<std::int64_t> dims(std::uint32_t index) const {
    std::vector<std::int64_t> result;
    const std::int64_t *values = ingot_session_values(handle);
    for (std::int64_t dim : ingot::dims(model->outputs[index]))
      result.push_back(dim >= 0 ? dim : values[-1 - dim]);
    return result;
  }

  /// What the last run wrote for an output; of use where only a run can tell how large it is. Valid until the next one.
  template <typename T> std::span<const T> output(std::uint32_t index) const {
    std::size_t count = 1;
    for (std::int64_t dim : dims(index))
      count *= static_cast<std::size_t>(dim);
    return {static_cast<const T *>(ingot_session_output(handle, index)), count};
  }

  /// Where the time of the runs went, as text; of a session whose options have the flag INGOT_PROFILE. "" with another status than INGOT_OK.
  std::string profile(IngotProfileFormat format, IngotStatus *status = nullptr) {
    std::string text;
    const auto append = [](void *to, const char *piece, std::size_t bytes) { static_cast<std::string *>(to)->append(piece, bytes); };
    const IngotStatus result = ingot_session_profile_write(handle, format, append, &text);
    if (status)
      *status = result;
    return text;
  }

  /// From any thread or signal handler.
  void cancel() noexcept { ingot_session_cancel(handle); }
  const char *error() const noexcept { return ingot_session_error(handle); }
  std::uint32_t threads() const noexcept { return ingot_session_threads(handle); }
  IngotSession *get() const noexcept { return handle; }

private:
  template <typename View> static bool hold(std::span<const IngotTensorInfo> infos, std::initializer_list<View> views) {
    if (infos.size() != views.size())
      return false;
    for (std::size_t i = 0; i < infos.size(); ++i)
      if (!views.begin()[i].holds(infos[i]))
        return false;
    return true;
  }

  void expectOk(IngotStatus status) {
    if (status != INGOT_OK)
      detail::raise(status, handle && error()[0] && status != INGOT_BUSY ? error() : ingot_status_text(status));
  }

  const IngotModel *model = nullptr;
  IngotSession *handle = nullptr;
  std::vector<IngotTensor> tensors;
};

} // namespace ingot

#endif

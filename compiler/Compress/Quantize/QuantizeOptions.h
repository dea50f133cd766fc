// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_QUANTIZE_QUANTIZEOPTIONS_H
#define COMPILER_COMPRESS_QUANTIZE_QUANTIZEOPTIONS_H

#include "compiler/Compress/Calibrate/Histogram.h"
#include "compiler/Compress/Calibrate/SampleFormat.h"
#include "compiler/Compress/Edit/Products.h"
#include "compiler/Compress/Equalize/Equalization.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ingot::compress {

/// What multiplies integers: nothing, only storage is smaller; products, with scales that each run finds; products, with scales found by calibration.
enum class Mode { WeightOnly, Dynamic, Static };

/// What has a scale of its own in dynamic mode: each row of an activation, or the whole of it, as ONNX Runtime's quantiser has it.
enum class Granularity { Row, Tensor };

/// How weights are rounded in weight-only mode.
enum class WeightMethod { Rtn, Hqq, Gptq, Awq };

/// Floats of 16 and of 8 bits that weights are stored as.
enum class FloatType { Float16, Bfloat16, Float8E4M3, Float8E5M2 };
/// As the command line writes them.
llvm::StringRef nameOf(FloatType type);
bool isByte(FloatType type);

/// How weight-only products are written: DequantizeLinear before the product, or MatMulNBits of com.microsoft.
enum class WeightFormat { Qdq, MatMulNBits };

/// Which activations are stored as bytes in static mode: those that a fusing compiler writes to memory, or those on both sides of every operator,
/// which engines with a kernel per operator need.
enum class Placement { Fused, Every };

/// Bits of a weight with `reduceRange`.
inline constexpr int kReducedBits = 7;

/// What `ingot quantize` was asked for.
struct QuantizeOptions {
  std::string input, output;
  std::optional<Mode> mode;                  ///< none: static with samples, weight-only when an option of it is given, else dynamic
  std::vector<std::string> include, exclude; ///< names of nodes, operators, or regular expressions for names
  bool externalData = false;                 ///< the constants go to a file beside the output, as they do in any case above 2 GB

  std::optional<int> weightBits;   ///< 4 or 8; weight-only
  std::optional<FloatType> floats; ///< weight-only; in place of integers
  std::optional<int64_t> blockSize;
  std::optional<bool> symmetric;
  std::optional<WeightFormat> format;
  std::optional<WeightMethod> method;

  std::optional<Granularity> granularity; ///< dynamic

  std::vector<std::string> calibration; ///< files, or folders of them, as SampleFiles takes
  SampleFormat sampleFormat;            ///< of those, and of the ones that errors are measured on
  std::optional<RangeMethod> rangeMethod;
  std::optional<double> percentile; ///< of the values that the range holds
  bool randomCalibration = false;
  std::optional<bool> signedActivations;
  std::optional<Placement> placement;
  std::optional<bool> smooth; ///< outliers of activations go into weights; none: in static mode, where samples are real

  bool equalize = false; ///< ranges of weights are the same on both sides of a channel, before anything else

  bool operator==(const QuantizeOptions &) const = default;

  bool reduceRange = false; ///< weights of 7 bits: CPUs without VNNI add up products of bytes in 16 bits in some engines
};

/// What was done.
struct QuantizeSummary {
  Mode mode = Mode::Dynamic;
  int weightBits = 8;
  std::optional<FloatType> floats = {};
  int64_t quantized = 0;
  std::vector<LeftAlone> leftAlone;
  std::vector<std::string> notes;
  uint64_t bytesBefore = 0, bytesAfter = 0; ///< of constants
  int64_t samples = 0, tensors = 0;         ///< of calibration, and the activations that became bytes
  int64_t smoothed = 0;                     ///< activations whose outliers went into weights
  std::optional<EqualizeSummary> equalized = {};
};

} // namespace ingot::compress

#endif

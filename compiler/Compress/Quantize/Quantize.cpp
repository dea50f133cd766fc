// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Quantize/Quantize.h"

#include "compiler/Compress/Edit/ModelEditor.h"
#include "compiler/Compress/Edit/ModelWriter.h"
#include "compiler/Compress/Quantize/DynamicInt8.h"
#include "compiler/Compress/Quantize/FloatWeights.h"
#include "compiler/Compress/Quantize/StaticInt8.h"
#include "compiler/Compress/Quantize/WeightOnly.h"
#include "compiler/Driver/UsageError.h"
#include "frontends/onnx/Ingest/ElementType.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"

#include <numeric>

namespace ingot::compress {
namespace {

bool hasWeightOnlyOption(const QuantizeOptions &options) {
  return options.weightBits || options.floats || options.blockSize || options.symmetric || options.format || options.method;
}

bool hasSamples(const QuantizeOptions &options) { return !options.calibration.empty() || options.randomCalibration; }

/// The reasons why nothing was left to do, with the first node of each.
std::string reasonsOf(const QuantizeSummary &summary) {
  std::string text;
  std::vector<std::string> seen;
  for (const LeftAlone &left : summary.leftAlone)
    if (!llvm::is_contained(seen, left.reason)) {
      seen.push_back(left.reason);
      text += "\nnode '" + left.node + "' (" + left.op + ") " + left.reason;
    }
  return text.empty() ? "; it has no MatMul, Gemm or Conv" : text;
}

} // namespace

Mode modeOf(const QuantizeOptions &options) {
  if (options.mode)
    return *options.mode;
  if (hasWeightOnlyOption(options))
    return Mode::WeightOnly;
  return hasSamples(options) ? Mode::Static : Mode::Dynamic;
}

bool needsSamples(const QuantizeOptions &options) {
  return modeOf(options) == Mode::Static || options.smooth.value_or(false) || options.method == WeightMethod::Gptq ||
         options.method == WeightMethod::Awq;
}

absl::Status checkOptions(const QuantizeOptions &options) {
  Mode mode = modeOf(options);
  if (mode != Mode::WeightOnly && hasWeightOnlyOption(options))
    return usageError("--weights, --block-size, --symmetric, --asymmetric, --format and --method are for weights alone (--mode=weight-only): dynamic "
                      "and static products take weights of 8 bits with a scale per channel");
  if (options.floats && (options.weightBits || options.symmetric || options.format || options.method))
    return usageError("--weights=" + nameOf(*options.floats).str() +
                      " only changes how weights are stored: --symmetric, --asymmetric, --format and --method are for int4 and int8");
  if (options.floats && !isByte(*options.floats) && options.blockSize)
    return usageError("--weights=" + nameOf(*options.floats).str() + " has no scales, and so no blocks: --block-size is for int4, int8 and fp8");
  if (options.blockSize && (!llvm::isPowerOf2_64(*options.blockSize) || *options.blockSize < 16 || *options.blockSize > 256))
    return usageError("--block-size wants 16, 32, 64, 128 or 256, got " + std::to_string(*options.blockSize));
  bool smooths = options.smooth.value_or(false);
  if (smooths && (mode == Mode::WeightOnly || options.placement == Placement::Every))
    return usageError("--smooth-quant is for products of bytes, and not for --qdq=every, which would round activations before they are smoothed");
  if (needsSamples(options) && !hasSamples(options))
    return usageError(std::string(mode == Mode::Static                   ? "static quantisation"
                                  : options.method == WeightMethod::Gptq ? "--method=gptq"
                                  : options.method == WeightMethod::Awq  ? "--method=awq"
                                                                         : "--smooth-quant") +
                      " needs samples: --calibration=FILE.npz, or --random-calibration, whose result means little");
  if (!needsSamples(options) && hasSamples(options))
    return usageError("--calibration and --random-calibration are of no use here: only static quantisation, --smooth-quant, --method=gptq and "
                      "--method=awq look at samples");
  if (options.randomCalibration && !options.calibration.empty())
    return usageError("--calibration and --random-calibration contradict each other");
  if (mode != Mode::Static && (options.rangeMethod || options.percentile || options.signedActivations || options.placement))
    return usageError("--calibration-method, --percentile, --activation-type and --qdq are for --mode=static");
  if (options.smooth == false && mode != Mode::Static)
    return usageError("--no-smooth-quant is for --mode=static: nothing else is smoothed unless it is asked for");
  if (mode != Mode::Dynamic && options.granularity)
    return usageError("--granularity is for --mode=dynamic");
  if (options.percentile && options.rangeMethod.value_or(RangeMethod::Percentile) != RangeMethod::Percentile)
    return usageError("--percentile goes with --calibration-method=percentile");
  if (options.reduceRange && mode == Mode::WeightOnly)
    return usageError("--reduce-range is for dynamic and static products");
  return absl::OkStatus();
}

absl::StatusOr<EqualizedModel> equalizeFirst(const QuantizeOptions &options, QuantizeOptions &rest) {
  absl::StatusOr<EqualizedModel> equalized = EqualizedModel::make(options.input, options.output, options.include, options.exclude);
  if (!equalized.ok())
    return equalized;
  rest = options;
  rest.input = equalized->path();
  rest.equalize = false;
  return equalized;
}

void addEqualized(const EqualizedModel &equalized, QuantizeSummary &summary) {
  summary.equalized = equalized.summary;
  summary.bytesBefore = equalized.originalBytes;
}

absl::StatusOr<QuantizeSummary> quantizeModel(const QuantizeOptions &options) {
  if (absl::Status status = checkOptions(options); !status.ok())
    return status;
  if (options.equalize) {
    QuantizeOptions rest;
    absl::StatusOr<EqualizedModel> equalized = equalizeFirst(options, rest);
    if (!equalized.ok())
      return equalized.status();
    absl::StatusOr<QuantizeSummary> summary = quantizeModel(rest);
    if (!summary.ok())
      return equalized->asOriginal(summary.status());
    addEqualized(*equalized, *summary);
    return summary;
  }
  absl::StatusOr<std::unique_ptr<ModelEditor>> opened = ModelEditor::open(options.input, options.output);
  if (!opened.ok())
    return opened.status();
  ModelEditor &editor = **opened;
  if (absl::Status status = checkOutputIsNoInput(editor.model(), options.input, options.output); !status.ok())
    return status;
  absl::StatusOr<NodeSelection> selection = NodeSelection::make(editor.model().graph(), options.include, options.exclude);
  if (!selection.ok())
    return selection.status();
  QuantizeSummary summary;
  summary.mode = modeOf(options);
  summary.bytesBefore = constantBytes(editor);
  absl::Status status;
  switch (summary.mode) {
  case Mode::WeightOnly:
    status = options.floats ? storeFloats(editor, *selection, *options.floats, options.blockSize, summary)
                            : quantizeWeightsOnly(editor, *selection, options, summary);
    break;
  case Mode::Dynamic:
    status = quantizeDynamic(editor, *selection, options, summary);
    break;
  case Mode::Static:
    status = quantizeStatic(editor, *selection, options, summary);
    break;
  }
  if (!status.ok())
    return status;
  if (summary.quantized == 0)
    return absl::FailedPreconditionError(options.input + ": there is nothing to quantise" + reasonsOf(summary));
  editor.finish();
  summary.bytesAfter = constantBytes(editor);
  if (absl::Status written = writeModel(editor, options.output, options.externalData); !written.ok())
    return written;
  return summary;
}

} // namespace ingot::compress

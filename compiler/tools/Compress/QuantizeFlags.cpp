// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/Compress/QuantizeFlags.h"

#include "compiler/tools/CommandLine.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/Twine.h"

namespace ingot::quantize_flags {
namespace {

using namespace compress;

/// Sets a field to what a word means, or tells the words.
template <typename T, typename Value>
absl::Status choose(llvm::StringRef option, llvm::StringRef text, T &field, std::initializer_list<std::pair<const char *, Value>> words) {
  std::string known;
  for (auto [word, value] : words) {
    if (text == word) {
      field = value;
      return absl::OkStatus();
    }
    known += (known.empty() ? "" : word == (words.end() - 1)->first ? " or " : ", ") + std::string(word);
  }
  return usage(option + " wants " + known + ", got '" + text + "'");
}

absl::Status addWords(llvm::StringRef option, llvm::StringRef text, std::vector<std::string> &words) {
  llvm::SmallVector<llvm::StringRef> parts;
  text.split(parts, ',');
  for (llvm::StringRef part : parts) {
    if (part.empty())
      return usage(option + " wants names of nodes, operators or expressions with commas between, got '" + text + "'");
    words.push_back(part.str());
  }
  return absl::OkStatus();
}

/// Of a choice that a word before it made differently.
absl::Status setSymmetry(CommandLine &line, bool symmetric) {
  std::optional<bool> &field = line.quantize.symmetric;
  if (field && *field != symmetric)
    return usage("--symmetric and --asymmetric contradict each other");
  field = symmetric;
  return absl::OkStatus();
}

absl::Status setSmoothing(CommandLine &line, bool smooth) {
  std::optional<bool> &field = line.quantize.smooth;
  if (field && *field != smooth)
    return usage("--smooth-quant and --no-smooth-quant contradict each other");
  field = smooth;
  return absl::OkStatus();
}

} // namespace

absl::Status setMode(llvm::StringRef text, CommandLine &line) {
  return choose("--mode", text, line.quantize.mode,
                {std::pair("dynamic", Mode::Dynamic), std::pair("static", Mode::Static), std::pair("weight-only", Mode::WeightOnly)});
}

absl::Status setKind(llvm::StringRef text, CommandLine &line) {
  line.isQuantized = true;
  if (text == "static" || text == "dynamic")
    return setMode(text, line);
  if (!setWeights(text, line).ok())
    return usage("--quantize wants static, dynamic, int4, int8, fp16, bf16, fp8 or fp8-e5m2, got '" + text + "'");
  line.quantize.mode = Mode::WeightOnly;
  return absl::OkStatus();
}

absl::Status setWeights(llvm::StringRef text, CommandLine &line) {
  line.quantize.weightBits.reset();
  line.quantize.floats.reset();
  if (text == "int4" || text == "int8") {
    line.quantize.weightBits = text == "int4" ? 4 : 8;
    return absl::OkStatus();
  }
  for (FloatType type : {FloatType::Float16, FloatType::Bfloat16, FloatType::Float8E4M3, FloatType::Float8E5M2})
    if (text == nameOf(type)) {
      line.quantize.floats = type;
      return absl::OkStatus();
    }
  return usage("--weights wants int4, int8, fp16, bf16, fp8 or fp8-e5m2, got '" + text + "'");
}

absl::Status setBlockSize(llvm::StringRef text, CommandLine &line) {
  int64_t size;
  if (text.getAsInteger(10, size))
    return usage("--block-size wants 16, 32, 64, 128 or 256, got '" + text + "'");
  line.quantize.blockSize = size;
  return absl::OkStatus();
}

absl::Status setSymmetric(llvm::StringRef, CommandLine &line) { return setSymmetry(line, true); }
absl::Status setAsymmetric(llvm::StringRef, CommandLine &line) { return setSymmetry(line, false); }

absl::Status setFormat(llvm::StringRef text, CommandLine &line) {
  return choose("--format", text, line.quantize.format, {std::pair("qdq", WeightFormat::Qdq), std::pair("matmulnbits", WeightFormat::MatMulNBits)});
}

absl::Status setMethod(llvm::StringRef text, CommandLine &line) {
  return choose("--method", text, line.quantize.method,
                {std::pair("rtn", WeightMethod::Rtn), std::pair("hqq", WeightMethod::Hqq), std::pair("gptq", WeightMethod::Gptq),
                 std::pair("awq", WeightMethod::Awq)});
}

absl::Status setGranularity(llvm::StringRef text, CommandLine &line) {
  return choose("--granularity", text, line.quantize.granularity, {std::pair("row", Granularity::Row), std::pair("tensor", Granularity::Tensor)});
}

absl::Status addInclude(llvm::StringRef text, CommandLine &line) { return addWords("--include", text, line.quantize.include); }
absl::Status addExclude(llvm::StringRef text, CommandLine &line) { return addWords("--exclude", text, line.quantize.exclude); }

absl::Status setExternalData(llvm::StringRef, CommandLine &line) {
  line.quantize.externalData = true;
  return absl::OkStatus();
}

absl::Status addCalibration(llvm::StringRef text, CommandLine &line) {
  line.quantize.calibration.push_back(text.str());
  return text.empty() ? usage("--calibration wants a .npz file, a picture, a text, or a folder of them") : absl::OkStatus();
}

absl::Status setTokenizer(llvm::StringRef text, CommandLine &line) {
  line.quantize.sampleFormat.tokenizer = text.str();
  return text.empty() ? usage("--tokenizer wants tokenizer.json or vocab.txt") : absl::OkStatus();
}

absl::Status setTokens(llvm::StringRef text, CommandLine &line) {
  int64_t tokens;
  if (text.getAsInteger(10, tokens) || tokens < 1 || tokens > 1 << 20)
    return usage("--tokens wants a whole number from 1 to 1048576, got '" + text + "'");
  line.quantize.sampleFormat.tokens = tokens;
  return absl::OkStatus();
}

absl::Status setCalibrationMethod(llvm::StringRef text, CommandLine &line) {
  return choose("--calibration-method", text, line.quantize.rangeMethod,
                {std::pair("minmax", RangeMethod::MinMax), std::pair("entropy", RangeMethod::Entropy),
                 std::pair("percentile", RangeMethod::Percentile), std::pair("mse", RangeMethod::Mse)});
}

absl::Status setPercentile(llvm::StringRef text, CommandLine &line) {
  double value;
  if (text.getAsDouble(value) || !(value > 50 && value <= 100))
    return usage("--percentile wants a number above 50, at most 100, got '" + text + "'");
  line.quantize.percentile = value;
  return absl::OkStatus();
}

absl::Status setRandomCalibration(llvm::StringRef, CommandLine &line) {
  line.quantize.randomCalibration = true;
  return absl::OkStatus();
}

absl::Status setActivationType(llvm::StringRef text, CommandLine &line) {
  return choose("--activation-type", text, line.quantize.signedActivations, {std::pair("uint8", false), std::pair("int8", true)});
}

absl::Status setPlacement(llvm::StringRef text, CommandLine &line) {
  return choose("--qdq", text, line.quantize.placement, {std::pair("fused", Placement::Fused), std::pair("every", Placement::Every)});
}

absl::Status setSmooth(llvm::StringRef, CommandLine &line) { return setSmoothing(line, true); }

absl::Status setNoSmooth(llvm::StringRef, CommandLine &line) { return setSmoothing(line, false); }

absl::Status setEqualize(llvm::StringRef, CommandLine &line) {
  line.quantize.equalize = true;
  return absl::OkStatus();
}

absl::Status setReduceRange(llvm::StringRef, CommandLine &line) {
  line.quantize.reduceRange = true;
  return absl::OkStatus();
}

} // namespace ingot::quantize_flags

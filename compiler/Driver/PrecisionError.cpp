// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/PrecisionError.h"

#include "compiler/Driver/Diagnostics.h"
#include "compiler/Driver/ImportFile.h"
#include "compiler/Driver/JitModel.h"
#include "compiler/Driver/Machine.h"
#include "compiler/Init/Init.h"
#include "dialects/Ingot/ModelSymbols.h"
#include "dialects/Ingot/Shapes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "runtime/include/ingot/model.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>
#include <random>

using namespace mlir;

namespace ingot {
namespace {

/// Two copies of the weights are in memory while a model runs in this process.
constexpr uint64_t kLargestWeights = 1 << 30;
/// Of an open dim, if it may have it.
constexpr int64_t kSize = 16;

/// Everything a model in this process needs.
struct Instance {
  explicit Instance(const DialectRegistry &registry) : context(registry), diagnostics(context) {}

  MLIRContext context;
  DiagnosticCollector diagnostics;
  ImportedModel imported;
};

/// The shapes of all inputs, with a small size for each open dim.
std::map<std::string, std::vector<int64_t>> fixedShapes(func::FuncOp model) {
  std::map<std::string, std::vector<int64_t>> shapes;
  SmallVector<AffineExpr> sizes;
  for (const SymbolRange &range : ModelSymbols::of(model).ranges)
    sizes.push_back(getAffineConstantExpr(std::clamp(kSize, range.minimum, range.maximum), model.getContext()));
  for (BlockArgument argument : model.getArguments()) {
    std::vector<int64_t> &shape = shapes[model.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "ingot.name").str()];
    for (AffineExpr dim : getDims(cast<RankedTensorType>(argument.getType())))
      shape.push_back(getConstant(simplifyDim(dim.replaceSymbols(sizes))).value_or(1));
  }
  return shapes;
}

/// Uniform numbers in [-1, 1), integers and booleans 0 or 1: valid indices of whatever is looked up.
std::string randomData(const TensorInterface &input) {
  std::string data(input.bytes, '\0');
  std::minstd_rand generator(1);
  auto fill = [&](auto value) {
    using Element = decltype(value(0.0));
    for (size_t at = 0; at + sizeof(Element) <= data.size(); at += sizeof(Element)) {
      Element element = value(static_cast<double>(generator() - 1) / (std::minstd_rand::max() - 1) * 2 - 1);
      std::memcpy(&data[at], &element, sizeof(element));
    }
  };
  auto narrow = [](const llvm::fltSemantics &semantics) {
    return [&semantics](double number) {
      APFloat value(number);
      bool inexact;
      value.convert(semantics, APFloat::rmNearestTiesToEven, &inexact);
      return static_cast<uint16_t>(value.bitcastToAPInt().getZExtValue());
    };
  };
  switch (input.elementType) {
  case INGOT_F32:
    fill([](double number) { return static_cast<float>(number); });
    break;
  case INGOT_F64:
    fill([](double number) { return number; });
    break;
  case INGOT_F16:
    fill(narrow(APFloat::IEEEhalf()));
    break;
  case INGOT_BF16:
    fill(narrow(APFloat::BFloat()));
    break;
  case INGOT_I64:
  case INGOT_U64:
    fill([](double number) { return static_cast<int64_t>(number > 0); });
    break;
  case INGOT_I32:
  case INGOT_U32:
    fill([](double number) { return static_cast<int32_t>(number > 0); });
    break;
  default: // bytes and booleans; of wider ones every other element is larger
    fill([](double number) { return static_cast<uint8_t>(number > 0); });
  }
  return data;
}

/// The elements of an output, or none if they are no floats.
std::vector<double> numbersOf(const JitModel::Output &output) {
  std::vector<double> numbers;
  const char *data = output.data.data();
  auto append = [&](auto element, auto value) {
    for (size_t at = 0; at + sizeof(element) <= output.tensor.bytes; at += sizeof(element)) {
      std::memcpy(&element, data + at, sizeof(element));
      numbers.push_back(value(element));
    }
  };
  auto widen = [](const llvm::fltSemantics &semantics) {
    return [&semantics](uint16_t bits) { return APFloat(semantics, APInt(16, bits)).convertToDouble(); };
  };
  switch (output.tensor.elementType) {
  case INGOT_F32:
    append(float(), [](float element) { return static_cast<double>(element); });
    break;
  case INGOT_F64:
    append(double(), [](double element) { return element; });
    break;
  case INGOT_F16:
    append(uint16_t(), widen(APFloat::IEEEhalf()));
    break;
  case INGOT_BF16:
    append(uint16_t(), widen(APFloat::BFloat()));
    break;
  default:
    break;
  }
  return numbers;
}

absl::StatusOr<std::vector<JitModel::Output>> runOnce(const DialectRegistry &registry, CompileOptions options, Precision precision,
                                                      const MachineModel &machine) {
  options.precision = precision;
  Instance instance(registry);
  absl::StatusOr<ImportedModel> imported = importFile(instance.context, options, instance.diagnostics);
  if (!imported.ok())
    return imported.status();
  StageOptions stageOptions = stageOptionsOf(options);
  stageOptions.machine = machine;
  absl::StatusOr<std::unique_ptr<JitModel>> model = JitModel::compile(*imported->module, imported->weights, stageOptions, instance.diagnostics);
  if (!model.ok())
    return model.status();
  imported->module = {};
  std::vector<std::string> inputs;
  for (const TensorInterface &input : (*model)->inputs())
    inputs.push_back(randomData(input));
  return (*model)->run(llvm::map_to_vector(inputs, [](const std::string &data) -> const void * { return data.data(); }));
}

} // namespace

std::string describeError(llvm::StringRef output, llvm::ArrayRef<double> expected, llvm::ArrayRef<double> got) {
  double largest = 0, most = 0, sum = 0;
  size_t different = 0; // infinities and NaNs on one side only
  for (auto [a, b] : llvm::zip_equal(expected, got)) {
    if (!std::isfinite(a) || !std::isfinite(b)) {
      different += !(a == b || (std::isnan(a) && std::isnan(b)));
      continue;
    }
    largest = std::max(largest, std::abs(a));
    most = std::max(most, std::abs(a - b));
    sum += std::abs(a - b);
  }
  double scale = largest > 0 ? 100 / largest : 0, count = std::max<size_t>(expected.size(), 1);
  std::string text = llvm::formatv("{0}: at most {1:f3} % of the largest value, on average {2:f3} %", output, most * scale, sum / count * scale);
  return different == 0 ? text : text + ", and " + std::to_string(different) + " infinities or NaNs differ";
}

absl::StatusOr<std::vector<std::string>> measurePrecisionError(const CompileOptions &options) {
  absl::StatusOr<TargetSpec> target = nativeTarget();
  if (!target.ok())
    return target.status();
  uint64_t weightBytes = 0;
  DialectRegistry registry;
  registerDialects(registry);
  CompileOptions fixed = options;
  {
    Instance instance(registry);
    absl::StatusOr<ImportedModel> imported = importFile(instance.context, options, instance.diagnostics);
    if (!imported.ok())
      return imported.status();
    fixed.inputShapes = fixedShapes(*imported->module->getOps<func::FuncOp>().begin());
    for (int64_t i = 0; i < imported->weights.size(); ++i)
      weightBytes += imported->weights.bytes(i).size();
  }
  if (weightBytes > kLargestWeights)
    return std::vector<std::string>{"not measured, as the model's weights are larger than 1 GiB"};
  fixed.dims.clear();
  fixed.ranges.clear();
  fixed.special.clear();
  absl::StatusOr<std::vector<JitModel::Output>> expected = runOnce(registry, fixed, Precision::Stored, machineOf(*target));
  if (!expected.ok())
    return expected.status();
  absl::StatusOr<std::vector<JitModel::Output>> got = runOnce(registry, fixed, options.precision, machineOf(*target));
  if (!got.ok())
    return got.status();
  std::vector<std::string> lines;
  for (auto [reference, output] : llvm::zip_equal(*expected, *got)) {
    std::vector<double> numbers = numbersOf(reference), own = numbersOf(output);
    if (numbers.size() == own.size() && !numbers.empty())
      lines.push_back(describeError(output.tensor.name, numbers, own));
  }
  return lines;
}

} // namespace ingot

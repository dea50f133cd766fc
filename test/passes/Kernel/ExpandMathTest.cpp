// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions of vectors against libm in double, over the whole range of f32. INGOT_SWEEP_STEP=1 tries every number (minutes); the default every 4001st
// one.
#include "compiler/Codegen/Jit.h"
#include "compiler/Codegen/Translate.h"
#include "compiler/Init/Init.h"
#include "compiler/Pipelines/Stages.h"
#include "compiler/Target/TargetSpec.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Kernel/Passes.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "gtest/gtest.h"

#include <cmath>
#include <cstdlib>

using namespace mlir;
using namespace ingot;

namespace {

constexpr int64_t kCount = 4096; ///< numbers of one call

/// A math operation on vector<16xf32>, compiled and loaded.
class VectorCode {
public:
  VectorCode(const std::string &operation, StringRef target, bool avx512 = false) {
    std::string text = R"(
      func.func @f(%x: memref<4096xf32>, %y: memref<4096xf32>, %out: memref<4096xf32>, %arena: memref<64xi8>, %weights: memref<64xi8>, %team: !llvm.ptr,
                   %thread: index, %threads: index, %failure: !llvm.ptr) attributes {ingot.input_count = 2, ingot.output_count = 1} {
        %zero = arith.constant 0 : index
        %lanes = arith.constant 16 : index
        %end = arith.constant 4096 : index
        scf.for %i = %zero to %end step %lanes {
          %a = vector.load %x[%i] : memref<4096xf32>, vector<16xf32>
          %b = vector.load %y[%i] : memref<4096xf32>, vector<16xf32>
          %c = )" + operation +
                       R"( : vector<16xf32>
          vector.store %c, %out[%i] : memref<4096xf32>, vector<16xf32>
        }
        return
      })";
    DialectRegistry registry;
    registerDialects(registry);
    MLIRContext context(registry);
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
    PassManager passes(&context);
    passes.addPass(createExpandMathPass({.avx512 = avx512}));
    for (const Stage &stage : stages())
      if (stage.name == "llvm")
        stage.build(passes, {.runSymbol = "run"});
    if (!module || failed(passes.run(*module)))
      return;
    absl::StatusOr<std::vector<TargetSpec>> spec = parseTargets(target);
    auto llvmContext = std::make_unique<llvm::LLVMContext>();
    absl::StatusOr<std::unique_ptr<llvm::Module>> translated = translateToLLVM(*module, *llvmContext);
    if (!spec.ok() || !translated.ok() || !optimizeModule(**translated, spec->front(), {.level = OptLevel::O2}).ok())
      return;
    absl::StatusOr<std::unique_ptr<Jit>> created = Jit::create(spec->front(), OptLevel::O2);
    if (!created.ok() || !(*created)->addModule(std::move(llvmContext), std::move(*translated)).ok())
      return;
    jit = std::move(*created);
    if (absl::StatusOr<void *> address = jit->lookup("run"); address.ok())
      run = reinterpret_cast<Run>(*address);
  }

  explicit operator bool() const { return run != nullptr; }

  std::vector<float> operator()(const std::vector<float> &x, const std::vector<float> &y) const {
    std::vector<float> out(kCount);
    const void *inputs[] = {x.data(), y.data()};
    void *outputs[] = {out.data()};
    const void *call[] = {nullptr, nullptr, inputs, outputs, nullptr, nullptr};
    run(call, 0, 1);
    return out;
  }

private:
  using Run = void (*)(const void *, int64_t, int64_t);
  std::unique_ptr<Jit> jit;
  Run run = nullptr;
};

/// Units in the last place between a result and the exact one; infinity counts as 2^128.
double errorOf(float actual, double exact) {
  if (std::isnan(actual) || std::isnan(exact))
    return std::isnan(actual) && std::isnan(exact) ? 0 : INFINITY;
  auto finite = [](double x) { return std::isinf(x) ? std::copysign(0x1p128, x) : std::clamp(x, -0x1p128, 0x1p128); };
  int exponent = std::max(exact == 0 ? -126 : std::ilogb(finite(exact)), -126);
  return std::abs(finite(actual) - finite(exact)) / std::ldexp(1.0, std::min(exponent, 127) - 23);
}

uint32_t bitsOf(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  return bits;
}

float numberOf(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}

/// A quarter of the numbers of a call are special ones and their neighbours, for what a sweep steps over.
std::vector<float> specialNumbers() {
  std::vector<float> result;
  for (double x :
       {0.0,        0x1p-149,  0x1p-127,  0x1p-126,   1e-20, 1e-10, 0.25,           0.34657359, 0.5,  0.70710678, 0.78539816, 1.0,      1.41421356,
        1.57079633, 2.0,       3.0,       3.14159265, 3.93,  4.0,   9.02,           10.0,       17.0, 22.0,       87.33654,   88.02969, 88.722839,
        89.415985,  103.27893, 103.97208, 0x1p17,     1e10,  1e19,  0x1.fffffep127, 1.0 / 0.0})
    for (int step : {-1, 0, 1})
      for (float sign : {1.0f, -1.0f}) {
        int64_t bits = static_cast<int64_t>(bitsOf(static_cast<float>(x))) + step;
        if (bits >= 0)
          result.push_back(sign * numberOf(static_cast<uint32_t>(bits)));
      }
  result.push_back(NAN);
  return result;
}

struct Function {
  const char *name;
  double (*exact)(double);
  double error; ///< largest error in units in the last place
};
constexpr Function kFunctions[] = {
    {"exp", std::exp, 1.1},     {"expm1", std::expm1, 1.6}, {"log", std::log, 1.0},   {"log1p", std::log1p, 1.6}, {"sin", std::sin, 1.6},
    {"cos", std::cos, 1.6},     {"tan", std::tan, 3.1},     {"asin", std::asin, 2.0}, {"acos", std::acos, 1.3},   {"atan", std::atan, 1.5},
    {"sinh", std::sinh, 1.7},   {"cosh", std::cosh, 1.6},   {"tanh", std::tanh, 4.6}, {"asinh", std::asinh, 2.2}, {"acosh", std::acosh, 2.5},
    {"atanh", std::atanh, 2.5}, {"erf", std::erf, 6.2},
};

void PrintTo(const Function &function, std::ostream *out) { *out << function.name; }

class ExpandMath : public testing::TestWithParam<Function> {};

} // namespace

TEST_P(ExpandMath, IsAccurateEverywhere) {
  const Function &function = GetParam();
  VectorCode code("math." + std::string(function.name) + " %a", "native");
  ASSERT_TRUE(code);
  const char *chosen = std::getenv("INGOT_SWEEP_STEP");
  uint64_t step = chosen ? std::strtoull(chosen, nullptr, 10) : 4001;
  double worst = 0;
  float worstAt = 0;
  std::vector<float> x = specialNumbers(), none(kCount);
  auto check = [&] {
    x.resize(kCount, 0.5f);
    std::vector<float> out = code(x, none);
    for (int64_t i = 0; i < kCount; ++i)
      if (double error = errorOf(out[i], function.exact(x[i])); error > worst)
        worst = error, worstAt = x[i];
    x.clear();
  };
  for (uint64_t bits = 0; bits < uint64_t(1) << 32; bits += step) {
    x.push_back(numberOf(static_cast<uint32_t>(bits)));
    if (x.size() == kCount)
      check();
  }
  check();
  RecordProperty("error", std::to_string(worst));
  if (chosen)
    printf("%s: %.2f at %.9g\n", function.name, worst, worstAt);
  EXPECT_LE(worst, function.error) << "at " << worstAt;
}

TEST_P(ExpandMath, DoesNotDependOnLanesOrTarget) {
  std::string operation = "math." + std::string(GetParam().name) + " %a";
  VectorCode code(operation, "native"), narrow(operation, "x86-64-v3");
  ASSERT_TRUE(code && narrow);
  std::vector<float> x = specialNumbers();
  for (uint32_t bits = 12345; x.size() < kCount; bits = bits * 1664525 + 1013904223)
    x.push_back(numberOf(bits));
  std::vector<float> moved(x);
  std::rotate(moved.begin(), moved.begin() + 5, moved.end());
  std::vector<float> out = code(x, x), outMoved = code(moved, moved), outNarrow = narrow(x, x);
  std::rotate(out.begin(), out.begin() + 5, out.end());
  std::rotate(outNarrow.begin(), outNarrow.begin() + 5, outNarrow.end());
  for (int64_t i = 0; i < kCount; ++i)
    if (!std::isnan(out[i])) {
      EXPECT_EQ(bitsOf(out[i]), bitsOf(outMoved[i])) << "at " << moved[i];
      EXPECT_EQ(bitsOf(out[i]), bitsOf(outNarrow[i])) << "at " << moved[i];
    }
}

INSTANTIATE_TEST_SUITE_P(Functions, ExpandMath, testing::ValuesIn(kFunctions), [](const auto &info) { return std::string(info.param.name); });

namespace {

/// The errors of the exponential between its bounds, and how alike two ways to it are.
void checkBoundedExp(const VectorCode &code, const VectorCode &other, bool sameBits) {
  for (double from = -86; from < 88; from += 2) {
    std::vector<float> x;
    for (int64_t i = 0; i < kCount; ++i)
      x.push_back(static_cast<float>(from + 2.0 * i / (kCount - 1)));
    std::vector<float> out = code(x, x), outOther = other(x, x);
    for (int64_t i = 0; i < kCount; ++i) {
      double exact = std::exp(static_cast<double>(x[i])), allowed = (3e-7 + 2e-8 * std::abs(x[i])) * exact;
      EXPECT_LE(std::abs(out[i] - exact), allowed) << "at " << x[i];
      EXPECT_LE(std::abs(outOther[i] - exact), allowed) << "at " << x[i];
      if (sameBits)
        EXPECT_EQ(bitsOf(out[i]), bitsOf(outOther[i])) << "at " << x[i];
    }
  }
}

constexpr const char *kBoundedExp = "math.exp %a fastmath<ninf,afn>";

} // namespace

TEST(ExpandMathBoundedExp, IsAccurateBetweenItsBounds) {
  VectorCode code(kBoundedExp, "native"), narrow(kBoundedExp, "x86-64-v3");
  ASSERT_TRUE(code && narrow);
  checkBoundedExp(code, narrow, /*sameBits=*/true);
}

TEST(ExpandMathBoundedExp, IsAccurateByTable) {
  if (absl::StatusOr<std::vector<TargetSpec>> native = parseTargets("native"); !native.ok() || native->front().vectorBits < 512)
    GTEST_SKIP() << "this CPU has no AVX-512";
  VectorCode code(kBoundedExp, "native", /*avx512=*/true), plain(kBoundedExp, "native");
  ASSERT_TRUE(code && plain);
  checkBoundedExp(code, plain, /*sameBits=*/false);
}

TEST(ExpandMathPow, IsAccurateEverywhere) {
  VectorCode code("math.powf %a, %b", "native");
  ASSERT_TRUE(code);
  std::vector<float> special = specialNumbers();
  for (float odd : {5.0f, -5.0f, 1.5f, -7.25f, 16777215.0f})
    special.push_back(odd);
  double worst = 0;
  std::string where;
  std::vector<float> x, y;
  auto check = [&] {
    x.resize(kCount, 1), y.resize(kCount, 1);
    std::vector<float> out = code(x, y);
    for (int64_t i = 0; i < kCount; ++i)
      if (double error = errorOf(out[i], std::pow(double(x[i]), double(y[i]))); error > worst)
        worst = error, where = std::to_string(x[i]) + " ^ " + std::to_string(y[i]);
    x.clear(), y.clear();
  };
  auto add = [&](float a, float b) {
    x.push_back(a), y.push_back(b);
    if (x.size() == kCount)
      check();
  };
  for (float a : special)
    for (float b : special)
      add(a, b);
  uint32_t state = 1;
  auto random = [&] { return state = state * 1664525 + 1013904223; };
  for (int i = 0; i < 400000; ++i) {
    float a = numberOf(random() & 0x7fffffff);
    // Exponents that keep the result in range, on a logarithmic scale.
    double limit = 130 / std::max(1e-6, std::abs(std::log2(double(a))));
    add(a, static_cast<float>(limit * (static_cast<double>(random()) * 0x1p-31 - 1)));
  }
  check();
  RecordProperty("error", std::to_string(worst));
  if (std::getenv("INGOT_SWEEP_STEP"))
    printf("pow: %.2f at %s\n", worst, where.c_str());
  EXPECT_LE(worst, 1.5) << where;
}

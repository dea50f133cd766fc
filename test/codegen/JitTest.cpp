// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/Codegen/Jit.h"
#include "test/codegen/TestModel.h"

#include <cmath>

using namespace llvm;
using namespace ingot;
using namespace ingot::test;

namespace {

std::unique_ptr<Jit> makeJit(StringRef text, const TargetSpec &spec, OptLevel level) {
  absl::StatusOr<std::unique_ptr<Jit>> jit = Jit::create(spec, level);
  EXPECT_OK(jit.status());
  if (!jit.ok())
    return nullptr;
  auto context = std::make_unique<LLVMContext>();
  std::unique_ptr<Module> module = parseIR(*context, text);
  EXPECT_OK(optimizeModule(*module, spec, {.level = level}));
  EXPECT_OK((*jit)->addModule(std::move(context), std::move(module)));
  return std::move(*jit);
}

} // namespace

TEST(Jit, CallsLibm) {
  for (OptLevel level : {OptLevel::O0, OptLevel::O2}) {
    std::unique_ptr<Jit> jit = makeJit("declare float @erff(float)\ndefine float @twice(float %x) {\n  %y = call float @erff(float %x)\n"
                                       "  %z = fadd float %y, %y\n  ret float %z\n}",
                                       namedTarget("native"), level);
    ASSERT_TRUE(jit);
    absl::StatusOr<void *> address = jit->lookup("twice");
    ASSERT_OK(address.status());
    EXPECT_EQ(reinterpret_cast<float (*)(float)>(*address)(0.5f), 2 * erff(0.5f));
  }
}

TEST(Jit, NamesWhatIsMissing) {
  std::unique_ptr<Jit> jit =
      makeJit("declare void @nowhere()\ndefine void @f() {\n  call void @nowhere()\n  ret void\n}", namedTarget("x86-64-v3"), OptLevel::O0);
  ASSERT_TRUE(jit);
  EXPECT_TRUE(StringRef(std::string(jit->lookup("f").status().message())).contains("nowhere")) << jit->lookup("f").status().ToString();
  EXPECT_TRUE(StringRef(std::string(jit->lookup("g").status().message())).contains("'g'")) << jit->lookup("g").status().ToString();
}

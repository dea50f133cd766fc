// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/Codegen/Dispatch.h"
#include "compiler/Codegen/Jit.h"
#include "runtime/include/ingot/model.h"
#include "test/codegen/TestModel.h"

using namespace llvm;
using namespace ingot;
using namespace ingot::test;

TEST(Dispatch, TheFirstBodyThatFitsRuns) {
  VariantInterface variant{.name = "v", .runSymbol = "run", .prepareSymbol = "prepare"};
  std::vector<SpecialBody> bodies = {{"run_0", "prepare_0", {4, 64}}, {"run_1", "prepare_1", {std::nullopt, 64}}, {"run_2", "prepare_2", {}}};
  absl::StatusOr<std::unique_ptr<Jit>> jit = Jit::create(namedTarget("x86-64-v3"));
  ASSERT_OK(jit.status());
  static int ran;
  static int64_t team;
  static IngotRunFunction runs[] = {[](IngotCall *, int64_t thread, int64_t threads) { ran = 0, team = 10 * thread + threads; },
                                    [](IngotCall *, int64_t thread, int64_t threads) { ran = 1, team = 10 * thread + threads; },
                                    [](IngotCall *, int64_t thread, int64_t threads) { ran = 2, team = 10 * thread + threads; }};
  static int64_t (*prepares[])(int64_t *) = {[](int64_t *) { return int64_t(100); }, [](int64_t *) { return int64_t(101); },
                                             [](int64_t *values) { return values[0]; }};
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK((*jit)->define(bodies[i].runSymbol, reinterpret_cast<void *>(runs[i])));
    ASSERT_OK((*jit)->define(bodies[i].prepareSymbol, reinterpret_cast<void *>(prepares[i])));
  }
  auto context = std::make_unique<LLVMContext>();
  auto module = std::make_unique<Module>("dispatch", *context);
  emitDispatch(*module, variant, bodies);
  ASSERT_OK(optimizeModule(*module, namedTarget("x86-64-v3")));
  ASSERT_OK((*jit)->addModule(std::move(context), std::move(module)));
  auto run = reinterpret_cast<IngotRunFunction>(*(*jit)->lookup("run"));
  auto prepare = reinterpret_cast<int64_t (*)(int64_t *)>(*(*jit)->lookup("prepare"));

  struct Case {
    int64_t values[2];
    int body;
    int64_t bytes;
  };
  for (Case c : {Case{{4, 64}, 0, 100}, {{5, 64}, 1, 101}, {{4, 65}, 2, 4}, {{7, 1}, 2, 7}}) {
    IngotCall call = {};
    call.values = c.values;
    ran = -1;
    run(&call, 1, 3);
    EXPECT_EQ(ran, c.body);
    EXPECT_EQ(team, 13);
    EXPECT_EQ(prepare(c.values), c.bytes);
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/Codegen/Descriptor.h"
#include "compiler/Codegen/Jit.h"
#include "runtime/include/ingot/ingot.h"
#include "test/codegen/TestModel.h"

using namespace llvm;
using namespace ingot;
using namespace ingot::test;

namespace {

int32_t noBarrier(IngotTeam *) { return 0; }
const IngotApi kApi = {};

/// The model of `interface` as C code sees it; null after a test failure.
const IngotModel *loadModel(Jit &jit, const ModelInterface &interface) {
  auto context = std::make_unique<LLVMContext>();
  auto module = std::make_unique<Module>("descriptor", *context);
  EXPECT_OK(jit.define("ingot_api", &kApi));
  EXPECT_OK(emitDescriptor(*module, interface));
  EXPECT_OK(optimizeModule(*module, namedTarget("x86-64-v3")));
  EXPECT_OK(jit.addModule(std::move(context), std::move(module)));
  absl::StatusOr<void *> model = jit.lookup(interface.modelSymbol());
  EXPECT_OK(model.status());
  return model.ok() ? static_cast<const IngotModel *>(*model) : nullptr;
}

} // namespace

TEST(Descriptor, IsWhatTheCHeaderSays) {
  ModelInterface interface = demoInterface();
  interface.inputs.push_back({"a scalar", INGOT_I64, {}, 8});
  interface.outputs.push_back({"z", INGOT_BF16, {1, 0, 5}, 0});
  interface.variants.insert(interface.variants.begin(), {"x86-64-v4", "demo_run_v4", 1ull << 33, INGOT_CPU_X86_64_V4, "demo_prepare_v4", 3});
  interface.weightBytes = 5ull << 30;
  interface.symbols = {{"batch", 1, 8, INGOT_SYMBOL_RESULT}};
  interface.sites = {"node 'a': division by zero", "node 'b': index out of range"};
  interface.regions = {
      {"conv + relu", "convolution", "3x3 convolutions", 1ull << 40, 7}, {"relu", "map", "copies", 0, 3}, {"relu", "map", "copies", 5, 6}};
  absl::StatusOr<std::unique_ptr<Jit>> jit = Jit::create(namedTarget("x86-64-v3"));
  ASSERT_OK(jit.status());
  static uint8_t weights[1];
  static int64_t (*prepareV4)(int64_t *) = [](int64_t *) { return int64_t(7); };
  static IngotRunFunction run = [](IngotCall *, int64_t, int64_t) {}, runV4 = [](IngotCall *call, int64_t, int64_t) { call->status = 1; };
  ASSERT_OK((*jit)->define("demo_weights", weights));
  ASSERT_OK((*jit)->define("demo_run", reinterpret_cast<void *>(run)));
  ASSERT_OK((*jit)->define("demo_prepare_v4", reinterpret_cast<void *>(prepareV4)));
  ASSERT_OK((*jit)->define("demo_run_v4", reinterpret_cast<void *>(runV4)));
  const IngotModel *model = loadModel(**jit, interface);
  ASSERT_TRUE(model);

  EXPECT_EQ(model->struct_size, sizeof(IngotModel));
  EXPECT_EQ(model->abi_version, unsigned(INGOT_ABI_VERSION));
  EXPECT_STREQ(model->manifest, R"({"compiler": "Ingot"})");
  EXPECT_EQ(model->weights, weights);
  EXPECT_EQ(model->weight_bytes, 5ull << 30);
  ASSERT_EQ(model->input_count, 2u);
  ASSERT_EQ(model->output_count, 2u);
  ASSERT_EQ(model->variant_count, 2u);
  ASSERT_EQ(model->site_count, 2u);
  EXPECT_STREQ(model->sites[1], "node 'b': index out of range");

  ASSERT_EQ(model->region_count, 3u);
  auto text = [&](uint32_t offset) { return std::string(model->region_text + offset); };
  EXPECT_EQ(text(model->regions[0].name), "conv + relu");
  EXPECT_EQ(text(model->regions[0].family), "convolution");
  EXPECT_EQ(text(model->regions[0].kind), "3x3 convolutions");
  EXPECT_EQ(model->regions[0].flops, 1ull << 40);
  EXPECT_EQ(model->regions[0].bytes, 7u);
  EXPECT_EQ(text(model->regions[2].family), "map");
  EXPECT_EQ(model->regions[2].bytes, 6u);
  EXPECT_EQ(model->regions[1].name, model->regions[2].name); // each text once

  EXPECT_EQ(model->api, &kApi);
  EXPECT_EQ(model->weights_file, nullptr);
  ASSERT_EQ(model->symbol_count, 1u);
  EXPECT_STREQ(model->symbols[0].name, "batch");
  EXPECT_EQ(model->symbols[0].minimum, 1);
  EXPECT_EQ(model->symbols[0].maximum, 8);
  EXPECT_EQ(model->symbols[0].kind, int32_t(INGOT_SYMBOL_RESULT));
  EXPECT_EQ(model->variants[0].prepare, prepareV4);
  EXPECT_EQ(model->variants[0].value_count, 3u);
  EXPECT_EQ(model->variants[1].prepare, nullptr);
  EXPECT_STREQ(model->inputs[0].name, "x");
  EXPECT_EQ(model->inputs[0].element_type, INGOT_F32);
  ASSERT_EQ(model->inputs[0].rank, 2);
  EXPECT_EQ(model->inputs[0].dims[0], 2);
  EXPECT_EQ(model->inputs[0].dims[1], 2);
  EXPECT_EQ(model->inputs[0].bytes, 16u);
  EXPECT_STREQ(model->inputs[1].name, "a scalar");
  EXPECT_EQ(model->inputs[1].rank, 0);
  EXPECT_EQ(model->inputs[1].bytes, 8u);
  EXPECT_STREQ(model->outputs[0].name, "y/0");
  EXPECT_STREQ(model->outputs[1].name, "z");
  EXPECT_EQ(model->outputs[1].element_type, INGOT_BF16);
  ASSERT_EQ(model->outputs[1].rank, 3);
  EXPECT_EQ(model->outputs[1].dims[2], 5);

  EXPECT_STREQ(model->variants[0].name, "x86-64-v4");
  EXPECT_EQ(model->variants[0].run, runV4);
  EXPECT_EQ(model->variants[0].arena_bytes, 1ull << 33);
  EXPECT_EQ(model->variants[0].features, uint64_t(INGOT_CPU_X86_64_V4));
  EXPECT_STREQ(model->variants[1].name, "x86-64-v3");
  EXPECT_EQ(model->variants[1].run, run);
}

TEST(Descriptor, RunsTheCodeOfAnotherModule) {
  absl::StatusOr<std::unique_ptr<Jit>> jit = Jit::create(namedTarget("x86-64-v3"));
  ASSERT_OK(jit.status());
  ASSERT_OK((*jit)->define("demo_weights", kDemoWeights));
  ASSERT_OK((*jit)->define("ingot_team_barrier", reinterpret_cast<void *>(noBarrier)));
  ASSERT_OK((*jit)->addObject(compile(kDemoCode, "x86-64-v3"), "demo"));
  const IngotModel *model = loadModel(**jit, demoInterface());
  ASSERT_TRUE(model);
  float x[4] = {1, 2, 3, 4}, y[4] = {};
  const void *inputs[] = {x};
  void *outputs[] = {y};
  IngotCall call = {model->weights, nullptr, inputs, outputs, nullptr, INGOT_OK, 0, nullptr, nullptr, nullptr};
  model->variants[0].run(&call, 0, 1);
  EXPECT_EQ(y[0], 10);
  EXPECT_EQ(y[3], 160);
}

TEST(Descriptor, MayHaveNoWeightsAndNoInputs) {
  ModelInterface interface = demoInterface();
  interface.inputs.clear();
  interface.weightsSymbol.clear();
  interface.weightBytes = 0;
  absl::StatusOr<std::unique_ptr<Jit>> jit = Jit::create(namedTarget("x86-64-v3"));
  ASSERT_OK(jit.status());
  ASSERT_OK((*jit)->define("demo_run", reinterpret_cast<void *>(noBarrier)));
  const IngotModel *model = loadModel(**jit, interface);
  ASSERT_TRUE(model);
  EXPECT_EQ(model->inputs, nullptr);
  EXPECT_EQ(model->weights, nullptr);
  EXPECT_EQ(model->sites, nullptr);
}

TEST(Descriptor, GivesTheSameBytesAgain) { EXPECT_EQ(compileDescriptor(demoInterface()), compileDescriptor(demoInterface())); }

TEST(Descriptor, RefusesBadInterfaces) {
  LLVMContext context;
  Module module("descriptor", context);
  ModelInterface interface = demoInterface();
  interface.prefix = "4 net";
  EXPECT_EQ(emitDescriptor(module, interface).message(), "the prefix '4 net' is no C identifier of a model");
  interface = demoInterface();
  interface.variants.push_back(interface.variants.front());
  EXPECT_EQ(emitDescriptor(module, interface).message(), "two variants of model 'demo' have the run function 'demo_run'");
  interface.variants.clear();
  EXPECT_EQ(emitDescriptor(module, interface).message(), "model 'demo' has no code variant");
}

TEST(Descriptor, MakesIdentifiers) {
  EXPECT_EQ(toIdentifier("resnet50-v1.5"), "resnet50_v1_5");
  EXPECT_EQ(toIdentifier("3d net"), "m_3d_net");
  EXPECT_EQ(toIdentifier(""), "m_");
  EXPECT_EQ(toIdentifier("ingot"), "m_ingot");
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A model written by hand, linked with the program's main as the compiler links a real one.
//   y      = 2 * x + w        f32 [2, 3]
//   total  = sum(ids)         i64 []; a negative id is a run failure
//   count  = heap allocations of the process since the run before; 0 in the first run, -1 if none are counted
#include "AllocationCount.h"
#include "ingot/ingot.h"

static const int64_t x_dims[] = {2, 3}, ids_dims[] = {4}, count_dims[] = {1};
static const IngotTensorInfo inputs[] = {
    {"x", x_dims, 24, INGOT_F32, 2}, {"token ids", ids_dims, 32, INGOT_I64, 1}, {"gate", count_dims, 2, INGOT_BF16, 1}};
static const IngotTensorInfo outputs[] = {{"y", x_dims, 24, INGOT_F32, 2}, {"total", 0, 8, INGOT_I64, 0}, {"count", count_dims, 8, INGOT_I64, 1}};
static const _Alignas(64) float weights[6] = {10, 20, 30, 40, 50, 60};

static void run(IngotCall *call, int64_t thread, int64_t threads) {
  const float *x = call->inputs[0], *w = (const float *)call->weights;
  float *y = call->outputs[0];
  for (int64_t i = 6 * thread / threads; i < 6 * (thread + 1) / threads; ++i)
    y[i] = 2 * x[i] + w[i];
  if (ingot_team_barrier(call->team) || thread != 0)
    return;
  const int64_t *ids = call->inputs[1];
  int64_t *total = call->outputs[1], *count = call->outputs[2], *before = (int64_t *)call->arena;
  *total = 0;
  for (int i = 0; i < 4; ++i) {
    *total += ids[i];
    if (ids[i] < 0) {
      call->status = INGOT_RUN_FAILURE;
      call->failed_site = 1;
    }
  }
  const int64_t now = allocationCount();
  *count = now == 0 ? -1 : *before == 0 ? 0 : *count + now - *before;
  *before = now;
}

#ifdef FAKE_MODEL_UNSUPPORTED
static const IngotVariant variants[] = {{"from-the-future", run, 64, (uint64_t)1 << 63 | INGOT_CPU_X86_64_V3, 0, 0}};
#else
static const IngotVariant variants[] = {{"from-the-future", run, 1 << 20, (uint64_t)1 << 63, 0, 0}, {"x86-64", run, 64, 0, 0, 0}};
#endif

static const char *const sites[] = {"node 'other': division by zero", "node 'lookup' (Gather): index out of range"};

const IngotModel ingot_program_model = {
    sizeof(IngotModel),
    INGOT_ABI_VERSION,
    "{\"compiler\": \"ingot 0.1.0\", \"model_sha256\": \"ab\\\"cd\", \"options\": {\"level\": 3, \"targets\": [1, 2]}}",
    inputs,
    outputs,
    variants,
    (const uint8_t *)weights,
    sizeof weights,
    3,
    3,
    sizeof variants / sizeof *variants,
    .site_count = 2,
    .sites = sites,
    .api = &ingot_api};

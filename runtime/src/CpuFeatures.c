// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which code variants this CPU and its operating system can run.
#include "Internal.h"

#if defined(__x86_64__)
#include <cpuid.h>

typedef struct Registers {
  unsigned a, b, c, d;
} Registers;

static Registers cpuid(unsigned leaf, unsigned subleaf) {
  Registers r = {0, 0, 0, 0};
  if (!__get_cpuid_count(leaf, subleaf, &r.a, &r.b, &r.c, &r.d))
    return (Registers){0, 0, 0, 0};
  return r;
}

static bool has(unsigned word, unsigned bits) { return (word & bits) == bits; }

/// The register state that the operating system saves at a context switch (XCR0). Only valid when cpuid reports OSXSAVE.
static unsigned saved_state(void) {
  unsigned low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

uint64_t ingot_cpu_features(void) {
  enum { XMM_YMM = 0x06, MASK_ZMM = 0xe0 };
  const Registers base = cpuid(1, 0), leaf7 = cpuid(7, 0), leaf7_1 = leaf7.a >= 1 ? cpuid(7, 1) : (Registers){0, 0, 0, 0};
  const Registers extended = cpuid(0x80000001u, 0);
  const unsigned v3_leaf1 = 1u << 12 /* FMA */ | 1u << 22 /* MOVBE */ | 1u << 27 /* OSXSAVE */ | 1u << 28 /* AVX */ | 1u << 29 /* F16C */;
  const unsigned v3_leaf7 = 1u << 3 /* BMI1 */ | 1u << 5 /* AVX2 */ | 1u << 8 /* BMI2 */;
  const unsigned v3_extended = 1u << 5; // LZCNT
  const unsigned v4_leaf7 = 1u << 16 /* F */ | 1u << 17 /* DQ */ | 1u << 28 /* CD */ | 1u << 30 /* BW */ | 1u << 31 /* VL */;

  if (!has(base.c, v3_leaf1) || !has(leaf7.b, v3_leaf7) || !has(extended.c, v3_extended))
    return 0;
  const unsigned state = saved_state();
  if (!has(state, XMM_YMM))
    return 0;
  uint64_t features = INGOT_CPU_X86_64_V3;
  if (!has(leaf7.b, v4_leaf7) || !has(state, MASK_ZMM))
    return features;
  features |= INGOT_CPU_X86_64_V4;
  if (has(leaf7.c, 1u << 11))
    features |= INGOT_CPU_AVX512_VNNI;
  if (has(leaf7_1.a, 1u << 5))
    features |= INGOT_CPU_AVX512_BF16;
  return features;
}
#else // every code variant for AArch64 runs on all of them: NEON belongs to the architecture
uint64_t ingot_cpu_features(void) { return 0; }
#endif

const IngotVariant *ingot_first_variant(const IngotModel *model, uint64_t features) {
  for (uint32_t i = 0; i < model->variant_count; ++i)
    if ((model->variants[i].features & ~features) == 0)
      return &model->variants[i];
  return NULL;
}

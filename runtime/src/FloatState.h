// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The floating-point state that models compute with, whatever a program has set: round to nearest, denormals kept, no exception trapped.
#ifndef INGOT_RUNTIME_FLOATSTATE_H
#define INGOT_RUNTIME_FLOATSTATE_H

#include <stdint.h>

typedef uint64_t FloatState;

#if defined(__x86_64__)
enum { INGOT_DEFAULT_MXCSR = 0x1f80 };

/// Sets the default state and returns the one before, with the flags of exceptions so far.
static inline FloatState ingot_float_enter(void) {
  const uint32_t before = __builtin_ia32_stmxcsr();
  if (before != INGOT_DEFAULT_MXCSR)
    __builtin_ia32_ldmxcsr(INGOT_DEFAULT_MXCSR);
  return before;
}
static inline void ingot_float_leave(FloatState before) { __builtin_ia32_ldmxcsr((uint32_t)before); }
#elif defined(__aarch64__)
static inline FloatState ingot_float_enter(void) {
  uint64_t control, flags;
  __asm__ volatile("mrs %0, fpcr\n\tmrs %1, fpsr" : "=r"(control), "=r"(flags));
  __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)0));
  return control | flags << 32;
}
static inline void ingot_float_leave(FloatState before) {
  __asm__ volatile("msr fpcr, %0\n\tmsr fpsr, %1" : : "r"(before & 0xffffffff), "r"(before >> 32));
}
#else
static inline FloatState ingot_float_enter(void) { return 0; }
static inline void ingot_float_leave(FloatState before) { (void)before; }
#endif

#endif

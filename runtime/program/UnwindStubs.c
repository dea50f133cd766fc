// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a static glibc wants from a compiler's support library, so that `--static` needs no compiler on the machine: unwinding for thread cancellation
// and pthread_exit, and comparison of 128-bit floats for printf (on AArch64 libgcc is linked: its libc needs atomic operations of it). Compiled
// programs do none of these, so the functions stop where they would be reached. Weak, and linked only when nothing before has them.
#define STUB __attribute__((weak, visibility("hidden")))

STUB void _Unwind_Resume(void) { __builtin_trap(); }
STUB int _Unwind_ForcedUnwind(void) { __builtin_trap(); }
STUB unsigned long _Unwind_GetCFA(void) { __builtin_trap(); }
STUB int __gcc_personality_v0(void) { __builtin_trap(); }
#if defined(__x86_64__)
STUB int __unordtf2(void) { __builtin_trap(); }
STUB int __letf2(void) { __builtin_trap(); }
#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Counts the heap allocations of the whole process, those of libc itself too: the program's own `malloc` is found before libc's.
#ifndef INGOT_TEST_RUNTIME_ALLOCATIONCOUNT_H
#define INGOT_TEST_RUNTIME_ALLOCATIONCOUNT_H

#ifdef __cplusplus
extern "C" {
#endif

/// Allocations since the program's start.
long allocationCount(void);

#ifdef __cplusplus
}
#endif
#endif

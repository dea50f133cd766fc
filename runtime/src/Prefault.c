// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Pages that a run reads, made present when a session opens: the first run waits for no page fault either.
#define _GNU_SOURCE
#include "Internal.h"

#include <errno.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 // Linux 5.14
#endif

enum {
  PAGE = 4096,
  CALLERS_STACK = 16 << 10, // that a run of one thread may need of the thread that opens the session; workers touch their own
  WINDOW = 16 << 20         // on each side of the model's code and constants; a program may be larger, and is not ours to read
};

static void populate(uintptr_t begin, uintptr_t end) {
  begin = begin / PAGE * PAGE;
  if (begin >= end || madvise((void *)begin, end - begin, MADV_POPULATE_READ) == 0)
    return;
  if (errno != EINVAL && errno != ENOSYS && errno != EPERM) // not an old kernel: pages that cannot be read
    return;
  for (uintptr_t at = begin; at < end; at += PAGE)
    (void)*(volatile const uint8_t *)at;
}

/// What a run uses, as addresses in the objects that hold it.
typedef struct Used {
  uintptr_t code, constants;      // of the model; its runtime lies beside it
  uintptr_t libraries[2];         // functions of libc and libm that generated code calls; null when none of libm's is linked
  uintptr_t weights, weights_end; // asked for on their own
} Used;

static bool holds(const struct dl_phdr_info *object, uintptr_t address) {
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
    if (segment->p_type == PT_LOAD && address - object->dlpi_addr - segment->p_vaddr < segment->p_memsz)
      return true;
  }
  return false;
}

static uintptr_t larger(uintptr_t x, uintptr_t y) { return x > y ? x : y; }
static uintptr_t smaller(uintptr_t x, uintptr_t y) { return x < y ? x : y; }

/// The segments of an object that are only read.
static void populate_object(const struct dl_phdr_info *object, const Used *used) {
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
    if (segment->p_type != PT_LOAD || (segment->p_flags & (PF_R | PF_W)) != PF_R)
      continue;
    uintptr_t begin = object->dlpi_addr + segment->p_vaddr, end = begin + segment->p_filesz;
    if (used->weights < end && begin < used->weights_end) { // the weights are large; what lies beside them may not be
      populate(larger(begin, used->weights > WINDOW ? used->weights - WINDOW : 0), used->weights);
      begin = larger(begin, used->weights_end);
    }
    if (begin < end && end - begin > 2 * (uintptr_t)WINDOW) {
      const uintptr_t at = used->code - begin < end - begin ? used->code : used->constants - begin < end - begin ? used->constants : begin;
      end = smaller(end, at + WINDOW);
      begin = larger(begin, at > WINDOW ? at - WINDOW : 0);
    }
    populate(begin, end);
  }
}

static int visit(struct dl_phdr_info *object, size_t size, void *data) {
  (void)size;
  const Used *used = data;
  bool uses = holds(object, used->code) || holds(object, used->constants);
  for (size_t i = 0; i < sizeof used->libraries / sizeof *used->libraries; ++i)
    uses |= used->libraries[i] != 0 && holds(object, used->libraries[i]);
  if (uses)
    populate_object(object, used);
  return 0;
}

__attribute__((weak)) float expf(float); // null in a program without libm

__attribute__((noinline)) static void touch_stack(void) {
  char stack[CALLERS_STACK];
  __asm__ volatile("" : : "r"(stack) : "memory"); // else the compiler keeps only the bytes that are written, side by side
  for (size_t at = 0; at < sizeof stack; at += PAGE)
    *(volatile char *)&stack[at] = 0;
  *(volatile char *)&stack[sizeof stack - 1] = 0; // the array begins and ends within a page
}

void ingot_prefault(const IngotModel *model, const IngotVariant *variant, const uint8_t *weights, uint32_t flags) {
  Used used = {.code = (uintptr_t)variant->run,
               .constants = (uintptr_t)(model->manifest ? model->manifest : variant->name),
               .libraries = {(uintptr_t)memset, (uintptr_t)expf},
               .weights = (uintptr_t)weights,
               .weights_end = (uintptr_t)weights + model->weight_bytes};
  if ((flags & INGOT_LAZY_WEIGHTS) == 0)
    populate(used.weights, used.weights_end);
  dl_iterate_phdr(visit, &used);
  struct timespec now; // the kernel's page with the time, which threads that wait look at
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  touch_stack();
}

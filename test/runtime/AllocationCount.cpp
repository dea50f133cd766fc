// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "AllocationCount.h"

#include <atomic>
#include <cerrno>
#include <cstddef>

static std::atomic<long> count{0};

long allocationCount() { return count.load(); }

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
// The sanitizer owns malloc, and tells us of each call.
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*onMalloc)(const volatile void *, size_t), void (*onFree)(const volatile void *));
static const int installed =
    __sanitizer_install_malloc_and_free_hooks([](const volatile void *, size_t) { count.fetch_add(1); }, [](const volatile void *) {});
#else
// glibc's names for its own functions, so that ours can stand in front of them.
extern "C" {
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t number, size_t size);
void *__libc_realloc(void *pointer, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) {
  count.fetch_add(1);
  return __libc_malloc(size);
}
void *calloc(size_t number, size_t size) {
  count.fetch_add(1);
  return __libc_calloc(number, size);
}
void *realloc(void *pointer, size_t size) {
  count.fetch_add(1);
  return __libc_realloc(pointer, size);
}
void *memalign(size_t alignment, size_t size) {
  count.fetch_add(1);
  return __libc_memalign(alignment, size);
}
void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void **result, size_t alignment, size_t size) {
  *result = memalign(alignment, size);
  return *result ? 0 : ENOMEM;
}
}
#endif

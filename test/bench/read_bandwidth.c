// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How fast threads read memory that no cache holds: read_bandwidth THREADS prints GB/s, the best of several passes over 256 MB each. Each thread
// reads its share from front to back in half of the passes, as hardware fetches best, and as four streams that are fetched ahead in the others: which
// one is faster differs between processors, and from hour to hour on a machine that others share.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

enum { kStreams = 4, kAhead = 4096, kPasses = 16 };
static const size_t kBytes = (size_t)256 << 20;
static const uint64_t *memory;
static int threads;
static pthread_barrier_t meeting;
static uint64_t sums[256];
static double begins[256][kPasses], ends[256][kPasses];

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

typedef uint64_t Line __attribute__((vector_size(64)));

static uint64_t fold(Line all) { return all[0] | all[1] | all[2] | all[3] | all[4] | all[5] | all[6] | all[7]; }

static uint64_t readInOrder(const uint64_t *from, size_t words) {
  Line sum[2] = {0};
  for (size_t i = 0; i < words; i += 16) {
    sum[0] |= *(const Line *)(from + i);
    sum[1] |= *(const Line *)(from + i + 8);
  }
  return fold(sum[0] | sum[1]);
}

static uint64_t readStreams(const uint64_t *from, size_t words) {
  size_t part = words / kStreams;
  Line sum[kStreams] = {0};
  for (size_t i = 0; i < part; i += 8)
    for (int s = 0; s < kStreams; ++s) {
      const uint64_t *at = from + (size_t)s * part + i;
      __builtin_prefetch((const char *)at + kAhead);
      sum[s] |= *(const Line *)at;
    }
  return fold(sum[0] | sum[1] | sum[2] | sum[3]);
}

static void *work(void *argument) {
  int thread = (int)(intptr_t)argument;
  cpu_set_t own;
  CPU_ZERO(&own);
  CPU_SET(thread, &own);
  sched_setaffinity(0, sizeof own, &own);
  size_t words = kBytes / 8 / (size_t)threads / 256 * 256;
  for (int pass = 0; pass < kPasses; ++pass) {
    pthread_barrier_wait(&meeting);
    begins[thread][pass] = seconds();
    sums[thread] |= (pass % 2 ? readStreams : readInOrder)(memory + (size_t)thread * words, words);
    ends[thread][pass] = seconds();
  }
  return NULL;
}

int main(int count, char **words) {
  threads = count > 1 ? atoi(words[1]) : 1;
  if (threads < 1 || threads > 256)
    return 2;
  uint64_t *own = mmap(NULL, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (own == MAP_FAILED)
    return 1;
  madvise(own, kBytes, MADV_HUGEPAGE);
  for (size_t i = 0; i < kBytes / 8; ++i)
    own[i] = i;
  memory = own;
  pthread_barrier_init(&meeting, NULL, (unsigned)threads);
  pthread_t others[256];
  for (int thread = 1; thread < threads; ++thread)
    if (pthread_create(&others[thread], NULL, work, (void *)(intptr_t)thread) != 0)
      return 1;
  work(NULL);
  for (int thread = 1; thread < threads; ++thread)
    pthread_join(others[thread], NULL);
  double best = 0;
  for (int pass = 0; pass < kPasses; ++pass) {
    double begin = begins[0][pass], end = ends[0][pass];
    for (int thread = 1; thread < threads; ++thread) {
      begin = begins[thread][pass] < begin ? begins[thread][pass] : begin;
      end = ends[thread][pass] > end ? ends[thread][pass] : end;
    }
    double rate = (double)kBytes / (end - begin) / 1e9;
    best = rate > best ? rate : best;
  }
  printf("%.2f\n", best);
  return sums[0] == 1; // the sums are used
}

/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Measures how evenly this machine does the same work again and again: `steady THREADS MICROSECONDS RUNS` lets so many threads do multiply-adds in
 * registers for about that long, between two points at which they meet, and prints the median of the runs in microseconds and their 99th percentile
 * divided by it. No memory, no system call: what is above 1 belongs to the machine (interrupts, a hypervisor's other guests), not to a program.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MAX_THREADS = 64, MAX_RUNS = 100000, WARM = 20 };

static int threads, runs;
static int64_t steps;
static double taken[MAX_RUNS];
static _Atomic int arrived;
static _Atomic int meeting;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + 1e-3 * (double)time.tv_nsec;
}

static void meet(void) {
  int own = atomic_load(&meeting);
  if (atomic_fetch_add(&arrived, 1) == threads - 1) {
    atomic_store(&arrived, 0);
    atomic_store(&meeting, own + 1);
  } else {
    while (atomic_load(&meeting) == own)
      __builtin_ia32_pause();
  }
}

__attribute__((noinline)) static void multiply(int64_t count) {
  double sum = 0, x = 0.5, y = 1.5;
  for (int64_t step = 0; step < count; ++step) {
    sum = sum * x + y;
    __asm__ volatile("" : "+x"(sum));
  }
}

static void *work(void *argument) {
  int first = argument == NULL;
  for (int run = -WARM; run < runs; ++run) {
    meet();
    double start = first ? now() : 0;
    multiply(steps);
    meet();
    if (first && run >= 0)
      taken[run] = now() - start;
  }
  return NULL;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  threads = argc == 4 ? atoi(argv[1]) : 0;
  double microseconds = argc == 4 ? atof(argv[2]) : 0;
  runs = argc == 4 ? atoi(argv[3]) : 0;
  if (threads < 1 || threads > MAX_THREADS || !(microseconds > 0) || runs < 1 || runs > MAX_RUNS) {
    fprintf(stderr, "usage: steady THREADS MICROSECONDS RUNS (1 to %d threads, 1 to %d runs)\n", MAX_THREADS, MAX_RUNS);
    return 2;
  }
  const int64_t probe = 1000000;
  double fastest = 1e12;
  for (int i = 0; i < 5; ++i) {
    double start = now();
    multiply(probe);
    double own = now() - start;
    fastest = own < fastest ? own : fastest;
  }
  steps = (int64_t)((double)probe * microseconds / fastest) + 1;
  pthread_t others[MAX_THREADS];
  for (int i = 1; i < threads; ++i)
    if (pthread_create(&others[i], NULL, work, &others[i]) != 0) {
      fprintf(stderr, "steady: cannot start thread %d\n", i);
      return 1;
    }
  work(NULL);
  for (int i = 1; i < threads; ++i)
    pthread_join(others[i], NULL);
  qsort(taken, (size_t)runs, sizeof taken[0], compare);
  double median = taken[runs / 2];
  printf("%.3f %.4f\n", median, taken[(int64_t)runs * 99 / 100] / median);
  return 0;
}

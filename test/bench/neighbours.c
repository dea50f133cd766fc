/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Measures how far two cores are from each other: `neighbours` lets two threads, on the first two CPUs that the process may use, hand a cache line to
 * and fro, and prints the nanoseconds of one way, the slowest of three turns. 25 to 60 where the cores share a third-level cache, 100 and more where
 * they do not: a hypervisor moves a machine's CPUs between the two, and tells nobody.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

enum { TURNS = 4, ROUNDS = 20000 }; // the first turn waits for the other thread

static _Alignas(128) _Atomic int line;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* To the CPU that is `number`th in the process's mask. */
static int stay_on(const cpu_set_t *allowed, int number) {
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, allowed) && number-- == 0) {
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(cpu, &one);
      return pthread_setaffinity_np(pthread_self(), sizeof one, &one);
    }
  return -1;
}

static void *answer(void *allowed) {
  stay_on(allowed, 1);
  for (int round = 0; round < TURNS * ROUNDS; ++round) {
    while (atomic_load_explicit(&line, memory_order_acquire) != 2 * round + 1)
      ;
    atomic_store_explicit(&line, 2 * round + 2, memory_order_release);
  }
  return NULL;
}

int main(void) {
  cpu_set_t allowed;
  pthread_t other;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) < 2 || stay_on(&allowed, 0) != 0 ||
      pthread_create(&other, NULL, answer, &allowed) != 0) {
    fputs("neighbours: needs two CPUs\n", stderr);
    return 1;
  }
  double slowest = 0;
  for (int turn = 0; turn < TURNS; ++turn) {
    double start = now();
    for (int round = turn * ROUNDS; round < (turn + 1) * ROUNDS; ++round) {
      atomic_store_explicit(&line, 2 * round + 1, memory_order_release);
      while (atomic_load_explicit(&line, memory_order_acquire) != 2 * round + 2)
        ;
    }
    double way = (now() - start) / ROUNDS / 2;
    if (turn > 0 && way > slowest)
      slowest = way;
  }
  pthread_join(other, NULL);
  printf("%.0f\n", slowest);
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Measures how far two cores are from each other, on the first two CPUs that the process may use. Prints two numbers:
 *   - nanoseconds that a cache line takes from one to the other, the slowest of three turns: 25 to 60 where they share a third-level cache, 100 and
 *     more where they do not;
 *   - what multiplying in registers takes on both at once, in what it takes on one alone: 1, or up to 2 where they are threads of one core, or where
 *     one of them does not run all the time.
 * A hypervisor moves a machine's CPUs from one place to another, and tells nobody.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

enum { TURNS = 4, ROUNDS = 20000 }; // the first turn waits for the other thread
enum { CHAINS = 10, STEPS = 1000000 };

static _Alignas(128) _Atomic int line;
static volatile double first = 0.5, sink; // what the compiler must not know, and must not leave out

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

/* Enough sums side by side to keep the units busy, in nanoseconds. */
static double multiply(void) {
  double sums[CHAINS], factor = first, begin = now();
  for (int chain = 0; chain < CHAINS; ++chain)
    sums[chain] = chain;
  for (int step = 0; step < STEPS; ++step)
    for (int chain = 0; chain < CHAINS; ++chain)
      sums[chain] = sums[chain] * factor + 1.5;
  for (int chain = 0; chain < CHAINS; ++chain)
    sink = sums[chain];
  return now() - begin;
}

static void *multiply_too(void *allowed) {
  stay_on(allowed, 1);
  atomic_store(&line, -1);
  while (atomic_load(&line) == -1)
    multiply();
  return NULL;
}

/* Of both at once, in that of one alone; the better of two tries. */
static double slowdown(cpu_set_t *allowed) {
  pthread_t other;
  double alone = multiply(), again = multiply();
  alone = alone < again ? alone : again;
  if (pthread_create(&other, NULL, multiply_too, allowed) != 0)
    return 0;
  while (atomic_load(&line) != -1)
    ;
  double both = multiply();
  again = multiply();
  atomic_store(&line, 0);
  pthread_join(other, NULL);
  return (both < again ? both : again) / alone;
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
  printf("%.0f %.2f\n", slowest, slowdown(&allowed));
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Measures how many f32 floating-point operations per second this machine's cores can do: `fma_peak THREADS` prints GFLOP/s of that many threads
 * together, with the widest vectors that the CPU has. Twelve independent chains of fused multiply-adds keep every pipe busy. `fma_peak THREADS int8`
 * does the same for products of bytes (AVX-512 VNNI, GOP/s).
 */
#include <immintrin.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CHAINS = 12, MAX_THREADS = 256, ROUNDS = 5 };
static const int64_t STEPS = 4000000;

/* An empty asm statement that "changes" a register keeps the compiler from folding the chains. */
__attribute__((target("avx512f"), noinline)) static void run512(int64_t steps) {
  __m512 sum[CHAINS], x = _mm512_set1_ps(0.0f), y = _mm512_set1_ps(1.0f);
  for (int i = 0; i < CHAINS; ++i)
    sum[i] = _mm512_set1_ps((float)i);
  for (int64_t step = 0; step < steps; ++step) {
#pragma clang loop unroll(full)
    for (int i = 0; i < CHAINS; ++i) {
      sum[i] = _mm512_fmadd_ps(x, y, sum[i]);
      __asm__ volatile("" : "+v"(sum[i]));
    }
  }
}

__attribute__((target("avx512f,avx512vnni"), noinline)) static void runBytes(int64_t steps) {
  __m512i sum[CHAINS], x = _mm512_set1_epi8(0), y = _mm512_set1_epi8(1);
  for (int i = 0; i < CHAINS; ++i)
    sum[i] = _mm512_set1_epi32(i);
  for (int64_t step = 0; step < steps; ++step) {
#pragma clang loop unroll(full)
    for (int i = 0; i < CHAINS; ++i) {
      sum[i] = _mm512_dpbusd_epi32(sum[i], x, y);
      __asm__ volatile("" : "+v"(sum[i]));
    }
  }
}

__attribute__((target("avx2,fma"), noinline)) static void run256(int64_t steps) {
  __m256 sum[CHAINS], x = _mm256_set1_ps(0.0f), y = _mm256_set1_ps(1.0f);
  for (int i = 0; i < CHAINS; ++i)
    sum[i] = _mm256_set1_ps((float)i);
  for (int64_t step = 0; step < steps; ++step) {
#pragma clang loop unroll(full)
    for (int i = 0; i < CHAINS; ++i) {
      sum[i] = _mm256_fmadd_ps(x, y, sum[i]);
      __asm__ volatile("" : "+x"(sum[i]));
    }
  }
}

static int wide, bytes;
static pthread_barrier_t barrier;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* The workers read the clock themselves: a waiting main thread would be scheduled late where every core is busy. */
typedef struct Worker {
  pthread_t thread;
  double start[ROUNDS], end[ROUNDS];
} Worker;

static void *work(void *argument) {
  Worker *worker = argument;
  for (int round = 0; round < ROUNDS; ++round) {
    pthread_barrier_wait(&barrier);
    worker->start[round] = now();
    if (bytes)
      runBytes(STEPS);
    else if (wide)
      run512(STEPS);
    else
      run256(STEPS);
    worker->end[round] = now();
  }
  return NULL;
}

int main(int argc, char **argv) {
  int threads = argc > 1 ? atoi(argv[1]) : 1;
  if (threads < 1 || threads > MAX_THREADS) {
    fprintf(stderr, "usage: fma_peak THREADS [int8] (1 to %d threads)\n", MAX_THREADS);
    return 2;
  }
  bytes = argc > 2;
  if (bytes && !__builtin_cpu_supports("avx512vnni")) {
    fprintf(stderr, "fma_peak: this CPU has no AVX-512 VNNI\n");
    return 3;
  }
  wide = __builtin_cpu_supports("avx512f");
  if (!wide && !__builtin_cpu_supports("fma")) {
    fprintf(stderr, "fma_peak: this CPU has neither AVX-512 nor FMA\n");
    return 3;
  }
  static Worker workers[MAX_THREADS];
  pthread_barrier_init(&barrier, NULL, (unsigned)threads);
  for (int i = 0; i < threads; ++i)
    if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
      fprintf(stderr, "fma_peak: cannot start thread %d\n", i);
      return 1;
    }
  for (int i = 0; i < threads; ++i)
    pthread_join(workers[i].thread, NULL);
  double best = 0;
  for (int round = 0; round < ROUNDS; ++round) {
    double start = workers[0].start[round], end = workers[0].end[round];
    for (int i = 1; i < threads; ++i) {
      start = workers[i].start[round] < start ? workers[i].start[round] : start;
      end = workers[i].end[round] > end ? workers[i].end[round] : end;
    }
    double rate = (double)threads * CHAINS * (bytes ? 64 : wide ? 16 : 8) * 2 * (double)STEPS / (end - start) / 1e9;
    best = rate > best ? rate : best;
  }
  printf("%.2f\n", best);
  return 0;
}

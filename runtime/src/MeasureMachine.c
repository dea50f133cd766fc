// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the machine can do at most, for shares of it: multiply-adds of f32 with the widest vectors that the CPU has (and of pairs of bf16 and groups
// of bytes, where a model has such), and reading memory of three sizes. All threads of the team measure at the same time, as they share clocks,
// caches and memory in a run. Each takes its best round: what else the machine does only makes rounds longer.
#define _GNU_SOURCE
#include "Profiler.h"

#include <string.h>
#include <sys/mman.h>

enum {
  ROUNDS = 10,
  STEPS = 5000,                // of multiply-adds in a round: some 20 us
  ROUND_BYTES = 2 << 20,       // that a round reads, at least
  L2_BYTES = 256 << 10,        // of each thread: in the L2 of every CPU of today
  L3_BYTES = 2 << 20,          // in no L2, but in the L3
  MEMORY_BYTES = 64 << 20,     // of all threads: in no cache
  LEAST_MEMORY_BYTES = 8 << 20 // of each
};

#pragma STDC FP_CONTRACT ON

// NOLINTBEGIN(bugprone-macro-parentheses): an attribute takes none
/// Defines the two loops for vectors of `lanes` floats. `chains` independent sums hide the latency of multiply-adds; the empty asm statements make
/// the compiler believe that somebody changes, or reads, a register.
#define DEFINE_LOOPS(name, lanes, chains, constraint, target)                                                                                        \
  typedef float Vector##name __attribute__((vector_size(4 * (lanes))));                                                                              \
  target __attribute__((noinline)) static double multiply##name(void) {                                                                              \
    Vector##name sum[chains] = {{0}}, x = {0}, y = {0};                                                                                              \
    for (int step = 0; step < STEPS; ++step)                                                                                                         \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < (chains); ++i) {                                                                        \
        sum[i] = x * y + sum[i];                                                                                                                     \
        __asm__ volatile("" : "+" constraint(sum[i]));                                                                                               \
      }                                                                                                                                              \
    return 2.0 * (lanes) * (chains) * STEPS;                                                                                                         \
  }                                                                                                                                                  \
  target __attribute__((noinline)) static void read##name(const uint8_t *memory, size_t bytes) {                                                     \
    for (size_t at = 0; at < bytes; at += 8 * sizeof(Vector##name))                                                                                  \
      _Pragma("clang loop unroll(full)") for (size_t i = 0; i < 8; ++i) {                                                                            \
        const Vector##name value = *(const Vector##name *)(memory + at + i * sizeof(Vector##name));                                                  \
        __asm__ volatile("" : : constraint(value));                                                                                                  \
      }                                                                                                                                              \
  }
// NOLINTEND(bugprone-macro-parentheses)

typedef struct Loops {
  double (*multiply[INGOT_ARITHMETICS])(void); ///< Returns the flops; null: there are no instructions for it.
  void (*read)(const uint8_t *, size_t);
} Loops;

#if defined(__x86_64__)
DEFINE_LOOPS(512, 16, 16, "v", __attribute__((target("avx512f"))))
DEFINE_LOOPS(256, 8, 12, "x", __attribute__((target("avx2,fma"))))
DEFINE_LOOPS(128, 4, 12, "x", )

typedef __bf16 Pairs __attribute__((vector_size(64)));

__attribute__((target("avx512f,avx512bf16"), noinline)) static double multiply_bf16(void) {
  enum { CHAINS = 16, FLOPS = 4 * 16 };
  Vector512 sum[CHAINS] = {{0}};
  Pairs x = {0}, y = {0};
  for (int step = 0; step < STEPS; ++step)
    _Pragma("clang loop unroll(full)") for (int i = 0; i < CHAINS; ++i) {
      sum[i] = (Vector512)__builtin_ia32_dpbf16ps_512(sum[i], x, y);
      __asm__ volatile("" : "+v"(sum[i]));
    }
  return (double)FLOPS * CHAINS * STEPS;
}

typedef int Integers __attribute__((vector_size(64)));

__attribute__((target("avx512f,avx512vnni"), noinline)) static double multiply_int8(void) {
  enum { CHAINS = 16, OPERATIONS = 8 * 16 };
  Integers sum[CHAINS] = {{0}}, x = {0}, y = {0};
  for (int step = 0; step < STEPS; ++step)
    _Pragma("clang loop unroll(full)") for (int i = 0; i < CHAINS; ++i) __asm__ volatile("vpdpbusd %2, %1, %0" : "+v"(sum[i]) : "v"(x), "v"(y));
  return (double)OPERATIONS * CHAINS * STEPS;
}

static Loops widest_loops(void) {
  const uint64_t features = ingot_cpu_features();
  if (features & INGOT_CPU_X86_64_V4)
    return (Loops){{multiply512, features & INGOT_CPU_AVX512_BF16 ? multiply_bf16 : NULL, features & INGOT_CPU_AVX512_VNNI ? multiply_int8 : NULL},
                   read512};
  return features & INGOT_CPU_X86_64_V3 ? (Loops){{multiply256}, read256} : (Loops){{multiply128}, read128};
}
#elif defined(__aarch64__)
DEFINE_LOOPS(128, 4, 20, "w", )
static Loops widest_loops(void) { return (Loops){{multiply128}, read128}; }
#else
DEFINE_LOOPS(128, 4, 8, "g", )
static Loops widest_loops(void) { return (Loops){{multiply128}, read128}; }
#endif

static size_t bytes_at(int level, uint32_t threads) {
  const size_t share = MEMORY_BYTES / threads / L2_BYTES * L2_BYTES;
  return level == INGOT_LEVEL_L2 ? L2_BYTES : level == INGOT_LEVEL_L3 ? L3_BYTES : share < LEAST_MEMORY_BYTES ? LEAST_MEMORY_BYTES : share;
}

static double best(double before, double amount, int64_t nanoseconds) {
  const double rate = amount * 1e9 / (double)(nanoseconds > 0 ? nanoseconds : 1);
  return rate > before ? rate : before;
}

/// One thread's part.
static void measure(IngotCall *call, int64_t thread, int64_t threads) {
  IngotProfiler *profiler = call->profiler;
  Recorder *recorder = &profiler->recorders[thread];
  const Loops loops = widest_loops();
  for (uint32_t kind = 0; kind < INGOT_ARITHMETICS; ++kind) {
    if (!loops.multiply[kind] || (kind != INGOT_ARITHMETIC_F32 && !ingot_model_computes(profiler->model, kind)))
      continue;
    for (int round = 0; round < ROUNDS; ++round) {
      const int64_t begin = ingot_clock();
      const double flops = loops.multiply[kind]();
      recorder->flops[kind] = best(recorder->flops[kind], flops, ingot_clock() - begin);
    }
  }
  if (!profiler->buffer)
    return;
  const size_t whole = bytes_at(INGOT_LEVEL_MEMORY, (uint32_t)threads);
  uint8_t *memory = profiler->buffer + (size_t)thread * whole;
  memset(memory, 1, whole); // pages that nobody has written are all the same one
  for (int level = INGOT_LEVELS - 1; level >= 0; --level) {
    const size_t bytes = bytes_at(level, (uint32_t)threads), passes = (ROUND_BYTES + bytes - 1) / bytes;
    for (int round = 0; round < (level == INGOT_LEVEL_MEMORY ? 2 : ROUNDS); ++round) {
      const int64_t begin = ingot_clock();
      for (size_t pass = 0; pass < passes; ++pass)
        loops.read(memory, bytes);
      recorder->bytes[level] = best(recorder->bytes[level], (double)(bytes * passes), ingot_clock() - begin);
    }
  }
}

IngotStatus ingot_measure_machine(IngotProfiler *profiler, IngotTeam *team) {
  if (profiler->is_measured)
    return INGOT_OK;
  const size_t bytes = profiler->threads * bytes_at(INGOT_LEVEL_MEMORY, profiler->threads);
  void *buffer = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  profiler->buffer = buffer == MAP_FAILED ? NULL : buffer;
  if (profiler->buffer)
    madvise(buffer, bytes, MADV_HUGEPAGE);
  profiler->run = measure;
  const IngotStatus status = ingot_team_run(team);
  profiler->run = profiler->model_run;
  if (profiler->buffer)
    munmap(buffer, bytes);
  profiler->buffer = NULL;
  profiler->is_measured = status == INGOT_OK;
  return status;
}

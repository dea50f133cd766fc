// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The threads that run a model together. A run is an epoch: the caller counts `epoch` up, which costs one locked instruction, and workers that spin
// on it start at once. A worker that finds no new epoch for a while sleeps in the kernel, so a program that is not running its model uses no CPU.
#define _GNU_SOURCE
#include "FloatState.h"
#include "Shares.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
  LINE = 64,
  CPU_SETS = 8,                   // 8192 cores: one cpu_set_t is too small for the largest machines
  SPIN_NANOSECONDS = 30 * 1000,   // a worker between two runs: longer than a caller needs to come back with the next input
  YIELD_NANOSECONDS = 150 * 1000, // then it offers the core to others, until it sleeps
  BARRIER_SPINS = 1024,           // about 30 us before a waiting thread looks whether it shares its core
  PATIENCE_NANOSECONDS = 1000000, // then it goes on: whoever takes an offered core, however unimportant, keeps it for milliseconds
  CROWDED_SPINS = 32,             // with more threads than cores it has no patience: the thread it waits for may need this core
  CLOCK_SPINS = 32,               // of one look at the clock
  NAP_NANOSECONDS = 300 * 1000,   // offers its core for that long, and then sleeps
  TOUCHED_STACK = 64 << 10,       // what a worker makes present of its stack before the first run; kernels need less
  PAGE = 4096
};

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

typedef struct Worker {
  IngotTeam *team;
  pthread_t handle;
  uint32_t number;
  uint32_t seen;   // the last epoch when it was started
  _Atomic int cpu; // where it began its last run, -1 before the first
} Worker;

struct IngotTeam {
  // Read by all while they wait, written once per run.
  _Alignas(LINE) _Atomic uint32_t epoch;
  _Atomic bool stopping;
  // Constant after opening.
  _Alignas(LINE) IngotRunFunction run;
  IngotCall *call;
  IngotPool pool;               // `run` is null when the workers are our own
  const uint32_t *workers_live; // 0 in the child of a fork, where they are not; null when that cannot be known
  uint32_t threads;
  uint32_t barrier_spins;
  int64_t patience_nanoseconds;
  int64_t spin_nanoseconds;
  bool crowded; // more threads than cores, or not our own
  bool alone;   // the run is the caller's; constant during a run
  // Written when a thread has moved.
  _Alignas(LINE) _Atomic int caller_cpu;
  // Each of these has its own cache line: they are written by different threads at different times.
  _Alignas(LINE) _Atomic uint32_t sleepers;
  _Alignas(LINE) _Atomic uint32_t nappers; // inside of a run
  _Alignas(LINE) _Atomic uint32_t finished;
  _Alignas(LINE) _Atomic uint32_t arrived;
  _Alignas(LINE) _Atomic uint32_t phase;
  int32_t stop; // what the barrier tells all threads; written before `phase`
  _Alignas(LINE) _Atomic uint32_t cancelled;
  _Alignas(LINE) Worker workers[];
};

static inline void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb");
#endif
}

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void futex_wait(const _Atomic uint32_t *word, uint32_t value) { syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0); }
static void futex_wake_all(const _Atomic uint32_t *word) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0); }

uint32_t ingot_usable_cores(void) {
  cpu_set_t sets[CPU_SETS];
  memset(sets, 0, sizeof sets);
  if (sched_getaffinity(0, sizeof sets, sets) != 0)
    return 1;
  const int count = CPU_COUNT_S(sizeof sets, sets);
  return count > 0 ? (uint32_t)count : 1;
}

static void note_cpu(_Atomic int *noted) {
  const int cpu = sched_getcpu();
  if (atomic_load_explicit(noted, memory_order_relaxed) != cpu)
    atomic_store_explicit(noted, cpu, memory_order_relaxed);
}

/// Moves a thread to one core, and then lets it go wherever it might before.
static void move_thread(pthread_t thread, int cpu) {
  cpu_set_t allowed[CPU_SETS], target[CPU_SETS];
  if (pthread_getaffinity_np(thread, sizeof allowed, allowed) != 0 || !CPU_ISSET_S(cpu, sizeof allowed, allowed))
    return;
  memset(target, 0, sizeof target);
  CPU_SET_S(cpu, sizeof target, target);
  if (pthread_setaffinity_np(thread, sizeof target, target) == 0)
    (void)!pthread_setaffinity_np(thread, sizeof allowed, allowed);
}

/// The `skip`-th core after `first`, going round, that this process may use and that is not in `used`; -1 when there is none.
static int next_core(int first, uint32_t skip, const cpu_set_t *used) {
  cpu_set_t allowed[CPU_SETS];
  memset(allowed, 0, sizeof allowed);
  if (sched_getaffinity(0, sizeof allowed, allowed) != 0)
    return -1;
  for (int i = 1; i <= CPU_SETS * CPU_SETSIZE; ++i) {
    const int cpu = (first + i) % (CPU_SETS * CPU_SETSIZE);
    if (CPU_ISSET_S(cpu, sizeof allowed, allowed) && !CPU_ISSET_S(cpu, CPU_SETS * sizeof(cpu_set_t), used) && skip-- == 0)
      return cpu;
  }
  return -1;
}

/// Some schedulers leave two busy threads on one core for tens of milliseconds while another core is idle, and then a team is slower than one thread.
/// A thread that waits too long looks whether it shares its core with another of the team, and moves a worker away.
static void leave_shared_core(IngotTeam *team) {
  const pthread_t self = pthread_self();
  const int here = sched_getcpu();
  cpu_set_t used[CPU_SETS];
  memset(used, 0, sizeof used);
  CPU_SET_S(here, sizeof used, used);
  Worker *me = NULL, *other = NULL;
  bool shared = false;
  for (uint32_t i = 0; i < team->threads - 1; ++i) {
    Worker *worker = &team->workers[i];
    const int cpu = atomic_load_explicit(&worker->cpu, memory_order_relaxed);
    if (pthread_equal(worker->handle, self)) {
      me = worker;
    } else if (cpu == here) {
      other = worker;
      shared = true;
    } else if (cpu >= 0) {
      CPU_SET_S(cpu, sizeof used, used);
    }
  }
  if (me) {
    const int caller = atomic_load_explicit(&team->caller_cpu, memory_order_relaxed);
    shared |= caller == here;
    CPU_SET_S(caller, sizeof used, used);
  }
  const int target = shared ? next_core(here, 0, used) : -1;
  Worker *moved = me ? me : other; // never the caller: that thread is not ours
  if (target < 0)
    return;
  move_thread(moved->handle, target);
  atomic_store_explicit(&moved->cpu, target, memory_order_relaxed);
}

/// Waits inside a run, where the others are at work. When it takes long, another process has the core of one of them: a thread that sleeps leaves its
/// own core to it.
static void wait_while_equal(IngotTeam *team, _Atomic uint32_t *word, uint32_t value) {
  int64_t begin = 0;
  for (uint32_t spin = 0; atomic_load_explicit(word, memory_order_acquire) == value; ++spin) {
    if (spin < team->barrier_spins || spin % CLOCK_SPINS != 0) {
      relax();
      continue;
    }
    if (spin == team->barrier_spins) {
      begin = now();
      if (!team->crowded)
        leave_shared_core(team);
    }
    const int64_t waited = now() - begin - team->patience_nanoseconds;
    if (waited < 0) {
      relax();
    } else if (waited < NAP_NANOSECONDS) {
      sched_yield();
    } else {
      // As in await_epoch: whoever writes the word looks for nappers afterwards.
      atomic_fetch_add(&team->nappers, 1);
      while (atomic_load(word) == value)
        futex_wait(word, value);
      atomic_fetch_sub(&team->nappers, 1);
    }
  }
}

/// After `word` was written, sequentially consistent.
static void wake_nappers(IngotTeam *team, const _Atomic uint32_t *word) {
  if (atomic_load(&team->nappers) != 0)
    futex_wake_all(word);
}

/// Waits between runs until `epoch` is not `seen`.
static void await_epoch(IngotTeam *team, uint32_t seen) {
  const int64_t begin = now();
  for (int64_t waited = 0; waited < YIELD_NANOSECONDS; waited = now() - begin) {
    const bool spinning = waited < team->spin_nanoseconds;
    for (int i = 0; i < (spinning ? 32 : 1); ++i) {
      if (atomic_load_explicit(&team->epoch, memory_order_acquire) != seen)
        return;
      if (spinning)
        relax();
      else
        sched_yield();
    }
  }
  // The caller first counts the epoch and then looks for sleepers, we do it the other way round, both sequentially consistent: one sees the other.
  atomic_fetch_add(&team->sleepers, 1);
  while (atomic_load(&team->epoch) == seen)
    futex_wait(&team->epoch, seen);
  atomic_fetch_sub(&team->sleepers, 1);
}

static void publish_epoch(IngotTeam *team) {
  atomic_fetch_add(&team->epoch, 1);
  if (atomic_load(&team->sleepers) != 0)
    futex_wake_all(&team->epoch);
}

/// Stack pages come when they are first touched: now, not in a run.
__attribute__((noinline)) static void touch_stack(void) {
  char stack[TOUCHED_STACK];
  __asm__ volatile("" : : "r"(stack) : "memory"); // else the compiler keeps only the bytes that are written, side by side
  for (size_t at = 0; at < sizeof stack; at += PAGE)
    *(volatile char *)&stack[at] = 0;
  *(volatile char *)&stack[sizeof stack - 1] = 0; // the array begins and ends within a page
}

static void *work(void *argument) {
  Worker *worker = argument;
  IngotTeam *team = worker->team;
  if (!team->crowded) { // begin on a core of its own
    const cpu_set_t none[CPU_SETS] = {0};
    const int cpu = next_core(atomic_load_explicit(&team->caller_cpu, memory_order_relaxed), worker->number - 1, none);
    if (cpu >= 0)
      move_thread(pthread_self(), cpu);
  }
  touch_stack();
  ingot_float_enter();
  atomic_fetch_add_explicit(&team->finished, 1, memory_order_release);
  for (uint32_t seen = worker->seen;; ++seen) {
    await_epoch(team, seen);
    if (atomic_load_explicit(&team->stopping, memory_order_relaxed))
      return NULL;
    note_cpu(&worker->cpu);
    team->run(team->call, worker->number, team->threads);
    atomic_fetch_add(&team->finished, 1);
    wake_nappers(team, &team->finished);
  }
}

static bool workers_live(const IngotTeam *team) { return !team->workers_live || *(volatile const uint32_t *)team->workers_live != 0; }

static void stop(IngotTeam *team, uint32_t started) {
  atomic_store(&team->stopping, true);
  publish_epoch(team);
  for (uint32_t i = 0; i < started; ++i)
    pthread_join(team->workers[i].handle, NULL);
}

static IngotStatus start_worker(Worker *worker) {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0)
    return INGOT_THREAD_FAILURE;
  (void)pthread_attr_setstacksize(&attributes, INGOT_WORKER_STACK);
  const int error = pthread_create(&worker->handle, &attributes, work, worker);
  pthread_attr_destroy(&attributes);
  return error == 0 ? INGOT_OK : INGOT_THREAD_FAILURE;
}

/// The offers lie behind the workers.
static size_t offers_at(uint32_t threads) {
  const size_t size = sizeof(IngotTeam) + (size_t)(threads - 1) * sizeof(Worker);
  return (size + LINE - 1) / LINE * LINE;
}

/// Starts all workers and waits until they are ready to wait for the next epoch.
static IngotStatus start_workers(IngotTeam *team) {
  // Workers inherit the mask of the thread that starts them: the program's signals stay with the program's threads from the first moment.
  sigset_t all, before;
  sigfillset(&all);
  if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
    return INGOT_THREAD_FAILURE;
  atomic_store(&team->finished, 0);
  atomic_store(&team->sleepers, 0);
  memset((uint8_t *)team + offers_at(team->threads), 0, team->threads * sizeof(IngotOffer)); // a fork may have come in the middle of a run
  uint32_t started = 0;
  for (; started < team->threads - 1; ++started) {
    Worker *worker = &team->workers[started];
    worker->team = team;
    worker->number = started + 1;
    worker->seen = atomic_load(&team->epoch);
    atomic_store(&worker->cpu, -1);
    if (start_worker(worker) != INGOT_OK)
      break;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (started < team->threads - 1) {
    stop(team, started);
    atomic_store(&team->stopping, false);
    return INGOT_THREAD_FAILURE;
  }
  while (atomic_load_explicit(&team->finished, memory_order_acquire) != started)
    sched_yield();
  return INGOT_OK;
}

/// A page that the kernel empties in the child of a fork.
static uint32_t *map_fork_mark(void) {
  void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED)
    return NULL;
  if (madvise(page, PAGE, MADV_WIPEONFORK) != 0) {
    munmap(page, PAGE);
    return NULL;
  }
  *(uint32_t *)page = 1;
  return page;
}

static void unmap_fork_mark(IngotTeam *team) {
  if (team->workers_live)
    munmap((void *)(uintptr_t)team->workers_live, PAGE);
}

size_t ingot_team_bytes(uint32_t threads) { return offers_at(threads) + threads * sizeof(IngotOffer); }

IngotOffer *ingot_team_offers(IngotTeam *team, uint32_t *threads) {
  if (!team || team->threads == 1 || team->alone)
    return NULL;
  *threads = team->threads;
  return (IngotOffer *)((uint8_t *)team + offers_at(team->threads));
}

IngotStatus ingot_team_open(const TeamSetup *setup, void *memory, IngotTeam **result) {
  *result = NULL;
  IngotTeam *team = memory;
  memset(team, 0, ingot_team_bytes(setup->threads));
  const bool crowded = setup->pool || setup->threads > ingot_usable_cores();
  team->crowded = crowded;
  atomic_store(&team->caller_cpu, sched_getcpu());
  team->run = setup->run;
  team->call = setup->call;
  team->threads = setup->threads;
  if (setup->pool)
    team->pool = *setup->pool;
  const bool enough = setup->threads <= ingot_usable_cores();
  team->barrier_spins = enough ? BARRIER_SPINS : CROWDED_SPINS;
  team->patience_nanoseconds = enough ? PATIENCE_NANOSECONDS : 0;
  team->spin_nanoseconds = crowded ? 0 : SPIN_NANOSECONDS;
  if (!setup->pool && setup->threads > 1) {
    team->workers_live = map_fork_mark();
    const IngotStatus status = start_workers(team);
    if (status != INGOT_OK) {
      unmap_fork_mark(team);
      return status;
    }
  }
  *result = team;
  return INGOT_OK;
}

static void run_in_pool(void *argument, uint32_t thread) {
  IngotTeam *team = argument;
  const FloatState before = ingot_float_enter();
  team->run(team->call, thread, team->threads);
  ingot_float_leave(before);
}

/// In the child of a fork the workers start again, as when the team was opened.
static IngotStatus revive(IngotTeam *team) {
  const IngotStatus status = start_workers(team);
  if (status == INGOT_OK)
    *(uint32_t *)(uintptr_t)team->workers_live = 1;
  return status;
}

void ingot_team_run_alone(IngotTeam *team) {
  team->alone = true;
  team->run(team->call, 0, 1);
  team->alone = false;
}

IngotStatus ingot_team_run(IngotTeam *team) {
  if (team->threads == 1) {
    team->run(team->call, 0, 1);
    return INGOT_OK;
  }
  if (team->pool.run) {
    team->pool.run(team->pool.user, run_in_pool, team);
    return INGOT_OK;
  }
  if (!workers_live(team)) {
    const IngotStatus status = revive(team);
    if (status != INGOT_OK)
      return status;
  }
  atomic_store_explicit(&team->finished, 0, memory_order_relaxed); // published with the epoch
  publish_epoch(team);
  note_cpu(&team->caller_cpu);
  team->run(team->call, 0, team->threads);
  for (uint32_t finished; (finished = atomic_load_explicit(&team->finished, memory_order_acquire)) != team->threads - 1;)
    wait_while_equal(team, &team->finished, finished);
  return INGOT_OK;
}

int32_t ingot_team_barrier(IngotTeam *team) {
  if (!team)
    return 0;
  if (team->threads == 1 || team->alone)
    return atomic_load_explicit(&team->cancelled, memory_order_relaxed) != 0;
  // The phase cannot advance before this thread has arrived, so a relaxed read is the current value.
  const uint32_t phase = atomic_load_explicit(&team->phase, memory_order_relaxed);
  if (atomic_fetch_add_explicit(&team->arrived, 1, memory_order_acq_rel) + 1 == team->threads) {
    // One thread decides for all: they stop at the same barrier or not at all.
    team->stop = atomic_load_explicit(&team->cancelled, memory_order_relaxed) != 0;
    atomic_store_explicit(&team->arrived, 0, memory_order_relaxed);
    atomic_store(&team->phase, phase + 1);
    wake_nappers(team, &team->phase);
  } else {
    wait_while_equal(team, &team->phase, phase);
  }
  return team->stop; // the next barrier cannot write it before this thread is there
}

bool ingot_team_has_own_cores(const IngotTeam *team) { return team->threads > 1 && !team->crowded; }

void ingot_team_cancel(IngotTeam *team) { atomic_store_explicit(&team->cancelled, 1, memory_order_relaxed); }

bool ingot_team_take_cancel(IngotTeam *team) {
  return atomic_load_explicit(&team->cancelled, memory_order_relaxed) != 0 && atomic_exchange(&team->cancelled, 0) != 0;
}

uint32_t ingot_team_sleepers(IngotTeam *team) { return atomic_load(&team->sleepers); }

void ingot_team_close(IngotTeam *team) {
  if (!team)
    return;
  if (!team->pool.run && workers_live(team))
    stop(team, team->threads - 1);
  unmap_fork_mark(team);
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The thread team: every epoch reaches every thread once, barriers separate phases, workers sleep between runs, and more threads than cores still
// finish.
#include "runtime/src/Internal.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>
#include <vector>

std::atomic<int64_t> yields{0};

/// Stands before libc's, so that tests can count.
extern "C" int sched_yield() noexcept {
  ++yields;
  return static_cast<int>(syscall(SYS_sched_yield));
}

namespace {

using Clock = std::chrono::steady_clock;

/// A call whose `arena` is the test's own state.
template <typename State> struct TeamOf {
  IngotCall call{};
  IngotTeam *team = nullptr;
  void *memory;
  TeamOf(uint32_t threads, State &state, IngotRunFunction run) : memory(std::aligned_alloc(INGOT_ALIGNMENT, ingot_team_bytes(threads))) {
    call.arena = reinterpret_cast<uint8_t *>(&state);
    const TeamSetup setup = {threads, run, &call, nullptr};
    EXPECT_EQ(ingot_team_open(&setup, memory, &team), INGOT_OK);
    call.team = team;
  }
  ~TeamOf() {
    ingot_team_close(team);
    std::free(memory);
  }
};

template <typename State> State &stateOf(IngotCall *call) { return *reinterpret_cast<State *>(call->arena); }

void waitUntilParked(IngotTeam *team, uint32_t sleepers) {
  const auto deadline = Clock::now() + std::chrono::seconds(20);
  while (ingot_team_sleepers(team) != sleepers && Clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ASSERT_EQ(ingot_team_sleepers(team), sleepers) << "workers still use a core after the run";
}

class TeamTest : public testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Threads, TeamTest, testing::Range(1u, 8u));

struct Counters {
  int64_t perThread[8] = {}; // not atomic: a thread that runs twice in an epoch, or an epoch that ends early, is a lost update
  int64_t threadsSeen = 0;
};

void countRun(IngotCall *call, int64_t thread, int64_t threads) {
  auto &state = stateOf<Counters>(call);
  ++state.perThread[thread];
  if (thread == 0)
    state.threadsSeen = threads;
}

TEST_P(TeamTest, EveryEpochReachesEveryThreadOnce) {
  Counters counters;
  TeamOf<Counters> team(GetParam(), counters, countRun);
  for (int64_t epoch = 1; epoch <= 3000; ++epoch) {
    ingot_team_run(team.team);
    for (uint32_t thread = 0; thread < GetParam(); ++thread)
      ASSERT_EQ(counters.perThread[thread], epoch) << "thread " << thread;
  }
  EXPECT_EQ(counters.threadsSeen, GetParam());
}

/// Three phases, each reading what other threads wrote in the one before: prefix of a chain x -> 2x + 1 rotated over the parts.
struct Phases {
  static constexpr int64_t size = 1000;
  std::vector<int64_t> a = std::vector<int64_t>(size), b = std::vector<int64_t>(size);
};

void rotateRun(IngotCall *call, int64_t thread, int64_t threads) {
  auto &state = stateOf<Phases>(call);
  const int64_t begin = Phases::size * thread / threads, end = Phases::size * (thread + 1) / threads;
  std::vector<int64_t> *from = &state.a, *to = &state.b;
  for (int64_t i = begin; i < end; ++i)
    (*from)[i] = i;
  for (int phase = 0; phase < 6; ++phase) {
    if (threads > 1)
      ingot_team_barrier(call->team);
    for (int64_t i = begin; i < end; ++i)
      (*to)[i] = 2 * (*from)[(i + 333) % Phases::size] + 1;
    std::swap(from, to);
  }
}

TEST_P(TeamTest, BarrierSeparatesPhases) {
  Phases phases;
  TeamOf<Phases> team(GetParam(), phases, rotateRun);
  for (int epoch = 0; epoch < 300; ++epoch) {
    ingot_team_run(team.team);
    for (int64_t i = 0; i < Phases::size; ++i)
      ASSERT_EQ(phases.a[i], 64 * ((i + 6 * 333) % Phases::size) + 63) << "element " << i << " of epoch " << epoch;
  }
}

struct BarrierCount {
  std::atomic<int64_t> arrived{0};
  std::atomic<int64_t> wrong{0};
};

void manyBarriers(IngotCall *call, int64_t, int64_t threads) {
  auto &state = stateOf<BarrierCount>(call);
  for (int64_t round = 1; round <= 400; ++round) {
    state.arrived.fetch_add(1, std::memory_order_relaxed);
    ingot_team_barrier(call->team);
    if (state.arrived.load(std::memory_order_relaxed) != round * threads)
      state.wrong.fetch_add(1);
    ingot_team_barrier(call->team);
  }
}

TEST_P(TeamTest, NobodyLeavesABarrierBeforeAllArrived) {
  BarrierCount count;
  TeamOf<BarrierCount> team(GetParam(), count, manyBarriers);
  ingot_team_run(team.team);
  EXPECT_EQ(count.arrived.load(), 400 * GetParam());
  EXPECT_EQ(count.wrong.load(), 0);
}

TEST_P(TeamTest, WorkersSleepBetweenRunsAndWake) {
  Counters counters;
  TeamOf<Counters> team(GetParam(), counters, countRun);
  for (int64_t epoch = 1; epoch <= 20; ++epoch) {
    waitUntilParked(team.team, GetParam() - 1);
    if (HasFatalFailure())
      return;
    ingot_team_run(team.team);
    for (uint32_t thread = 0; thread < GetParam(); ++thread)
      ASSERT_EQ(counters.perThread[thread], epoch) << "thread " << thread;
  }
}

TEST(TeamLifeTest, OpensAndClosesWithoutARun) {
  for (int i = 0; i < 50; ++i) {
    Counters counters;
    TeamOf<Counters> team(1 + i % 5, counters, countRun);
  }
}

TEST(TeamLifeTest, ParkedWorkersUseNoProcessorTime) {
  Counters counters;
  TeamOf<Counters> team(3, counters, countRun);
  ingot_team_run(team.team);
  waitUntilParked(team.team, 2);
  timespec before, after;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
  const double used = (after.tv_sec - before.tv_sec) * 1e3 + (after.tv_nsec - before.tv_nsec) * 1e-6;
  EXPECT_LT(used, 20) << "milliseconds of CPU in 200 ms";
}

void readMask(IngotCall *call, int64_t thread, int64_t) {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  stateOf<Counters>(call).perThread[thread] = sigismember(&mask, SIGINT) * 2 + sigismember(&mask, SIGUSR1);
}

TEST(TeamLifeTest, WorkersTakeNoSignals) {
  Counters counters;
  TeamOf<Counters> team(2, counters, readMask);
  ingot_team_run(team.team);
  EXPECT_EQ(counters.perThread[0], 0) << "the caller's mask must stay as it was";
  EXPECT_EQ(counters.perThread[1], 3);
}

struct Cores {
  int cpu[2] = {-1, -1};
  pthread_t worker = {};
};

void noteCores(IngotCall *call, int64_t thread, int64_t) {
  auto &state = stateOf<Cores>(call);
  state.cpu[thread] = sched_getcpu();
  if (thread == 1)
    state.worker = pthread_self();
  ingot_team_barrier(call->team);
}

/// A scheduler may put both threads on one core: here the test does it, then lets both free again. The team must notice within a few runs, long
/// before a scheduler's own balancing. The other load of a machine may spoil some attempts.
TEST(TeamLifeTest, ThreadsLeaveASharedCore) {
  ASSERT_GE(ingot_usable_cores(), 2u) << "needs two cores";
  Cores cores;
  TeamOf<Cores> team(2, cores, noteCores);
  cpu_set_t all, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
  int separated = 0;
  for (int attempt = 0; attempt < 30; ++attempt) {
    ingot_team_run(team.team);
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    pthread_setaffinity_np(pthread_self(), sizeof one, &one);
    pthread_setaffinity_np(cores.worker, sizeof one, &one);
    ingot_team_run(team.team); // the team learns where its threads are
    EXPECT_EQ(cores.cpu[0], cores.cpu[1]);
    pthread_setaffinity_np(pthread_self(), sizeof all, &all);
    pthread_setaffinity_np(cores.worker, sizeof all, &all);
    for (int run = 0; run < 5 && cores.cpu[0] == cores.cpu[1]; ++run)
      ingot_team_run(team.team);
    separated += cores.cpu[0] != cores.cpu[1];
    cpu_set_t after;
    pthread_getaffinity_np(cores.worker, sizeof after, &after);
    EXPECT_TRUE(CPU_EQUAL(&after, &all)) << "a worker may not stay bound to a core";
  }
  EXPECT_GT(separated, 20) << "of 30 attempts";
}

/// The cost of one empty epoch: 0.1 to 0.3 us on two idle cores. It cannot be seen while others use them, so the test waits for a quiet moment.
struct Late {
  std::chrono::microseconds late;
};

void lateRun(IngotCall *call, int64_t thread, int64_t) {
  const auto end = Clock::now() + stateOf<Late>(call).late;
  while (thread == 1 && Clock::now() < end) {
  }
  ingot_team_barrier(call->team);
}

/// Of some runs of two threads, those in which none offered its core.
int runsWithoutYield(std::chrono::microseconds late, int runs) {
  Late state{late};
  TeamOf<Late> team(2, state, lateRun);
  int without = 0;
  for (int i = 0; i < runs; ++i) {
    const int64_t before = yields;
    ingot_team_run(team.team);
    without += yields == before;
  }
  return without;
}

TEST(TeamLifeTest, AThreadThatWaitsShortlyKeepsItsCore) {
  ASSERT_GE(ingot_usable_cores(), 2u) << "needs two cores";
  EXPECT_GT(runsWithoutYield(std::chrono::microseconds(300), 200), 0); // not all: other processes delay some
  EXPECT_LT(runsWithoutYield(std::chrono::microseconds(3000), 50), 50) << "the thread that it waits for may need the core";
}

TEST(TeamLifeTest, EmptyEpochIsCheap) {
  ASSERT_GE(ingot_usable_cores(), 2u) << "needs two cores";
#if __has_feature(address_sanitizer)
  constexpr double bar = 10;
#else
  constexpr double bar = 1;
#endif
  Counters counters;
  TeamOf<Counters> team(2, counters, countRun);
  double best = 1e9;
  const auto deadline = Clock::now() + std::chrono::seconds(60);
  for (int attempt = 0; attempt < 20 || (best > bar && Clock::now() < deadline); ++attempt) {
    const auto begin = Clock::now();
    for (int i = 0; i < 200; ++i)
      ingot_team_run(team.team);
    best = std::min(best, std::chrono::duration<double, std::micro>(Clock::now() - begin).count() / 200);
  }
  std::printf("one empty epoch of 2 threads: %.3f us\n", best);
  EXPECT_LT(best, bar) << "microseconds";
}

} // namespace

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Whether a session's threads are worth it: the choice with times that are made up, and sessions that make it.
#include "runtime/src/ThreadChoice.h"
#include "SmallModel.h"

#include <chrono>
#include <gtest/gtest.h>

namespace {

struct Choice {
  ThreadChoice choice = {};
  int64_t together, alone; // nanoseconds
  Choice(int64_t together, int64_t alone) : together(together), alone(alone) { ingot_choice_open(&choice); }
  /// So many runs; returns how many were of one thread.
  int run(int count) {
    int serial = 0;
    while (count-- > 0) {
      const bool isAlone = ingot_choice_next(&choice);
      serial += isAlone;
      if (ingot_choice_measures(&choice))
        ingot_choice_note(&choice, isAlone ? alone : together);
    }
    return serial;
  }
};

constexpr int kTrials = 11, kRound = 2011;

TEST(ThreadChoiceTest, KeepsThreadsThatAreFaster) {
  Choice choice(100000, 150000);
  choice.run(kTrials);
  EXPECT_EQ(choice.run(2000), 0);
  EXPECT_EQ(choice.run(kTrials), 4); // one not measured, three that are
}

TEST(ThreadChoiceTest, RunsAloneWhereThatIsFaster) {
  Choice choice(200000, 100000);
  choice.run(kTrials);
  EXPECT_EQ(choice.run(2000), 2000);
  EXPECT_EQ(choice.run(kTrials), 4);
}

TEST(ThreadChoiceTest, FollowsAMachineThatChanges) {
  Choice choice(200000, 100000);
  choice.run(kRound);
  choice.together = 60000;
  choice.run(kTrials);
  EXPECT_EQ(choice.run(2000), 0);
  choice.together = 200000;
  choice.run(kTrials);
  EXPECT_EQ(choice.run(2000), 2000);
}

TEST(ThreadChoiceTest, DoesNotChangeForALittle) {
  Choice choice(100000, 95000);
  EXPECT_EQ(choice.run(5 * kRound), 5 * 4);
}

TEST(ThreadChoiceTest, LongRunsAreNotTried) {
  Choice choice(2500000, 1000000);
  EXPECT_EQ(choice.run(5 * kRound), 0);
}

TEST(ThreadChoiceTest, OneThatIsNotOpenTakesAllThreads) {
  ThreadChoice choice = {};
  for (int i = 0; i < kRound; ++i) {
    EXPECT_FALSE(ingot_choice_next(&choice));
    EXPECT_FALSE(ingot_choice_measures(&choice));
  }
}

/// A run takes 50 us with one thread, 400 with more.
int64_t serialRuns, sharedRuns;
void runSlowTogether(IngotCall *call, int64_t thread, int64_t threads) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(threads == 1 ? 50 : 400);
  while (std::chrono::steady_clock::now() < end)
    continue;
  ingot_team_barrier(call->team);
  if (thread == 0)
    ++(threads == 1 ? serialRuns : sharedRuns);
}

void runOften(IngotSessionOptions options, int runs) {
  Model model;
  model.variants[0].run = runSlowTogether;
  Session session(model.model, options);
  ASSERT_EQ(session.status, INGOT_OK);
  serialRuns = sharedRuns = 0;
  Buffers buffers;
  for (int i = 0; i < runs; ++i)
    ASSERT_EQ(ingot_session_run(session.handle, buffers.inputs, buffers.outputs), INGOT_OK);
}

TEST(ThreadChoiceTest, SessionsOfFastModelsChoose) {
  if (ingot_usable_cores() < 2)
    GTEST_SKIP() << "one core";
  runOften(Session::withThreads(2), 40);
  EXPECT_EQ(sharedRuns, 7);
  EXPECT_EQ(serialRuns, 33);
}

TEST(ThreadChoiceTest, SessionsWithAllThreadsDoNot) {
  IngotSessionOptions options = Session::withThreads(2);
  options.flags = INGOT_ALL_THREADS;
  runOften(options, 40);
  EXPECT_EQ(sharedRuns, 40);
}

TEST(ThreadChoiceTest, MoreThreadsThanCoresAreWhatTheCallerWants) {
  runOften(Session::withThreads(ingot_usable_cores() + 1), 15);
  EXPECT_EQ(serialRuns, 0);
}

} // namespace

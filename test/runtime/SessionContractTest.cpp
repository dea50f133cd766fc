// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the header promises to callers: their memory, their threads, their floating-point state; one thread at a time; a run that can be cancelled.
#include "AllocationCount.h"
#include "SmallModel.h"

#include <atomic>
#include <cfenv>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

namespace {

/// Runs once and compares with the plain computation.
void expectRight(IngotSession *session) {
  Buffers buffers;
  ASSERT_EQ(ingot_session_run(session, buffers.inputs, buffers.outputs), INGOT_OK) << ingot_session_error(session);
  for (int64_t i = 0; i < size; ++i) {
    ASSERT_EQ(buffers.y[i], buffers.x[i] * 2 + weights[i]) << i;
    ASSERT_EQ(buffers.z[i], buffers.y[size - 1 - i]) << i;
  }
}

/// An allocator that keeps books, and refuses from one call on.
struct Books {
  size_t live = 0, most = 0;
  int calls = 0, refuseFrom = 1000;
  bool wrong = false;
  std::vector<std::pair<void *, size_t>> pieces;

  static void *allocate(void *user, size_t bytes, size_t alignment) {
    auto *books = static_cast<Books *>(user);
    if (books->calls++ >= books->refuseFrom)
      return nullptr;
    void *memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    std::memset(memory, 0x5a, bytes); // memory need not come zeroed
    books->pieces.emplace_back(memory, bytes);
    books->live += bytes;
    books->most = std::max(books->most, books->live);
    return memory;
  }
  static void release(void *user, void *memory, size_t bytes) {
    auto *books = static_cast<Books *>(user);
    auto found = std::find(books->pieces.begin(), books->pieces.end(), std::pair(memory, bytes));
    books->wrong |= found == books->pieces.end();
    if (found != books->pieces.end())
      books->pieces.erase(found);
    books->live -= bytes;
    std::free(memory);
  }
  IngotSessionOptions options(uint32_t threads) {
    IngotSessionOptions options = Session::withThreads(threads);
    options.allocate = allocate;
    options.release = release;
    options.user = this;
    return options;
  }
};

TEST(SessionMemoryTest, IsWhatWasAnnounced) {
  for (uint32_t flags : {0u, uint32_t(INGOT_STAGING)})
    for (uint32_t threads : {1u, 2u, 5u}) {
      Model model;
      Books books;
      IngotSessionOptions options = books.options(threads);
      options.flags = flags;
      IngotMemory memory;
      ASSERT_EQ(ingot_model_memory_required(&model.model, &options, nullptr, &memory), INGOT_OK);
      EXPECT_EQ(memory.arena_bytes, size * sizeof(float));
      EXPECT_EQ(memory.weight_bytes, size * sizeof(float));
      EXPECT_EQ(memory.stack_bytes, (threads - 1) * uint64_t(INGOT_WORKER_STACK));
      {
        Session session(model.model, options);
        ASSERT_EQ(session.status, INGOT_OK);
        EXPECT_EQ(books.live, memory.arena_bytes + memory.session_bytes);
        expectRight(session.handle);
      }
      EXPECT_EQ(books.live, 0u);
      EXPECT_EQ(books.calls, 2);
      EXPECT_FALSE(books.wrong);
    }
}

TEST(SessionMemoryTest, NothingIsLeftWhenItRunsOut) {
  for (int refuseFrom : {0, 1}) {
    Model model;
    Books books;
    books.refuseFrom = refuseFrom;
    Session session(model.model, books.options(2));
    EXPECT_EQ(session.status, INGOT_OUT_OF_MEMORY);
    EXPECT_EQ(session.handle, nullptr);
    EXPECT_NE(std::string(session.text).find("no memory for"), std::string::npos) << session.text;
    EXPECT_TRUE(books.pieces.empty());
  }
}

TEST(SessionMemoryTest, ArenaOfTheCaller) {
  Model model;
  alignas(64) static uint8_t arena[size * sizeof(float) + 64];
  Books books;
  IngotSessionOptions options = books.options(2);
  options.arena = arena;
  options.arena_bytes = size * sizeof(float);
  {
    Session session(model.model, options);
    ASSERT_EQ(session.status, INGOT_OK) << session.text;
    EXPECT_EQ(books.calls, 1);
    expectRight(session.handle);
    EXPECT_NE(arena[103], 0) << "the run did not use the arena";
  }
  options.arena_bytes -= 1;
  Session small(model.model, options);
  EXPECT_EQ(small.status, INGOT_ARENA_TOO_SMALL);
  EXPECT_STREQ(small.text, "the arena has 4095 bytes, the model needs 4096");
  options.arena = arena + 32;
  options.arena_bytes = size * sizeof(float);
  Session misaligned(model.model, options);
  EXPECT_EQ(misaligned.status, INGOT_MISALIGNED);
  EXPECT_TRUE(books.pieces.empty());
}

/// Writes a whole arena of several megabytes, each thread its part.
void fillArena(IngotCall *call, int64_t thread, int64_t threads) {
  constexpr int64_t bytes = 5 << 20;
  std::memset(call->arena + bytes * thread / threads, 1, static_cast<size_t>(bytes / threads));
  volatile char stack[32 << 10];
  for (size_t at = 0; at < sizeof stack; at += 4096)
    stack[at] = 1;
  (void)ingot_team_barrier(call->team);
  static_cast<float *>(call->outputs[0])[thread] = call->arena[0];
}

TEST(SessionMemoryTest, NoPageFaultInARun) {
  if (SANITIZED)
    GTEST_SKIP() << "a sanitizer touches pages of its own";
  Model model;
  model.variants[0].run = fillArena;
  model.variants[0].arena_bytes = 5 << 20;
  const auto faults = [&](uint32_t threads) {
    Session session(model.model, threads);
    Buffers buffers;
    rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    for (int i = 0; i < 20; ++i)
      EXPECT_EQ(ingot_session_run(session.handle, buffers.inputs, buffers.outputs), INGOT_OK);
    getrusage(RUSAGE_SELF, &after);
    return after.ru_minflt - before.ru_minflt + after.ru_majflt - before.ru_majflt;
  };
  for (uint32_t threads : {1u, 2u, 3u}) {
    long least = faults(threads);
    for (int again = 0; again < 3 && least != 0; ++again) // the kernel moves pages now and then
      least = std::min(least, faults(threads));
    EXPECT_EQ(least, 0) << threads;
  }
}

/// Starts its threads for each call.
struct ThreadPool {
  uint32_t calls = 0;
  IngotPool pool = {sizeof(IngotPool), 3, this, [](void *user, void (*function)(void *, uint32_t), void *argument) {
                      auto *self = static_cast<ThreadPool *>(user);
                      ++self->calls;
                      std::vector<std::thread> threads;
                      threads.reserve(self->pool.threads);
                      for (uint32_t thread = 0; thread < self->pool.threads; ++thread)
                        threads.emplace_back(function, argument, thread);
                      for (std::thread &thread : threads)
                        thread.join();
                    }};
};

TEST(SessionPoolTest, RunsInThePoolOfTheCaller) {
  Model model;
  ThreadPool pool;
  IngotSessionOptions options = Session::withThreads(0);
  options.pool = &pool.pool;
  IngotMemory memory;
  ASSERT_EQ(ingot_model_memory_required(&model.model, &options, nullptr, &memory), INGOT_OK);
  EXPECT_EQ(memory.stack_bytes, 0u);
  Session session(model.model, options);
  ASSERT_EQ(session.status, INGOT_OK);
  EXPECT_EQ(ingot_session_threads(session.handle), 3u);
  EXPECT_EQ(pool.calls, 0u);
  for (int i = 0; i < 10; ++i)
    expectRight(session.handle);
  EXPECT_EQ(pool.calls, 10u);
}

TEST(SessionPoolTest, RefusesAPoolThatCannotRun) {
  Model model;
  ThreadPool pool;
  IngotSessionOptions options = Session::withThreads(0);
  options.pool = &pool.pool;
  pool.pool.threads = 0;
  EXPECT_EQ(Session(model.model, options).status, INGOT_INVALID_ARGUMENT);
  pool.pool.threads = 2;
  pool.pool.run = nullptr;
  EXPECT_EQ(Session(model.model, options).status, INGOT_INVALID_ARGUMENT);
}

TEST(SessionOptionsTest, KnowsOlderAndNewerCallers) {
  Model model;
  struct Newer {
    IngotSessionOptions options;
    uint64_t more;
  } newer = {Session::withThreads(1), 0};
  newer.options.struct_size = sizeof newer;
  IngotSession *session = nullptr;
  EXPECT_EQ(ingot_session_open(&model.model, &newer.options, &session), INGOT_OK);
  ingot_session_close(&session);
  newer.more = 1;
  EXPECT_EQ(ingot_session_open(&model.model, &newer.options, &session), INGOT_INVALID_ARGUMENT);
  const uint32_t oldest[] = {8, 1}; // struct_size and threads
  IngotSessionOptions options;
  std::memset(static_cast<void *>(&options), 0xff, sizeof options);
  std::memcpy(static_cast<void *>(&options), oldest, sizeof oldest);
  EXPECT_EQ(ingot_session_open(&model.model, &options, &session), INGOT_OK);
  ingot_session_close(&session);
  options = Session::withThreads(1);
  options.flags = 1u << 30;
  EXPECT_EQ(ingot_session_open(&model.model, &options, &session), INGOT_INVALID_ARGUMENT);
  options.flags = 0;
  options.allocate = Books::allocate;
  EXPECT_EQ(ingot_session_open(&model.model, &options, &session), INGOT_INVALID_ARGUMENT);
}

TEST(SessionHandleTest, ClosedAndNullHandlesAreRefused) {
  Model model;
  Buffers buffers;
  IngotSession *session = nullptr;
  ASSERT_EQ(ingot_session_open(&model.model, nullptr, &session), INGOT_OK);
  ingot_session_close(&session);
  EXPECT_EQ(session, nullptr);
  ingot_session_close(&session);
  ingot_session_close(nullptr);
  EXPECT_EQ(ingot_session_run(session, buffers.inputs, buffers.outputs), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(ingot_session_run_tensors(session, nullptr, nullptr), INGOT_INVALID_ARGUMENT);
  EXPECT_STREQ(ingot_session_error(session), "no session");
  EXPECT_EQ(ingot_session_threads(session), 0u);
  ingot_session_cancel(session);
  IngotMemory memory;
  EXPECT_EQ(ingot_model_memory_required(nullptr, nullptr, nullptr, &memory), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(ingot_model_memory_required(&model.model, nullptr, nullptr, nullptr), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(ingot_model_find_input(&model.model, "x"), 0);
  EXPECT_EQ(ingot_model_find_output(&model.model, "z"), 1);
  EXPECT_EQ(ingot_model_find_output(&model.model, "x"), -1);
  EXPECT_EQ(ingot_model_find_input(&model.model, nullptr), -1);
  EXPECT_EQ(ingot_model_find_input(nullptr, "x"), -1);
}

/// What the functions below do with the calling test.
std::atomic<int> stage{0};
IngotSession *running = nullptr;

void waitForTest(IngotCall *, int64_t, int64_t) {
  stage = 1;
  while (stage != 2)
    std::this_thread::yield();
}

TEST(SessionHandleTest, ASecondThreadFindsItBusy) {
  Model model;
  model.variants[0].run = waitForTest;
  Session session(model.model, 1);
  Buffers buffers;
  stage = 0;
  IngotStatus first = INGOT_RUN_FAILURE;
  std::thread other([&] { first = ingot_session_run(session.handle, buffers.inputs, buffers.outputs); });
  while (stage != 1)
    std::this_thread::yield();
  EXPECT_EQ(ingot_session_run(session.handle, buffers.inputs, buffers.outputs), INGOT_BUSY);
  stage = 2;
  other.join();
  EXPECT_EQ(first, INGOT_OK);
}

class CancelTest : public testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Threads, CancelTest, testing::Range(1u, 5u));

constexpr int regions = 1000;

/// Counts the regions that each thread has passed; thread 0 cancels in the tenth, as a signal handler would.
void longRun(IngotCall *call, int64_t thread, int64_t) {
  auto *passed = static_cast<float *>(call->outputs[0]) + thread;
  const bool cancel = static_cast<const float *>(call->inputs[0])[0] > 0;
  for (*passed = 0; *passed < regions; ++*passed) {
    if (cancel && thread == 0 && *passed == 10)
      ingot_session_cancel(running);
    if (ingot_team_barrier(call->team))
      return;
  }
}

TEST_P(CancelTest, AllThreadsStopAtTheSameBarrier) {
  Model model;
  model.variants[0].run = longRun;
  Session session(model.model, GetParam());
  running = session.handle;
  Buffers buffers;
  for (int repeat = 0; repeat < 20; ++repeat) {
    buffers.x[0] = 1;
    EXPECT_EQ(ingot_session_run(session.handle, buffers.inputs, buffers.outputs), INGOT_CANCELLED);
    EXPECT_STREQ(ingot_session_error(session.handle), "the run was cancelled");
    for (uint32_t thread = 0; thread < GetParam(); ++thread)
      EXPECT_EQ(buffers.y[thread], 10) << thread;
    buffers.x[0] = 0;
    EXPECT_EQ(ingot_session_run(session.handle, buffers.inputs, buffers.outputs), INGOT_OK);
    EXPECT_EQ(buffers.y[0], regions);
  }
}

TEST_P(CancelTest, BeforeARunAndFromAnotherThread) {
  Model model;
  Session session(model.model, GetParam());
  Buffers buffers;
  std::thread([&] { ingot_session_cancel(session.handle); }).join();
  EXPECT_EQ(ingot_session_run(session.handle, buffers.inputs, buffers.outputs), INGOT_CANCELLED);
  expectRight(session.handle);
}

#if defined(__x86_64__)
void readFloatState(IngotCall *call, int64_t thread, int64_t) {
  static_cast<float *>(call->outputs[0])[thread] = static_cast<float>(__builtin_ia32_stmxcsr());
  std::feraiseexcept(FE_DIVBYZERO);
}

TEST(FloatStateTest, IsTheDefaultInsideAndTheCallersAfter) {
  constexpr uint32_t strange = 0x1f80 | 0x8000 | 0x2000 | 0x0040 | 0x0010; // flush to zero, round down, denormals are zero, an old underflow
  Model model;
  model.variants[0].run = readFloatState;
  ThreadPool pool;
  const uint32_t before = __builtin_ia32_stmxcsr();
  for (uint32_t threads : {1u, 3u, 0u}) { // 0: the pool
    __builtin_ia32_ldmxcsr(strange);
    IngotSessionOptions options = Session::withThreads(threads);
    options.pool = threads == 0 ? &pool.pool : nullptr;
    Session session(model.model, options);
    Buffers buffers;
    const IngotStatus status = ingot_session_run(session.handle, buffers.inputs, buffers.outputs);
    const uint32_t after = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(before);
    EXPECT_EQ(status, INGOT_OK);
    EXPECT_EQ(after, strange);
    for (uint32_t thread = 0; thread < ingot_session_threads(session.handle); ++thread)
      EXPECT_EQ(buffers.y[thread], 0x1f80) << thread;
  }
}
#endif

/// The exit code of a child that runs `body`.
int inChild(const std::function<bool()> &body) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    _exit(body() ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

TEST(ForkTest, SessionsWorkInTheChild) {
#if __has_feature(thread_sanitizer)
  GTEST_SKIP() << "the thread sanitizer does not follow threads through a fork";
#endif
  for (uint32_t threads : {1u, 2u, 4u})
    for (bool runBefore : {false, true}) {
      Model model;
      Session session(model.model, threads);
      Buffers buffers;
      const auto run = [&] { return ingot_session_run(session.handle, buffers.inputs, buffers.outputs) == INGOT_OK && buffers.z[0] != 0; };
      if (runBefore)
        ASSERT_TRUE(run());
      EXPECT_EQ(inChild([&] { return run() && run(); }), 0) << threads;
      EXPECT_EQ(inChild([&] {
                  ingot_session_close(&session.handle); // without the workers, which stayed with the parent
                  return true;
                }),
                0)
          << threads;
      EXPECT_TRUE(run());
    }
}

TEST(ParallelTest, SessionsOfOneModelShareNothingThatChanges) {
  Model model;
  std::vector<std::thread> users;
  users.reserve(4);
  for (int user = 0; user < 4; ++user)
    users.emplace_back([&, user] {
      for (int repeat = 0; repeat < 3; ++repeat) {
        Session session(model.model, 1 + static_cast<uint32_t>(user) % 3);
        for (int i = 0; i < 20; ++i)
          expectRight(session.handle);
      }
    });
  for (std::thread &user : users)
    user.join();
}

} // namespace

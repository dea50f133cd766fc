// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Profiles of a model written by hand that marks its regions as generated code does.
#include "AllocationCount.h"
#include "SmallModel.h"
#include "runtime/src/Profiler.h"

#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <utility>

namespace {

void mark(IngotCall *call, int64_t thread, int32_t what) {
  if (call->profiler)
    ingot_profiler_mark(call->profiler, thread, what);
}

/// y[i] = x[i] * 2 by all threads, a barrier, then z = y reversed, by thread 0 alone.
void runMarked(IngotCall *call, int64_t thread, int64_t threads) {
  const auto *x = static_cast<const float *>(call->inputs[0]);
  auto *y = static_cast<float *>(call->outputs[0]), *z = static_cast<float *>(call->outputs[1]);
  for (int64_t i = size * thread / threads; i < size * (thread + 1) / threads; ++i)
    y[i] = x[i] * 2;
  mark(call, thread, 0);
  if (ingot_team_barrier(call->team))
    return;
  mark(call, thread, -1);
  if (thread != 0)
    return;
  for (int64_t i = 0; i < size; ++i)
    z[i] = y[size - 1 - i];
  mark(call, thread, 1);
}

constexpr char text[] = "first\0map\0copies\0a \"second\"\none";

struct MarkedModel : Model {
  IngotRegion regions[2] = {{0, 6, 10, 0, 2 * size, 3 * sizeof weights}, {17, 6, 10, 0, 0, 2 * sizeof weights}};
  explicit MarkedModel(IngotRunFunction run = runMarked) {
    variants[0].run = run;
    model.regions = regions;
    model.region_text = text;
    model.region_count = 2;
  }
};

IngotSessionOptions profiled(uint32_t threads, uint32_t events = 0) {
  IngotSessionOptions options = Session::withThreads(threads);
  options.flags = INGOT_PROFILE;
  options.profile_events = events;
  return options;
}

IngotProfile profileOf(Session &session) {
  IngotProfile profile = {};
  profile.struct_size = sizeof profile;
  EXPECT_EQ(ingot_session_profile(session.handle, &profile), INGOT_OK) << ingot_session_error(session.handle);
  return profile;
}

std::string written(Session &session, IngotProfileFormat format) {
  std::string result;
  auto append = [](void *to, const char *piece, size_t bytes) { static_cast<std::string *>(to)->append(piece, bytes); };
  EXPECT_EQ(ingot_session_profile_write(session.handle, format, append, &result), INGOT_OK);
  return result;
}

void run(Session &session, int times) {
  Buffers buffers;
  for (int i = 0; i < times; ++i)
    ASSERT_EQ(ingot_session_run(session.handle, buffers.inputs, buffers.outputs), INGOT_OK);
}

class ProfileTest : public testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Threads, ProfileTest, testing::Range(1u, 5u));

TEST_P(ProfileTest, CountsCallsAndDividesTheTime) {
  MarkedModel model;
  Session session(model.model, profiled(GetParam()));
  ASSERT_EQ(session.status, INGOT_OK) << session.text;
  run(session, 20);
  const IngotProfile profile = profileOf(session);
  EXPECT_EQ(profile.struct_size, sizeof profile);
  EXPECT_EQ(profile.threads, GetParam());
  EXPECT_EQ(profile.runs, 19u); // the first one is apart
  EXPECT_EQ(profile.dropped, 0u);
  EXPECT_GT(profile.first_seconds, 0);
  EXPECT_GT(profile.run_seconds, 0);
  EXPECT_GT(profile.flops_per_second, 1e8);
  for (double bandwidth : profile.bytes_per_second)
    EXPECT_GT(bandwidth, 1e7);
  EXPECT_NEAR(profile.compute + profile.wait + profile.rest, 1, 1e-6);
  EXPECT_GE(profile.rest, 0);
  ASSERT_EQ(profile.region_count, 2u);
  EXPECT_GE(profile.regions[0].share, profile.regions[1].share);
  double whole = 0;
  for (uint32_t i = 0; i < 2; ++i) {
    const IngotRegionProfile &region = profile.regions[i];
    EXPECT_EQ(region.region, &model.regions[region.number]);
    EXPECT_EQ(region.calls, 19u);
    EXPECT_EQ(region.threads, region.number == 0 ? GetParam() : 1);
    EXPECT_GT(region.seconds, 0);
    EXPECT_GT(region.roofline, 0);
    EXPECT_GE(region.imbalance, 0);
    EXPECT_LE(region.busy_seconds, profile.run_seconds * static_cast<double>(profile.chosen_runs) * region.threads);
    whole += region.busy_seconds + region.wait_seconds;
  }
  EXPECT_LE(whole, profile.run_seconds * static_cast<double>(profile.chosen_runs) * GetParam());
  EXPECT_GE(profile.chosen_runs, 10u);
  EXPECT_EQ(profile.serial > 0, GetParam() > 1);
  EXPECT_STRNE(profile.bottleneck, "");
}

TEST_P(ProfileTest, ComputesTheSameAndAllocatesNothing) {
  MarkedModel model;
  Session plain(model.model, GetParam()), session(model.model, profiled(GetParam()));
  Buffers expected, got;
  ASSERT_EQ(ingot_session_run(plain.handle, expected.inputs, expected.outputs), INGOT_OK);
  const long before = allocationCount();
  bool ok = true;
  for (int i = 0; i < 50; ++i)
    ok &= ingot_session_run(session.handle, got.inputs, got.outputs) == INGOT_OK;
  EXPECT_EQ(allocationCount() - before, 0);
  EXPECT_TRUE(ok);
  EXPECT_EQ(got.y, expected.y);
  EXPECT_EQ(got.z, expected.z);
}

TEST_P(ProfileTest, KeepsTheLatestEvents) {
  MarkedModel model;
  Session session(model.model, profiled(GetParam(), 16));
  run(session, 100);
  const IngotProfile profile = profileOf(session);
  EXPECT_EQ(profile.dropped, 1u);
  ASSERT_EQ(profile.region_count, 2u);
  for (uint32_t i = 0; i < 2; ++i) {
    EXPECT_EQ(profile.regions[i].calls, 99u);
    EXPECT_GT(profile.regions[i].seconds, 0);
  }
  EXPECT_NE(written(session, INGOT_PROFILE_TRACE).find("\"begins_late\":true"), std::string::npos);
}

TEST(ProfileTest, RunsInACallersPool) {
  IngotPool pool = {sizeof(IngotPool), 3, nullptr, [](void *, void (*function)(void *, uint32_t), void *argument) {
                      std::thread first(function, argument, 1), second(function, argument, 2);
                      function(argument, 0);
                      first.join();
                      second.join();
                    }};
  MarkedModel model;
  IngotSessionOptions options = profiled(0);
  options.pool = &pool;
  Session session(model.model, options);
  run(session, 5);
  const IngotProfile profile = profileOf(session);
  EXPECT_EQ(profile.threads, 3u);
  EXPECT_EQ(profile.runs, 4u);
  EXPECT_EQ(profile.region_count, 2u);
}

TEST(ProfileTest, OneRunIsTheFirst) {
  MarkedModel model;
  Session session(model.model, profiled(2));
  EXPECT_STREQ(profileOf(session).bottleneck, "There was no run.");
  run(session, 1);
  const IngotProfile profile = profileOf(session);
  EXPECT_EQ(profile.runs, 1u);
  EXPECT_EQ(profile.run_seconds, profile.first_seconds);
  EXPECT_EQ(profile.region_count, 2u);
  run(session, 1);
  EXPECT_EQ(profileOf(session).runs, 1u); // the second one, now
}

/// Runs of two threads with times that are given, on a machine that is.
class Recorded {
public:
  explicit Recorded(const IngotModel &model)
      : memory(ingot_profiler_bytes(&model, 2, 0) / 64), profiler(ingot_profiler_open(memory.data(), &model, nullptr, 2, 0)) {
    for (uint32_t t = 0; t < 2; ++t) {
      profiler->recorders[t].flops[INGOT_ARITHMETIC_F32] = 1e9;
      profiler->recorders[t].flops[INGOT_ARITHMETIC_BF16] = 2e9;
      profiler->recorders[t].flops[INGOT_ARITHMETIC_INT8] = 4e9;
      for (double &bandwidth : profiler->recorders[t].bytes)
        bandwidth = 1e9;
    }
  }

  /// For each thread, what takes how many microseconds; the run takes 1 us more than the slower one.
  void run(const std::vector<std::pair<int32_t, int64_t>> (&threads)[2]) {
    ingot_profiler_begin(profiler, now);
    int64_t last = now;
    for (uint32_t t = 0; t < 2; ++t) {
      int64_t at = now;
      ingot_profiler_enter(profiler, &profiler->recorders[t], at);
      for (auto [what, microseconds] : threads[t])
        ingot_profiler_note(profiler, &profiler->recorders[t], what, at += microseconds * 1000);
      last = std::max(last, at);
    }
    ingot_profiler_end(profiler, now = last + 1000);
  }

  IngotProfile summary() {
    IngotProfile profile;
    ingot_profiler_summarize(profiler, &profile);
    return profile;
  }

private:
  struct alignas(64) Line {
    uint8_t bytes[64];
  };
  std::vector<Line> memory;
  IngotProfiler *profiler;
  int64_t now = 1'000'000'000;
};

TEST(ProfileTest, SumsMediansAndImbalance) {
  MarkedModel model;
  Recorded recorded(model.model);
  recorded.run({{{0, 900}, {-1, 0}}, {{0, 500}, {-1, 400}}}); // the first run is apart
  recorded.run({{{0, 100}, {-1, 0}, {1, 9}}, {{0, 60}, {-1, 40}}});
  recorded.run({{{0, 60}, {-1, 40}, {1, 9}}, {{0, 100}, {-1, 0}}});
  recorded.run({{{0, 120}, {-1, 0}, {1, 9}}, {{0, 120}, {-1, 0}}});
  const IngotProfile profile = recorded.summary();
  EXPECT_EQ(profile.runs, 3u);
  EXPECT_EQ(profile.chosen_runs, 2u); // not the slowest one
  EXPECT_DOUBLE_EQ(profile.run_seconds, 110e-6);
  EXPECT_DOUBLE_EQ(profile.first_seconds, 901e-6);
  ASSERT_EQ(profile.region_count, 2u);
  const IngotRegionProfile &first = profile.regions[0], &second = profile.regions[1];
  EXPECT_EQ(first.number, 0u);
  EXPECT_EQ(first.calls, 3u);
  EXPECT_DOUBLE_EQ(first.seconds, 100e-6); // of 100, 100 and 120
  EXPECT_DOUBLE_EQ(first.busy_seconds, 320e-6);
  EXPECT_DOUBLE_EQ(first.wait_seconds, 80e-6);
  EXPECT_DOUBLE_EQ(first.first_seconds, 900e-6);
  EXPECT_DOUBLE_EQ(first.share, 400.0 / 440);
  EXPECT_DOUBLE_EQ(first.imbalance, 100.0 / 80 - 1);
  EXPECT_EQ(second.threads, 1u);
  EXPECT_EQ(second.imbalance, 0);
  EXPECT_DOUBLE_EQ(second.wait_seconds, 18e-6); // the other thread, for the end of the run
  EXPECT_DOUBLE_EQ(profile.serial, 18.0 / 220);
  EXPECT_DOUBLE_EQ(profile.wait, 98.0 / 440);
  EXPECT_NEAR(profile.rest, 4.0 / 440, 1e-12);
  EXPECT_EQ(first.by_bytes, 1); // 12 KiB at 2 GB/s against 2048 flops at 2 GFLOP/s
  EXPECT_DOUBLE_EQ(first.roofline, 12288 / 2e9 / 100e-6);
}

TEST(ProfileTest, PairsOfBf16HaveAPeakOfTheirOwn) {
  MarkedModel model;
  model.regions[0].flops = 180'000; // 90 us at 2 GFLOP/s, 45 at 4
  model.regions[0].arithmetic = INGOT_ARITHMETIC_BF16;
  Recorded recorded(model.model);
  recorded.run({{{0, 100}}, {{0, 100}}});
  recorded.run({{{0, 100}}, {{0, 100}}});
  const IngotProfile profile = recorded.summary();
  EXPECT_DOUBLE_EQ(profile.bf16_flops_per_second, 4e9);
  ASSERT_EQ(profile.region_count, 1u);
  EXPECT_DOUBLE_EQ(profile.regions[0].roofline, 0.45);
  EXPECT_STREQ(profile.bottleneck, "99 % of the time is in copies at 45 % of the bf16 peak: bound by latency, or by kernels that could be better.");
}

TEST(ProfileTest, BytesHaveAPeakOfTheirOwn) {
  MarkedModel model;
  model.regions[0].flops = 640'000; // 80 us at 8 GOP/s
  model.regions[0].arithmetic = INGOT_ARITHMETIC_INT8;
  Recorded recorded(model.model);
  recorded.run({{{0, 100}}, {{0, 100}}});
  recorded.run({{{0, 100}}, {{0, 100}}});
  const IngotProfile profile = recorded.summary();
  EXPECT_DOUBLE_EQ(profile.int8_flops_per_second, 8e9);
  ASSERT_EQ(profile.region_count, 1u);
  EXPECT_DOUBLE_EQ(profile.regions[0].roofline, 0.8);
  EXPECT_STREQ(profile.bottleneck, "99 % of the time is in copies at 80 % of the int8 peak: bound by arithmetic.");
}

TEST(ProfileTest, BytesAreMeasuredWhereAModelHasThem) {
  MarkedModel model;
  model.regions[0].arithmetic = INGOT_ARITHMETIC_INT8;
  Session session(model.model, profiled(2));
  ASSERT_EQ(session.status, INGOT_OK) << session.text;
  run(session, 2);
  const IngotProfile profile = profileOf(session);
  EXPECT_EQ(profile.bf16_flops_per_second, 0);
  EXPECT_EQ(profile.int8_flops_per_second > 2 * profile.flops_per_second, (ingot_cpu_features() & INGOT_CPU_AVX512_VNNI) != 0);
}

TEST(ProfileTest, PairsAreMeasuredWhereAModelHasThem) {
  MarkedModel model;
  model.regions[0].arithmetic = INGOT_ARITHMETIC_BF16;
  Session session(model.model, profiled(2));
  ASSERT_EQ(session.status, INGOT_OK) << session.text;
  run(session, 2);
  const IngotProfile profile = profileOf(session);
  EXPECT_EQ(profile.bf16_flops_per_second > 0, (ingot_cpu_features() & INGOT_CPU_AVX512_BF16) != 0);
  EXPECT_EQ(profile.bf16_flops_per_second > 1.2 * profile.flops_per_second, (ingot_cpu_features() & INGOT_CPU_AVX512_BF16) != 0);
}

TEST(ProfileTest, NamesTheBottleneck) {
  MarkedModel model;
  auto sentence = [&](const std::vector<std::pair<int32_t, int64_t>>(&threads)[2]) {
    Recorded recorded(model.model);
    recorded.run(threads);
    recorded.run(threads);
    return std::string(recorded.summary().bottleneck);
  };
  model.regions[0].flops = 180'000; // 90 us at 2 GFLOP/s
  EXPECT_EQ(sentence({{{0, 100}}, {{0, 100}}}), "99 % of the time is in copies at 90 % of the FMA peak: bound by arithmetic.");
  EXPECT_EQ(sentence({{{0, 300}}, {{0, 300}}}),
            "100 % of the time is in copies at 30 % of the FMA peak: bound by latency, or by kernels that could be better.");
  model.regions[0].bytes = 190'000; // 95 us at 2 GB/s
  EXPECT_EQ(sentence({{{0, 100}}, {{0, 100}}}),
            "99 % of the time is in copies at 95 % of what the L2 caches can deliver: bound by the movement of data.");
  EXPECT_EQ(sentence({{{0, 100}}, {}}), "Threads wait 50 % of the time: 99 % of a run is in regions that one thread does alone.");
  EXPECT_EQ(sentence({{{0, 200}, {-1, 0}}, {{0, 60}, {-1, 140}}}),
            "Threads wait 35 % of the time: their shares of the regions are uneven by 35 %, or others use their cores.");
  EXPECT_EQ(sentence({{{0, 3}, {-1, 2}, {1, 3}, {-2, 2}}, {{0, 3}, {-1, 2}, {1, 3}, {-2, 2}}}),
            "Threads wait 36 % of the time: too little work between barriers (a region takes 3.0 us in the mean).");
  EXPECT_EQ(sentence({{{0, 1}}, {{0, 1}}}), "50 % of the time goes into starting and ending runs: a run of 2.0 us is too short for 2 threads.");
}

TEST(ProfileTest, WritesTraceAndTable) {
  MarkedModel model;
  Session session(model.model, profiled(2));
  run(session, 3);
  const std::string trace = written(session, INGOT_PROFILE_TRACE), table = written(session, INGOT_PROFILE_TABLE);
  EXPECT_EQ(trace.rfind("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n", 0), 0u);
  EXPECT_EQ(trace.substr(trace.size() - 4), "]}}\n");
  EXPECT_NE(trace.find("{\"name\":\"first\",\"ph\":\"X\",\"pid\":1,\"tid\":1,\"ts\":"), std::string::npos);
  EXPECT_NE(trace.find(R"("args":{"region":0,"flops":2048,"bytes":12288,"family":"map"}})"), std::string::npos);
  EXPECT_NE(trace.find(R"("name":"a \u0022second\u0022\u000aone")"), std::string::npos);
  EXPECT_EQ(table.rfind("profile of 2 runs with 2 threads, ", 0), 0u) << table;
  EXPECT_NE(table.find("map: first\n"), std::string::npos) << table;
}

TEST(ProfileTest, RefusesWhatItCannot) {
  MarkedModel model;
  Session plain(model.model, 1);
  IngotProfile profile = {};
  profile.struct_size = sizeof profile;
  EXPECT_EQ(ingot_session_profile(plain.handle, &profile), INGOT_INVALID_ARGUMENT);
  EXPECT_STREQ(ingot_session_error(plain.handle), "the session was opened without INGOT_PROFILE");
  EXPECT_EQ(ingot_session_profile(nullptr, &profile), INGOT_INVALID_ARGUMENT);
  Session session(model.model, profiled(1));
  EXPECT_EQ(ingot_session_profile(session.handle, nullptr), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(ingot_session_profile_write(session.handle, INGOT_PROFILE_TABLE, nullptr, nullptr), INGOT_INVALID_ARGUMENT);

  IngotSessionOptions options = profiled(1, 100);
  options.flags = 0;
  Session without(model.model, options);
  EXPECT_EQ(without.status, INGOT_INVALID_ARGUMENT);
  EXPECT_STREQ(without.text, "profile_events is of no use without INGOT_PROFILE");
  Session tooMany(model.model, profiled(1, UINT32_MAX));
  EXPECT_EQ(tooMany.status, INGOT_INVALID_ARGUMENT);
  EXPECT_STREQ(tooMany.text, "a profile can keep 268435456 events of a thread, not more");
}

TEST(ProfileTest, AnOlderCallerGetsWhatItKnows) {
  MarkedModel model;
  Session session(model.model, profiled(1));
  run(session, 2);
  IngotProfile profile;
  memset(&profile, 0x55, sizeof profile);
  profile.struct_size = offsetof(IngotProfile, run_seconds);
  ASSERT_EQ(ingot_session_profile(session.handle, &profile), INGOT_OK);
  EXPECT_EQ(profile.struct_size, offsetof(IngotProfile, run_seconds));
  EXPECT_EQ(profile.runs, 1u);
  double untouched;
  memset(&untouched, 0x55, sizeof untouched);
  EXPECT_EQ(memcmp(&profile.run_seconds, &untouched, sizeof untouched), 0);
}

TEST(ProfileTest, IsPartOfTheMemoryThatASessionNeeds) {
  MarkedModel model;
  const IngotSessionOptions without = Session::withThreads(2), with = profiled(2);
  IngotMemory plain, more;
  ASSERT_EQ(ingot_model_memory_required(&model.model, &without, nullptr, &plain), INGOT_OK);
  ASSERT_EQ(ingot_model_memory_required(&model.model, &with, nullptr, &more), INGOT_OK);
  EXPECT_GE(more.session_bytes - plain.session_bytes, 2 * INGOT_DEFAULT_EVENTS * sizeof(Event));
  EXPECT_LT(more.session_bytes - plain.session_bytes, 2 * INGOT_DEFAULT_EVENTS * sizeof(Event) * 3);
}

} // namespace

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weights in a file: the right one is mapped, every other one is refused.
#include "SmallModel.h"
#include "runtime/src/WeightsHash.h"

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>

namespace {

struct FileModel : Model {
  std::string path = testing::TempDir() + "ingot-weights-" + std::to_string(getpid());
  std::string bytes{reinterpret_cast<const char *>(weights), sizeof weights};
  FileModel() {
    model.weights = nullptr;
    model.weights_file = "model.weights";
    model.weights_hash = ingot_weights_hash(reinterpret_cast<const uint8_t *>(weights), sizeof weights);
    write(bytes);
  }
  ~FileModel() { std::remove(path.c_str()); }
  void write(const std::string &content) const { std::ofstream(path, std::ios::binary) << content; }
  IngotStatus open(IngotWeights **handle) const { return ingot_weights_open(&model, path.c_str(), handle); }
};

TEST(WeightsTest, OfTheModelAreMapped) {
  FileModel model;
  IngotWeights *handle = nullptr;
  ASSERT_EQ(model.open(&handle), INGOT_OK);
  IngotSessionOptions options = Session::withThreads(2);
  options.weights = handle;
  for (uint32_t flags : {0u, uint32_t(INGOT_LAZY_WEIGHTS)}) {
    options.flags = flags;
    Session session(model.model, options);
    ASSERT_EQ(session.status, INGOT_OK) << session.text;
    Buffers buffers;
    ASSERT_EQ(ingot_session_run(session.handle, buffers.inputs, buffers.outputs), INGOT_OK);
    EXPECT_EQ(buffers.y[2], buffers.x[2] * 2 + 4);
  }
  ingot_weights_close(&model.model, &handle);
  EXPECT_EQ(handle, nullptr);
  ingot_weights_close(&model.model, &handle);
}

TEST(WeightsTest, OthersAreRefused) {
  FileModel model;
  IngotWeights *handle = nullptr;
  const auto refused = [&](const std::string &content) {
    model.write(content);
    errno = ENOENT;
    const IngotStatus status = model.open(&handle);
    return status == INGOT_WRONG_WEIGHTS && !handle && errno == 0;
  };
  EXPECT_TRUE(refused(""));
  EXPECT_TRUE(refused(model.bytes.substr(1)));
  EXPECT_TRUE(refused(model.bytes + '\0'));
  for (size_t at = 0; at < model.bytes.size(); at += 61)
    for (int bit : {0, 7}) {
      std::string changed = model.bytes;
      changed[at] = static_cast<char>(changed[at] ^ 1 << bit);
      EXPECT_TRUE(refused(changed)) << at;
    }
  std::string swapped = model.bytes;
  std::swap_ranges(swapped.begin(), swapped.begin() + 8, swapped.begin() + 32);
  EXPECT_TRUE(refused(swapped));
  std::remove(model.path.c_str());
  EXPECT_EQ(model.open(&handle), INGOT_WRONG_WEIGHTS);
  EXPECT_EQ(errno, ENOENT);
  EXPECT_EQ(ingot_weights_open(&model.model, nullptr, &handle), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(ingot_weights_open(&model.model, model.path.c_str(), nullptr), INGOT_INVALID_ARGUMENT);
  Model inside;
  EXPECT_EQ(ingot_weights_open(&inside.model, model.path.c_str(), &handle), INGOT_INVALID_ARGUMENT);
}

TEST(WeightsTest, SessionsNeedTheirOwn) {
  FileModel model;
  Session without(model.model, 1);
  EXPECT_EQ(without.status, INGOT_WRONG_WEIGHTS);
  EXPECT_STREQ(without.text, "the model's weights are in the file 'model.weights': open it with ingot_weights_open");
  IngotWeights *handle = nullptr;
  ASSERT_EQ(model.open(&handle), INGOT_OK);
  IngotSessionOptions options = Session::withThreads(1);
  options.weights = handle;
  ++model.model.weights_hash;
  Session other(model.model, options);
  EXPECT_EQ(other.status, INGOT_WRONG_WEIGHTS);
  EXPECT_STREQ(other.text, "the weights are those of another model, not of 'model.weights'");
  ingot_weights_close(&model.model, &handle);
}

TEST(WeightsTest, HashSeesLengthAndOrder) {
  const uint8_t zeros[100] = {}, ones[100] = {1};
  EXPECT_NE(ingot_weights_hash(zeros, 8), ingot_weights_hash(zeros, 9));
  EXPECT_NE(ingot_weights_hash(zeros, 0), ingot_weights_hash(zeros, 32));
  EXPECT_NE(ingot_weights_hash(zeros, 100), ingot_weights_hash(ones, 100));
}

} // namespace

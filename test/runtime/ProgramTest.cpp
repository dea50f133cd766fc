// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The program of a compiled model as its user meets it: exit codes, messages, JSON and files, around the model of FakeModel.c.
#include "TensorFileData.h"
#include "runtime/program/TensorFiles.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <vector>

using namespace tensorfiles;
using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

namespace {

namespace fs = std::filesystem;

std::string contentOf(const fs::path &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Result {
  int code;
  std::string out, err;
};

class ProgramTest : public testing::Test {
protected:
  fs::path folder = fs::temp_directory_path() / ("ingot-program-" + std::to_string(getpid()));

  void SetUp() override {
    fs::create_directories(folder);
    write("x.npy", npyF32);
    write("fortran.npy", npyFortran);
    write("x.pb", protoRaw);
    write("all.npz", npzStored);
    write("deflated.npz", npzDeflated);
    write("int64.pb", protoInt64);
    write("bf16.npy", npyBfloat);
    write("scalar.npy", npyScalar);
  }
  void TearDown() override { fs::remove_all(folder); }

  void write(const char *name, const std::string &bytes) { std::ofstream(folder / name, std::ios::binary) << bytes; }

  /// Runs in the test's folder, through a shell.
  Result run(const std::string &arguments, const char *program = FAKE_MODEL) {
    const std::string command = "cd '" + folder.string() + "' && '" + program + "' " + arguments + " >stdout 2>stderr";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, contentOf(folder / "stdout"), contentOf(folder / "stderr")};
  }

  /// The error line, with everything an error must have checked: exit code, one line, no output.
  std::string errorOf(const std::string &arguments, int code, const char *program = FAKE_MODEL) {
    const Result result = run(arguments, program);
    EXPECT_EQ(result.code, code) << arguments << "\n" << result.err;
    EXPECT_EQ(result.out, "") << arguments;
    EXPECT_THAT(result.err, MatchesRegex("error: [^\n]+\n")) << arguments;
    return result.err;
  }

  std::vector<double> valuesOf(const char *name) {
    HostTensor tensor;
    ErrorText error;
    std::vector<double> values;
    const ProgramStatus status = ingot_tensor_file_read((folder / name).c_str(), &tensor, &error);
    EXPECT_EQ(status, PROGRAM_OK) << error.text;
    for (uint64_t i = 0; status == PROGRAM_OK && i < tensor.bytes / ingot_element_size(tensor.element_type); ++i)
      values.push_back(ingot_element_value(tensor.element_type, tensor.data, i));
    ingot_tensor_free(&tensor);
    return values;
  }
};

/// The number after "key": in a JSON text.
double numberOf(const std::string &json, const std::string &key) {
  const size_t at = json.find("\"" + key + "\":");
  return at == std::string::npos ? NAN : std::strtod(json.c_str() + at + key.size() + 3, nullptr);
}

const std::vector<double> expectedY = {10, 21, 32, 43, 54, 65};

TEST_F(ProgramTest, ReadsNpyAndWritesNpy) {
  for (const char *threads : {"1", "2", "5"}) {
    const Result result = run(std::string("--input x=x.npy --inputs=rest.npz --random --output y=y.npy --threads ") + threads);
    EXPECT_EQ(result.code, 1) << "rest.npz does not exist";
    const Result good = run(std::string("--input x=x.npy --random --output y=y.npy --output=total=t.npy --threads=") + threads);
    EXPECT_EQ(good.code, 0) << good.err;
    EXPECT_EQ(good.err, "");
    EXPECT_EQ(valuesOf("y.npy"), expectedY);
    EXPECT_THAT(good.out, AllOf(HasSubstr("y  f32 [2, 3]  min 10, max 65, mean 37.5"), HasSubstr(std::string(", ") + threads + " thread")));
  }
  EXPECT_THAT(contentOf(folder / "y.npy"), StartsWith(npyF32.substr(0, 128))) << "byte for byte the header that numpy writes";
  for (const char *input : {"fortran.npy", "x.pb"}) {
    fs::remove(folder / "y.npy");
    EXPECT_EQ(run(std::string("--random --output y=y.npy --input x=") + input).code, 0);
    EXPECT_EQ(valuesOf("y.npy"), expectedY) << input;
  }
}

TEST_F(ProgramTest, ReadsNpzAndWritesNpz) {
  for (const char *input : {"all.npz", "deflated.npz"}) {
    const Result result = run(std::string("--outputs out.npz --output total=total.npy --inputs ") + input);
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(result.err, std::string("note: input 'gate': the 16-bit integers of ") + input + " are taken as the bits of bf16 values\n");
    EXPECT_EQ(valuesOf("total.npy"), std::vector<double>{10});
    EXPECT_EQ(run("--random --inputs out.npz").code, 1) << "y is no input";
    EXPECT_THAT(run("--random --inputs out.npz").err, HasSubstr("the model has no input 'y'; did you mean 'x'?"));
  }
  EXPECT_THAT(contentOf(folder / "out.npz"), AllOf(HasSubstr("y.npy"), HasSubstr("total.npy"), HasSubstr("count.npy")));
}

TEST_F(ProgramTest, RandomInputsAreReproducible) {
  for (const char *name : {"a.npy", "b.npy"})
    ASSERT_EQ(run(std::string("--random --seed 5 --output y=") + name).code, 0);
  ASSERT_EQ(run("--random --seed 6 --output y=c.npy").code, 0);
  EXPECT_EQ(contentOf(folder / "a.npy"), contentOf(folder / "b.npy"));
  EXPECT_NE(contentOf(folder / "a.npy"), contentOf(folder / "c.npy"));
}

TEST_F(ProgramTest, RawAndFilledInputs) {
  write("x.bin", npyF32.substr(npyF32.size() - 24));
  for (const char *raw : {"x=x.bin", "x=x.bin:f32:2x3"}) {
    const Result result = run(std::string("--fill 'token ids=iota' --fill gate=ones --output y=y.npy --output total=t.npy --raw ") + raw);
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(valuesOf("y.npy"), expectedY) << raw;
    EXPECT_EQ(valuesOf("t.npy"), std::vector<double>{6});
  }
  ASSERT_EQ(run("--fill x=zeros --random --output y=y.npy").code, 0);
  EXPECT_EQ(valuesOf("y.npy"), (std::vector<double>{10, 20, 30, 40, 50, 60}));
  ASSERT_EQ(run("--random --seed 3 --save-inputs in.npz --output y=a.npy").code, 0);
  ASSERT_EQ(run("--inputs in.npz --output y=b.npy").code, 0);
  EXPECT_EQ(contentOf(folder / "a.npy"), contentOf(folder / "b.npy"));
  ASSERT_EQ(run("--seed 3 --fill x=random --random --output y=b.npy").code, 0);
  EXPECT_EQ(contentOf(folder / "a.npy"), contentOf(folder / "b.npy"));
}

TEST_F(ProgramTest, JsonOfARun) {
  const Result result = run("--input x=x.npy --random --iterations 50 --warmup 5 --threads 2 --json");
  ASSERT_EQ(result.code, 0) << result.err;
  const std::string number = "-?[0-9.e+-]+";
  std::string pattern = "\\{\"threads\":2,\"sessions\":1,\"iterations\":50";
  for (const char *key : {"min_ms", "median_ms", "p90_ms", "p99_ms", "mean_ms", "first_ms", "start_to_first_ms"})
    pattern += std::string(",\"") + key + "\":" + number;
  pattern +=
      ",\"outputs\":\\{\"y\":\\{\"shape\":\\[2,3\\],\"min\":10,\"max\":65,\"mean\":37.5\\},\"total\":\\{\"shape\":\\[\\],.*\\},\"count\":.*\\}\\}\n";
  EXPECT_THAT(result.out, MatchesRegex(pattern));
  EXPECT_LE(numberOf(result.out, "min_ms"), numberOf(result.out, "median_ms"));
  EXPECT_LE(numberOf(result.out, "median_ms"), numberOf(result.out, "p90_ms"));
  EXPECT_LE(numberOf(result.out, "p90_ms"), numberOf(result.out, "p99_ms"));
  EXPECT_LE(numberOf(result.out, "first_ms"), numberOf(result.out, "start_to_first_ms"));
  EXPECT_GT(numberOf(result.out, "min_ms"), 0);
}

TEST_F(ProgramTest, SeveralSessions) {
  for (const char *threads : {"1", "3"}) {
    const Result result =
        run(std::string("--input x=x.npy --random --sessions 3 --iterations 20 --warmup 2 --samples --json --output y=y.npy --threads ") + threads);
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(valuesOf("y.npy"), expectedY);
    EXPECT_EQ(numberOf(result.out, "sessions"), 3);
    EXPECT_EQ(numberOf(result.out, "iterations"), 60);
    const std::string samples = result.out.substr(0, result.out.find(']'));
    EXPECT_EQ(std::count(samples.begin(), samples.end(), ','), 59);
  }
  EXPECT_THAT(run("--random --sessions 2").out, HasSubstr(" in each of 2 sessions, 2 runs: "));
  EXPECT_THAT(errorOf("--random --sessions 256 --iterations 100000000", 2), HasSubstr("25600000000 runs in all are too many"));
  write("ids.bin", std::string(24, '\0') + std::string(8, '\xff'));
  EXPECT_THAT(errorOf("--raw 'token ids=ids.bin' --random --sessions 3 --warmup 1", 1), HasSubstr("index out of range"));
}

TEST_F(ProgramTest, AllocatesNothingFromTheFirstRunToTheLast) {
  const Result result = run("--random --iterations 200 --warmup 3 --threads 3 --output count=count.npy");
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(valuesOf("count.npy"), std::vector<double>{0});
}

TEST_F(ProgramTest, Info) {
  const Result text = run("--info");
  EXPECT_EQ(text.code, 0);
  for (const char *part : {"  x  f32 [2, 3]\n", "  token ids  i64 [4]\n", "  total  i64 []\n", "x86-64  (taken on this CPU)",
                           "88 bytes: arena 64 + weights 24", "  compiler  ingot 0.1.0\n", "  options  {\"level\": 3, \"targets\": [1, 2]}\n"})
    EXPECT_THAT(text.out, HasSubstr(part));
  const Result json = run("--info --json");
  EXPECT_EQ(json.code, 0);
  EXPECT_EQ(json.out,
            "{\"inputs\":[{\"name\":\"x\",\"type\":\"f32\",\"shape\":[2,3],\"bytes\":24},{\"name\":\"token ids\",\"type\":\"i64\",\"shape\":[4],"
            "\"bytes\":32},{\"name\":\"gate\",\"type\":\"bf16\",\"shape\":[1],\"bytes\":2}],\"outputs\":[{\"name\":\"y\",\"type\":\"f32\",\"shape\":"
            "[2,3],\"bytes\":24},{\"name\":\"total\",\"type\":\"i64\",\"shape\":[],\"bytes\":8},{\"name\":\"count\",\"type\":\"i64\",\"shape\":[1],"
            "\"bytes\":8}],\"dims\":[],\"peak_memory_bytes\":88,\"arena_bytes\":64,\"weight_bytes\":24,\"scratch_bytes\":0,\"variant\":\"x86-64\","
            "\"variants\":[\"from-"
            "the-future\","
            "\"x86-64\"],\"manifest\":{\"compiler\": \"ingot 0.1.0\", \"model_sha256\": \"ab\\\"cd\", \"options\": {\"level\": 3, \"targets\": "
            "[1, 2]}}}\n");
}

TEST_F(ProgramTest, HelpAndVersion) {
  for (const char *option : {"--help", "-h"}) {
    const Result result = run(option);
    EXPECT_EQ(result.code, 0);
    for (const char *name : {"--input ", "--inputs ", "--output ", "--outputs ", "--random", "--seed ", "--iterations ", "--warmup ", "--threads ",
                             "--json", "--info", "--version", "--help", "token ids"})
      EXPECT_THAT(result.out, HasSubstr(name));
  }
  const Result version = run("--version");
  EXPECT_EQ(version.code, 0);
  EXPECT_THAT(version.out, AllOf(StartsWith("ingot runtime "), HasSubstr("ABI 1\n"), HasSubstr("compiler  ingot 0.1.0\n")));
}

TEST_F(ProgramTest, CommandLineErrors) {
  const struct {
    const char *arguments, *message;
  } cases[] = {
      {"", "no value for the inputs 'x', 'token ids', 'gate'; give --input NAME=FILE, --inputs FILE.npz, --raw or --fill, or --random"},
      {"--json", "no value for the inputs"},
      {"--input x=x.npy --input gate=x.npy", "input 'gate' must be bf16 [1]"},
      {"--itertions 3", "unknown option '--itertions'; did you mean '--iterations'?"},
      {"--ouput=y=y.npy", "unknown option '--ouput'; did you mean '--output'?"},
      {"--frobnicate-the-model", "unknown option '--frobnicate-the-model'; --help lists all"},
      {"x.npy", "unexpected argument 'x.npy'; an input is given as --input NAME=FILE"},
      {"--iterations", "--iterations needs a value"},
      {"--input", "--input needs a value"},
      {"--input=", "--input needs a value"},
      {"--random=1", "--random takes no value"},
      {"--iterations 0", "--iterations takes a whole number from 1 to 100000000, not '0'"},
      {"--iterations ten", "not 'ten'"},
      {"--warmup -1", "not '-1'"},
      {"--threads 99999", "--threads takes a whole number from 0 to 1024, not '99999'"},
      {"--seed 99999999999999999999999", "--seed takes"},
      {"--input x.npy", "--input takes NAME=FILE, not 'x.npy'"},
      {"--input x=", "--input x= names no file"},
      {"--input 'token id=x.npy'", "the model has no input 'token id'; did you mean 'token ids'?"},
      {"--input something_else=x.npy", "the model has no input 'something_else'; its first input is 'x'"},
      {"--fill 'token ids=iotas'", "'iotas' is none of random, zeros, ones, iota"},
      {"--fill ones", "--fill takes NAME=KIND, not 'ones'"},
      {"--fill x=", "--fill x= names no kind"},
      {"--fill y=ones", "the model has no input 'y'"},
      {"--input x=x.npy --fill x=ones", "input 'x' is given twice; the second time by --fill x=ones"},
      {"--raw x=a.bin:f23:2x3", "'f23' in --raw a.bin:f23:2x3 is no element type"},
      {"--raw a.bin", "--raw takes NAME=FILE, not 'a.bin'"},
      {"--random --output totl=y.npy", "the model has no output 'totl'; did you mean 'total'?"},
      {"--random --output y=y.npz", "--output writes npy files; write 'y.npz' with --outputs"},
      {"--input x=x.npy --input x=x.npy", "input 'x' is given twice"},
      {"--input x=x.npy --inputs all.npz", "input 'x' is given twice"},
  };
  for (const auto &test : cases) {
    const bool wrongFile = std::string(test.message).find("must be") != std::string::npos;
    EXPECT_THAT(errorOf(test.arguments, wrongFile ? 1 : 2), HasSubstr(test.message)) << test.arguments;
  }
}

TEST_F(ProgramTest, InputErrors) {
  write("garbage.npy", "not at all");
  write("garbage.bin", "not at all");
  write("empty.pb", "");
  write("cut.npy", npyF32.substr(0, 140));
  write("cut.npz", npzStored.substr(0, 300));
  const struct {
    const char *arguments, *message;
  } cases[] = {
      {"--random --input x=missing.npy", "cannot open 'missing.npy': No such file or directory"},
      {"--random --input x=.", "cannot read '.': it is a folder"},
      {"--random --input x=garbage.npy", "garbage.npy: not an npy file; write it with numpy.save"},
      {"--random --input x=garbage.bin", "garbage.bin: not an ONNX TensorProto"},
      {"--random --input x=empty.pb", "empty.pb: the file is empty"},
      {"--random --input x=cut.npy", "cut.npy: the npy header says f32 [2, 3] but 12 bytes of data follow; the file is cut off"},
      {"--random --input x=all.npz", "all.npz: this is an npz file; give it with --inputs"},
      {"--random --inputs cut.npz", "cut.npz: the npz file is damaged or cut off"},
      {"--random --inputs x.npy", "x.npy: not an npz file"},
      {"--random --inputs missing.npz", "cannot open 'missing.npz'"},
      {"--random --input x=scalar.npy", "input 'x' must be f32 [2, 3], but scalar.npy holds i64 []; convert it with x.astype(numpy.float32)"},
      {"--random --input 'token ids=int64.pb'", "input 'token ids' must be i64 [4], but int64.pb holds i64 [3]\n"},
      {"--random --input gate=bf16.npy", "input 'gate' must be bf16 [1], but bf16.npy holds bf16 [2]\n"},
      {"--random --raw x=garbage.bin", "input 'x': garbage.bin has 10 bytes, but f32 [2, 3] takes 24\n"},
      {"--random --raw x=missing.bin", "input 'x': cannot open 'missing.bin': No such file or directory"},
      {"--random --raw x=garbage.bin:u8:10", "input 'x' must be f32 [2, 3], but garbage.bin holds u8 [10]"},
      {"--random --save-inputs no/folder/x.npz", "cannot write 'no/folder/x.npz'"},
      {"--random --output y=no/such/folder/y.npy", "cannot write 'no/such/folder/y.npy': No such file or directory"},
      {"--random --outputs .", "cannot write '.': Is a directory"},
  };
  for (const auto &test : cases)
    EXPECT_THAT(errorOf(test.arguments, 1), HasSubstr(test.message)) << test.arguments;
}

TEST_F(ProgramTest, AFailedRunLeavesTheOldOutput) {
  write("y.npy", "old");
  std::string ids = npzStored;
  const size_t data = ids.find("(4,)");
  ASSERT_NE(data, std::string::npos);
  // [1, 2, 3, -1] as an npy file: the header up to its line end, then the values.
  const size_t begin = ids.rfind("\x93NUMPY", data);
  std::string npy = ids.substr(begin, 128 + 24) + std::string(8, '\xff');
  write("ids.npy", npy);
  EXPECT_THAT(errorOf("--random --input 'token ids=ids.npy' --output y=y.npy", 1),
              HasSubstr("the run failed: node 'lookup' (Gather): index out of range"));
  EXPECT_EQ(contentOf(folder / "y.npy"), "old");
}

TEST_F(ProgramTest, UnwritableStandardOutput) {
  const std::string command = "cd '" + folder.string() + "' && '" FAKE_MODEL "' --random >/dev/full 2>stderr";
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 1);
  EXPECT_EQ(contentOf(folder / "stderr"), "error: cannot write to standard output\n");
}

TEST_F(ProgramTest, UnsupportedCpu) {
  const std::string error = errorOf("--random", 3, FAKE_MODEL_UNSUPPORTED);
  EXPECT_THAT(error, AllOf(HasSubstr("this CPU cannot run the model: it lacks "), HasSubstr("feature bits 0x8000000000000000"),
                           HasSubstr("--target=native")));
  EXPECT_EQ(run("--info", FAKE_MODEL_UNSUPPORTED).code, 0);
  EXPECT_THAT(run("--info --json", FAKE_MODEL_UNSUPPORTED).out, HasSubstr("\"variant\":null"));
}

TEST_F(ProgramTest, WritesAProfile) {
  const Result text = run("--random --threads 2 --profile trace.json");
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(text.out,
              AllOf(HasSubstr(", 11 runs: median "), HasSubstr("\nprofile of 10 runs with 2 threads, "), HasSubstr("No region of the model ran.\n")));
  EXPECT_THAT(contentOf(folder / "trace.json"), AllOf(StartsWith("{\"displayTimeUnit\":\"ns\",\"traceEvents\":["), HasSubstr("\"runs\":10,")));
  const Result json = run("--random --json --iterations 3 --sessions 2 --profile=trace.json");
  EXPECT_THAT(json.out, HasSubstr(",\"profile\":\"profile of 2 runs with "));
  EXPECT_EQ(run("--random").out.find("profile"), std::string::npos);
}

TEST_F(ProgramTest, RefusesToProfileIntoNothing) {
  EXPECT_EQ(errorOf("--random --profile", 2), "error: --profile needs a value\n");
  EXPECT_EQ(errorOf("--random --iterations 100000000 --profile absent/trace.json", 1), // before the runs
            "error: cannot write 'absent/trace.json': No such file or directory\n");
  EXPECT_EQ(errorOf("--random --profile .", 1), "error: cannot write '.': Is a directory\n");
  EXPECT_EQ(errorOf("--random --profile /dev/full", 1), "error: cannot write '/dev/full': No space left on device\n");
  EXPECT_EQ(errorOf("--fill 'token ids=ones' --profile trace.json --input x=absent.npy", 1),
            "error: cannot open 'absent.npy': No such file or directory\n");
  for (const auto &entry : fs::directory_iterator(folder))
    EXPECT_EQ(entry.path().string().find("trace.json"), std::string::npos) << entry.path();
}

} // namespace

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The readers of npy, npz and ONNX TensorProto: files of other programs, our own round trips, and everything that can be wrong with a file.
#include "runtime/program/TensorFiles.h"
#include "TensorFileData.h"
#include "runtime/program/File.h"
#include "runtime/program/Fill.h"
#include "runtime/program/Inflate.h"
#include "runtime/program/Npy.h"
#include "runtime/program/TensorProto.h"
#include "runtime/program/Zip.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <numeric>
#include <unistd.h>
#include <vector>

using namespace tensorfiles;
using testing::HasSubstr;

namespace {

using Parser = ProgramStatus (*)(const uint8_t *, size_t, HostTensor *, ErrorText *);

/// Parses from a heap block of exactly the file's size, so that the address sanitizer sees a read behind the end.
struct Parsed {
  HostTensor tensor{};
  ErrorText error{};
  ProgramStatus status;
  Parsed(Parser parser, const std::string &file) {
    const std::vector<uint8_t> bytes(file.begin(), file.end());
    status = parser(bytes.data(), bytes.size(), &tensor, &error);
    if (status != PROGRAM_OK)
      EXPECT_EQ(tensor.data, nullptr) << "a failed read holds memory";
  }
  Parsed(const Parsed &) = delete;
  ~Parsed() { ingot_tensor_free(&tensor); }
  std::string type() const {
    char text[INGOT_TYPE_TEXT];
    ingot_format_type(text, tensor.element_type, tensor.dims, tensor.rank);
    return text;
  }
  std::vector<double> values() const {
    const uint64_t count = tensor.bytes / ingot_element_size(tensor.element_type);
    std::vector<double> result;
    result.reserve(count);
    for (uint64_t i = 0; i < count; ++i)
      result.push_back(ingot_element_value(tensor.element_type, tensor.data, i));
    return result;
  }
};

const std::vector<double> xValues = {0, 0.5, 1, 1.5, 2, 2.5};

struct GoodFile {
  const char *name;
  Parser parser;
  const std::string *bytes;
  const char *type;
  std::vector<double> values;
};

std::vector<double> upTo(int count) {
  std::vector<double> values(count);
  std::iota(values.begin(), values.end(), 0.0);
  return values;
}

const std::vector<GoodFile> goodFiles = {
    {"npy", ingot_npy_parse, &npyF32, "f32 [2, 3]", xValues},
    {"npyFortran", ingot_npy_parse, &npyFortran, "f32 [2, 3]", xValues},
    {"npyFortran3d", ingot_npy_parse, &npyFortran3d, "i16 [2, 3, 4]", upTo(24)},
    {"npyVersion2", ingot_npy_parse, &npyVersion2, "f32 [2, 3]", xValues},
    {"npyScalar", ingot_npy_parse, &npyScalar, "i64 []", {-7}},
    {"npyEmpty", ingot_npy_parse, &npyEmpty, "f64 [0, 3]", {}},
    {"npyBfloat", ingot_npy_parse, &npyBfloat, "bf16 [2]", {1.5, -2}},
    {"protoRaw", ingot_tensor_proto_parse, &protoRaw, "f32 [2, 3]", xValues},
    {"protoFloats", ingot_tensor_proto_parse, &protoFloats, "f32 [2, 3]", xValues},
    {"protoInt64", ingot_tensor_proto_parse, &protoInt64, "i64 [3]", {1, -2, 1099511627776.0}},
    {"protoInt8", ingot_tensor_proto_parse, &protoInt8, "i8 [2]", {-1, 5}},
    {"protoHalf", ingot_tensor_proto_parse, &protoHalf, "f16 [2]", {1, -2}},
    {"protoDouble", ingot_tensor_proto_parse, &protoDouble, "f64 []", {0.1}},
    {"protoUint32", ingot_tensor_proto_parse, &protoUint32, "u32 [1]", {4000000000.0}},
    {"protoInt4", ingot_tensor_proto_parse, &protoInt4, "i4 [3]", {1, -8, 7}},
    {"protoUint4", ingot_tensor_proto_parse, &protoUint4, "u4 [3]", {15, 0, 9}},
    {"protoUint2", ingot_tensor_proto_parse, &protoUint2, "u2 [5]", {3, 0, 2, 1, 1}},
    {"protoFloat8", ingot_tensor_proto_parse, &protoFloat8, "f8e4m3fn [2]", {1.5, -448}},
    {"protoFloat4", ingot_tensor_proto_parse, &protoFloat4, "f4e2m1 [3]", {6, -0.5, 1}},
    {"protoFloat6", ingot_tensor_proto_parse, &protoFloat6, "f6e2m3 [5]", {7.5, -0.125, 1, 2, 3}},
};

void PrintTo(const GoodFile &file, std::ostream *out) { *out << file.name; }

class GoodFileTest : public testing::TestWithParam<GoodFile> {};
INSTANTIATE_TEST_SUITE_P(Files, GoodFileTest, testing::ValuesIn(goodFiles), [](const auto &info) { return std::string(info.param.name); });

TEST_P(GoodFileTest, IsRead) {
  const Parsed parsed(GetParam().parser, *GetParam().bytes);
  ASSERT_EQ(parsed.status, PROGRAM_OK) << parsed.error.text;
  EXPECT_EQ(parsed.type(), GetParam().type);
  EXPECT_EQ(parsed.values(), GetParam().values);
}

TEST_P(GoodFileTest, EveryTruncationIsAnError) {
  for (size_t size = 0; size < GetParam().bytes->size(); ++size) {
    const Parsed parsed(GetParam().parser, GetParam().bytes->substr(0, size));
    // A TensorProto's name may come last, and is not needed.
    if (parsed.status == PROGRAM_OK && GetParam().parser == ingot_tensor_proto_parse) {
      EXPECT_EQ(parsed.values(), GetParam().values) << size;
      continue;
    }
    ASSERT_EQ(parsed.status, PROGRAM_BAD_INPUT) << "cut to " << size << " bytes";
    ASSERT_STRNE(parsed.error.text, "");
  }
}

TEST_P(GoodFileTest, NoChangedByteDoesHarm) { // a wrong value or an error; the sanitizers look for anything else
  for (size_t at = 0; at < GetParam().bytes->size(); ++at)
    for (int change : {1, 0x80, 0xff}) {
      std::string bytes = *GetParam().bytes;
      bytes[at] = static_cast<char>(bytes[at] ^ change);
      const Parsed parsed(GetParam().parser, bytes);
      if (parsed.status != PROGRAM_OK)
        ASSERT_STRNE(parsed.error.text, "");
    }
}

std::string npyOf(const std::string &header, const std::string &data = "", char version = 1) {
  std::string bytes = std::string("\x93NUMPY") + version + '\0';
  bytes += static_cast<char>(header.size() & 255);
  bytes += static_cast<char>(header.size() >> 8);
  if (version > 1)
    bytes += std::string(2, '\0');
  return bytes + header + data;
}

std::string dict(const std::string &descr, const std::string &shape, const std::string &order = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
}

TEST(NpyTest, AcceptsWhatPythonAccepts) {
  EXPECT_EQ(Parsed(ingot_npy_parse, npyOf("{ \"shape\" : ( 1L , ) ,\n'fortran_order':False,'descr':'<u4'}", "\1\0\0\0")).type(), "u32 [1]");
  EXPECT_EQ(Parsed(ingot_npy_parse, npyOf(dict("|b1", "(2,)"), std::string("\1\0", 2))).values(), (std::vector<double>{1, 0}));
  EXPECT_EQ(Parsed(ingot_npy_parse, npyOf(dict("=i2", "(2,)"), std::string("\1\0\xff\xff", 4))).values(), (std::vector<double>{1, -1}));
  EXPECT_EQ(Parsed(ingot_npy_parse, npyOf(dict("<f2", "()"), std::string("\0\x3c", 2))).values(), (std::vector<double>{1}));
}

TEST(NpyTest, MalformedFiles) {
  const struct {
    std::string bytes;
    const char *message;
  } cases[] = {
      {"", "not an npy file"},
      {"hello, world", "not an npy file"},
      {npyOf(dict("<f4", "(1,)"), "1234", 9), "npy format version 9"},
      {npyOf(dict("<f4", "(2,)"), "1234"), "the npy header says f32 [2] but 4 bytes of data follow; the file is cut off"},
      {npyOf(dict("<f4", "(1,)"), "12345"), "but 5 bytes of data follow; the file is damaged"},
      {npyOf(dict("<f4", "(4611686018427387904, 4611686018427387904)")), "the npy header says f32 [4611686018427387904, 4611686018427387904]"},
      {npyOf(dict("<f4", "(99999999999999999999,)")), "header cannot be read"},
      {npyOf(dict("<f4", "(-1,)")), "header cannot be read"},
      {npyOf(dict("<f4", "(1")), "header cannot be read"},
      {npyOf(dict("<f4", "(1,)", "Perhaps")), "header cannot be read"},
      {npyOf("{'descr': '<f4', 'fortran_order': False}"), "header cannot be read"},
      {npyOf("{'descr': '<f4', 'fortran_order': False, 'shape': (), 'more': 1}"), "header cannot be read"},
      {npyOf("{}"), "header cannot be read"},
      {npyOf(""), "header cannot be read"},
      {npyOf(dict("<f4", "(" + std::string(99, '1') + ",)")), "header cannot be read"},
      {npyOf(dict("<f4",
                  [] { // 33 dimensions
                    std::string shape = "(";
                    for (int i = 0; i < 33; ++i)
                      shape += "1,";
                    return shape + ")";
                  }()),
             "1234"),
       "header cannot be read"},
      {npyOf(dict("", "()")), "numpy type '' is not supported"},
      {npyOf(dict("|O", "()")), "numpy type '|O' is not supported"},
      {npyOf(dict("<U5", "()")), "numpy type '<U5' is not supported"},
      {npyComplex, "numpy type '<c8' is not supported"},
      {npyStructured, "structured arrays"},
      {npyBigEndian, "the array is big-endian ('>f4'); save it with x.astype('<f4')"},
  };
  for (const auto &test : cases) {
    const Parsed parsed(ingot_npy_parse, test.bytes);
    EXPECT_EQ(parsed.status, PROGRAM_BAD_INPUT) << test.message;
    EXPECT_THAT(parsed.error.text, HasSubstr(test.message));
  }
}

TEST(NpyTest, WritesWhatNumpyWrites) {
  const struct {
    const std::string *file;
    int32_t type;
    std::vector<int64_t> dims;
  } cases[] = {{&npyF32, INGOT_F32, {2, 3}}, {&npyScalar, INGOT_I64, {}}, {&npyEmpty, INGOT_F64, {0, 3}}};
  for (const auto &test : cases) {
    uint8_t header[INGOT_NPY_HEADER];
    const size_t size = ingot_npy_header(header, test.type, test.dims.data(), static_cast<int32_t>(test.dims.size()));
    EXPECT_EQ(std::string(header, header + size), test.file->substr(0, size));
  }
}

TEST(NpyTest, RoundTripOfEveryType) {
  for (int32_t type = 1; type <= 16; ++type) {
    if (ingot_element_size(type) == 0)
      continue;
    HostTensor tensor = {};
    tensor.element_type = type;
    tensor.rank = 3;
    tensor.dims[0] = 2, tensor.dims[1] = 1, tensor.dims[2] = 3;
    ErrorText error;
    ASSERT_EQ(ingot_tensor_allocate(&tensor, &error), PROGRAM_OK);
    ingot_tensor_fill(&tensor, FILL_RANDOM, "t", 1);
    uint8_t header[INGOT_NPY_HEADER];
    const size_t size = ingot_npy_header(header, type, tensor.dims, 3);
    EXPECT_EQ(size % 64, 0u);
    const Parsed back(ingot_npy_parse, std::string(header, header + size) + std::string(static_cast<char *>(tensor.data), tensor.bytes));
    ASSERT_EQ(back.status, PROGRAM_OK) << back.error.text;
    EXPECT_EQ(back.tensor.element_type, type);
    EXPECT_EQ(std::memcmp(back.tensor.data, tensor.data, tensor.bytes), 0);
    ingot_tensor_free(&tensor);
  }
}

TEST(NpyTest, HeaderOfTheLargestRankFits) {
  std::vector<int64_t> dims(INGOT_MAX_RANK, INT64_MAX);
  uint8_t header[INGOT_NPY_HEADER];
  const size_t size = ingot_npy_header(header, INGOT_F32, dims.data(), INGOT_MAX_RANK);
  ASSERT_LE(size, size_t{INGOT_NPY_HEADER});
  EXPECT_THAT(std::string(header, header + size), HasSubstr("9223372036854775807), }"));
}

bool inflates(const std::string &packed, const std::string &expected) {
  std::string output(expected.size(), 'x');
  return ingot_inflate(reinterpret_cast<const uint8_t *>(packed.data()), packed.size(), reinterpret_cast<uint8_t *>(output.data()), output.size()) &&
         output == expected;
}

TEST(InflateTest, AllKindsOfBlocks) {
  std::string squares, letters;
  for (int i = 0; i < 120; ++i)
    squares += std::to_string(i) + " squared is " + std::to_string(i * i) + "; ";
  for (int i = 0; i < 80; ++i)
    letters += "abc";
  EXPECT_TRUE(inflates(deflateDynamic, squares));
  EXPECT_TRUE(inflates(deflateFixed, letters));
  EXPECT_TRUE(inflates(deflateStored, "stored as it is"));
  EXPECT_TRUE(inflates(deflateRun, std::string(100000, 'z')));
  EXPECT_FALSE(inflates(deflateFixed, letters + "a")) << "fewer bytes than promised";
  EXPECT_FALSE(inflates(deflateFixed, letters.substr(1))) << "more bytes than promised";
}

TEST(InflateTest, DamagedStreams) {
  std::vector<uint8_t> output(4000);
  for (const std::string *stream : {&deflateDynamic, &deflateFixed, &deflateStored, &deflateRun}) {
    for (size_t size = 0; size < stream->size(); ++size) {
      const std::vector<uint8_t> cut(stream->begin(), stream->begin() + static_cast<long>(size));
      ASSERT_FALSE(ingot_inflate(cut.data(), cut.size(), output.data(), output.size())) << size;
    }
    for (size_t at = 0; at < stream->size(); ++at)
      for (int bit = 0; bit < 8; ++bit) {
        std::vector<uint8_t> changed(stream->begin(), stream->end());
        changed[at] = static_cast<uint8_t>(changed[at] ^ 1 << bit);
        (void)ingot_inflate(changed.data(), changed.size(), output.data(), output.size());
      }
  }
  const std::vector<uint8_t> reserved = {0x07}, emptyCode = {0x05, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, farBack = {0x03 + 0x00, 0x02, 0x00};
  EXPECT_FALSE(ingot_inflate(reserved.data(), reserved.size(), output.data(), 1)) << "block kind 3";
  EXPECT_FALSE(ingot_inflate(emptyCode.data(), emptyCode.size(), output.data(), 1)) << "a dynamic block without codes";
  EXPECT_FALSE(ingot_inflate(farBack.data(), farBack.size(), output.data(), 3)) << "a copy from before the beginning";
}

using Entries = std::map<std::string, std::string>;

/// All entries, or the error's text.
std::string readZip(const std::string &file, Entries &entries) {
  const std::vector<uint8_t> bytes(file.begin(), file.end());
  ZipReader zip;
  ErrorText error = {};
  ProgramStatus status = ingot_zip_open(&zip, bytes.data(), bytes.size(), &error);
  while (status == PROGRAM_OK && zip.entries != 0) {
    ZipEntry entry;
    status = ingot_zip_next(&zip, &entry, &error);
    if (status == PROGRAM_OK)
      entries[entry.name] = std::string(reinterpret_cast<char *>(entry.data), entry.size);
    free(entry.data);
  }
  return status == PROGRAM_OK ? "" : error.text;
}

class NpzTest : public testing::TestWithParam<const std::string *> {};
INSTANTIATE_TEST_SUITE_P(Files, NpzTest, testing::Values(&npzStored, &npzDeflated),
                         [](const auto &info) { return info.index == 0 ? "Stored" : "Deflated"; });

TEST_P(NpzTest, IsRead) {
  Entries entries;
  ASSERT_EQ(readZip(*GetParam(), entries), "");
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries["x.npy"], npyF32);
  EXPECT_EQ(Parsed(ingot_npy_parse, entries["token ids.npy"]).values(), (std::vector<double>{1, 2, 3, 4}));
}

TEST_P(NpzTest, EveryTruncationIsAnError) {
  for (size_t size = 0; size < GetParam()->size(); ++size) {
    Entries entries;
    ASSERT_NE(readZip(GetParam()->substr(0, size), entries), "") << size;
  }
}

TEST_P(NpzTest, NoChangedByteDoesHarm) {
  for (size_t at = 0; at < GetParam()->size(); ++at)
    for (int change : {1, 0x80, 0xff}) {
      std::string bytes = *GetParam();
      bytes[at] = static_cast<char>(bytes[at] ^ change);
      Entries entries;
      (void)readZip(bytes, entries);
    }
}

TEST(ZipTest, SaysWhatIsWrong) {
  Entries entries;
  EXPECT_THAT(readZip("PK", entries), HasSubstr("not an npz file"));
  EXPECT_THAT(readZip(npyF32, entries), HasSubstr("not an npz file"));
  const size_t data = npzStored.find("\x93NUMPY");
  std::string changed = npzStored;
  changed[data + 130] ^= 1;
  EXPECT_THAT(readZip(changed, entries), HasSubstr("checksum"));
  const size_t central = npzStored.find("PK\1\2");
  const auto with = [&](size_t at, const std::string &bytes) {
    std::string result = npzStored;
    return readZip(result.replace(central + at, bytes.size(), bytes), entries);
  };
  EXPECT_THAT(with(8, "\1"), HasSubstr("encrypted"));
  EXPECT_THAT(with(10, "\14"), HasSubstr("unknown way (12)"));
  EXPECT_THAT(with(10, "\10"), HasSubstr("cannot be unpacked"));
  EXPECT_THAT(with(24, "\1\1\1\1"), HasSubstr("contradict"));
  EXPECT_THAT(with(20, "\xf0\xff\xff\x7f\xf0\xff\xff\x7f"), HasSubstr("cut off"));
  EXPECT_THAT(with(42, "\xf0\xff\xff\x7f"), HasSubstr("not where the directory says"));
  EXPECT_THAT(with(24, "\xff\xff\xff\xff"), HasSubstr("no sizes"));
}

TEST(ZipTest, RefusesABombBeforeItAllocates) {
  std::string bomb = npzDeflated;
  bomb.replace(bomb.find("PK\1\2") + 24, 4, "\xf0\xff\xff\x7f");
  Entries entries;
  EXPECT_THAT(readZip(bomb, entries), HasSubstr("contradict"));
}

struct TemporaryFolder {
  std::filesystem::path path = std::filesystem::temp_directory_path() / ("ingot-runtime-" + std::to_string(getpid()));
  TemporaryFolder() { std::filesystem::create_directories(path); }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  std::string operator/(const char *name) const { return (path / name).string(); }
};

std::string contentOf(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(ZipTest, WriterAndReaderAgree) {
  TemporaryFolder folder;
  const std::string path = folder / "a.npz";
  OutputFile file;
  ErrorText error;
  ASSERT_EQ(ingot_output_open(&file, path.c_str(), &error), PROGRAM_OK) << error.text;
  ZipWriter zip = {&file, nullptr, 0, 0};
  ASSERT_EQ(ingot_zip_add(&zip, "one.npy", "head ", 5, "body", 4, &error), PROGRAM_OK);
  ASSERT_EQ(ingot_zip_add(&zip, "two.npy", "", 0, "", 0, &error), PROGRAM_OK);
  ASSERT_EQ(ingot_zip_finish(&zip, &error), PROGRAM_OK);
  EXPECT_FALSE(std::filesystem::exists(path)) << "the file has its name before it is complete";
  ASSERT_EQ(ingot_output_commit(&file, &error), PROGRAM_OK);
  free(zip.directory);
  Entries entries;
  EXPECT_EQ(readZip(contentOf(path), entries), "");
  EXPECT_EQ(entries, (Entries{{"one.npy", "head body"}, {"two.npy", ""}}));
}

TEST(OutputFileTest, KeepsTheOldFileUntilTheNewOneIsComplete) {
  TemporaryFolder folder;
  const std::string path = folder / "y.npy", link = folder / "link.npy";
  std::ofstream(path) << "old";
  std::filesystem::create_symlink(path, link);
  OutputFile file;
  ErrorText error;
  ASSERT_EQ(ingot_output_open(&file, path.c_str(), &error), PROGRAM_OK);
  ASSERT_EQ(ingot_output_write(&file, "new", 3, &error), PROGRAM_OK);
  ingot_output_discard(&file);
  EXPECT_EQ(contentOf(path), "old");
  ASSERT_EQ(ingot_output_open(&file, link.c_str(), &error), PROGRAM_OK);
  ASSERT_EQ(ingot_output_write(&file, "new", 3, &error), PROGRAM_OK);
  EXPECT_EQ(contentOf(path), "old");
  ASSERT_EQ(ingot_output_commit(&file, &error), PROGRAM_OK);
  EXPECT_EQ(contentOf(path), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path), {}), 2) << "a temporary file is left";
  ASSERT_EQ(ingot_output_open(&file, "/dev/null", &error), PROGRAM_OK);
  ASSERT_EQ(ingot_output_write(&file, "new", 3, &error), PROGRAM_OK);
  ASSERT_EQ(ingot_output_commit(&file, &error), PROGRAM_OK);
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  EXPECT_EQ(ingot_output_open(&file, folder.path.c_str(), &error), PROGRAM_BAD_INPUT);
  EXPECT_EQ(ingot_output_open(&file, (folder / "no/y.npy").c_str(), &error), PROGRAM_BAD_INPUT);
  EXPECT_THAT(error.text, HasSubstr("No such file"));
}

TEST(TensorProtoTest, UnpackedFieldsInAnyOrder) {
  // int64_data 5, dims 2, int64_data 300, data_type INT64: each in its own record.
  const Parsed parsed(ingot_tensor_proto_parse, std::string("\x38\x05\x08\x02\x38\xac\x02\x10\x07", 9));
  ASSERT_EQ(parsed.status, PROGRAM_OK) << parsed.error.text;
  EXPECT_EQ(parsed.type(), "i64 [2]");
  EXPECT_EQ(parsed.values(), (std::vector<double>{5, 300}));
  // Packed dims [1, 2], float_data unpacked.
  const Parsed floats(ingot_tensor_proto_parse, std::string("\x0a\x02\x01\x02\x10\x01\x25\0\0\x80\x3f\x25\0\0\0\xc0", 16));
  EXPECT_EQ(floats.values(), (std::vector<double>{1, -2})) << floats.error.text;
}

TEST(TensorProtoTest, MalformedFiles) {
  const struct {
    std::string bytes;
    const char *message;
  } cases[] = {
      {"", "the file is empty"},
      {"hello, world", "not an ONNX TensorProto"},
      {std::string(20, '\xff'), "not an ONNX TensorProto"},
      {std::string("\x08\x02", 2), "data_type 0"},
      {protoString, "data_type 8"},
      {protoExternal, "another file"},
      {std::string("\x08\x02\x10\x01\x4a\x04"
                   "1234",
                   10),
       "the ONNX tensor says f32 [2], which is 8 bytes, but holds 4"},
      {std::string("\x08\x02\x10\x07\x38\x05", 6), "the ONNX tensor says i64 [2], which is 2 values, but holds 1"},
      {std::string("\x08\x01\x10\x07\x38\x05\x38\x06", 8), "which is 1 values, but holds 2"},
      {std::string("\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x10\x01", 12), "but the file has only"},
      {std::string("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x10\x01", 13), "the ONNX tensor says f32 [-1]"},
      {std::string("\x08\x80\x80\x80\x80\x10\x10\x01", 8), "but the file has only 8 bytes"},
      {std::string("\x08\x01\x10\x01\x20\x05", 6), "the values of the ONNX tensor cannot be read"},
      {std::string("\x08\x01\x10\x01\x1a\x00", 6), "segments"},
  };
  for (const auto &test : cases) {
    const Parsed parsed(ingot_tensor_proto_parse, test.bytes);
    EXPECT_EQ(parsed.status, PROGRAM_BAD_INPUT) << test.message;
    EXPECT_THAT(parsed.error.text, HasSubstr(test.message));
  }
}

} // namespace

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The 16-bit conversions against a reference that knows only what rounding means: of the two neighbours of a value among all 65536 encodings, the
// nearer one, and of two equally near ones the even one.
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <vector>

extern "C" {
_Float16 __truncsfhf2(float value);
_Float16 __truncdfhf2(double value);
__bf16 __truncsfbf2(float value);
__bf16 __truncdfbf2(double value);
float __extendhfsf2(_Float16 value);
double __extendhfdf2(_Float16 value);
}

namespace {

template <typename T> uint16_t bitsOf(T value) { return std::bit_cast<uint16_t>(value); }

/// A 16-bit format by its definition: sign, exponent, mantissa.
struct Format {
  int mantissaBits;
  int maximumExponent() const { return (1 << (15 - mantissaBits)) - 1; }
  int bias() const { return maximumExponent() / 2; }
  uint16_t infinity() const { return static_cast<uint16_t>(maximumExponent() << mantissaBits); }

  /// The value of a finite positive encoding; that of infinity is the next power of two, which is where rounding to infinity begins to be counted.
  double value(uint16_t bits) const {
    const int exponent = bits >> mantissaBits, mantissa = bits & ((1 << mantissaBits) - 1);
    return exponent == 0 ? std::ldexp(mantissa, 1 - bias() - mantissaBits)
                         : std::ldexp(mantissa + (1 << mantissaBits), exponent - bias() - mantissaBits);
  }

  uint16_t nearest(double wide) const {
    const uint16_t sign = std::signbit(wide) ? 0x8000 : 0;
    const double magnitude = std::fabs(wide);
    if (magnitude >= value(infinity()))
      return sign | infinity();
    uint16_t low = 0, high = infinity(); // value(low) <= magnitude < value(high)
    while (high - low > 1) {
      const uint16_t middle = static_cast<uint16_t>((low + high) / 2);
      (value(middle) <= magnitude ? low : high) = middle;
    }
    // Exact: neighbours and the double between them differ in at most 53 bits unless the double is tiny, where the comparison is exact as well.
    const double below = magnitude - value(low), above = value(high) - magnitude;
    const bool up = below > above || (below == above && (low & 1));
    return sign | (up ? high : low);
  }
};

constexpr Format half{10}, bfloat{7};

std::vector<double> interestingDoubles(const Format &format) {
  std::vector<double> values = {0.0,    -0.0, 5e-324, -5e-324, 1e-310, 2.2250738585072014e-308, 1.7976931348623157e308, -1.7976931348623157e308,
                                1.0 / 3};
  for (int bits = 0; bits < format.infinity(); ++bits) { // each encoding, each midpoint, and the neighbours of a midpoint
    const double here = format.value(static_cast<uint16_t>(bits)), next = format.value(static_cast<uint16_t>(bits + 1)), middle = (here + next) / 2;
    for (double value : {here, middle, std::nextafter(middle, 0.0), std::nextafter(middle, INFINITY)})
      values.insert(values.end(), {value, -value});
  }
  return values;
}

TEST(FloatBuiltinsTest, DoubleToHalfAndBfloat) {
  for (double value : interestingDoubles(half))
    ASSERT_EQ(bitsOf(__truncdfhf2(value)), half.nearest(value)) << value;
  for (double value : interestingDoubles(bfloat))
    ASSERT_EQ(bitsOf(__truncdfbf2(value)), bfloat.nearest(value)) << value;
}

TEST(FloatBuiltinsTest, FloatToHalfAndBfloat) {
  std::vector<float> values = {std::numeric_limits<float>::denorm_min(), std::numeric_limits<float>::min(), std::numeric_limits<float>::max()};
  for (const Format *format : {&half, &bfloat})
    for (double value : interestingDoubles(*format)) {
      const float narrowed = static_cast<float>(value);
      if (std::isfinite(narrowed))
        values.insert(values.end(), {narrowed, std::nextafter(narrowed, 0.0f), std::nextafter(narrowed, INFINITY)});
    }
  std::mt19937 generator(7);
  for (int i = 0; i < 300000; ++i)
    values.push_back(std::bit_cast<float>(static_cast<uint32_t>(generator())));
  for (float value : values) {
    if (std::isnan(value) || std::isinf(value))
      continue;
    ASSERT_EQ(bitsOf(__truncsfhf2(value)), half.nearest(value)) << value;
    ASSERT_EQ(bitsOf(__truncsfbf2(value)), bfloat.nearest(value)) << value;
  }
}

TEST(FloatBuiltinsTest, InfinitiesAndNans) {
  EXPECT_EQ(bitsOf(__truncsfhf2(INFINITY)), 0x7c00);
  EXPECT_EQ(bitsOf(__truncsfhf2(-INFINITY)), 0xfc00);
  EXPECT_EQ(bitsOf(__truncdfhf2(-INFINITY)), 0xfc00);
  EXPECT_EQ(bitsOf(__truncsfbf2(INFINITY)), 0x7f80);
  EXPECT_EQ(bitsOf(__truncdfbf2(-INFINITY)), 0xff80);
  // A NaN whose payload is only in the bits that are cut off must not become an infinity.
  EXPECT_EQ(bitsOf(__truncsfhf2(std::bit_cast<float>(0x7f800001u))), 0x7e00);
  EXPECT_EQ(bitsOf(__truncsfbf2(std::bit_cast<float>(0xff800001u))), 0xffc0);
  EXPECT_EQ(bitsOf(__truncdfhf2(std::bit_cast<double>(uint64_t{0x7ff0000000000001}))), 0x7e00);
  EXPECT_EQ(bitsOf(__truncdfbf2(std::bit_cast<double>(uint64_t{0x7ff0000000000001}))), 0x7fc0);
  EXPECT_TRUE(std::isnan(__extendhfsf2(std::bit_cast<_Float16>(uint16_t{0x7c01}))));
  EXPECT_EQ(__extendhfsf2(std::bit_cast<_Float16>(uint16_t{0xfc00})), -INFINITY);
}

TEST(FloatBuiltinsTest, EveryHalfWidensExactlyAndComesBack) {
  for (int bits = 0; bits < half.infinity(); ++bits)
    for (uint16_t sign : {uint16_t{0}, uint16_t{0x8000}}) {
      const uint16_t encoding = static_cast<uint16_t>(bits) | sign;
      const double value = sign ? -half.value(static_cast<uint16_t>(bits)) : half.value(static_cast<uint16_t>(bits));
      const _Float16 narrow = std::bit_cast<_Float16>(encoding);
      ASSERT_EQ(std::bit_cast<uint32_t>(__extendhfsf2(narrow)), std::bit_cast<uint32_t>(static_cast<float>(value)));
      ASSERT_EQ(std::bit_cast<uint64_t>(__extendhfdf2(narrow)), std::bit_cast<uint64_t>(value));
      ASSERT_EQ(bitsOf(__truncsfhf2(__extendhfsf2(narrow))), encoding);
    }
}

/// What the compiler itself calls for a cast on a CPU without F16C: this file is compiled for plain x86-64, so a wrong calling convention shows here.
TEST(FloatBuiltinsTest, CastsOfTheCompilerReachThem) {
  volatile float value = 1.0009765625f; // 1 + 2^-10
  volatile _Float16 narrow = static_cast<_Float16>(value);
  EXPECT_EQ(bitsOf(static_cast<_Float16>(narrow)), 0x3c01);
  EXPECT_EQ(static_cast<float>(narrow), value);
  volatile __bf16 bfloatValue = static_cast<__bf16>(value);
  EXPECT_EQ(bitsOf(static_cast<__bf16>(bfloatValue)), 0x3f80);
}

} // namespace

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The archive under test has a main of its own, which would be found before GoogleTest's.
#include <gtest/gtest.h>

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A model of four multiplications that the tests compile, link and run.

#ifndef TEST_CODEGEN_TESTMODEL_H
#define TEST_CODEGEN_TESTMODEL_H

#include "compiler/Codegen/Link.h"
#include "compiler/Codegen/ModelInterface.h"
#include "compiler/Target/TargetSpec.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "gtest/gtest.h"

namespace ingot::test {

/// `EXPECT_OK(status)` prints the message of a status that is none.
#define EXPECT_OK(expression)                                                                                                                        \
  do {                                                                                                                                               \
    absl::Status okStatus = (expression);                                                                                                            \
    EXPECT_TRUE(okStatus.ok()) << okStatus.ToString();                                                                                               \
  } while (false)
#define ASSERT_OK(expression)                                                                                                                        \
  do {                                                                                                                                               \
    absl::Status okStatus = (expression);                                                                                                            \
    ASSERT_TRUE(okStatus.ok()) << okStatus.ToString();                                                                                               \
  } while (false)

/// y = x * weights, elementwise, as the function `demo_run`.
extern const char *const kDemoCode;
inline constexpr float kDemoWeights[4] = {10, 20, 30, 40};

std::unique_ptr<llvm::Module> parseIR(llvm::LLVMContext &context, llvm::StringRef text);
/// The code variant is called after the target.
ModelInterface demoInterface(llvm::StringRef target = "x86-64-v3");
TargetSpec namedTarget(llvm::StringRef name);

/// The object of `text` for a target, optimised; records a test failure when it cannot be made.
llvm::SmallVector<char, 0> compile(llvm::StringRef text, llvm::StringRef target);
llvm::SmallVector<char, 0> compileDescriptor(const ModelInterface &interface, llvm::StringRef target = "x86-64-v3");

/// An empty folder that is removed with all that is in it.
class TestFolder {
public:
  TestFolder();
  ~TestFolder();
  std::string file(llvm::StringRef name) const;
  /// The names of the files in it, sorted, separated by spaces.
  std::string listing() const;

private:
  llvm::SmallString<128> path;
};

std::string readFile(llvm::StringRef path);

/// The demo model as objects in `folder`, ready to be linked to `output`.
LinkJob demoJob(const TestFolder &folder, llvm::StringRef output, llvm::StringRef target = "x86-64-v3");

} // namespace ingot::test

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/codegen/TestModel.h"
#include "compiler/Codegen/Descriptor.h"
#include "compiler/Codegen/ObjectCode.h"
#include "compiler/Codegen/WeightsObject.h"
#include "runtime/include/ingot/ingot.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/AsmParser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace ingot::test {

const char *const kDemoCode = R"(
declare i32 @ingot_team_barrier(ptr)
define void @demo_run(ptr %call, i64 %thread, i64 %threads) {
  %team.at = getelementptr i8, ptr %call, i64 32
  %team = load ptr, ptr %team.at
  %stop = call i32 @ingot_team_barrier(ptr %team)
  %weights = load ptr, ptr %call
  %inputs.at = getelementptr i8, ptr %call, i64 16
  %inputs = load ptr, ptr %inputs.at
  %outputs.at = getelementptr i8, ptr %call, i64 24
  %outputs = load ptr, ptr %outputs.at
  %x = load ptr, ptr %inputs
  %y = load ptr, ptr %outputs
  %a = load <4 x float>, ptr %x, align 4
  %b = load <4 x float>, ptr %weights, align 4
  %c = fmul <4 x float> %a, %b
  store <4 x float> %c, ptr %y, align 4
  ret void
})";

std::unique_ptr<Module> parseIR(LLVMContext &context, StringRef text) {
  SMDiagnostic diagnostic;
  std::unique_ptr<Module> module = parseAssemblyString(text, diagnostic, context);
  EXPECT_TRUE(module) << diagnostic.getMessage().str();
  return module;
}

ModelInterface demoInterface(StringRef target) {
  ModelInterface interface;
  interface.prefix = "demo";
  interface.manifest = R"({"compiler": "Ingot"})";
  interface.inputs = {{"x", INGOT_F32, {2, 2}, 16}};
  interface.outputs = {{"y/0", INGOT_F32, {4}, 16}};
  interface.variants = {{target.str(), "demo_run", 4096, namedTarget(target).cpuFeatureBits}};
  interface.weightsSymbol = "demo_weights";
  interface.weightBytes = sizeof kDemoWeights;
  return interface;
}

TargetSpec namedTarget(StringRef name) {
  absl::StatusOr<std::vector<TargetSpec>> targets = parseTargets(name);
  EXPECT_TRUE(targets.ok()) << targets.status().ToString();
  return targets.ok() ? targets->front() : TargetSpec();
}

SmallVector<char, 0> compile(StringRef text, StringRef target) {
  LLVMContext context;
  std::unique_ptr<Module> module = parseIR(context, text);
  if (!module)
    return {};
  TargetSpec spec = namedTarget(target);
  EXPECT_OK(optimizeModule(*module, spec));
  absl::StatusOr<SmallVector<char, 0>> object = emitObject(*module, spec);
  EXPECT_OK(object.status());
  return object.ok() ? std::move(*object) : SmallVector<char, 0>();
}

SmallVector<char, 0> compileDescriptor(const ModelInterface &interface, StringRef target) {
  LLVMContext context;
  Module module("descriptor", context);
  EXPECT_OK(emitDescriptor(module, interface));
  absl::StatusOr<SmallVector<char, 0>> object = emitObject(module, namedTarget(target));
  EXPECT_OK(object.status());
  return object.ok() ? std::move(*object) : SmallVector<char, 0>();
}

TestFolder::TestFolder() { EXPECT_FALSE(sys::fs::createUniqueDirectory("ingot-codegen-test", path)); }
TestFolder::~TestFolder() { sys::fs::remove_directories(path); }
std::string TestFolder::file(StringRef name) const { return (path + "/" + name).str(); }

std::string TestFolder::listing() const {
  std::vector<std::string> names;
  std::error_code error;
  for (sys::fs::directory_iterator at(path, error), end; at != end && !error; at.increment(error))
    names.push_back(sys::path::filename(at->path()).str());
  llvm::sort(names);
  return llvm::join(names, " ");
}

std::string readFile(StringRef path) {
  ErrorOr<std::unique_ptr<MemoryBuffer>> buffer = MemoryBuffer::getFile(path);
  EXPECT_TRUE(bool(buffer)) << path.str() << ": " << buffer.getError().message();
  return buffer ? (*buffer)->getBuffer().str() : std::string();
}

LinkJob demoJob(const TestFolder &folder, StringRef output, StringRef target) {
  const Platform &platform = platformOf(namedTarget(target));
  std::string weights = folder.file("weights.o");
  EXPECT_OK(emitWeightsObject(weights, "demo_weights", sizeof kDemoWeights, platform, [](raw_ostream &stream) {
    stream.write(reinterpret_cast<const char *>(kDemoWeights), sizeof kDemoWeights);
    return absl::OkStatus();
  }));
  LinkJob job;
  job.output = folder.file(output);
  job.prefix = "demo";
  job.objects.push_back(compile(kDemoCode, target));
  job.objects.push_back(compileDescriptor(demoInterface(target), target));
  job.objectFiles = {weights};
  job.libraries = {TEST_RUNTIME, TEST_PROGRAM};
  job.platform = &platform;
#ifdef TEST_RUNTIME_AARCH64
  if (&platform != &hostPlatform())
    job.libraries = {TEST_RUNTIME_AARCH64, TEST_PROGRAM_AARCH64};
#endif
  return job;
}

} // namespace ingot::test

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/Codegen/ObjectCode.h"
#include "test/codegen/TestModel.h"
#include "llvm/MC/MCAsmInfo.h"
#include "llvm/MC/MCContext.h"
#include "llvm/MC/MCDisassembler/MCDisassembler.h"
#include "llvm/MC/MCInst.h"
#include "llvm/MC/MCInstPrinter.h"
#include "llvm/MC/MCInstrInfo.h"
#include "llvm/MC/MCRegisterInfo.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace ingot;
using namespace ingot::test;

namespace {

/// y[0..15] += x[0..15] * 3 as one vector that is as wide as the widest register.
constexpr const char *kWideCode = R"(
define void @wide(ptr %x, ptr %y) {
  %a = load <16 x float>, ptr %x, align 4
  %b = load <16 x float>, ptr %y, align 4
  %c = call <16 x float> @llvm.fma.v16f32(<16 x float> %a, <16 x float> splat (float 3.0), <16 x float> %b)
  store <16 x float> %c, ptr %y, align 4
  ret void
})";

std::unique_ptr<object::ObjectFile> openObject(ArrayRef<char> bytes) {
  Expected<std::unique_ptr<object::ObjectFile>> file =
      object::ObjectFile::createObjectFile(MemoryBufferRef(StringRef(bytes.data(), bytes.size()), "object"));
  EXPECT_TRUE(bool(file)) << toString(file.takeError());
  return std::move(*file);
}

/// The instructions of all code sections, one a line.
std::string disassemble(ArrayRef<char> bytes, const Triple &triple = Triple("x86_64-unknown-linux-gnu"), StringRef cpu = "sapphirerapids") {
  LLVMInitializeX86TargetInfo();
  LLVMInitializeX86TargetMC();
  LLVMInitializeX86Disassembler();
  LLVMInitializeAArch64TargetInfo();
  LLVMInitializeAArch64TargetMC();
  LLVMInitializeAArch64Disassembler();
  std::string message;
  const Target *target = TargetRegistry::lookupTarget(triple, message);
  std::unique_ptr<MCRegisterInfo> registers(target->createMCRegInfo(triple));
  std::unique_ptr<MCAsmInfo> assembly(target->createMCAsmInfo(*registers, triple, MCTargetOptions()));
  std::unique_ptr<MCSubtargetInfo> subtarget(target->createMCSubtargetInfo(triple, cpu, ""));
  std::unique_ptr<MCInstrInfo> instructions(target->createMCInstrInfo());
  MCContext context(triple, assembly.get(), registers.get(), subtarget.get());
  std::unique_ptr<MCDisassembler> disassembler(target->createMCDisassembler(*subtarget, context));
  std::unique_ptr<MCInstPrinter> printer(target->createMCInstPrinter(triple, 0, *assembly, *instructions, *registers));
  std::string text;
  raw_string_ostream stream(text);
  std::unique_ptr<object::ObjectFile> file = openObject(bytes);
  for (const object::SectionRef &section : file->sections()) {
    if (!section.isText())
      continue;
    StringRef contents = cantFail(section.getContents());
    ArrayRef<uint8_t> rest(contents.bytes_begin(), contents.size());
    while (!rest.empty()) {
      MCInst instruction;
      uint64_t size = 0;
      if (disassembler->getInstruction(instruction, size, rest, 0, nulls()) != MCDisassembler::Success)
        return text + "<not an instruction>";
      printer->printInst(&instruction, 0, "", *subtarget, stream);
      stream << "\n";
      rest = rest.drop_front(size);
    }
  }
  return text;
}

bool contains(const std::string &text, StringRef part) { return StringRef(text).contains(part); }

} // namespace

TEST(ObjectCode, UsesTheRegistersOfTheTarget) {
  std::string v3 = disassemble(compile(kWideCode, "x86-64-v3")), v4 = disassemble(compile(kWideCode, "x86-64-v4"));
  EXPECT_TRUE(contains(v3, "vfmadd") && contains(v3, "%ymm")) << v3;
  EXPECT_FALSE(contains(v3, "%zmm") || contains(v3, "not an instruction")) << v3;
  EXPECT_TRUE(contains(v4, "vfmadd") && contains(v4, "%zmm")) << v4;
  EXPECT_FALSE(contains(v4, "%ymm") || contains(v4, "not an instruction")) << v4; // not halved
}

TEST(ObjectCode, UsesNeon) {
  std::string code = disassemble(compile(kWideCode, "aarch64-linux"), Triple("aarch64-unknown-linux-gnu"), "generic");
  EXPECT_EQ(StringRef(code).count("fmla\tv"), 4u) << code; // 16 f32 are four registers
  EXPECT_FALSE(contains(code, "fmadd") || contains(code, "not an instruction")) << code;
}

TEST(ObjectCode, UsesVnniWhereItIs) {
  std::string code = disassemble(compile(R"(
declare <16 x i32> @llvm.x86.avx512.vpdpbusd.512(<16 x i32>, <64 x i8>, <64 x i8>)
define void @dot(ptr %x) {
  %a = load <16 x i32>, ptr %x
  %b = load <64 x i8>, ptr %x
  %c = call <16 x i32> @llvm.x86.avx512.vpdpbusd.512(<16 x i32> %a, <64 x i8> %b, <64 x i8> %b)
  store <16 x i32> %c, ptr %x
  ret void
})",
                                         "x86-64-v4+vnni"));
  EXPECT_TRUE(contains(code, "vpdpbusd")) << code;
}

TEST(ObjectCode, SpillsVectorsIntoOneCacheLineEach) {
  std::string text = "define void @many(ptr %x) {\n";
  constexpr int kValues = 48; // more than there are registers
  for (int i = 0; i < kValues; ++i)
    text += "  %p" + std::to_string(i) + " = getelementptr <16 x float>, ptr %x, i64 " + std::to_string(i) + "\n  %v" + std::to_string(i) +
            " = load volatile <16 x float>, ptr %p" + std::to_string(i) + ", align 4\n";
  for (int i = 0; i < kValues; ++i)
    text += "  store volatile <16 x float> %v" + std::to_string(i) + ", ptr %p" + std::to_string(kValues - 1 - i) + ", align 4\n";
  std::string code = disassemble(compile((text + "  ret void\n}").c_str(), "x86-64-v4"));
  EXPECT_TRUE(contains(code, "andq\t$-64, %rsp")) << code;
  EXPECT_TRUE(contains(code, "vmovaps\t%zmm")) << code; // an aligned store: to the stack
}

TEST(ObjectCode, GivesTheSameBytesAgain) {
  EXPECT_EQ(compile(kDemoCode, "x86-64-v4"), compile(kDemoCode, "x86-64-v4"));
  EXPECT_NE(compile(kWideCode, "x86-64-v3"), compile(kWideCode, "x86-64-v4"));
}

TEST(ObjectCode, HasASectionPerFunctionAndNoUnwindTables) {
  SmallVector<char, 0> object = compile(kWideCode, "x86-64-v3");
  std::unique_ptr<object::ObjectFile> file = openObject(object);
  std::string names;
  for (const object::SectionRef &section : file->sections())
    names += (cantFail(section.getName()) + " ").str();
  EXPECT_TRUE(contains(names, ".text.wide ")) << names;
  EXPECT_FALSE(contains(names, ".eh_frame")) << names;
}

TEST(ObjectCode, EveryLevelCompiles) {
  for (OptLevel level : {OptLevel::O0, OptLevel::O1, OptLevel::O2, OptLevel::O3}) {
    LLVMContext context;
    std::unique_ptr<Module> module = parseIR(context, kWideCode);
    TargetSpec spec = namedTarget("x86-64-v3");
    EXPECT_OK(optimizeModule(*module, spec, {.level = level}));
    absl::StatusOr<SmallVector<char, 0>> object = emitObject(*module, spec, level);
    ASSERT_OK(object.status());
    EXPECT_TRUE(contains(disassemble(*object), "vfmadd"));
  }
}

TEST(ObjectCode, LeavesLoopsAsTheyAre) {
  const char *loop = R"(
define void @scale(ptr noalias %x, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %at = getelementptr float, ptr %x, i64 %i
  %v = load float, ptr %at
  %w = fmul float %v, 2.0
  store float %w, ptr %at
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %end
end:
  ret void
})";
  auto code = [&](bool vectorize) {
    LLVMContext context;
    std::unique_ptr<Module> module = parseIR(context, loop);
    TargetSpec spec = namedTarget("x86-64-v3");
    EXPECT_OK(optimizeModule(*module, spec, {.loopVectorize = vectorize}));
    return disassemble(*emitObject(*module, spec));
  };
  EXPECT_FALSE(contains(code(false), "ymm"));
  EXPECT_TRUE(contains(code(true), "ymm"));
}

TEST(ObjectCode, RefusesWhatIsNotValid) {
  LLVMContext context;
  Module module("broken", context);
  Function *function = Function::Create(FunctionType::get(Type::getVoidTy(context), false), GlobalValue::ExternalLinkage, "f", module);
  BasicBlock::Create(context, "entry", function); // has no end
  absl::Status status = optimizeModule(module, namedTarget("x86-64-v3"));
  EXPECT_TRUE(contains(std::string(status.message()), "LLVM module 'broken' is not valid")) << status.ToString();
}

TEST(ObjectCode, ReportsErrorsOfTheBackEnd) {
  // An assembly constraint that no register satisfies is found in code generation and reported through the context.
  LLVMContext context;
  std::unique_ptr<Module> module = parseIR(context, R"(define void @f() {
  call void asm sideeffect "", "{nowhere}"(i32 1)
  ret void
})");
  absl::StatusOr<SmallVector<char, 0>> object = emitObject(*module, namedTarget("x86-64-v3"));
  ASSERT_FALSE(object.ok());
  EXPECT_TRUE(contains(std::string(object.status().message()), "nowhere")) << object.status().ToString();
}

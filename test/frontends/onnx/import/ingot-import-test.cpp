// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Prints the IR that a model is imported into, for the lit tests of the importer.
//   ingot-import-test model.onnx [--dim name=4] [--input-shape x=1x3x8x8] [--bind x=input_0.pb] [--no-print]
#include "frontends/onnx/Import/Import.h"
#include "frontends/onnx/Ingest/Validate.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace ingot;
namespace cl = llvm::cl;

static cl::opt<std::string> modelPath(cl::Positional, cl::Required, cl::desc("model.onnx"));
static cl::list<std::string> dimOptions("dim", cl::desc("name=size"));
static cl::list<std::string> shapeOptions("input-shape", cl::desc("name=AxBxC"));
static cl::list<std::string> bindOptions("bind", cl::desc("name=tensor.pb"));
static cl::opt<bool> noPrint("no-print", cl::desc("only check"));

static int fail(const std::string &message) {
  llvm::errs() << "ingot-import-test: " << message << "\n";
  return 1;
}

/// The tensor in a file, in the form of raw_data.
static std::optional<importer::ConstantBytes> readTensorFile(const std::string &path, const ingest::Model &model) {
  auto file = llvm::MemoryBuffer::getFile(path);
  onnx::TensorProto proto;
  if (!file || !proto.ParseFromArray((*file)->getBufferStart(), (*file)->getBufferSize()))
    return std::nullopt;
  absl::StatusOr<ingest::Initializer> tensor = model.tensor(proto, path);
  if (!tensor.ok())
    return std::nullopt;
  auto owner = std::make_shared<ingest::Initializer>(std::move(*tensor));
  return importer::ConstantBytes{owner->elementType, owner->dims, owner->bytes(), owner};
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::ParseCommandLineOptions(argc, argv, "imports an ONNX model\n");
  absl::StatusOr<std::unique_ptr<ingest::Model>> model = ingest::loadModel(modelPath);
  if (!model.ok())
    return fail(std::string(model.status().message()));
  importer::ImportOptions options;
  for (llvm::StringRef option : dimOptions) {
    auto [name, size] = option.split('=');
    if (size.getAsInteger(10, options.dims[name.str()]))
      return fail("wrong --dim " + option.str());
  }
  for (llvm::StringRef option : shapeOptions) {
    auto [name, sizes] = option.split('=');
    std::vector<int64_t> &shape = options.inputShapes[name.str()];
    for (llvm::StringRef size : llvm::split(sizes, 'x'))
      if (size.getAsInteger(10, shape.emplace_back()))
        return fail("wrong --input-shape " + option.str());
  }
  for (llvm::StringRef option : bindOptions) {
    auto [name, path] = option.split('=');
    std::optional<importer::ConstantBytes> value = readTensorFile(path.str(), **model);
    if (!value)
      return fail("cannot read " + path.str());
    options.boundInputs[name.str()] = *value;
  }
  mlir::MLIRContext context;
  WeightStore weights;
  mlir::OwningOpRef<mlir::ModuleOp> module = importer::importModel(context, **model, weights, options);
  if (!module || failed(mlir::verify(*module)))
    return 1;
  if (!noPrint)
    module->print(llvm::outs(), mlir::OpPrintingFlags().printGenericOpForm(false));
  return 0;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/Inspect.h"

#include "compiler/Codegen/ModelInterface.h"
#include "frontends/onnx/Ingest/ElementType.h"
#include "runtime/include/ingot/model.h"
#include "llvm/Support/MemoryBuffer.h"

namespace ingot {
namespace {

/// As compiled programs call the type.
std::string typeName(int32_t elementType) {
  constexpr std::pair<int32_t, llvm::StringLiteral> names[] = {{INGOT_F32, "f32"},
                                                               {INGOT_U8, "u8"},
                                                               {INGOT_I8, "i8"},
                                                               {INGOT_U16, "u16"},
                                                               {INGOT_I16, "i16"},
                                                               {INGOT_I32, "i32"},
                                                               {INGOT_I64, "i64"},
                                                               {INGOT_BOOL, "bool"},
                                                               {INGOT_F16, "f16"},
                                                               {INGOT_F64, "f64"},
                                                               {INGOT_U32, "u32"},
                                                               {INGOT_U64, "u64"},
                                                               {INGOT_BF16, "bf16"},
                                                               {INGOT_I4, "i4"},
                                                               {INGOT_U4, "u4"},
                                                               {INGOT_I2, "i2"},
                                                               {INGOT_U2, "u2"},
                                                               {INGOT_F8E4M3FN, "f8e4m3fn"},
                                                               {INGOT_F8E4M3FNUZ, "f8e4m3fnuz"},
                                                               {INGOT_F8E5M2, "f8e5m2"},
                                                               {INGOT_F8E5M2FNUZ, "f8e5m2fnuz"},
                                                               {INGOT_F8E8M0, "f8e8m0"},
                                                               {INGOT_F6E2M3, "f6e2m3"},
                                                               {INGOT_F6E3M2, "f6e3m2"},
                                                               {INGOT_F4E2M1, "f4e2m1"}};
  for (auto [type, name] : names)
    if (type == elementType)
      return name.str();
  return ingest::elementTypeName(elementType);
}

llvm::json::Array describeTensors(const std::vector<TensorInterface> &tensors, const std::vector<SymbolInterface> &symbols) {
  llvm::json::Array list;
  for (const TensorInterface &tensor : tensors) {
    llvm::json::Array shape;
    for (int64_t dim : tensor.dims)
      shape.push_back(dim >= 0 ? llvm::json::Value(dim) : llvm::json::Value(symbols[-1 - dim].name));
    list.push_back(llvm::json::Object{
        {"name", tensor.name}, {"type", typeName(tensor.elementType)}, {"shape", std::move(shape)}, {"bytes", static_cast<int64_t>(tensor.bytes)}});
  }
  return list;
}

} // namespace

llvm::json::Object describePorts(const ModelInterface &interface) {
  llvm::json::Array dims;
  for (const SymbolInterface &symbol : interface.symbols)
    if (symbol.kind == INGOT_SYMBOL_INPUT)
      dims.push_back(llvm::json::Object{{"name", symbol.name}, {"min", symbol.minimum}, {"max", symbol.maximum}});
  return llvm::json::Object{{"inputs", describeTensors(interface.inputs, interface.symbols)},
                            {"outputs", describeTensors(interface.outputs, interface.symbols)},
                            {"dims", std::move(dims)}};
}

absl::StatusOr<llvm::json::Object> inspectFile(const CompileOptions &options) {
  auto file = llvm::MemoryBuffer::getFile(options.input, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    return absl::NotFoundError("cannot read '" + options.input + "': " + file.getError().message());
  llvm::StringRef bytes = (*file)->getBuffer();
  bool isBinary = bytes.starts_with("\x7f"
                                    "ELF") ||
                  bytes.starts_with("!<arch>");
  absl::StatusOr<llvm::json::Object> object = isBinary ? inspectArtefact(options.input, bytes) : inspectModel(options);
  if (object.ok()) {
    (*object)["file"] = options.input;
    (*object)["file_bytes"] = static_cast<int64_t>(bytes.size());
  }
  return object;
}

} // namespace ingot

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/Codegen/CHeader.h"
#include "compiler/Codegen/Descriptor.h"
#include "compiler/Codegen/TemporaryFile.h"
#include "runtime/include/ingot/ingot.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace ingot {
namespace {

constexpr StringLiteral kApiHeader =
#include "compiler/Codegen/ApiHeader.inc"
    ;

/// The C type of an element and its name in a comment; types that C lacks are their bits.
struct ElementName {
  StringRef c, text;
};

ElementName elementName(int32_t type) {
  switch (type) {
  case INGOT_F32:
    return {"float", "f32"};
  case INGOT_F64:
    return {"double", "f64"};
  case INGOT_U8:
    return {"uint8_t", "u8"};
  case INGOT_I8:
    return {"int8_t", "i8"};
  case INGOT_U16:
    return {"uint16_t", "u16"};
  case INGOT_I16:
    return {"int16_t", "i16"};
  case INGOT_U32:
    return {"uint32_t", "u32"};
  case INGOT_I32:
    return {"int32_t", "i32"};
  case INGOT_U64:
    return {"uint64_t", "u64"};
  case INGOT_I64:
    return {"int64_t", "i64"};
  case INGOT_BOOL:
    return {"uint8_t", "bool, a byte of 0 or 1"};
  case INGOT_F16:
    return {"uint16_t", "bits of f16"};
  case INGOT_BF16:
    return {"uint16_t", "bits of bf16"};
  }
  return {"void", "bytes"};
}

/// A tensor with the names that C code uses for it.
struct NamedTensor {
  TensorInterface tensor;
  std::string argument; ///< As in "input_x".
};

/// Different ONNX names can become the same identifier: the later one gets its index at the end.
SmallVector<NamedTensor> nameTensors(ArrayRef<TensorInterface> tensors, StringRef kind) {
  SmallVector<NamedTensor> named;
  StringSet<> used;
  for (auto [index, tensor] : llvm::enumerate(tensors)) {
    std::string name;
    for (char c : tensor.name)
      name += isAlnum(c) ? c : '_';
    std::string base = (kind + "_" + (name.empty() ? utostr(index) : name)).str(), argument = base;
    while (!used.insert(StringRef(argument).lower()).second) // macros are upper case
      argument = base += "_" + utostr(index);
    named.push_back({tensor, std::move(argument)});
  }
  return named;
}

/// ONNX names are any text: what could end a comment or a line is replaced.
std::string commentText(StringRef text) {
  std::string safe;
  for (char c : text)
    safe += static_cast<unsigned char>(c) < ' ' || c == '*' || c == '/' || c == '\\' || c == '?' ? '_' : c;
  return safe;
}

std::string shapeText(const TensorInterface &tensor) {
  std::string text = elementName(tensor.elementType).text.str() + "[";
  for (auto [index, dim] : llvm::enumerate(tensor.dims))
    text += (index ? " x " : "") + itostr(dim);
  return text + "]";
}

void writeTensors(raw_ostream &os, StringRef macroPrefix, StringRef kind, ArrayRef<NamedTensor> tensors) {
  os << "#define " << macroPrefix << "_" << kind << "S " << tensors.size() << "\n";
  for (auto [index, named] : llvm::enumerate(tensors)) {
    std::string name = StringRef(named.argument).upper();
    os << "/* " << commentText(named.tensor.name) << ": " << shapeText(named.tensor) << " */\n";
    os << "#define " << macroPrefix << "_" << name << " " << index << "\n";
    os << "#define " << macroPrefix << "_BYTES_" << name << " UINT64_C(" << named.tensor.bytes << ")\n";
  }
  os << "\n";
}

void writeRunFunction(raw_ostream &os, const ModelInterface &interface, ArrayRef<NamedTensor> inputs, ArrayRef<NamedTensor> outputs) {
  os << "/* One inference with a session of `" << interface.modelSymbol() << "`; see ingot_session_run. */\n"
     << "static inline INGOT_MUST_USE IngotStatus " << interface.prefix << "_run(IngotSession *session";
  for (const NamedTensor &input : inputs)
    os << ", const " << elementName(input.tensor.elementType).c << " *" << input.argument;
  for (const NamedTensor &output : outputs)
    os << ", " << elementName(output.tensor.elementType).c << " *" << output.argument;
  os << ") {\n";
  // C has no arrays of length zero.
  auto writeList = [&](StringRef type, StringRef name, ArrayRef<NamedTensor> tensors) {
    os << "  " << type << name << "[] = {";
    llvm::interleaveComma(tensors, os, [&](const NamedTensor &tensor) { os << tensor.argument; });
    os << (tensors.empty() ? "0" : "") << "};\n";
  };
  writeList("const void *const ", "inputs", inputs);
  writeList("void *const ", "outputs", outputs);
  os << "  return ingot_session_run(session, inputs, outputs);\n}\n";
}

} // namespace

absl::Status writeHeader(StringRef path, const ModelInterface &interface) {
  SmallVector<NamedTensor> inputs = nameTensors(interface.inputs, "input"), outputs = nameTensors(interface.outputs, "output");
  std::string macroPrefix = StringRef(interface.prefix).upper();
  return writeFileAtomically(path, [&](raw_ostream &os) {
    os << "/* The model `" << interface.prefix << "`, compiled by Ingot. */\n"
       << "#ifndef INGOT_MODEL_" << macroPrefix << "_H\n#define INGOT_MODEL_" << macroPrefix << "_H\n\n"
       << StringRef(kApiHeader).trim() << "\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
       << "extern INGOT_API const IngotModel " << interface.modelSymbol() << ";\n\n";
    writeTensors(os, macroPrefix, "INPUT", inputs);
    writeTensors(os, macroPrefix, "OUTPUT", outputs);
    writeRunFunction(os, interface, inputs, outputs);
    os << "\n#ifdef __cplusplus\n}\n#endif\n#endif\n";
    return absl::OkStatus();
  });
}

} // namespace ingot

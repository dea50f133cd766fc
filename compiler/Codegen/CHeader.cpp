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
  case INGOT_I4:
    return {"int8_t", "i4, a byte each"};
  case INGOT_I2:
    return {"int8_t", "i2, a byte each"};
  case INGOT_U4:
    return {"uint8_t", "u4, a byte each"};
  case INGOT_U2:
    return {"uint8_t", "u2, a byte each"};
  case INGOT_F8E4M3FN:
    return {"uint8_t", "bits of f8e4m3fn"};
  case INGOT_F8E4M3FNUZ:
    return {"uint8_t", "bits of f8e4m3fnuz"};
  case INGOT_F8E5M2:
    return {"uint8_t", "bits of f8e5m2"};
  case INGOT_F8E5M2FNUZ:
    return {"uint8_t", "bits of f8e5m2fnuz"};
  case INGOT_F8E8M0:
    return {"uint8_t", "bits of f8e8m0"};
  case INGOT_F6E2M3:
    return {"uint8_t", "bits of f6e2m3, a byte each"};
  case INGOT_F6E3M2:
    return {"uint8_t", "bits of f6e3m2, a byte each"};
  case INGOT_F4E2M1:
    return {"uint8_t", "bits of f4e2m1, a byte each"};
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

/// A C string literal of any bytes.
std::string quoted(StringRef text) {
  std::string literal = "\"";
  for (unsigned char c : text)
    if (c >= ' ' && c < 127 && c != '"' && c != '\\' && c != '?') // ?? begins a trigraph
      literal += static_cast<char>(c);
    else
      literal += {'\\', static_cast<char>('0' + c / 64), static_cast<char>('0' + c / 8 % 8), static_cast<char>('0' + c % 8)};
  return literal + "\"";
}

std::string dimText(int64_t dim, const ModelInterface &interface) { return dim >= 0 ? itostr(dim) : commentText(interface.symbols[-1 - dim].name); }

std::string shapeText(const TensorInterface &tensor, const ModelInterface &interface) {
  std::string text = elementName(tensor.elementType).text.str() + "[";
  for (auto [index, dim] : llvm::enumerate(tensor.dims))
    text += (index ? " x " : "") + dimText(dim, interface);
  return text + "]";
}

/// One model's header, part by part.
class HeaderWriter {
public:
  HeaderWriter(raw_ostream &os, const ModelInterface &interface)
      : os(os), interface(interface), macro(StringRef(interface.prefix).upper()), inputs(nameTensors(interface.inputs, "input")),
        outputs(nameTensors(interface.outputs, "output")) {}

  void write() {
    os << "/* The model `" << interface.prefix << "`, compiled by Ingot. */\n"
       << "#ifndef INGOT_MODEL_" << macro << "_H\n#define INGOT_MODEL_" << macro << "_H\n\n"
       << StringRef(kApiHeader).trim() << "\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
       << "extern INGOT_API const IngotModel " << interface.modelSymbol() << ";\n\n";
    writeTensors("INPUT", inputs);
    writeTensors("OUTPUT", outputs);
    writeOpen();
    if (interface.symbols.empty()) {
      writeStructure("inputs", "const ", inputs);
      writeStructure("outputs", "", outputs);
      writeRun();
      writeRunNamed();
    }
    os << "\n#ifdef __cplusplus\n}\n#endif\n#endif\n";
  }

private:
  void writeTensors(StringRef kind, ArrayRef<NamedTensor> tensors) {
    os << "/* The indices of the " << kind.lower() << "s in IngotModel, and how many there are; names, shapes and sizes. */\nenum { ";
    for (auto [index, named] : llvm::enumerate(tensors))
      os << macro << "_" << StringRef(named.argument).upper() << " = " << index << ", ";
    os << macro << "_" << kind << "S = " << tensors.size() << " };\n";
    for (const NamedTensor &named : tensors) {
      std::string name = StringRef(named.argument).upper();
      const TensorInterface &tensor = named.tensor;
      auto define = [&](StringRef what, const Twine &value) { os << "#define " << macro << "_" << what << "_" << name << " " << value << "\n"; };
      os << "/* " << commentText(tensor.name) << ": " << shapeText(tensor, interface) << " */\n";
      define("NAME", quoted(tensor.name));
      define("RANK", Twine(tensor.dims.size()));
      if (!tensor.dims.empty())
        define("DIMS", "{" + llvm::join(llvm::map_range(tensor.dims, [](int64_t dim) { return itostr(dim); }), ", ") + "}");
      define("BYTES", "UINT64_C(" + Twine(tensor.bytes) + ")");
    }
    os << "\n";
  }

  void writeOpen() {
    os << "/* A session of the model; see ingot_session_open. */\n"
       << "static inline INGOT_MUST_USE IngotStatus " << interface.prefix << "_open(const IngotSessionOptions *options, IngotSession **session) {\n"
       << "  return ingot_session_open(&" << interface.modelSymbol() << ", options, session);\n}\n\n";
  }

  void writeStructure(StringRef kind, StringRef qualifier, ArrayRef<NamedTensor> tensors) {
    os << "typedef struct " << interface.prefix << "_" << kind << " {\n";
    for (const NamedTensor &named : tensors)
      os << "  " << qualifier << elementName(named.tensor.elementType).c << " *" << named.argument << "; /* " << shapeText(named.tensor, interface)
         << " */\n";
    os << (tensors.empty() ? "  char none;\n" : "") << "} " << interface.prefix << "_" << kind << ";\n\n";
  }

  /// `text` for each tensor as the elements of an array. C has none of length zero.
  void writeList(StringRef type, StringRef name, ArrayRef<NamedTensor> tensors, StringRef owner) {
    os << "  " << type << name << "[] = {";
    llvm::interleaveComma(tensors, os, [&](const NamedTensor &tensor) { os << owner << tensor.argument; });
    os << (tensors.empty() ? "0" : "") << "};\n";
  }

  void writeCall(StringRef inputOwner, StringRef outputOwner) {
    writeList("const void *const ", "input_list", inputs, inputOwner);
    writeList("void *const ", "output_list", outputs, outputOwner);
    os << "  return ingot_session_run(session, input_list, output_list);\n}\n";
  }

  void writeRun() {
    os << "/* One inference with a session of `" << interface.modelSymbol() << "`; see ingot_session_run. */\n"
       << "static inline INGOT_MUST_USE IngotStatus " << interface.prefix << "_run(IngotSession *session";
    for (const NamedTensor &input : inputs)
      os << ", const " << elementName(input.tensor.elementType).c << " *" << input.argument;
    for (const NamedTensor &output : outputs)
      os << ", " << elementName(output.tensor.elementType).c << " *" << output.argument;
    os << ") {\n";
    writeCall("", "");
  }

  void writeRunNamed() {
    os << "\n/* The same with a name at every pointer. */\n"
       << "static inline INGOT_MUST_USE IngotStatus " << interface.prefix << "_run_named(IngotSession *session, const " << interface.prefix
       << "_inputs *inputs, const " << interface.prefix << "_outputs *outputs) {\n";
    if (inputs.empty())
      os << "  (void)inputs;\n";
    if (outputs.empty())
      os << "  (void)outputs;\n";
    writeCall("inputs->", "outputs->");
  }

  raw_ostream &os;
  const ModelInterface &interface;
  std::string macro;
  SmallVector<NamedTensor> inputs, outputs;
};

} // namespace

absl::Status writeHeader(StringRef path, const ModelInterface &interface) {
  return writeFileAtomically(path, [&](raw_ostream &os) {
    HeaderWriter(os, interface).write();
    return absl::OkStatus();
  });
}

} // namespace ingot

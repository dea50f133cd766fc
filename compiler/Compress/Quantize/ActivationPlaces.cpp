// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Quantize/ActivationPlaces.h"

#include "llvm/ADT/IntEqClasses.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSwitch.h"

namespace ingot::compress {
namespace {

enum class Kind {
  Product,    ///< of the list
  Mover,      ///< its results are elements of its first input
  Joiner,     ///< of all of them
  Reducer,    ///< means of its input
  Pair,       ///< elementwise on two inputs
  Activation, ///< elementwise on one input
  Clamp,      ///< the same, and a part of the range of what is before it
  Other
};

Kind kindOf(llvm::StringRef op) {
  return llvm::StringSwitch<Kind>(op)
      .Cases({"MaxPool", "Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "Slice", "Split", "Identity", "DepthToSpace", "SpaceToDepth"},
             Kind::Mover)
      .Case("Concat", Kind::Joiner)
      .Cases({"AveragePool", "GlobalAveragePool", "ReduceMean"}, Kind::Reducer)
      .Cases({"Add", "Mul", "Sub", "Div"}, Kind::Pair)
      .Cases({"Sigmoid", "HardSigmoid", "HardSwish", "LeakyRelu", "Tanh", "BatchNormalization", "PRelu", "Resize", "Elu"}, Kind::Activation)
      .Cases({"Relu", "Clip"}, Kind::Clamp)
      .Default(Kind::Other);
}

class Chooser {
public:
  Chooser(const ModelEditor &editor, llvm::ArrayRef<Product> products) : editor(editor) {
    for (const Product &product : products)
      isProduct.insert(product.node);
  }

  void chooseFused() {
    for (int i = 0; i < editor.nodeCount(); ++i)
      for (const std::string &input : editor.node(i).input())
        if (isWanted(input))
          chosen.insert(input);
    // Of two convolutions that are added, one waits in memory for the other: the first.
    for (int i = 0; i < editor.nodeCount(); ++i) {
      const onnx::NodeProto &node = editor.node(i);
      if (kind(i) != Kind::Pair || !llvm::all_of(node.input(), [&](const std::string &input) { return isFree(input); }))
        continue;
      chosen.insert(editor.producerIndex(node.input(0)) < editor.producerIndex(node.input(1)) ? node.input(0) : node.input(1));
    }
  }

  void chooseEvery() {
    for (int node : isProduct)
      chosen.insert(editor.node(node).input(0));
    for (bool changed = true; changed;) {
      size_t before = chosen.size();
      for (int i = 0; i < editor.nodeCount(); ++i)
        spread(i);
      changed = chosen.size() != before;
    }
  }

  std::vector<ActivationPlace> places(Placement placement) const {
    std::vector<ActivationPlace> result;
    llvm::StringMap<int> numbers;
    for (const std::string &value : chosen) {
      ActivationPlace place{.value = value};
      for (const Use &use : editor.uses(value))
        if (placement == Placement::Every || readsBytes(use, value))
          place.readers.push_back(use);
      if (place.readers.empty())
        continue;
      numbers[value] = static_cast<int>(result.size());
      result.push_back(std::move(place));
    }
    llvm::IntEqClasses groups(result.size());
    for (int i = 0; i < editor.nodeCount(); ++i) {
      const onnx::NodeProto &node = editor.node(i);
      if (kind(i) != Kind::Mover && kind(i) != Kind::Joiner)
        continue;
      std::vector<int> members;
      auto add = [&](const std::string &value) {
        if (auto it = numbers.find(value); it != numbers.end())
          members.push_back(it->second);
      };
      for (int input = 0; input < (kind(i) == Kind::Joiner ? node.input_size() : 1); ++input)
        add(node.input(input));
      for (const std::string &output : node.output())
        add(output);
      for (int member : members) {
        groups.join(members.front(), member);
        result[member].mayDiffer |= kind(i) == Kind::Joiner;
      }
    }
    groups.compress();
    for (size_t i = 0; i < result.size(); ++i)
      result[i].group = static_cast<int>(groups[i]);
    return result;
  }

private:
  Kind kind(int node) const {
    if (isProduct.contains(node))
      return Kind::Product;
    if (editor.node(node).op_type() == "Resize" && stringAttribute(editor.node(node), "mode", "nearest") == "nearest")
      return Kind::Mover;
    return editor.node(node).domain().empty() ? kindOf(editor.node(node).op_type()) : Kind::Other;
  }

  bool isFloat(llvm::StringRef value) const { return !editor.isConstant(value) && editor.elementType(value) == onnx::TensorProto::FLOAT; }

  /// Whether a product reads the value, perhaps behind operators that bytes pass as well as floats.
  bool isWanted(const std::string &value) {
    if (value.empty() || !isFloat(value))
      return false;
    auto [it, isNew] = wanted.try_emplace(value, false);
    if (!isNew)
      return it->second;
    bool result = llvm::any_of(editor.uses(value), [&](const Use &use) {
      Kind what = kind(use.node);
      if (what == Kind::Product)
        return use.input == 0;
      bool passes = what == Kind::Joiner || ((what == Kind::Mover || what == Kind::Reducer) && use.input == 0);
      return passes && llvm::any_of(editor.node(use.node).output(), [&](const std::string &output) { return isWanted(output); });
    });
    wanted[value] = result;
    return result;
  }

  /// Made by a convolution, perhaps with elementwise operators behind it.
  bool isOfConvolution(llvm::StringRef value) const {
    int producer = editor.producerIndex(value);
    if (producer < 0)
      return false;
    auto [it, isNew] = ofConvolution.try_emplace(value, false);
    if (!isNew)
      return it->second;
    bool result = editor.node(producer).op_type() == "Conv" || editor.node(producer).op_type() == "ConvTranspose";
    if (Kind what = kind(producer); !result && what != Kind::Other && what != Kind::Product)
      result = llvm::any_of(editor.node(producer).input(), [&](const std::string &input) { return isOfConvolution(input); });
    ofConvolution[value] = result;
    return result;
  }

  /// A convolution's result that one node reads and that is not to become bytes so far.
  bool isFree(const std::string &value) const {
    return isFloat(value) && !chosen.contains(value) && isOfConvolution(value) && editor.uses(value).size() == 1 && !editor.isReadElsewhere(value);
  }

  /// What lies in memory as bytes is read as bytes, but for the stream of a transformer, whose sums need its precision.
  bool readsBytes(const Use &use, const std::string &value) const {
    switch (kind(use.node)) {
    case Kind::Product:
      return use.input == 0;
    case Kind::Mover:
    case Kind::Reducer:
      return use.input == 0;
    case Kind::Joiner:
      return true;
    case Kind::Pair:
    case Kind::Activation:
    case Kind::Clamp:
      return isOfConvolution(value);
    case Kind::Other:
      return false;
    }
    return false;
  }

  /// Bytes on one side of an operator mean bytes on all.
  void spread(int index) {
    const onnx::NodeProto &node = editor.node(index);
    Kind what = kind(index);
    if (what == Kind::Other || what == Kind::Clamp)
      return;
    int inputs = what == Kind::Pair || what == Kind::Joiner ? node.input_size() : 1;
    bool any = what == Kind::Product;
    for (int i = 0; i < inputs; ++i)
      any |= chosen.contains(node.input(i));
    if (!any)
      return;
    for (int i = 0; i < inputs; ++i)
      if (isFloat(node.input(i)))
        chosen.insert(node.input(i));
    for (std::string value : node.output()) {
      // A clamp is a part of the range.
      for (llvm::ArrayRef<Use> uses = editor.uses(value); uses.size() == 1 && !editor.isReadElsewhere(value) && kind(uses[0].node) == Kind::Clamp;
           uses = editor.uses(value))
        value = editor.node(uses[0].node).output(0);
      bool isRead = llvm::any_of(editor.uses(value), [&](const Use &use) { return kind(use.node) != Kind::Other; });
      if (isFloat(value) && isRead && !editor.isOutput(value))
        chosen.insert(value);
    }
  }

  const ModelEditor &editor;
  llvm::SmallSetVector<int, 16> isProduct;
  llvm::SetVector<std::string, std::vector<std::string>, std::set<std::string>> chosen;
  llvm::StringMap<bool> wanted;
  mutable llvm::StringMap<bool> ofConvolution;
};

} // namespace

bool passesBytes(llvm::StringRef op) {
  Kind kind = kindOf(op);
  return kind == Kind::Mover || kind == Kind::Joiner || kind == Kind::Reducer;
}

std::vector<ActivationPlace> chooseActivations(const ModelEditor &editor, llvm::ArrayRef<Product> products, Placement placement) {
  Chooser chooser(editor, products);
  if (placement == Placement::Fused)
    chooser.chooseFused();
  else
    chooser.chooseEvery();
  return chooser.places(placement);
}

} // namespace ingot::compress

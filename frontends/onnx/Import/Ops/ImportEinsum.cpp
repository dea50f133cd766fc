// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Einsum as transposes, matrix products and sums. Operands are joined from left to right; a label is summed over as soon as nothing else needs it.
#include "dialects/Ingot/SymbolicDims.h"
#include "frontends/onnx/Import/GraphImporter.h"
#include "frontends/onnx/Import/Node.h"
#include "frontends/onnx/Import/Registry.h"
#include "llvm/ADT/StringExtras.h"

#include <map>
#include <numeric>

using namespace mlir;

namespace ingot::importer {
namespace {

/// One label per dim: a letter, or a negative number for a dim of the ellipsis, counted from its end.
using Labels = SmallVector<int, 6>;

struct Equation {
  SmallVector<Labels> inputs;
  Labels output;
};

struct Term {
  Value value;
  Labels labels;
};

/// The labels of one operand of `rank` dims; `ellipsis` is the number of dims that "..." stands for.
std::optional<Labels> parseTerm(StringRef text, int64_t ellipsis) {
  Labels labels;
  while (!text.empty()) {
    if (text.consume_front("...")) {
      for (int64_t i = ellipsis; i > 0; --i)
        labels.push_back(static_cast<int>(-i));
    } else if (llvm::isAlpha(text.front())) {
      labels.push_back(text.front());
      text = text.drop_front();
    } else {
      return std::nullopt;
    }
  }
  return labels;
}

std::optional<Equation> parseEquation(Node &n) {
  std::string text = n.string("equation").str();
  llvm::erase(text, ' ');
  auto [left, right] = StringRef(text).split("->");
  SmallVector<StringRef> terms;
  left.split(terms, ',');
  auto refuse = [&](const Twine &why) {
    n.error() << "equation '" << n.string("equation") << "' of Einsum node '" << n.proto.name() << "' " << why;
    return std::nullopt;
  };
  if (terms.size() != n.size())
    return refuse("has " + Twine(terms.size()) + " terms for " + Twine(n.size()) + " operands");
  Equation equation;
  int64_t widest = 0;
  std::map<int, int> count;
  for (auto [i, term] : llvm::enumerate(terms)) {
    int64_t letters = llvm::count_if(term, llvm::isAlpha), ellipsis = term.contains("...") ? rankOf(n[i]) - letters : 0;
    std::optional<Labels> labels = parseTerm(term, ellipsis);
    if (!labels || static_cast<int64_t>(labels->size()) != rankOf(n[i]))
      return refuse("does not fit operand " + Twine(i) + " of rank " + Twine(rankOf(n[i])));
    widest = std::max(widest, ellipsis);
    for (int label : *labels)
      ++count[label];
    equation.inputs.push_back(*labels);
  }
  if (text.find("->") != std::string::npos) {
    std::optional<Labels> labels = parseTerm(right, widest);
    if (!labels || llvm::any_of(*labels, [&](int label) { return !count.count(label) || llvm::count(*labels, label) > 1; }))
      return refuse("has an output that does not follow from its operands");
    equation.output = *labels;
  } else {
    // The dims of the ellipsis, then the letters that occur once, in alphabetical order.
    for (auto [label, uses] : count)
      if (label < 0 || uses == 1)
        equation.output.push_back(label);
  }
  return equation;
}

Value transposeTo(Node &n, const Term &term, ArrayRef<int> order) {
  Ints permutation;
  for (int label : order)
    permutation.push_back(llvm::find(term.labels, label) - term.labels.begin());
  return llvm::is_sorted(permutation) ? term.value : n.transpose(term.value, permutation);
}

/// Keeps the diagonal of two dims with the same label: of [.., m, m] laid flat every (m + 1)th element.
bool takeDiagonals(Node &n, Term &term) {
  for (size_t i = 0; i < term.labels.size(); ++i) {
    auto *other = std::find(term.labels.begin() + i + 1, term.labels.end(), term.labels[i]);
    if (other == term.labels.end())
      continue;
    std::optional<Ints> shape = n.fixedShape(term.value);
    if (!shape)
      return false;
    int64_t j = other - term.labels.begin(), size = (*shape)[i];
    if ((*shape)[j] != size) {
      n.error() << "dims " << i << " and " << j << " of " << term.value.getType() << " have one label and different sizes";
      return false;
    }
    Ints permutation, flat;
    for (int64_t k = 0; k < static_cast<int64_t>(shape->size()); ++k)
      if (k != static_cast<int64_t>(i) && k != j) {
        permutation.push_back(k);
        flat.push_back((*shape)[k]);
      }
    permutation.append({static_cast<int64_t>(i), j});
    flat.push_back(size * size);
    int64_t last = flat.size() - 1;
    term.value = n.sliceAxis(n.reshape(n.transpose(term.value, permutation), flat), last, 0, size, size + 1);
    int label = term.labels[i];
    term.labels.erase(term.labels.begin() + j);
    term.labels.erase(term.labels.begin() + i);
    term.labels.push_back(label);
    --i;
  }
  return true;
}

/// Sums over the labels that are not in `needed`.
void sumOut(Node &n, Term &term, ArrayRef<int> needed) {
  Ints axes;
  Labels kept;
  for (auto [i, label] : llvm::enumerate(term.labels))
    if (llvm::is_contained(needed, label))
      kept.push_back(label);
    else
      axes.push_back(i);
  if (!axes.empty())
    term = {n.reduce(ReduceKind::Sum, term.value, axes, /*keepDims=*/false), kept};
}

/// The product of two terms, summed over what only they have and `needed` has not.
Term join(Node &n, Term a, Term c, ArrayRef<int> needed) {
  Labels batch, summed, left, right;
  for (int label : a.labels)
    (!llvm::is_contained(c.labels, label) ? left : llvm::is_contained(needed, label) ? batch : summed).push_back(label);
  for (int label : c.labels)
    if (!llvm::is_contained(a.labels, label))
      right.push_back(label);
  auto joined = [](std::initializer_list<ArrayRef<int>> parts) {
    Labels all;
    for (ArrayRef<int> part : parts)
      all.append(part.begin(), part.end());
    return all;
  };
  Value lhs = transposeTo(n, a, joined({batch, left, summed})), rhs = transposeTo(n, c, joined({batch, summed, right}));
  if (!lhs || !rhs)
    return {};
  MLIRContext *context = n.b.getContext();
  Dims l = getDims(typeOf(lhs)), r = getDims(typeOf(rhs));
  ArrayRef<AffineExpr> leftDims = ArrayRef(l).slice(batch.size(), left.size()), rightDims = ArrayRef(r).take_back(right.size());
  Dims lhsDims(l.begin(), l.begin() + batch.size()), rhsDims(r.begin(), r.begin() + batch.size());
  Value result;
  if (summed.empty()) {
    lhsDims.append(leftDims.begin(), leftDims.end());
    lhsDims.append(right.size(), getAffineConstantExpr(1, context));
    rhsDims.append(left.size(), getAffineConstantExpr(1, context));
    rhsDims.append(rightDims.begin(), rightDims.end());
    return {n.mul(n.reshape(lhs, lhsDims), n.reshape(rhs, rhsDims)), joined({batch, left, right})};
  }
  lhsDims.append({productOf(leftDims, context), productOf(ArrayRef(l).take_back(summed.size()), context)});
  rhsDims.append({productOf(ArrayRef(r).slice(batch.size(), summed.size()), context), productOf(rightDims, context)});
  result = n.matmul(n.reshape(lhs, lhsDims), n.reshape(rhs, rhsDims));
  if (!result)
    return {};
  Dims dims = getDims(typeOf(result));
  dims.resize(batch.size());
  dims.append(leftDims.begin(), leftDims.end());
  dims.append(rightDims.begin(), rightDims.end());
  return {n.reshape(result, dims), joined({batch, left, right})};
}

void importEinsum(Node &n) {
  std::optional<Equation> equation = parseEquation(n);
  if (!equation)
    return;
  // What the output and the operands from `next` on still need.
  auto neededFrom = [&](size_t next) {
    Labels needed = equation->output;
    for (const Labels &labels : ArrayRef(equation->inputs).drop_front(next))
      needed.append(labels);
    return needed;
  };
  Term result;
  for (unsigned i = 0; i < n.size(); ++i) {
    Term term{n[i], equation->inputs[i]};
    if (!takeDiagonals(n, term))
      return;
    Labels needed = neededFrom(i + 1), own = needed;
    own.append(result.labels);
    sumOut(n, term, own);
    result = i == 0 ? term : join(n, result, term, needed);
    if (!result.value)
      return;
    sumOut(n, result, needed);
  }
  n.yield(transposeTo(n, result, equation->output));
}

constexpr OpRow kEinsumOps[] = {{"Einsum", importEinsum}};

} // namespace

ArrayRef<OpRow> einsumOps() { return kEinsumOps; }

} // namespace ingot::importer

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef DIALECTS_INGOT_INGOTATTRS_TD
#define DIALECTS_INGOT_INGOTATTRS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/EnumAttr.td"
include "dialects/Ingot/IngotDialect.td"

class Ingot_Enum<string name, string summary, list<I32EnumAttrCase> cases> : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::ingot";
  let genSpecializedAttr = 0;
}
class Ingot_EnumAttr<I32EnumAttr enum, string name> : EnumAttr<Ingot_Dialect, enum, name> { let assemblyFormat = "$value"; }

//===-- Kinds of the operation families --------------------------------------------------------------------------------------------------===//

def Ingot_UnaryKind : Ingot_Enum<"UnaryKind", "function of one element; `alpha` and `beta` are the operation's attributes", [
  I32EnumAttrCase<"Abs", 0, "abs">, I32EnumAttrCase<"Neg", 1, "neg">, I32EnumAttrCase<"Sign", 2, "sign">, I32EnumAttrCase<"Ceil", 3, "ceil">,
  I32EnumAttrCase<"Floor", 4, "floor">, I32EnumAttrCase<"RoundEven", 5, "round_even">, I32EnumAttrCase<"Sqrt", 6, "sqrt">,
  I32EnumAttrCase<"Reciprocal", 7, "reciprocal">, I32EnumAttrCase<"Exp", 8, "exp">, I32EnumAttrCase<"Log", 9, "log">, I32EnumAttrCase<"Sin", 10, "sin">,
  I32EnumAttrCase<"Cos", 11, "cos">, I32EnumAttrCase<"Tan", 12, "tan">, I32EnumAttrCase<"Asin", 13, "asin">, I32EnumAttrCase<"Acos", 14, "acos">,
  I32EnumAttrCase<"Atan", 15, "atan">, I32EnumAttrCase<"Sinh", 16, "sinh">, I32EnumAttrCase<"Cosh", 17, "cosh">, I32EnumAttrCase<"Tanh", 18, "tanh">,
  I32EnumAttrCase<"Asinh", 19, "asinh">, I32EnumAttrCase<"Acosh", 20, "acosh">, I32EnumAttrCase<"Atanh", 21, "atanh">, I32EnumAttrCase<"Erf", 22, "erf">,
  I32EnumAttrCase<"Relu", 23, "relu">, I32EnumAttrCase<"LeakyRelu", 24, "leaky_relu">, I32EnumAttrCase<"Elu", 25, "elu">,
  I32EnumAttrCase<"Sigmoid", 26, "sigmoid">, I32EnumAttrCase<"HardSigmoid", 27, "hard_sigmoid">, I32EnumAttrCase<"HardSwish", 28, "hard_swish">,
  I32EnumAttrCase<"Softplus", 29, "softplus">, I32EnumAttrCase<"Gelu", 30, "gelu">, I32EnumAttrCase<"GeluTanh", 31, "gelu_tanh">,
  I32EnumAttrCase<"Silu", 32, "silu">, I32EnumAttrCase<"Not", 33, "not">, I32EnumAttrCase<"IsNan", 34, "is_nan">, I32EnumAttrCase<"IsInf", 35, "is_inf">]>;
def Ingot_UnaryKindAttr : Ingot_EnumAttr<Ingot_UnaryKind, "unary_kind">;

def Ingot_BinaryKind : Ingot_Enum<"BinaryKind", "function of two elements of one type", [
  I32EnumAttrCase<"Add", 0, "add">, I32EnumAttrCase<"Sub", 1, "sub">, I32EnumAttrCase<"Mul", 2, "mul">, I32EnumAttrCase<"Div", 3, "div">,
  I32EnumAttrCase<"Mod", 4, "mod">, I32EnumAttrCase<"Fmod", 5, "fmod">, I32EnumAttrCase<"Pow", 6, "pow">, I32EnumAttrCase<"Min", 7, "min">,
  I32EnumAttrCase<"Max", 8, "max">, I32EnumAttrCase<"And", 9, "and">, I32EnumAttrCase<"Or", 10, "or">, I32EnumAttrCase<"Xor", 11, "xor">,
  I32EnumAttrCase<"Shl", 12, "shl">, I32EnumAttrCase<"Shr", 13, "shr">]>;
def Ingot_BinaryKindAttr : Ingot_EnumAttr<Ingot_BinaryKind, "binary_kind">;

def Ingot_Predicate : Ingot_Enum<"Predicate", "comparison; false when an operand is NaN, except `ne`", [
  I32EnumAttrCase<"Eq", 0, "eq">, I32EnumAttrCase<"Ne", 1, "ne">, I32EnumAttrCase<"Lt", 2, "lt">, I32EnumAttrCase<"Le", 3, "le">,
  I32EnumAttrCase<"Gt", 4, "gt">, I32EnumAttrCase<"Ge", 5, "ge">]>;
def Ingot_PredicateAttr : Ingot_EnumAttr<Ingot_Predicate, "predicate">;

def Ingot_ReduceKind : Ingot_Enum<"ReduceKind", "how elements are combined", [
  I32EnumAttrCase<"Sum", 0, "sum">, I32EnumAttrCase<"Mean", 1, "mean">, I32EnumAttrCase<"Max", 2, "max">, I32EnumAttrCase<"Min", 3, "min">,
  I32EnumAttrCase<"Prod", 4, "prod">]>;
def Ingot_ReduceKindAttr : Ingot_EnumAttr<Ingot_ReduceKind, "reduce_kind">;

def Ingot_NormKind : Ingot_Enum<"NormKind", "what is done to each row", [
  I32EnumAttrCase<"Softmax", 0, "softmax">, I32EnumAttrCase<"LogSoftmax", 1, "log_softmax">, I32EnumAttrCase<"Standardize", 2, "standardize">,
  I32EnumAttrCase<"Rms", 3, "rms">]>;
def Ingot_NormKindAttr : Ingot_EnumAttr<Ingot_NormKind, "norm_kind">;

def Ingot_PoolKind : Ingot_Enum<"PoolKind", "how a window is combined", [
  I32EnumAttrCase<"Max", 0, "max">, I32EnumAttrCase<"Average", 1, "average">, I32EnumAttrCase<"Lp", 2, "lp">]>;
def Ingot_PoolKindAttr : Ingot_EnumAttr<Ingot_PoolKind, "pool_kind">;

def Ingot_PadMode : Ingot_Enum<"PadMode", "what stands outside a tensor", [
  I32EnumAttrCase<"Constant", 0, "constant">, I32EnumAttrCase<"Reflect", 1, "reflect">, I32EnumAttrCase<"Edge", 2, "edge">, I32EnumAttrCase<"Wrap", 3, "wrap">]>;
def Ingot_PadModeAttr : Ingot_EnumAttr<Ingot_PadMode, "pad_mode">;

def Ingot_ScatterKind : Ingot_Enum<"ScatterKind", "how an update meets the old element", [
  I32EnumAttrCase<"Assign", 0, "assign">, I32EnumAttrCase<"Add", 1, "add">, I32EnumAttrCase<"Mul", 2, "mul">, I32EnumAttrCase<"Max", 3, "max">,
  I32EnumAttrCase<"Min", 4, "min">]>;
def Ingot_ScatterKindAttr : Ingot_EnumAttr<Ingot_ScatterKind, "scatter_kind">;

def Ingot_Interpolation : Ingot_Enum<"Interpolation", "ONNX Resize `mode`", [
  I32EnumAttrCase<"Nearest", 0, "nearest">, I32EnumAttrCase<"Linear", 1, "linear">, I32EnumAttrCase<"Cubic", 2, "cubic">]>;
def Ingot_InterpolationAttr : Ingot_EnumAttr<Ingot_Interpolation, "interpolation">;

def Ingot_CellKind : Ingot_Enum<"CellKind", "the recurrent cell", [
  I32EnumAttrCase<"Lstm", 0, "lstm">, I32EnumAttrCase<"Gru", 1, "gru">, I32EnumAttrCase<"Rnn", 2, "rnn">]>;
def Ingot_CellKindAttr : Ingot_EnumAttr<Ingot_CellKind, "cell_kind">;

def Ingot_Layout : Ingot_Enum<"Layout", "order of the dims of an image operation", [
  I32EnumAttrCase<"ChannelsFirst", 0, "channels_first">, I32EnumAttrCase<"ChannelsLast", 1, "channels_last">]>;
def Ingot_LayoutAttr : Ingot_EnumAttr<Ingot_Layout, "layout">;

//===-- Regions and plans ----------------------------------------------------------------------------------------------------------------===//

def Ingot_Anchor : Ingot_Enum<"Anchor", "what an operation is to region formation", [
  I32EnumAttrCase<"Constant", 0, "constant">,      // no code
  I32EnumAttrCase<"View", 1, "view">,              // moves no data when the plan finds a view for it
  I32EnumAttrCase<"Elementwise", 2, "elementwise">,// joins any region as prologue or epilogue, or makes a map
  I32EnumAttrCase<"Contraction", 3, "contraction">,
  I32EnumAttrCase<"Convolution", 4, "convolution">,
  I32EnumAttrCase<"Depthwise", 5, "depthwise">,
  I32EnumAttrCase<"Pool", 6, "pool">,
  I32EnumAttrCase<"Row", 7, "row">,                // softmax, norms and reductions along dims
  I32EnumAttrCase<"Plain", 8, "plain">,            // everything else: a region of its own
  I32EnumAttrCase<"Attention", 9, "attention">]>;

def Ingot_Family : Ingot_Enum<"Family", "the family of kernels that writes a region's loops", [
  I32EnumAttrCase<"Plain", 0, "plain">, I32EnumAttrCase<"Map", 1, "map">, I32EnumAttrCase<"Contraction", 2, "contraction">,
  I32EnumAttrCase<"Convolution", 3, "convolution">, I32EnumAttrCase<"Depthwise", 4, "depthwise">, I32EnumAttrCase<"Pool", 5, "pool">,
  I32EnumAttrCase<"Row", 6, "row">, I32EnumAttrCase<"Gemv", 7, "gemv">, I32EnumAttrCase<"Recurrent", 8, "recurrent">,
  I32EnumAttrCase<"Attention", 9, "attention">,
  I32EnumAttrCase<"Winograd", 10, "winograd">, I32EnumAttrCase<"Blocks", 11, "blocks">, I32EnumAttrCase<"Sparse", 12, "sparse">,
  I32EnumAttrCase<"Pairs", 13, "pairs">]>;

def Ingot_PlanAttr : AttrDef<Ingot_Dialect, "Plan"> {
  let mnemonic = "plan";
  let summary = "every decision about a region that is left after fusion";
  let description = [{
    The plan stage fills it in, the kernel stage obeys it; neither looks at a model, a node name or another region.

    - `family`: who writes the loops.
    - `tile`: the register tile, in elements; its meaning is the family's (contraction and convolution: rows x columns, depthwise: pixels x channels, map and row: lanes,
      attention: rows, keys and result columns of its register tiles, keys of a block, rows of a unit; blocks: rows and columns of a unit, rows of a register tile).
    - `unroll`: how often the reduction loop is unrolled.
    - `lanes`: elements of one vector.
    - `units`: into how many independent pieces the family cuts the region, in the order in which they lie in memory.
    - `parallel`: whether the units are divided among the threads (contiguous ranges), or thread 0 runs them all.
    - `scratch`: bytes of memory that each thread has for itself while it runs the region; what is in it is lost behind the region. 0 is not printed.

    Example: `#ingot.plan<family = contraction, tile = [6, 64], unroll = 1, lanes = 16, units = 264, parallel = true>`
  }];
  let parameters = (ins EnumParameter<Ingot_Family>:$family, ArrayRefParameter<"int64_t">:$tile, "int64_t":$unroll, "int64_t":$lanes, "int64_t":$units,
                        "bool":$parallel, DefaultValuedParameter<"int64_t", "0">:$scratch);
  let builders = [AttrBuilder<(ins "::ingot::Family":$family, "::llvm::ArrayRef<int64_t>":$tile, "int64_t":$unroll, "int64_t":$lanes, "int64_t":$units,
                                   "bool":$parallel), [{ return $_get($_ctxt, family, tile, unroll, lanes, units, parallel, 0); }]>];
  let assemblyFormat = [{
    `<` `family` `=` $family `,` `tile` `=` custom<Tile>($tile) `,` `unroll` `=` $unroll `,` `lanes` `=` $lanes `,` `units` `=` $units `,`
    `parallel` `=` $parallel (`,` `scratch` `=` $scratch^)? `>`
  }];
}

def Ingot_CostAttr : AttrDef<Ingot_Dialect, "Cost"> {
  let mnemonic = "cost";
  let summary = "what a planned region takes, as the plan stage sees it (attribute `ingot.cost` of a region)";
  let description = [{
    - `flops`: floating-point operations, 2 for a multiply-add, of the algorithm that is used.
    - `read`, `written`: bytes that have to move, each buffer once.
    - `cycles`: predicted cycles of one core for the whole region.

    With symbolic dims: at typical sizes. Example: `#ingot.cost<flops = 150994944, read = 2752512, written = 393216, cycles = 2460000>`
  }];
  let parameters = (ins "int64_t":$flops, "int64_t":$read, "int64_t":$written, "int64_t":$cycles);
  let assemblyFormat = "`<` struct(params) `>`";
}

def Ingot_CandidateAttr : AttrDef<Ingot_Dialect, "Candidate"> {
  let mnemonic = "candidate";
  let summary = "a plan that was not taken (in the array `ingot.rejected` of a region, the best one first)";
  let description = [{ Example: `#ingot.candidate<family = contraction, tile = [8, 48], unroll = 1, cycles = 2610000>` }];
  let parameters = (ins EnumParameter<Ingot_Family>:$family, ArrayRefParameter<"int64_t">:$tile, "int64_t":$unroll, "int64_t":$cycles);
  let assemblyFormat = "`<` `family` `=` $family `,` `tile` `=` custom<Tile>($tile) `,` `unroll` `=` $unroll `,` `cycles` `=` $cycles `>`";
}

//===-- Weights and symbolic dims --------------------------------------------------------------------------------------------------------===//

def Ingot_WeightAttr : AttrDef<Ingot_Dialect, "Weight", [TypedAttrInterface]> {
  let mnemonic = "weight";
  let summary = "a handle of a tensor in the weight store";
  let description = [{
    `id` is the tensor's number in the `WeightStore` of the compilation; `name` its ONNX name (or the name of the recipe that made it), for people.
    Example: `ingot.constant #ingot.weight<3, "conv1.weight"> : tensor<64x3x7x7xf32>`
  }];
  let parameters = (ins "int64_t":$id, StringRefParameter<"">:$name, AttributeSelfTypeParameter<"">:$type);
  let assemblyFormat = "`<` $id `,` $name `>`";
}

def Ingot_RecipeAttr : AttrDef<Ingot_Dialect, "Recipe", [TypedAttrInterface]> {
  let mnemonic = "recipe";
  let summary = "a constant tensor that compiled code makes when the weights are written";
  let description = [{
    `function` is a function of the module's nested module `@recipes`; `inputs` are its arguments: weights, and constants small enough to stand in the IR. Equal
    layers share a function and differ in their inputs.
    Example: `ingot.constant #ingot.recipe<@recipes::@recipe_0, [#ingot.weight<3, "w"> : tensor<4x6xf32>]> : tensor<6x4xf32>`
  }];
  let parameters = (ins "::mlir::SymbolRefAttr":$function, "::mlir::ArrayAttr":$inputs, AttributeSelfTypeParameter<"">:$type);
  let assemblyFormat = "`<` $function `,` $inputs `>`";
}

def Ingot_DimsAttr : AttrDef<Ingot_Dialect, "Dims"> {
  let mnemonic = "dims";
  let summary = "the dims of a tensor as functions of the model's symbols (a type's encoding)";
  let description = [{
    An affine map from the symbols of the function's `ingot.symbols` to the dims. Static dims are constants in it.
    Example: `tensor<?x?x384xf32, #ingot.dims<affine_map<()[s0, s1] -> (s0, s1 + 4, 384)>>>`
  }];
  let parameters = (ins "::mlir::AffineMap":$map);
  let assemblyFormat = "`<` $map `>`";
}

#endif

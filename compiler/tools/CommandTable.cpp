// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/CommandTable.h"

#include "compiler/tools/Compress/BudgetFlags.h"
#include "compiler/tools/Compress/PruneFlags.h"
#include "compiler/tools/Compress/QuantizeFlags.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/Twine.h"

namespace ingot {
namespace {

using namespace prune_flags;
using namespace quantize_flags;

absl::Status setDim(llvm::StringRef text, CommandLine &line) {
  CompileOptions &options = line.options;
  auto [name, value] = text.rsplit('=');
  auto [range, special] = value.split(':');
  auto [low, high] = range.split("..");
  SymbolRange sizes;
  bool isRange = range.contains(".."), wrong = name.empty() || low.getAsInteger(10, sizes.minimum) || sizes.minimum < 0;
  wrong |= isRange ? high.getAsInteger(10, sizes.maximum) : value.contains(':');
  llvm::SmallVector<llvm::StringRef> parts;
  special.split(parts, ',', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  std::vector<int64_t> chosen(parts.size());
  for (auto [part, size] : llvm::zip_equal(parts, chosen))
    wrong |= part.getAsInteger(10, size);
  if (wrong)
    return usage(llvm::Twine("--dim wants NAME=VALUE, NAME=LEAST..MOST or NAME=LEAST..MOST:SIZE,SIZE with whole numbers, got '") + text + "'");
  options.dims.erase(name.str());
  options.ranges.erase(name.str());
  options.special.erase(name.str());
  if (!isRange) {
    options.dims[name.str()] = sizes.minimum;
    return absl::OkStatus();
  }
  options.ranges[name.str()] = sizes;
  if (!chosen.empty())
    options.special[name.str()] = chosen;
  return absl::OkStatus();
}

absl::Status setInputShape(llvm::StringRef text, CommandLine &line) {
  auto [name, dims] = text.rsplit('=');
  std::vector<int64_t> shape;
  llvm::SmallVector<llvm::StringRef> parts;
  if (!dims.empty())
    dims.split(parts, 'x');
  for (llvm::StringRef part : parts)
    if (part.getAsInteger(10, shape.emplace_back()) || shape.back() < 0)
      return usage(llvm::Twine("--input-shape wants NAME=1x3x48x320, got '") + text + "'");
  if (name.empty() || shape.empty())
    return usage(llvm::Twine("--input-shape wants NAME=1x3x48x320, got '") + text + "'");
  line.options.inputShapes[name.str()] = shape;
  return absl::OkStatus();
}

absl::Status setEmit(llvm::StringRef kind, CommandLine &line) {
  constexpr std::pair<llvm::StringLiteral, Emit> kinds[] = {
      {"exe", Emit::Program}, {"shared", Emit::Shared}, {"static", Emit::Static}, {"object", Emit::Object}};
  for (auto [name, emit] : kinds)
    if (kind == name) {
      line.options.emit = emit;
      return absl::OkStatus();
    }
  return usage(llvm::Twine("--emit wants exe, shared, static or object, got '") + kind + "'");
}

absl::Status setPrecision(llvm::StringRef name, CommandLine &line) {
  line.options.precision = name == "bf16" ? Precision::Bf16 : Precision::Stored;
  return name == "bf16" || name == "stored" ? absl::OkStatus() : usage(llvm::Twine("--precision wants stored or bf16, got '") + name + "'");
}

absl::Status setActivations(llvm::StringRef name, CommandLine &line) {
  line.options.activations = name == "int8" ? Activations::Int8 : Activations::F32;
  return name == "int8" || name == "f32" ? absl::OkStatus() : usage(llvm::Twine("--activations wants f32 or int8, got '") + name + "'");
}

absl::Status setMeasureError(llvm::StringRef text, CommandLine &line) {
  line.options.measureError = text == "on";
  return text == "on" || text == "off" ? absl::OkStatus() : usage(llvm::Twine("--measure-error wants on or off, got '") + text + "'");
}

absl::Status setMemory(llvm::StringRef text, CommandLine &line) {
  constexpr std::pair<llvm::StringLiteral, int> units[] = {{"KiB", 10}, {"MiB", 20}, {"GiB", 30}};
  llvm::StringRef number = text;
  int shift = 0;
  for (auto [unit, bits] : units)
    if (number.consume_back(unit))
      shift = bits;
  uint64_t size;
  if (number.getAsInteger(10, size) || size > UINT64_MAX >> shift)
    return usage(llvm::Twine("--max-memory wants a number of bytes, as 67108864 or 64MiB, got '") + text + "'");
  line.options.maxMemoryBytes = size << shift;
  return absl::OkStatus();
}

/// Keeps the value as it is.
template <std::string CompileOptions::*field> absl::Status setText(llvm::StringRef value, CommandLine &line) {
  line.options.*field = value.str();
  return absl::OkStatus();
}

template <bool CommandLine::*field> absl::Status setFlag(llvm::StringRef, CommandLine &line) {
  line.*field = true;
  return absl::OkStatus();
}

template <int level> absl::Status setLevel(llvm::StringRef, CommandLine &line) {
  line.options.level = level;
  return absl::OkStatus();
}

absl::Status setExact(llvm::StringRef, CommandLine &line) {
  line.options.exact = true;
  return absl::OkStatus();
}

absl::Status setStatic(llvm::StringRef, CommandLine &line) {
  line.options.isStatic = true;
  return absl::OkStatus();
}

absl::Status setDisabledPasses(llvm::StringRef text, CommandLine &line) {
  llvm::SmallVector<llvm::StringRef> names;
  text.split(names, ',');
  for (llvm::StringRef name : names) {
    if (name.empty())
      return usage("--disable-pass wants the names of passes with commas between, got '" + text + "'");
    line.options.disabledPasses.push_back(name.str());
  }
  return absl::OkStatus();
}

template <uint32_t BenchOptions::*field, uint32_t least, uint32_t most> absl::Status setCount(llvm::StringRef text, CommandLine &line) {
  uint32_t &value = line.bench.*field;
  if (text.getAsInteger(10, value) || value < least || value > most)
    return usage("'" + text + "' is no whole number from " + llvm::Twine(least) + " to " + llvm::Twine(most));
  return absl::OkStatus();
}

absl::Status setSeconds(llvm::StringRef text, CommandLine &line) {
  if (text.getAsDouble(line.bench.seconds) || !(line.bench.seconds > 0 && line.bench.seconds <= 86400))
    return usage("--seconds wants a number above 0, got '" + text + "'");
  line.bench.iterations = 0;
  return absl::OkStatus();
}

absl::Status setCompare(llvm::StringRef text, CommandLine &line) {
  line.bench.compare = text.str();
  return text == "onnxruntime" ? absl::OkStatus() : usage("--compare knows onnxruntime only, got '" + text + "'");
}

absl::Status setChart(llvm::StringRef text, CommandLine &line) {
  line.bench.chart = text.str();
  return text.ends_with(".svg") ? absl::OkStatus() : usage("--chart draws SVG: its file must end in .svg, got '" + text + "'");
}

absl::Status setProfile(llvm::StringRef text, CommandLine &line) {
  line.bench.profile = text.str();
  return text.empty() ? usage("--profile wants the name of a file") : absl::OkStatus();
}

absl::Status setImage(llvm::StringRef text, CommandLine &line) {
  line.pictures.images.push_back(text.str());
  return text.empty() ? usage("--image wants NAME=FILE") : absl::OkStatus();
}

/// Of pictures that are inputs of a run, or samples.
PictureOptions &pictureOptions(CommandLine &line) {
  return (line.command->id & (Run | Bench)) ? line.pictures.values : line.quantize.sampleFormat.pictures;
}

template <std::vector<double> PictureOptions::*field> absl::Status setNumbers(llvm::StringRef text, CommandLine &line) {
  if (!parseNumbers(text, pictureOptions(line).*field))
    return usage("'" + text + "' is no list of numbers as 123.7,116.3,103.5 or 1/58.4,1/57.1,1/57.4");
  return absl::OkStatus();
}

absl::Status setChannels(llvm::StringRef text, CommandLine &line) {
  pictureOptions(line).isBgr = text == "bgr";
  return text == "rgb" || text == "bgr" ? absl::OkStatus() : usage("--channels wants rgb or bgr, got '" + text + "'");
}

constexpr CommandInfo kCommands[] = {
    {Compile, "compile", "MODEL.onnx -o OUTPUT [options]", "model", "make a program or a library of a model", "",
     "  ingot compile model.onnx -o model --input-shape x=1x3x224x224\n"
     "  ingot compile model.onnx -o libmodel.a --emit=static --dim batch=1..8\n"},
    {Run, "run", "MODEL.onnx [options] [program's options]", "model", "compile to a temporary file and run it",
     "The first option of the program, or --, ends the options of the compiler: what follows is the program's, but for the options of pictures.\n",
     "  ingot run model.onnx --image x=cat.jpg --mean 123.675,116.28,103.53 --scale 1/58.395,1/57.12,1/57.375 --output y=b.npy\n"
     "  ingot run model.onnx -O0 --dim batch=1 -- --random --iterations 10\n"},
    {Check, "check", "MODEL.onnx [options]", "model", "list everything that cannot be compiled", "",
     "  ingot check model.onnx\n"
     "  ingot check model.onnx --input-shape x=1x3x224x224\n"},
    {Inspect, "inspect", "FILE [options]", "file", "describe a model, a compiled program, or a library",
     "A model: inputs, outputs, open dims, operators, weights. A program or a shared library: inputs, outputs, memory, code variants, and the "
     "manifest,\n"
     "which says what it was made of and how; a program is run with --info, a library is loaded. A static library or an object: models and "
     "manifest.\n",
     "  ingot inspect model.onnx\n"
     "  ingot inspect ./program --json\n"},
    {Opt, "opt", "FILE [options]", "model or file of IR", "take a model, or a file of IR, through passes or stages and print the IR",
     "FILE is a model, or IR that ends in .mlir. Without --passes the stages of the level run. IR between passes and times go to standard error.\n",
     "  ingot opt model.onnx --stop-after=region --time-passes\n"
     "  ingot opt region.mlir --passes='ingot-copy-views,ingot-choose-kernels(plain=true)' --print-ir-after=ingot-copy-views\n"},
    {Bench, "bench", "MODEL.onnx|PROGRAM [options]", "model or program", "measure a model, or a compiled program",
     "A model is compiled to a temporary file. Inputs that are not given are random. Sessions are threads of one\n"
     "process with the same weights; the memory is the peak of that process.\n"
     "--compare runs both in turn, in rounds, with the Python of INGOT_PYTHON or python3.\n",
     "  ingot bench model.onnx --dim batch=1 --threads 2 --compare onnxruntime --chart times.svg\n"
     "  ingot bench ./program --seconds 10 --sessions 4 --threads 1 --json\n"},
    {Quantize, "quantize", "MODEL.onnx -o OUTPUT.onnx [options]", "model", "make a smaller and faster model of bytes or 4 bits",
     "The result is an ONNX file that other engines run too. Static products need samples and give the fastest models; dynamic ones find the ranges "
     "of\n"
     "activations in each run; with weights alone in integers, products stay in floats. Without --mode: static with --calibration, weight-only with\n"
     "--weights and the options after it, else dynamic.\n",
     "  ingot quantize model.onnx -o model.int8.onnx --mode=static --calibration=samples.npz\n"
     "  ingot quantize model.onnx -o model.int4.onnx --weights=int4 --block-size=32 --exclude=lm_head\n"},
    {Prune, "prune", "MODEL.onnx -o OUTPUT.onnx [options]", "model", "make a model with fewer weights",
     "The result is an ONNX file of the same interface that other engines run too. Weights become zero alone, in blocks or two of four, and the\n"
     "compiler leaves them out where that is faster; or whole channels go, and tensors become smaller. --method=wanda and --method=sparsegpt need\n"
     "samples.\n",
     "  ingot prune model.onnx -o model.pruned.onnx --sparsity=0.8 --method=sparsegpt --calibration=samples.npz\n"
     "  ingot prune model.onnx -o model.pruned.onnx --sparsity=0.3 --pattern=channels --exclude=head\n"},
    {Help, "help", "[COMMAND]", "", "print the page of a command", "",
     "  ingot help compile\n"
     "  ingot compile --help\n"},
    {Completion, "completion", "bash", "shell (bash)", "print a script that completes commands and options", "",
     "  source <(ingot completion bash)\n"
     "  ingot completion bash > ~/.local/share/bash-completion/completions/ingot\n"},
};

constexpr unsigned kModel = Compile | Run | Check | Inspect | Opt | Bench; // commands that read a model
constexpr unsigned kCode = Compile | Run | Bench;                          // and make code of it

constexpr unsigned kAll = Compile | Run | Check | Help | Completion | Inspect | Opt | Bench | Quantize | Prune;
constexpr unsigned kCompresses = Quantize | Prune | Compile;
constexpr unsigned kQuantizes = Quantize | Compile;
constexpr unsigned kImages = Run | Bench | Anywhere;
constexpr unsigned kPictures = kImages | kCompresses;

constexpr llvm::StringLiteral kStages = "import graph region plan kernel llvm";

constexpr OptionInfo kOptions[] = {
    {"-o", "FILE", "", Compile | Quantize | Prune, "the file to write", setText<&CompileOptions::output>},
    {"-O0", "", "", kCode | Opt, "the plain path: no layouts, no fusion", setLevel<0>},
    {"-O3", "", "", kCode | Opt, "the optimised path (default)", setLevel<3>},
    {"--precision", "KIND", "stored bf16", kCode | Opt,
     "what products with weights multiply: the model's numbers as they are stored (default), or bf16, added up in f32", setPrecision},
    {"--activations", "KIND", "f32 int8", kCode | Opt,
     "what activations are in products with weights of 4 bits: as exact as f32 (default), or integers of 8 bits for each row and block",
     setActivations},
    {"--measure-error", "ON", "on off", Compile,
     "whether --precision=bf16 also compiles the model in f32, runs both on random inputs and prints the difference: on (default) or off",
     setMeasureError},
    {"--exact", "", "", kCode, "no algorithms that lose precision, as Winograd's for convolutions", setExact},
    {"--target", "LIST", "native x86-64-v3 x86-64-v4 x86-64-v3,x86-64-v4 aarch64-linux", kCode | Opt,
     "native (default), x86-64-v3, x86-64-v4, or a list of them: one body each, chosen at start; or aarch64-linux", setText<&CompileOptions::target>},
    {"--dim", "NAME=SIZE", "", kModel,
     "fix a symbolic dim; NAME=LEAST..MOST: the sizes that it may have when the model runs; LEAST..MOST:64,128: with code of its own for these",
     setDim},
    {"--input-shape", "NAME=1x3x48", "", kModel, "fix the whole shape of an input", setInputShape},
    {"--emit", "KIND", "exe shared static object", Compile, "exe (default), shared, static, object; the last three with a C header", setEmit},
    {"--static", "", "", kCode, "a program that needs no shared library", setStatic},
    {"--prefix", "NAME", "", Compile, "of the model's symbols and of the files beside a library (default: from OUTPUT)",
     setText<&CompileOptions::prefix>},
    {"--weights", "FILE", "", Compile, "put the weights into a file of their own, which is checked when it is opened (default: into OUTPUT)",
     setText<&CompileOptions::weights>},
    {"--max-memory", "64MiB", "", kCode, "fail, and name the largest tensors, if intermediate values and weights need more (KiB, MiB, GiB)",
     setMemory},
    {"--compile-to", "STAGE", kStages, Compile, "print the IR at the end of import, graph, region, plan, kernel or llvm",
     setText<&CompileOptions::compileTo>},
    {"--report", "FILE.html", "", Compile, "write what each pass did and what each region is and takes: a page to look at (.html), or .json",
     setText<&CompileOptions::report>},
    {"--measure", "", "", Compile, "leave out the passes that make the model slower on this machine, and put measured times into the report",
     [](llvm::StringRef, CommandLine &line) {
       line.measured.measure = true;
       return absl::OkStatus();
     }},
    {"--tune", "", "", Compile,
     "measure tiles and fetches of weights of each distinct region on this machine, and take the fastest; they are remembered",
     [](llvm::StringRef, CommandLine &line) {
       line.measured.tune = true;
       return absl::OkStatus();
     }},
    {"--tile", "REGION:12x64/2@4+0", "", kCode,
     "the tile of a region (its number in the plan stage, or an ONNX node of it) how often it is unrolled, and when it fetches weights; may be given "
     "again",
     [](llvm::StringRef value, CommandLine &line) {
       line.options.tiles.push_back(value.str());
       return absl::OkStatus();
     }},
    {"--passes", "LIST", "", Opt, "run these instead of the stages: a,b(option=value other=value); func.func(a,b) runs them on each function",
     [](llvm::StringRef value, CommandLine &line) {
       line.opt.passes = value.str();
       return absl::OkStatus();
     }},
    {"--stop-after", "STAGE", kStages, Opt, "the last stage: import, graph, region, plan, kernel or llvm (default)",
     [](llvm::StringRef value, CommandLine &line) {
       line.opt.stopAfter = value.str();
       return absl::OkStatus();
     }},
    {"--print-ir-after", "PASS", "", Opt, "print the IR after every run of a pass; may be given again",
     [](llvm::StringRef value, CommandLine &line) {
       line.opt.printAfter.push_back(value.str());
       return absl::OkStatus();
     }},
    {"--disable-pass", "PASS,PASS", "", kCode | Opt, "leave these out; may be given again", setDisabledPasses},
    {"--time-passes", "", "", Opt, "seconds and runs of each pass",
     [](llvm::StringRef, CommandLine &line) {
       line.opt.timePasses = true;
       return absl::OkStatus();
     }},
    {"--iterations", "N", "", Bench, "timed runs of a session", setCount<&BenchOptions::iterations, 1, 100000000>},
    {"--seconds", "S", "", Bench | Compile, "as many runs as fit into the time (default: 3); of --ablate and --measure: for each pass", setSeconds},
    {"--warmup", "N", "", Bench, "runs before them (default: 5)", setCount<&BenchOptions::warmup, 0, 100000000>},
    {"--threads", "N", "", Bench, "of a session (default: 0, one per core)", setCount<&BenchOptions::threads, 0, 1024>},
    {"--sessions", "N", "", Bench, "at the same time (default: 1)", setCount<&BenchOptions::sessions, 1, 256>},
    {"--ablate", "", "", Bench, "what each pass is worth: the model with each of them left out, in turn with all", setFlag<&CommandLine::ablate>},
    {"--compare", "onnxruntime", "onnxruntime", Bench, "measure that, too", setCompare},
    {"--chart", "FILE.svg", "", Bench | Compile, "draw the time of each run and the percentiles; of --search: time and error of all points",
     setChart},
    {"--profile", "FILE.json", "", Bench, "where the time goes, in more runs behind the timed ones: a trace for Perfetto, a table of regions",
     setProfile},
    {"--quantize", "KIND", "static dynamic int4 int8 fp16 bf16 fp8 fp8-e5m2", Compile,
     "quantise first, as ingot quantize does with these options: static or dynamic products of bytes, or weights alone", setKind},
    {"--mode", "MODE", "dynamic static weight-only", Quantize, "products of bytes with ranges of each run, or of samples; or weights alone", setMode},
    {"--granularity", "OF", "row tensor", kQuantizes,
     "of the scales of dynamic products: one for each row (default), or one for all, as ONNX Runtime's quantiser writes", setGranularity},
    {"--weights", "TYPE", "int4 int8 fp16 bf16 fp8 fp8-e5m2", Quantize, "of weights alone: int4 (default), int8, or floats of 16 or 8 bits",
     setWeights},
    {"--block-size", "N", "16 32 64 128 256", kQuantizes, "weights that share a scale (default: 32, 128 for int8, a channel for fp8)", setBlockSize},
    {"--symmetric", "", "", kQuantizes, "weights alone without zero points (default)", setSymmetric},
    {"--asymmetric", "", "", kQuantizes, "weights alone with zero points", setAsymmetric},
    {"--method", "NAME", "rtn hqq gptq awq", kQuantizes,
     "of rounding weights: rtn, to nearest with the best scale (default), hqq, half-quadratic, gptq, with error feedback as samples show it, or awq, "
     "finer where samples have large activations",
     setMethod},
    {"--sparsity", "SHARE", "", Prune, "of all weights, or channels, that go, as 0.8", setSparsity},
    {"--pattern", "KIND", "unstructured 1x16 4x4 2:4 channels", Prune,
     "which weights go together: blocks of so many inputs by outputs (default: 1x16), 2:4, two of each four inputs, channels, or unstructured",
     setPattern},
    {"--method", "NAME", "magnitude wanda sparsegpt", Prune,
     "what goes: small weights (default), those that add little to the products of samples, or what the weights left over make up for best",
     setPruneMethod},
    {"--prune", "SHARE", "", Compile, "prune first, before --quantize if that is given, as ingot prune --sparsity=SHARE does", setPrune},
    {"--prune-pattern", "KIND", "unstructured 1x16 4x4 2:4 channels", Compile, "which weights go together, as --pattern of ingot prune", setPattern},
    {"--prune-method", "NAME", "magnitude wanda sparsegpt", Compile, "what goes, as --method of ingot prune", setPruneMethod},
    {"--prune-uniform", "", "", Compile, "the same share of each layer, as --uniform of ingot prune", setUniform},
    {"--uniform", "", "", Prune, "the same share of each layer, instead of one budget for all", setUniform},
    {"--allocate", "HOW", "lamp measured", Prune,
     "how --sparsity is divided among layers: lamp, one threshold over all weights (default), or measured, the least errors on the samples",
     setAllocation},
    {"--prune-allocate", "HOW", "lamp measured", Compile, "how the share is divided among layers, as --allocate of ingot prune", setAllocation},
    {"--layer-sparsity", "NODE=SHARE", "", Prune | Compile,
     "of pruning: the share of a node; without --sparsity only such nodes change; may be given again", addLayerSparsity},
    {"--format", "NAME", "qdq matmulnbits", kQuantizes,
     "of weights alone: qdq, DequantizeLinear of ONNX (default), or matmulnbits, an operator of ONNX Runtime", setFormat},
    {"--calibration", "FILE", "", kCompresses,
     "samples: .npz files by input name, pictures (.png, .jpg), or texts (.txt, a sample in each line), or a folder of one of them; may be given "
     "again",
     addCalibration},
    {"--tokenizer", "FILE", "", kCompresses, "of samples that are texts: tokenizer.json or vocab.txt of the model", setTokenizer},
    {"--tokens", "N", "", kCompresses, "the length of such samples, cut or padded (default: the model's, or where it is open, their own)", setTokens},
    {"--calibration-method", "NAME", "minmax entropy percentile mse", kQuantizes, "how samples give the range of an activation (default: mse)",
     setCalibrationMethod},
    {"--percentile", "P", "", kQuantizes, "of values that --calibration-method=percentile keeps in the range (default: 99.999)", setPercentile},
    {"--random-calibration", "", "", kCompresses, "random samples: enough to measure time, not to use the results", setRandomCalibration},
    {"--activation-type", "TYPE", "uint8 int8", kQuantizes, "of static products: uint8 (default) or int8, both with zero points", setActivationType},
    {"--qdq", "WHERE", "fused every", kQuantizes,
     "activations that become bytes: those between products (default), or those around every operator, as ONNX Runtime's kernels need them",
     setPlacement},
    {"--smooth-quant", "", "", kQuantizes,
     "divide large channels of activations by factors that go into the weights, where samples show that it pays (default of static)", setSmooth},
    {"--no-smooth-quant", "", "", kQuantizes, "leave activations of static products as they are", setNoSmooth},
    {"--equalize", "", "", kQuantizes,
     "first give the weights on both sides of a channel between two products the same range, which changes nothing but rounding", setEqualize},
    {"--reduce-range", "", "", kQuantizes, "weights of 7 bits, for engines that add products in 16 bits on CPUs without VNNI", setReduceRange},
    {"--include", "NODE,NODE", "", kCompresses, "only these: names of nodes, operators, or regular expressions for names; may be given again",
     addInclude},
    {"--exclude", "NODE,NODE", "", kCompresses, "not these; may be given again", addExclude},
    {"--external-data", "", "", Quantize | Prune, "put constants into OUTPUT.data, as is done above 2 GB in any case", setExternalData},
    {"--search", "", "", Compile,
     "measure size, time and error of many ways to compress the model and print the Pareto front; with a budget and -o, "
     "compile the fastest that meets it",
     budget_flags::setSearch},
    {"--time-budget", "60s", "", Compile, "of --search: seconds (s) or minutes (m) (default: 60s)", budget_flags::setTimeBudget},
    {"--search-file", "FILE.json", "", Compile, "where --search writes all points, and --point finds them", budget_flags::setSearchFile},
    {"--point", "N", "", Compile, "compile this point of --search-file", budget_flags::setPoint},
    {"--max-error", "E", "", kCompresses,
     "only as many layers as keep the largest difference at the outputs, as a share of their largest magnitude, at or below this, on the samples",
     budget_flags::setMaxError},
    {"--min-cosine", "C", "", kCompresses, "the same of the cosine between outputs before and after, of every sample", budget_flags::setMinCosine},
    {"--min-top1", "T", "", kCompresses, "the same of the share of rows whose largest element stays where it is, from 0 to 1",
     budget_flags::setMinTop1},
    {"--bias-correction", "", "", kCompresses, "shift each channel of each layer by what compressing it changes on average, on the samples",
     budget_flags::setBiasCorrection},
    {"--distill", "", "", kCompresses,
     "fit what is free of each layer (weights left over, scales, biases, norms), one after the other, to what the original layer gives on the "
     "samples",
     budget_flags::setDistill},
    {"--measure-on", "FILE", "", kCompresses, "samples for budgets, fits and --report (default: those of --calibration); may be given again",
     budget_flags::addMeasureOn},
    {"--report", "FILE.html", "", Quantize | Prune,
     "write the errors of outputs and layers, and what each layer costs alone: a page (.html), or .json", setText<&CompileOptions::report>},
    {"--json", "", "", Inspect | Bench | Quantize | Prune | Compile, "one JSON object instead of text", setFlag<&CommandLine::json>},
    {"--quiet", "", "", Compile | Run | Check | Bench | Quantize | Prune, "no progress", setFlag<&CommandLine::quiet>},
    {"--image", "NAME=FILE", "", kImages, "an input of pictures, PNG or JPEG, stretched to the model's size; again for the next one of a batch",
     setImage},
    {"--mean", "M,M,M", "", kPictures, "of each channel, from 0 to 255 (default: 0); an element is (value - mean) * scale",
     setNumbers<&PictureOptions::mean>},
    {"--scale", "S,S,S", "", kPictures, "of each channel (default: 1/255)", setNumbers<&PictureOptions::scale>},
    {"--channels", "ORDER", "rgb bgr", kPictures, "of pictures: rgb (default) or bgr", setChannels},
    {"--help", "", "", kAll, "this page", setFlag<&CommandLine::help>},

    {"--input", "NAME=FILE", "", Run | Bench, "an input: .npy, or an ONNX TensorProto .pb", nullptr},
    {"--inputs", "FILE.npz", "", Run | Bench, "inputs by name", nullptr},
    {"--raw", "NAME=FILE", "", Run | Bench, "an input: its elements alone; FILE:TYPE:SHAPE, as in x.bin:f32:1x3x224x224, where dims are open",
     nullptr},
    {"--fill", "NAME=KIND", "", Run | Bench, "an input without a file: random, zeros, ones or iota", nullptr},
    {"--seed", "N", "", Run | Bench, "of random values", nullptr},
    {"--random", "", "", Run, "fill every input not given", nullptr},
    {"--output", "NAME=FILE", "", Run, "write an output as .npy", nullptr},
    {"--outputs", "FILE.npz", "", Run, "write all outputs", nullptr},
    {"--save-inputs", "FILE.npz", "", Run, "write the inputs as the model gets them", nullptr},
    {"--iterations", "N", "", Run, "timed runs", nullptr},
    {"--warmup", "N", "", Run, "runs before them", nullptr},
    {"--threads", "N", "", Run, "default: one per core this process may use", nullptr},
    {"--profile", "FILE.json", "", Run, "where the time goes: a trace for Perfetto, a table of regions", nullptr},
    {"--samples", "", "", Run, "with --json: the time of each run", nullptr},
    {"--json", "", "", Run, "one JSON object instead of text", nullptr},
    {"--info", "", "", Run, "inputs, outputs, memory and origin of the model, without running it", nullptr},
};

} // namespace

llvm::ArrayRef<CommandInfo> commandTable() { return kCommands; }
llvm::ArrayRef<OptionInfo> optionTable() { return kOptions; }

const CommandInfo *findCommand(llvm::StringRef name) {
  const CommandInfo *found = llvm::find_if(kCommands, [&](const CommandInfo &command) { return command.name == name; });
  return found == std::end(kCommands) ? nullptr : found;
}

const OptionInfo *findOption(llvm::StringRef name, Command command) {
  const OptionInfo *found = llvm::find_if(kOptions, [&](const OptionInfo &option) { return option.name == name && (option.commands & command); });
  return found == std::end(kOptions) ? nullptr : found;
}

} // namespace ingot

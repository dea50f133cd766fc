// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Pipelines/Stages.h"

#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Compress/Passes.h"
#include "passes/Graph/Passes.h"
#include "passes/Kernel/Passes.h"
#include "passes/LLVM/Passes.h"
#include "passes/Plan/Passes.h"
#include "passes/Region/Passes.h"

using namespace mlir;

namespace ingot {
namespace {

/// All of them: the pass starts from a level's.
SmallVector<std::string> textsOf(const MachineModel &machine) { return llvm::to_vector(machine.asTexts()); }

/// The way of a model, in order. A reason stands beside every pass that could be asked for one.
constexpr Stage kStages[] = {
    {"graph", "operations in canonical form, constants folded",
     [](StagePasses &pm, const StageOptions &options) {
       pm.addNestedPass<func::FuncOp>(createVerifyImportPass());
       if (options.layout)
         pm.addNestedPass<func::FuncOp>(createWidenHalvesPass()); // all others are for f32
       pm.addPass(createCanonicalizerPass());                     // also removes what nothing reads
       pm.addPass(createCSEPass());
       if (options.layout) {
         pm.addNestedPass<func::FuncOp>(createSinkDequantizationPass()); // or reshapes and transposes hide what products multiply
         pm.addNestedPass<func::FuncOp>(createPackBlocksPass({.bytes = options.activationBytes}, options.constants));
         pm.addNestedPass<func::FuncOp>(createFormIntegerProductsPass());
       }
       pm.addNestedPass<func::FuncOp>(createExpandQuantizationPass());
       pm.addPass(createCanonicalizerPass());
       if (options.layout) {
         pm.addNestedPass<func::FuncOp>(createRecognizeCompositesPass()); // before scales take their constants apart
         pm.addNestedPass<func::FuncOp>(createRecognizeAttentionPass());  // before scales go into weights, behind softmaxes
         pm.addPass(createSkipMaskedKeysPass(options.constants));
         pm.addNestedPass<func::FuncOp>(createFoldScalesPass());
         pm.addNestedPass<func::FuncOp>(createCommuteMeansPass()); // behind scales, which stood between a convolution and its bias
         pm.addNestedPass<func::FuncOp>(createDecomposeImagesPass());
         pm.addNestedPass<func::FuncOp>(createWidenNarrowConvsPass());
         pm.addNestedPass<func::FuncOp>(createSplitPaddingPass());
         pm.addNestedPass<func::FuncOp>(createChannelsLastPass());
         pm.addNestedPass<func::FuncOp>(createSinkViewsPass()); // only the transposes that the model itself needs are left
         pm.addNestedPass<func::FuncOp>(createFuseRepeatsPass());
         pm.addNestedPass<func::FuncOp>(createMergeContractionsPass()); // and views alone between projections and attentions
         if (!options.plainKernels && !options.bf16)                    // no plain kernels; twice as fast, direct ones in bf16 are as good
           pm.addPass(createChooseAlgorithmsPass({.exact = options.exact}, options.constants)); // reads packed weights
         pm.addNestedPass<func::FuncOp>(createPackContractionsPass());
         pm.addNestedPass<func::FuncOp>(createLowerPrecisionPass({.stored = !options.bf16})); // what has packed weights by now
         if (!options.plainKernels)
           pm.addPass(createFormSparseProductsPass({}, options.constants)); // in the form in which they are multiplied
         pm.addPass(createCanonicalizerPass());
         pm.addPass(createCSEPass());
         pm.addNestedPass<func::FuncOp>(createJoinGatesPass()); // of left sides that are one value by now, in the precision that they have
       }
       pm.addNestedPass<func::FuncOp>(createHoistInvariantsPass()); // recipes are made in the outermost block
       pm.addNestedPass<func::FuncOp>(createVerifyGraphPass());
       pm.addPass(createOutlineRecipesPass()); // last: no pass after it changes what is computed from constants
     }},
    {"region", "every compute operation in one region",
     [](StagePasses &pm, const StageOptions &options) {
       pm.addNestedPass<func::FuncOp>(createFormRegionsPass({.fuse = options.fuse}));
       pm.addNestedPass<func::FuncOp>(createVerifyRegionPass());
     }},
    {"plan", "every decision taken: kernels, buffers, arena",
     [](StagePasses &pm, const StageOptions &options) {
       if (!options.sizes.empty())
         pm.addNestedPass<func::FuncOp>(createFixDimsPass({.sizes = llvm::to_vector(options.sizes)}));
       pm.addNestedPass<func::FuncOp>(createCopyViewsPass());
       pm.addNestedPass<func::FuncOp>(createDescribeMachinePass({.facts = textsOf(options.machine)}));
       pm.addNestedPass<func::FuncOp>(createChooseKernelsPass({.plain = options.plainKernels}));
       pm.addNestedPass<func::FuncOp>(
           createUnrollAndJamPass({.force = llvm::to_vector(options.tiles), .keep = options.keepCandidates ? 6 : 2, .keys = options.keepCandidates}));
       if (options.fuse)
         pm.addNestedPass<func::FuncOp>(createFuseSqueezePass()); // by the tiles that there are now
       if (options.fuse)
         pm.addNestedPass<func::FuncOp>(createChainRowsPass());
       pm.addNestedPass<func::FuncOp>(createEstimateCostsPass());
       pm.addNestedPass<func::FuncOp>(createScheduleRegionsPass());
       pm.addNestedPass<func::FuncOp>(createAutoParallelizePass()); // by what the tiles are predicted to cost
       pm.addNestedPass<func::FuncOp>(
           createScheduleLoadsPass({.others = options.keepCandidates})); // how often a block of weights is used, the tiles say
       if (!options.plainKernels)
         pm.addNestedPass<func::FuncOp>(createFetchWeightsPass()); // behind those that change the order of regions
       if (options.machine.bypassesCaches)
         pm.addNestedPass<func::FuncOp>(createScheduleStoresPass()); // what runs until a result is read, the order says
       pm.addNestedPass<func::FuncOp>(createBalanceSharesPass());
       pm.addNestedPass<func::FuncOp>(createKeepSharesPass()); // the order of regions says who writes what when
       pm.addNestedPass<func::FuncOp>(createPlanBuffersPass());
       pm.addNestedPass<func::FuncOp>(createVerifyPlanPass());
     }},
    {"kernel", "every region's loops, written from its plan",
     [](StagePasses &pm, const StageOptions &options) {
       pm.addPass(createEmitKernelsPass());
       // Before canonicalize, which folds what the formulas of one vector share.
       pm.addPass(createExpandMathPass({.avx512 = options.machine.isWide(),
                                        .avx512Bf16 = options.machine.avx512Bf16,
                                        .avx512Vnni = options.machine.avx512Vnni,
                                        .wordPairs = options.machine.wordPairs}));
       pm.addPass(createCanonicalizerPass()); // index arithmetic on constants
       pm.addPass(createCSEPass());           // and what repeats between the vectors of a tile
       pm.addPass(createLoopInvariantCodeMotionPass());
       pm.addNestedPass<func::FuncOp>(createBypassCachesPass()); // proves from addresses that are plain by now where lines begin
       pm.addNestedPass<func::FuncOp>(createVerifyKernelPass());
     }},
    {"llvm", "the LLVM dialect and nothing else",
     [](StagePasses &pm, const StageOptions &options) {
       pm.addPass(memref::createExpandStridedMetadataPass());
       pm.addPass(mlir::createLowerAffinePass()); // expand-strided-metadata writes affine.apply
       pm.addPass(createSCFToControlFlowPass());
       pm.addPass(arith::createArithExpandOpsPass());
       pm.addPass(createConvertVectorToLLVMPass());
       pm.addPass(createConvertMathToLLVMPass());
       pm.addPass(createConvertMathToLibmPass()); // scalars only: vectors were expanded in the kernel stage
       pm.addPass(createFinalizeMemRefToLLVMConversionPass());
       pm.addPass(createArithToLLVMConversionPass());
       pm.addPass(createConvertIndexToLLVMPass());
       pm.addPass(createConvertControlFlowToLLVMPass());
       pm.addPass(createConvertFuncToLLVMPass({.useBarePtrCallConv = true}));
       pm.addPass(createReconcileUnrealizedCastsPass());
       pm.addPass(createFoldDescriptorsPass()); // or LLVM does it, later and more slowly
       if (options.firstRegion)
         pm.addPass(createMarkRegionsPass({.firstRegion = *options.firstRegion})); // before the entry, which passes the profiler on
       pm.addPass(createEmitEntryPass({.symbol = options.runSymbol}));
       pm.addPass(createVerifyLLVMPass());
     }},
};

void registerStage(const Stage &stage, const Twine &suffix, const StageOptions &options) {
  registerPassPipeline(("ingot-stage-" + stage.name + suffix).str(), stage.summary,
                       [&stage, options](OpPassManager &pm, StringRef, function_ref<LogicalResult(const Twine &)>) {
                         stage.build(pm, options);
                         return success();
                       },
                       [](function_ref<void(const mlir::detail::PassOptions &)>) {});
}

} // namespace

StageOptions StageOptions::ofLevel(int level) {
  bool plain = level == 0;
  return {.layout = !plain, .fuse = !plain, .plainKernels = plain};
}

ArrayRef<Stage> stages() { return kStages; }

void registerStages() {
  for (const Stage &stage : kStages) {
    registerStage(stage, "", {});
    registerStage(stage, "-O0", StageOptions::ofLevel(0));
  }
}

} // namespace ingot

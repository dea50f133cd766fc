// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Graph/Composites.h"
#include "passes/Graph/Passes.h"

#define DEBUG_TYPE "ingot-recognize-composites"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_RECOGNIZECOMPOSITESPASS
#include "passes/Graph/Passes.h.inc"

namespace {

struct RecognizeCompositesPass : impl::RecognizeCompositesPassBase<RecognizeCompositesPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateActivationPatterns(patterns);
    populateNormPatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace ingot

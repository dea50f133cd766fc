// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/MachineModel.h"
#include "passes/Plan/Passes.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_DESCRIBEMACHINEPASS
#include "passes/Plan/Passes.h.inc"

namespace {

struct DescribeMachinePass : impl::DescribeMachinePassBase<DescribeMachinePass> {
  using DescribeMachinePassBase::DescribeMachinePassBase;

  void runOnOperation() override {
    std::optional<MachineModel> machine = MachineModel::ofLevel(level);
    if (!machine)
      return fail("level '" + level + "' is not known");
    for (const std::string &fact : facts) {
      auto [name, text] = StringRef(fact).rsplit(':');
      double number;
      if (text.getAsDouble(number) || !machine->set(name, number))
        return fail("'" + fact + "' is no number of a machine: NAME:NUMBER, with a name of the attribute 'ingot.machine' and a number above 0");
    }
    getOperation()->setAttr(kMachineAttr, machine->asAttribute(&getContext()));
  }

private:
  void fail(const Twine &message) {
    getOperation().emitError("ingot-describe-machine: ") << message;
    signalPassFailure();
  }
};

} // namespace
} // namespace ingot

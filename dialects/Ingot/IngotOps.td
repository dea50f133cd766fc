// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef DIALECTS_INGOT_INGOTOPS_TD
#define DIALECTS_INGOT_INGOTOPS_TD

include "dialects/Ingot/IngotOpsCompute.td"
include "dialects/Ingot/IngotOpsControl.td"
include "dialects/Ingot/IngotOpsElementwise.td"
include "dialects/Ingot/IngotOpsLayout.td"
include "dialects/Ingot/IngotOpsQuantize.td"
include "dialects/Ingot/IngotOpsRegion.td"
include "dialects/Ingot/IngotOpsSparse.td"

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a team keeps for Shares.c.
#ifndef INGOT_RUNTIME_SHARES_H
#define INGOT_RUNTIME_SHARES_H

#include "Internal.h"

#include <stdatomic.h>

/// What a thread offers to others, alone on its cache line: the number of the region, the first step that nobody has, and the end.
typedef struct IngotOffer {
  _Alignas(INGOT_ALIGNMENT) _Atomic uint64_t steps;
} IngotOffer;

/// One for each thread of the team (Team.c); null where the run has one thread.
IngotOffer *ingot_team_offers(IngotTeam *team, uint32_t *threads);

#endif

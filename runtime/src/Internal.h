// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the files of the runtime share with each other and with their tests; hidden from users.
#ifndef INGOT_RUNTIME_INTERNAL_H
#define INGOT_RUNTIME_INTERNAL_H

#include "ingot/ingot.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/// The most threads that a session may ask for; more is taken for a mistake.
enum { INGOT_MAX_THREADS = 1024 };

/// The number of cores that this process may use, at least 1.
uint32_t ingot_usable_cores(void);

/// The first variant of `model` whose features are all among `features`, or null.
const IngotVariant *ingot_first_variant(const IngotModel *model, uint64_t features);

/// Starts `threads - 1` workers that will run `run(call, 1..threads - 1, threads)` once per epoch. Both are constant for the team's life.
IngotStatus ingot_team_open(uint32_t threads, IngotRunFunction run, IngotCall *call, IngotTeam **team);

/// One epoch: every thread of the team, the calling one as number 0, runs the function; returns when all have left it.
void ingot_team_run(IngotTeam *team);

/// How many workers sleep in the kernel now; for tests.
uint32_t ingot_team_sleepers(IngotTeam *team);

/// Stops and joins the workers. Null is allowed.
void ingot_team_close(IngotTeam *team);

/// The team of a session; for tests.
IngotTeam *ingot_session_team(IngotSession *session);

#ifdef __cplusplus
}
#endif
#endif

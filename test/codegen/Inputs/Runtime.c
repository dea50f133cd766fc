/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * The least of a runtime: one function that a model's code calls, one that only users call. */
#include "runtime/include/ingot/ingot.h"

INGOT_API void ingot_team_barrier(IngotTeam *team) { (void)team; }

INGOT_API const char *ingot_status_text(IngotStatus status) { return status == INGOT_OK ? "ok" : "not ok"; }

void test_runtime_internal(void);
void test_runtime_internal(void) {}

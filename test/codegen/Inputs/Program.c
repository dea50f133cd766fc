/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * A program around the test model: runs its first variant on a thread of its own and prints the output and what the command line said. */
#include "runtime/include/ingot/ingot.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

extern const IngotModel ingot_program_model;

static const float x[4] = {1, 2, 3, 4};
static float y[4];

static void *run(void *unused) {
  const void *inputs[] = {x};
  void *outputs[] = {y};
  IngotCall call = {ingot_program_model.weights, NULL, inputs, outputs, NULL, INGOT_OK, 0, NULL, NULL, NULL};
  ingot_program_model.variants[0].run(&call, 0, 1);
  return unused;
}

int main(int argc, char **argv) {
  pthread_t thread;
  char *buffer = malloc(64);
  if (!buffer || pthread_create(&thread, NULL, run, NULL) || pthread_join(thread, NULL))
    return 1;
  snprintf(buffer, 64, "%s %d %s %g %g %g %g %.3f %s", ingot_program_model.variants[0].name, argc, argc > 1 ? argv[1] : "-", y[0], y[1], y[2], y[3],
           exp((double)argc), getenv("INGOT_TEST_WORD") ? getenv("INGOT_TEST_WORD") : "-");
  puts(buffer);
  free(buffer);
  return 7;
}

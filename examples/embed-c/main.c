// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A compiled model inside of a C program: open a session, run it, close it.
#include "xor.h" // made by `ingot compile`, with the C interface in it

#include <stdio.h>

int main(void) {
  const float pairs[4][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
  float results[4];
  char text[256] = "";
  IngotSessionOptions options = {.struct_size = sizeof options, .threads = 1, .error_text = text, .error_text_bytes = sizeof text};
  IngotSession *session;
  IngotStatus status = xor_open(&options, &session);
  if (status != INGOT_OK) {
    fprintf(stderr, "xor: %s: %s\n", ingot_status_text(status), text);
    return 1;
  }
  status = xor_run(session, &pairs[0][0], results); // allocates nothing; call it as often as you like
  if (status != INGOT_OK)
    fprintf(stderr, "xor: %s\n", ingot_session_error(session));
  for (int i = 0; i < 4 && status == INGOT_OK; ++i)
    printf("%g xor %g = %g\n", pairs[i][0], pairs[i][1], results[i]);
  ingot_session_close(&session);
  return status == INGOT_OK ? 0 : 1;
}

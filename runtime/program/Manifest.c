// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The manifest is one JSON object. The program shows its top-level fields and does not look into their values.
#include "Manifest.h"

static const char *skip_space(const char *at) {
  while (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')
    ++at;
  return at;
}

/// Behind a string's closing quote, or null.
static const char *skip_string(const char *at) {
  for (++at; *at && *at != '"'; ++at)
    if (*at == '\\' && *++at == 0)
      return NULL;
  return *at ? at + 1 : NULL;
}

/// Behind a value of any kind, or null.
static const char *skip_value(const char *at) {
  int depth = 0;
  for (; *at; ++at) {
    if (*at == '"') {
      at = skip_string(at);
      if (!at)
        return NULL;
      --at;
    } else if (*at == '{' || *at == '[') {
      ++depth;
    } else if (*at == '}' || *at == ']') {
      if (depth-- == 0)
        return at;
    } else if (*at == ',' && depth == 0) {
      return at;
    }
  }
  return NULL;
}

bool ingot_manifest_next(const char **at, ManifestField *field) {
  const char *key = skip_space(*at);
  if (*key != '{' && *key != ',')
    return false;
  key = skip_space(key + 1);
  const char *colon = *key == '"' ? skip_string(key) : NULL;
  if (!colon)
    return false;
  field->key = key + 1;
  field->key_size = (size_t)(colon - key) - 2;
  colon = skip_space(colon);
  if (*colon != ':')
    return false;
  const char *value = skip_space(colon + 1), *end = skip_value(value);
  if (!end)
    return false;
  *at = end;
  while (end > value && (end[-1] == ' ' || end[-1] == '\n' || end[-1] == '\t' || end[-1] == '\r'))
    --end;
  const bool string = *value == '"' && end - value >= 2;
  field->value = value + string;
  field->value_size = (size_t)(end - value) - (string ? 2 : 0);
  return true;
}

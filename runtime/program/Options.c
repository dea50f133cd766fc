// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Options.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

const char *const ingot_options_help =
    "  --input NAME=FILE     an input: .npy, or an ONNX TensorProto .pb; NAME= may be left out when the model has one input\n"
    "  --inputs FILE.npz     inputs by name\n"
    "  --raw NAME=FILE       an input: its elements, row-major, little-endian and nothing else; FILE:TYPE:SHAPE, as in x.bin:f32:1x3x224x224, says\n"
    "                        what the file holds, where the model has open dims\n"
    "  --fill NAME=KIND      an input without a file: random (as --random), zeros, ones, or iota: 0, 1, 2, ... in row-major order, from 0 again "
    "where\n"
    "                        the type holds no more whole numbers\n"
    "  --random              fill every input not given: floats uniform in [-1, 1), integers and bools 0 or 1\n"
    "  --dim NAME=VALUE      the size of an open dim, where no input that is read from a file has it\n"
    "  --seed N              of random values (default 0); a tensor depends on the seed and its name only\n"
    "  --save-inputs FILE.npz  write the inputs as the model gets them\n"
    "  --output NAME=FILE    write an output as .npy; NAME= may be left out when the model has one output\n"
    "  --outputs FILE.npz    write all outputs\n"
    "  --iterations N        timed runs (default 1, with --profile 11)\n"
    "  --warmup W            runs before them (default 0)\n"
    "  --threads T           of a session, default 0: one per core this process may use\n"
    "  --sessions N          that run at the same time, on the same inputs (default 1); outputs are those of the first\n"
    "  --weights FILE        the model's weights, if it was compiled with --weights (default: beside this program)\n"
    "  --json                one JSON object on standard output instead of text\n"
    "  --samples             with --json: the time of each run, session after session, and the peak memory of the process\n"
    "  --profile FILE.json   where the time goes: a trace for Perfetto (ui.perfetto.dev), and a table of the regions that take most; of the first "
    "session\n"
    "  --info                inputs, outputs, memory and origin of the model, without running it\n"
    "  --version             of the runtime and of the compiler\n"
    "  --help\n"
    "An option and its value may be two words or one: --threads 2, --threads=2.\n"
    "Exit code: 0 done, 1 bad input, 2 bad command line, 3 this CPU is not supported, 4 internal error.\n";

enum { PROFILED_RUNS = 11 }; // the first one is apart, of the others there is a median

typedef enum OptionKind { FLAG, NUMBER32, NUMBER64, VALUES } OptionKind;

typedef struct OptionFacts {
  const char *name; /* first: ingot_nearest_name walks the table */
  OptionKind kind;
  size_t offset;
  uint64_t minimum, maximum;
} OptionFacts;

static const OptionFacts table[] = {
    {"--input", VALUES, offsetof(Options, input), 0, 0},
    {"--inputs", VALUES, offsetof(Options, inputs), 0, 0},
    {"--output", VALUES, offsetof(Options, output), 0, 0},
    {"--outputs", VALUES, offsetof(Options, outputs), 0, 0},
    {"--raw", VALUES, offsetof(Options, raw), 0, 0},
    {"--fill", VALUES, offsetof(Options, fill), 0, 0},
    {"--save-inputs", VALUES, offsetof(Options, save_inputs), 0, 0},
    {"--random", FLAG, offsetof(Options, random), 0, 0},
    {"--seed", NUMBER64, offsetof(Options, seed), 0, UINT64_MAX},
    {"--iterations", NUMBER32, offsetof(Options, iterations), 1, 100000000},
    {"--warmup", NUMBER32, offsetof(Options, warmup), 0, 100000000},
    {"--threads", NUMBER32, offsetof(Options, threads), 0, 1024},
    {"--sessions", NUMBER32, offsetof(Options, sessions), 1, 256},
    {"--weights", VALUES, offsetof(Options, weights), 0, 0},
    {"--dim", VALUES, offsetof(Options, dim), 0, 0},
    {"--profile", VALUES, offsetof(Options, profile), 0, 0},
    {"--json", FLAG, offsetof(Options, json), 0, 0},
    {"--samples", FLAG, offsetof(Options, samples), 0, 0},
    {"--info", FLAG, offsetof(Options, info), 0, 0},
    {"--help", FLAG, offsetof(Options, help), 0, 0},
    {"--version", FLAG, offsetof(Options, version), 0, 0},
};
enum { TABLE_SIZE = sizeof table / sizeof *table };

static bool parse_number(const char *text, uint64_t *number) {
  *number = 0;
  if (!*text)
    return false;
  for (; *text; ++text) {
    const uint64_t digit = (uint64_t)(*text - '0');
    if (digit > 9 || *number > (UINT64_MAX - digit) / 10)
      return false;
    *number = *number * 10 + digit;
  }
  return true;
}

static ProgramStatus set_number(const OptionFacts *facts, const char *value, void *field, ErrorText *error) {
  uint64_t number;
  if (!parse_number(value, &number) || number < facts->minimum || number > facts->maximum)
    return ingot_fail(error, PROGRAM_BAD_USAGE, "%s takes a whole number from %" PRIu64 " to %" PRIu64 ", not '%s'", facts->name, facts->minimum,
                      facts->maximum, value);
  if (facts->kind == NUMBER32)
    *(uint32_t *)field = (uint32_t)number;
  else
    *(uint64_t *)field = number;
  return PROGRAM_OK;
}

static ProgramStatus unknown_option(const char *name, ErrorText *error) {
  const char *nearest = ingot_nearest_name(name, &table[0].name, TABLE_SIZE, sizeof *table);
  if (nearest)
    return ingot_fail(error, PROGRAM_BAD_USAGE, "unknown option '%s'; did you mean '%s'? --help lists all", name, nearest);
  return ingot_fail(error, PROGRAM_BAD_USAGE, "unknown option '%s'; --help lists all", name);
}

/// Handles the option at `*at` and moves `*at` behind it.
static ProgramStatus parse_one(int count, char **arguments, int *at, Options *options, ErrorText *error) {
  const char *argument = arguments[(*at)++];
  char name[64];
  const size_t length = strcspn(argument, "=");
  if (argument[0] != '-')
    return ingot_fail(error, PROGRAM_BAD_USAGE, "unexpected argument '%s'; an input is given as --input NAME=FILE", argument);
  if (length >= sizeof name)
    return unknown_option(argument, error);
  memcpy(name, argument, length);
  name[length] = 0;
  const OptionFacts *facts = table;
  while (facts < table + TABLE_SIZE && strcmp(facts->name, strcmp(name, "-h") == 0 ? "--help" : name) != 0)
    ++facts;
  if (facts == table + TABLE_SIZE)
    return unknown_option(name, error);

  void *field = (char *)options + facts->offset;
  const bool joined = argument[length] == '=';
  if (facts->kind == FLAG) {
    if (joined)
      return ingot_fail(error, PROGRAM_BAD_USAGE, "%s takes no value", facts->name);
    *(bool *)field = true;
    return PROGRAM_OK;
  }
  if (!joined && *at == count)
    return ingot_fail(error, PROGRAM_BAD_USAGE, "%s needs a value", facts->name);
  const char *value = joined ? argument + length + 1 : arguments[(*at)++];
  if (facts->kind != VALUES)
    return set_number(facts, value, field, error);
  if (!*value)
    return ingot_fail(error, PROGRAM_BAD_USAGE, "%s needs a value", facts->name);
  ValueList *list = field;
  list->values[list->count++] = value;
  return PROGRAM_OK;
}

ProgramStatus ingot_options_parse(int count, char **arguments, Options *options, ErrorText *error) {
  memset(options, 0, sizeof *options);
  options->sessions = 1;
  for (const OptionFacts *facts = table; facts < table + TABLE_SIZE; ++facts) {
    ValueList *list = (ValueList *)((char *)options + facts->offset);
    if (facts->kind == VALUES && !(list->values = calloc((size_t)count + 1, sizeof(char *))))
      return ingot_fail(error, PROGRAM_INTERNAL, "out of memory for the command line");
  }
  for (int at = 1; at < count;) {
    const ProgramStatus status = parse_one(count, arguments, &at, options, error);
    if (status != PROGRAM_OK)
      return status;
  }
  if (options->iterations == 0)
    options->iterations = options->profile.count > 0 ? PROFILED_RUNS : 1;
  return PROGRAM_OK;
}

void ingot_options_free(Options *options) {
  for (const OptionFacts *facts = table; facts < table + TABLE_SIZE; ++facts)
    if (facts->kind == VALUES)
      free(((ValueList *)((char *)options + facts->offset))->values);
}

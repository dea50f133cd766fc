/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What a compiled model is: the data that `ingot compile` writes and the runtime reads. Programs include ingot.h.
 * Structures grow at their end only; `struct_size` tells which fields a caller or a model knows.
 */
#ifndef INGOT_MODEL_H
#define INGOT_MODEL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define INGOT_MUST_USE __attribute__((warn_unused_result))
#define INGOT_API __attribute__((visibility("default")))
#else
#define INGOT_MUST_USE
#define INGOT_API
#endif

enum { INGOT_ABI_VERSION = 1 };

/* Why a call did not do what was asked; ingot_status_text() and ingot_session_error() say more. After any of them a session can be used again. */
typedef enum IngotStatus {
  INGOT_OK = 0,
  INGOT_INVALID_ARGUMENT = 1, /* a null pointer, a wrong number, a structure of another ABI version */
  INGOT_OUT_OF_MEMORY = 2,
  INGOT_UNSUPPORTED_MACHINE = 3, /* no code variant of the model runs on this CPU */
  INGOT_THREAD_FAILURE = 4,      /* the operating system refused to start a thread */
  INGOT_RUN_FAILURE = 5,         /* the model met a value it cannot process (an index out of range, a division by zero) */
  INGOT_BUSY = 6,                /* another thread is in a call of the same session */
  INGOT_CANCELLED = 7,           /* ingot_session_cancel(): the outputs hold nothing of use */
  INGOT_ARENA_TOO_SMALL = 8,     /* the caller's arena has fewer bytes than the model needs */
  INGOT_MISALIGNED = 9,          /* a tensor or arena does not begin where its elements may */
  INGOT_OVERLAP = 10,            /* an output shares bytes with an input or another output */
  INGOT_WRONG_SHAPE = 11,        /* a dim differs from the model's, is out of its range, or contradicts another one */
  INGOT_WRONG_WEIGHTS = 12,      /* the file with the weights is missing, cut, or not the one that the model was compiled with */
  INGOT_NOT_CONTIGUOUS = 13      /* a tensor with strides, in a session without INGOT_STAGING */
} IngotStatus;

/* Element types carry the numbers of ONNX's TensorProto.DataType. Elements of those from INGOT_F8E4M3FN on lie in a byte each, whatever their bits:
 * integers of 2 and 4 bits as that number (int8_t or uint8_t), floats as their bits, the upper ones 0. */
typedef enum IngotElementType {
  INGOT_F32 = 1, INGOT_U8 = 2, INGOT_I8 = 3, INGOT_U16 = 4, INGOT_I16 = 5, INGOT_I32 = 6, INGOT_I64 = 7,
  INGOT_BOOL = 9, INGOT_F16 = 10, INGOT_F64 = 11, INGOT_U32 = 12, INGOT_U64 = 13, INGOT_BF16 = 16,
  INGOT_F8E4M3FN = 17, INGOT_F8E4M3FNUZ = 18, INGOT_F8E5M2 = 19, INGOT_F8E5M2FNUZ = 20, INGOT_U4 = 21, INGOT_I4 = 22, INGOT_F4E2M1 = 23,
  INGOT_F8E8M0 = 24, INGOT_U2 = 25, INGOT_I2 = 26, INGOT_F6E2M3 = 27, INGOT_F6E3M2 = 28
} IngotElementType;

typedef struct IngotTensorInfo {
  const char *name;     /* the ONNX name */
  const int64_t *dims;  /* `rank` of them; d >= 0 is fixed, d < 0 is the value of IngotModel.symbols[-1 - d] */
  uint64_t bytes;       /* of the whole tensor, row-major and contiguous; with symbols: at their maxima */
  int32_t element_type; /* IngotElementType */
  int32_t rank;
} IngotTensorInfo;

enum { INGOT_SYMBOL_INPUT = 0, INGOT_SYMBOL_COMPUTED = 1, INGOT_SYMBOL_RESULT = 2, INGOT_SYMBOL_ROOM = 3 };

/* A dim that is not known before the run. */
typedef struct IngotSymbol {
  const char *name;
  int64_t minimum, maximum;
  int32_t kind;     /* read from the first input that has it; computed from others before the run; known only after the run; how large something may
                       become that only a run can tell: `minimum` at first, raised by runs that need more, up to `maximum` */
  int32_t reserved; /* 0 */
} IngotSymbol;

/* The threads that run one call together. Opaque to generated code. */
typedef struct IngotTeam IngotTeam;

/* Records where the time of runs goes. Opaque to generated code. */
typedef struct IngotProfiler IngotProfiler;

/* What one call reads and writes; the same for all its threads. Generated code may set `status` (to an IngotStatus) and never clears it. */
typedef struct IngotCall {
  const uint8_t *weights;    /* 64-byte aligned */
  uint8_t *arena;            /* 64-byte aligned */
  const void *const *inputs; /* in the order of IngotModel.inputs */
  void *const *outputs;      /* in the order of IngotModel.outputs; never overlap inputs or each other */
  IngotTeam *team;
  int32_t status;
  int32_t failed_site; /* which IngotModel.sites set `status` */
  int64_t *values;     /* of the symbols, then what IngotVariant.prepare adds */
  uint8_t *scratch;    /* IngotModel.scratch_bytes for each thread, 64-byte aligned; null when that is 0 */
  IngotProfiler *profiler; /* null: nobody asks where the time goes */
} IngotCall;

/* Runs a model's work of one thread. All `threads` of the call enter it with the same `call` and their own number, and meet in `ingot_team_barrier`.
 */
typedef void (*IngotRunFunction)(IngotCall *call, int64_t thread, int64_t threads);

/* Called by generated code between regions, by every thread of the team; returns when all have arrived. Not 0 (for all of them): the call was
 * cancelled, return at once. The team may be null when the call has one thread. */
int32_t ingot_team_barrier(IngotTeam *team);

/* Called by generated code with the steps [begin, end) of a region that are a thread's share, before it runs any: returns the end of what it runs at
 * once. The rest is offered to all threads, in pieces that begin at multiples of `grain` (1 or more) and are at least as long; `ingot_team_take` gives
 * them out. Regions between two barriers have different numbers, below 2^16; there are less than 2^24 steps. The team may be null as above. */
int64_t ingot_team_offer(IngotTeam *team, int64_t thread, int64_t region, int64_t begin, int64_t end, int64_t grain);

/* The next piece of what the thread itself has offered, else of what others have: the thread whose it was * 2^48 + first step * 2^24 + end. 0: there
 * is none. */
int64_t ingot_team_take(IngotTeam *team, int64_t thread, int64_t region, int64_t grain);

/* Called by generated code where IngotCall.profiler is not null, by each thread behind each region that it ran (`what`: its number in
 * IngotModel.regions) and behind each barrier (-1 - the number of the region before it). */
void ingot_profiler_mark(IngotProfiler *profiler, int64_t thread, int32_t what);

/* What a code variant needs of the CPU (bits of IngotVariant.features). */
enum {
  INGOT_CPU_X86_64_V3 = 1u << 0, /* AVX2, FMA, BMI2, F16C */
  INGOT_CPU_X86_64_V4 = 1u << 1, /* AVX-512 F, BW, CD, DQ, VL */
  INGOT_CPU_AVX512_VNNI = 1u << 2,
  INGOT_CPU_AVX512_BF16 = 1u << 3
};

/* One body of the model's code. A model lists its variants best first; the first that the CPU can run is taken. */
typedef struct IngotVariant {
  const char *name; /* the value of --target, as in "x86-64-v4" */
  IngotRunFunction run;
  uint64_t arena_bytes; /* with symbols: at their maxima */
  uint64_t features;    /* INGOT_CPU_* that the body uses */
  /* Null when no dim is a symbol. Given the symbols that inputs have, fills in the others that are known before the run and what lies behind them, as
   * offsets in the arena; returns the bytes of the arena that this run needs, or -1 - i when IngotModel.relations[i] is not true. */
  int64_t (*prepare)(int64_t *values);
  uint64_t value_count; /* slots of `values` */
} IngotVariant;

/* What a session takes. The first two come from the allocator in two pieces, and no others do. */
typedef struct IngotMemory {
  uint64_t arena_bytes;   /* 0 bytes are allocated when the caller supplies the arena */
  uint64_t session_bytes; /* the session with its team of threads, their scratch memory and the copies that INGOT_STAGING makes */
  uint64_t stack_bytes;   /* address space for the stacks of the workers, from the system */
  uint64_t weight_bytes;  /* of the model or its file, read-only and shared by all sessions */
} IngotMemory;

/* The instructions whose rate is a region's peak: multiply-adds of f32, of pairs of bf16 that are added up in f32, or of groups of four bytes that
   are added up in i32. */
enum { INGOT_ARITHMETIC_F32 = 0, INGOT_ARITHMETIC_BF16 = 1, INGOT_ARITHMETIC_INT8 = 2, INGOT_ARITHMETICS = 3 };

/* A part of the model that is computed without a point where its threads meet. Texts are offsets in IngotModel.region_text. */
typedef struct IngotRegion {
  uint32_t name;   /* of its ONNX nodes */
  uint32_t family; /* of its kernel */
  uint32_t kind;   /* as in "3x3 convolutions" */
  uint32_t arithmetic; /* INGOT_ARITHMETIC_*: what it multiplies */
  uint64_t flops; /* of one call; 0: none, or not known, as where they depend on symbols */
  uint64_t bytes; /* that one call reads and writes */
} IngotRegion;

typedef struct IngotApi IngotApi;

typedef struct IngotModel {
  uint32_t struct_size;
  uint32_t abi_version;
  const char *manifest; /* one JSON object: compiler, LLVM, model SHA-256, options */
  const IngotTensorInfo *inputs;
  const IngotTensorInfo *outputs;
  const IngotVariant *variants;
  const uint8_t *weights; /* null when they are in a file */
  uint64_t weight_bytes;
  uint32_t input_count;
  uint32_t output_count;
  uint32_t variant_count;
  uint32_t symbol_count;
  const IngotSymbol *symbols;
  const char *const *sites; /* what can fail in a run, as "Gather 'embed': index out of range" */
  uint32_t site_count;
  uint32_t relation_count;
  const IngotApi *api;      /* the runtime that the model was linked with */
  const char *weights_file; /* null when they are in the model; else the name that the compiler gave the file, without folder */
  uint64_t weights_hash;
  const char *const *relations; /* what has to be true of the symbols, as "node 'add': height and width * 2 must be equal" */
  uint64_t scratch_bytes;       /* of memory that each thread has for itself during a run; a multiple of 64 */
  const IngotRegion *regions;   /* of all variants and bodies, one after the other */
  const char *region_text;
  uint64_t region_count;
} IngotModel;

#ifdef __cplusplus
}
#endif
#endif

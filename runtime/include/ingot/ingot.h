/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The C interface of models compiled by Ingot. C11, no dependency but libc and threads.
 *
 * A compiled model is one constant `IngotModel`, named `<prefix>_model` in the object that `ingot compile` writes. It is immutable and may be shared
 * by any number of threads. An `IngotSession` runs it; a session belongs to one thread at a time. Nothing here prints, exits, aborts or keeps globals.
 * Structures grow at their end only; `struct_size` tells which fields a caller or a model knows.
 */
#ifndef INGOT_INGOT_H
#define INGOT_INGOT_H

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

/* Why a call did not do what was asked. `ingot_status_text` names each one. */
typedef enum IngotStatus {
  INGOT_OK = 0,
  INGOT_INVALID_ARGUMENT = 1,    /* a null pointer, a wrong size, a structure of another ABI version */
  INGOT_OUT_OF_MEMORY = 2,
  INGOT_UNSUPPORTED_MACHINE = 3, /* no code variant of the model runs on this CPU */
  INGOT_THREAD_FAILURE = 4,      /* the operating system refused to start a thread */
  INGOT_RUN_FAILURE = 5          /* the model met a value it cannot process (an index out of range, a division by zero) */
} IngotStatus;

/* Element types carry the numbers of ONNX's TensorProto.DataType. */
typedef enum IngotElementType {
  INGOT_F32 = 1, INGOT_U8 = 2, INGOT_I8 = 3, INGOT_U16 = 4, INGOT_I16 = 5, INGOT_I32 = 6, INGOT_I64 = 7,
  INGOT_BOOL = 9, INGOT_F16 = 10, INGOT_F64 = 11, INGOT_U32 = 12, INGOT_U64 = 13, INGOT_BF16 = 16
} IngotElementType;

typedef struct IngotTensorInfo {
  const char *name;      /* the ONNX name */
  const int64_t *dims;   /* `rank` of them */
  uint64_t bytes;        /* of the whole tensor, row-major and contiguous */
  int32_t element_type;  /* IngotElementType */
  int32_t rank;
} IngotTensorInfo;

/* ---- Between generated code and the runtime ------------------------------------------------------------------------------------------- */

/* The threads that run one call together. Opaque to generated code. */
typedef struct IngotTeam IngotTeam;

/* What one call reads and writes; the same for all its threads. Generated code may set `status` (to an IngotStatus), with
 * `failed_site`, and never clears it. */
typedef struct IngotCall {
  const uint8_t *weights;     /* 64-byte aligned */
  uint8_t *arena;             /* 64-byte aligned, `arena_bytes` of the variant */
  const void *const *inputs;  /* in the order of IngotModel.inputs */
  void *const *outputs;       /* in the order of IngotModel.outputs; never overlap inputs or each other */
  IngotTeam *team;
  int32_t status;
  int32_t failed_site;        /* with INGOT_RUN_FAILURE: which of IngotModel.sites */
} IngotCall;

/* Runs a model's work of one thread. All `threads` of the call enter it with the same `call` and their own number, and meet in `ingot_team_barrier`. */
typedef void (*IngotRunFunction)(IngotCall *call, int64_t thread, int64_t threads);

/* Called by generated code between regions, by every thread of the team; returns when all have arrived. Never called when `threads` is 1. */
INGOT_API void ingot_team_barrier(IngotTeam *team);

/* What a code variant needs of the CPU (bits of IngotVariant.features). */
enum {
  INGOT_CPU_X86_64_V3 = 1u << 0,       /* AVX2, FMA, BMI2, F16C */
  INGOT_CPU_X86_64_V4 = 1u << 1,       /* AVX-512 F, BW, CD, DQ, VL */
  INGOT_CPU_AVX512_VNNI = 1u << 2,
  INGOT_CPU_AVX512_BF16 = 1u << 3
};

/* One body of the model's code. A model lists its variants best first; the first that the CPU can run is taken. */
typedef struct IngotVariant {
  const char *name;       /* the value of --target, as in "x86-64-v4" */
  IngotRunFunction run;
  uint64_t arena_bytes;
  uint64_t features;      /* INGOT_CPU_* that the body uses */
} IngotVariant;

/* ---- Models --------------------------------------------------------------------------------------------------------------------------- */

typedef struct IngotModel {
  uint32_t struct_size;
  uint32_t abi_version;
  const char *manifest;             /* one JSON object: compiler, LLVM, model SHA-256, options */
  const IngotTensorInfo *inputs;
  const IngotTensorInfo *outputs;
  const IngotVariant *variants;
  const uint8_t *weights;
  uint64_t weight_bytes;
  uint32_t input_count;
  uint32_t output_count;
  uint32_t variant_count;
  uint32_t site_count;
  const char *const *sites;         /* where a run can fail, and why: "node 'a' (Gather, ...): index out of range" */
} IngotModel;

/* The variant that runs on this CPU, or null. */
INGOT_API const IngotVariant *ingot_model_variant(const IngotModel *model);

/* The CPU features of this machine (INGOT_CPU_*), read with cpuid and xgetbv. */
INGOT_API uint64_t ingot_cpu_features(void);

INGOT_API const char *ingot_status_text(IngotStatus status);

/* ---- Sessions ------------------------------------------------------------------------------------------------------------------------- */

typedef struct IngotSession IngotSession;

typedef struct IngotSessionOptions {
  uint32_t struct_size;
  uint32_t threads; /* 0: one per core that this process may use */
} IngotSessionOptions;

/* Allocates the arena and starts `threads - 1` workers, which block all signals. `options` may be null. On failure `*session` is null. A session does not
 * survive fork(): its workers stay in the parent. */
INGOT_API INGOT_MUST_USE IngotStatus ingot_session_open(const IngotModel *model, const IngotSessionOptions *options, IngotSession **session);

/* One inference. `inputs` and `outputs` hold a pointer per tensor, each aligned to its element and of IngotTensorInfo.bytes; null is allowed for a tensor of
 * no bytes. Allocates nothing and takes no lock. Returns what the model's code wrote to IngotCall.status. After INGOT_RUN_FAILURE
 * the outputs hold no meaning; the session can run again. */
INGOT_API INGOT_MUST_USE IngotStatus ingot_session_run(IngotSession *session, const void *const *inputs, void *const *outputs);

/* In which node the last run failed, and why, when it returned INGOT_RUN_FAILURE; else an empty text. Valid until the next run. */
INGOT_API const char *ingot_session_error(const IngotSession *session);

/* Threads that a run uses. */
INGOT_API uint32_t ingot_session_threads(const IngotSession *session);

/* Stops the workers and frees everything. Null is allowed. */
INGOT_API void ingot_session_close(IngotSession *session);

#ifdef __cplusplus
}
#endif
#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The sizes that a model leaves open (IngotModel.symbols), as the inputs of a run and the command line give them. `values` has one for every symbol,
// -1 while it is not known.
#ifndef INGOT_PROGRAM_DIMS_H
#define INGOT_PROGRAM_DIMS_H

#include "Options.h"
#include "Tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Takes over --dim NAME=VALUE.
ProgramStatus ingot_dims_parse(const IngotModel *model, const Options *options, int64_t *values, ErrorText *error);

/// Whether type and fixed dims of an input are those of `tensor`.
bool ingot_dims_match(const IngotTensorInfo *info, const HostTensor *tensor);

/// Takes the open dims of an input from `tensor`, which matches it. A size out of its range, or another one than before, is an error that names the
/// dim.
ProgramStatus ingot_dims_take(const IngotModel *model, const IngotTensorInfo *info, const HostTensor *tensor, int64_t *values, ErrorText *error);

/// Gives symbols of inputs that are not known their smallest size. `note` becomes a remark about it, if there is none.
void ingot_dims_default(const IngotModel *model, int64_t *values, ErrorText *note);

/// Type and shape of a tensor of the model for these values.
void ingot_dims_apply(const IngotTensorInfo *info, const int64_t *values, HostTensor *tensor);

/// "f32 [batch, 3]".
void ingot_format_info(char text[INGOT_TYPE_TEXT], const IngotModel *model, const IngotTensorInfo *info);

#ifdef __cplusplus
}
#endif
#endif

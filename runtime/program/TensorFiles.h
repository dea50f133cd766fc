// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From the command line to the model's inputs, and from its outputs to files.
#ifndef INGOT_PROGRAM_TENSORFILES_H
#define INGOT_PROGRAM_TENSORFILES_H

#include "Options.h"
#include "Tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Reads a tensor file, whose format is told by its first bytes: .npy, else ONNX TensorProto. On failure `tensor` holds no memory.
ProgramStatus ingot_tensor_file_read(const char *path, HostTensor *tensor, ErrorText *error);

/// Fills `tensors`, one per input of the model and empty before; what is filled must be freed also on failure. The open dims of the model go to and
/// come from `values` (see Dims.h). `note` becomes a remark, or empty.
ProgramStatus ingot_inputs_load(const IngotModel *model, const Options *options, HostTensor *tensors, int64_t *values, ErrorText *note,
                                ErrorText *error);

/// Writes the files of --save-inputs.
ProgramStatus ingot_inputs_save(const IngotModel *model, const Options *options, const HostTensor *tensors, ErrorText *error);

/// Checks that every --output names an output, before time is spent on a run.
ProgramStatus ingot_outputs_check(const IngotModel *model, const Options *options, ErrorText *error);

/// Writes the files of --output and --outputs.
ProgramStatus ingot_outputs_write(const IngotModel *model, const Options *options, const HostTensor *tensors, ErrorText *error);

#ifdef __cplusplus
}
#endif
#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef INGOT_PROGRAM_TENSORPROTO_H
#define INGOT_PROGRAM_TENSORPROTO_H

#include "Tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Reads an ONNX TensorProto, with its values in `raw_data` or in the field of their type. On failure `tensor` holds no memory.
ProgramStatus ingot_tensor_proto_parse(const uint8_t *bytes, size_t size, HostTensor *tensor, ErrorText *error);

#ifdef __cplusplus
}
#endif
#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef FRONTENDS_ONNX_INGEST_INGESTOPTIONS_H
#define FRONTENDS_ONNX_INGEST_INGESTOPTIONS_H

#include <cstdint>

namespace ingot::ingest {

/// Limits on what a model file may ask for. The defaults are far above every real model and far below what hurts the machine.
struct IngestOptions {
  uint64_t maxFileBytes = (uint64_t(1) << 31) - 1;  ///< protobuf's own limit; larger models use external data
  uint64_t maxExternalBytes = uint64_t(1) << 42;    ///< per external data file
  uint64_t maxStructureBytes = uint64_t(512) << 20; ///< of the model without the payloads of its tensors
  uint64_t maxNodes = 4'000'000;                    ///< in all graphs and functions together
  int maxGraphDepth = 100;                          ///< graphs inside nodes inside graphs
  int maxRank = 64;                                 ///< dims of one tensor
  uint64_t maxTensorBytes = uint64_t(1) << 40;      ///< of one tensor, from its declared type and dims
  uint64_t maxInlinePayloadBytes = 1024;            ///< larger payloads stay in the mapped file and are never copied
};

} // namespace ingot::ingest

#endif

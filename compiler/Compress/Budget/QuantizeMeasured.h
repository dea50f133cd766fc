// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_BUDGET_QUANTIZEMEASURED_H
#define COMPILER_COMPRESS_BUDGET_QUANTIZEMEASURED_H

#include "compiler/Compress/Budget/Measured.h"
#include "compiler/Compress/Quantize/QuantizeOptions.h"

namespace ingot::compress {

/// What was done, and what it costs.
struct MeasuredQuantization {
  QuantizeSummary quantized;
  Measured measured;
};

/// `quantizeModel` with measured errors, and with a budget only as many layers as it allows. A failure, and no file, when none fits.
absl::StatusOr<MeasuredQuantization> quantizeMeasured(const QuantizeOptions &options, const MeasureOptions &wanted);

} // namespace ingot::compress

#endif

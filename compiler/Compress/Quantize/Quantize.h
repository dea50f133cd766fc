// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_QUANTIZE_QUANTIZE_H
#define COMPILER_COMPRESS_QUANTIZE_QUANTIZE_H

#include "absl/status/statusor.h"
#include "compiler/Compress/Equalize/EqualizedModel.h"
#include "compiler/Compress/Quantize/QuantizeOptions.h"

namespace ingot::compress {

/// The mode that the options mean.
Mode modeOf(const QuantizeOptions &options);

/// Whether they look at samples.
bool needsSamples(const QuantizeOptions &options);

/// An error of use for options that contradict each other or mean nothing in their mode.
absl::Status checkOptions(const QuantizeOptions &options);

/// The equalised copy of the model that `options.equalize` asks for, and in `rest` how it is to be quantised.
absl::StatusOr<EqualizedModel> equalizeFirst(const QuantizeOptions &options, QuantizeOptions &rest);

/// Adds what equalising did to what quantising the copy did.
void addEqualized(const EqualizedModel &equalized, QuantizeSummary &summary);

/// Writes a quantised copy of a model. After a failure there is no new file, and the input is never changed. An error when there is nothing to
/// quantise.
absl::StatusOr<QuantizeSummary> quantizeModel(const QuantizeOptions &options);

} // namespace ingot::compress

#endif

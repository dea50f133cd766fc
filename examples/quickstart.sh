#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# From a fresh checkout to a compiled model that reads a line of text: set up, build, take PP-OCRv4's text recognition with its weights out of a
# public Python package, compile it to an executable, run that on a picture, print what it reads, and compare numbers and time with ONNX Runtime.
#
#   examples/quickstart.sh                         about ten minutes on two cores the first time, seconds after that
#   examples/quickstart.sh "Any text of yours"     reads that instead
#
# INGOT_SKIP_BUILD=1 leaves out set-up and build; INGOT_BUILD names the build folder (default build/release).
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
case ${1:-} in --help | -h) sed -n '3,10s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
preset=release
export INGOT_BUILD=${INGOT_BUILD:-build/$preset}

# step NAME COMMAND...: prints the step, its output indented, and its time.
step() {
  local name=$1 start=$SECONDS
  shift
  printf '\n[%s]\n' "$name"
  "$@" 2>&1 | sed -u 's/^/  /' || { printf '[%s] failed after %d s\n' "$name" $((SECONDS - start)) >&2; exit 1; }
  printf '[%s] %d s\n' "$name" $((SECONDS - start))
}

build() {
  # Every target of the build is a line; what is left of them shows how far it is.
  NINJA_STATUS='[%f/%t, %es] ' ninja -C "$INGOT_BUILD" ingot
}

if [[ ! ${INGOT_SKIP_BUILD:-} ]]; then
  step "set up" compiler/dev/setup.sh
fi
eval "$(compiler/dev/setup.sh --env)"
if [[ ! ${INGOT_SKIP_BUILD:-} ]]; then
  step "configure" cmake --preset "$preset" --log-level=WARNING
  step "build" build
fi
exec "$INGOT_PYTHON" examples/quickstart.py "$@"

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Sets up, builds and runs every test; the last line is `N passed, N failed`. CI runs this and nothing else.
#
#   test/run.sh                    everything
#   test/run.sh lit ops            only these steps (set-up and build always run)
#
# Steps after set-up and build: checks, sanitize, gtest, lit, models, bits, spills, stores, dynamic, voice, ops, open, precision, fuzz, input,
# artefacts, cross, commands, quantize, samples, large, prune, budget, measured, report, profiles, python, bench, example, conformance.
#   INGOT_PRESET=asan     another preset (default: release)
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
case ${1:-} in --help | -h) sed -n '3,12s/^# \{0,1\}//p' "$0"; exit 0 ;; esac

preset=${INGOT_PRESET:-release}
export INGOT_BUILD=build/$preset
results=$INGOT_BUILD/results
steps=(checks sanitize gtest lit models bits spills stores dynamic voice ops open precision fuzz input artefacts cross commands quantize samples)
steps+=(large prune budget measured report profiles python bench example conformance)
wanted=("$@")
((${#wanted[@]})) || wanted=("${steps[@]}")
for step in "${wanted[@]}"; do
  [[ " ${steps[*]} " == *" $step "* ]] || { echo "run: unknown step '$step'; steps are: ${steps[*]}" >&2; exit 2; }
done
passed=0 failed=0 began=$SECONDS
summary=()

# run_step NAME COMMAND...: the command's output is shown and ends with `passed=N failed=N`. A command that fails without saying how many cases
# failed, or that says nothing, counts as one failure.
run_step() {
  local name=$1 start=$SECONDS status line good=0 bad=0
  shift
  printf '\n== %s\n' "$name"
  mkdir -p "$results"
  "$@" 2>&1 | tee "$results/$name.log"
  status=${PIPESTATUS[0]}
  line=$(grep -aoE '^passed=[0-9]+ failed=[0-9]+$' "$results/$name.log" | tail -n 1)
  if [[ $line =~ passed=([0-9]+)\ failed=([0-9]+) ]]; then
    good=${BASH_REMATCH[1]} bad=${BASH_REMATCH[2]}
  elif ((status == 0)); then
    good=1
  fi
  ((status == 0 || bad > 0)) || bad=1
  passed=$((passed + good)) failed=$((failed + bad))
  summary+=("$(printf '%-12s %5d passed %4d failed %5d s' "$name" "$good" "$bad" $((SECONDS - start)))")
  printf -- '-- %s: %d ok, %d not ok, %d s\n' "$name" "$good" "$bad" $((SECONDS - start))
  return "$status"
}

finish() {
  printf '\n== summary (%d s)\n' $((SECONDS - began))
  printf '%s\n' "${summary[@]}"
  printf '%d passed, %d failed\n' "$passed" "$failed"
  ((failed == 0))
  exit
}

# must NAME COMMAND...: a step without which the others mean nothing. It is no test: its success counts nothing, its failure counts and ends the run.
must() {
  local before=$passed
  run_step "$@" || finish
  passed=$before
}

setup() { compiler/dev/setup.sh; }
configure() { cmake --preset "$preset" --log-level=WARNING; }
build() { NINJA_STATUS='[%f/%t, %es] ' ninja -C "$INGOT_BUILD"; }

checks() {
  local name good=0 bad=0
  for name in layers sizes passes lit text selftest; do
    if "$INGOT_PYTHON" "compiler/dev/check_$name.py"; then ((good += 1)); else ((bad += 1)); echo "FAIL compiler/dev/check_$name.py"; fi
  done
  if compiler/dev/check_format.sh; then ((good += 1)); else ((bad += 1)); echo "FAIL compiler/dev/check_format.sh"; fi
  echo "passed=$good failed=$bad"
  ((bad == 0))
}

gtest() {
  rm -rf "$results/gtest" "$results/ctest.xml"
  mkdir -p "$results/gtest"
  GTEST_OUTPUT=json:$PWD/$results/gtest/ ctest --test-dir "$INGOT_BUILD" --output-on-failure --no-tests=error -j 2 --timeout 300 \
    --output-junit "$PWD/$results/ctest.xml" | grep -vE '^ *Start +[0-9]+:' || true
  "$INGOT_PYTHON" test/read_results.py gtest "$results/gtest" "$results/ctest.xml"
}

sanitize() { test/runtime/sanitize.sh; }

lit_tests() {
  rm -f "$results/lit.json"
  timeout 900 lit -sv -j 2 --output "$results/lit.json" test || true
  "$INGOT_PYTHON" test/read_results.py lit "$results/lit.json"
}

models() { "$INGOT_PYTHON" test/e2e/run_models.py --wider; }
bits() { "$INGOT_PYTHON" test/e2e/same_bits.py --seconds 1; }
spills() { "$INGOT_PYTHON" test/e2e/machine_code.py; }
stores() { "$INGOT_PYTHON" test/e2e/stores.py; }
dynamic() { "$INGOT_PYTHON" test/e2e/run_dynamic.py --shapes 8; }
voice() { "$INGOT_PYTHON" test/e2e/run_voice.py; }
ops() { "$INGOT_PYTHON" test/e2e/run_ops.py; }
open() { "$INGOT_PYTHON" test/e2e/run_open_ops.py; }
precision() { "$INGOT_PYTHON" test/e2e/run_precision.py; }
fuzz() { "$INGOT_PYTHON" test/fuzz/control.py; }
input() { "$INGOT_PYTHON" test/e2e/bad_input.py; }
artefacts() { "$INGOT_PYTHON" test/e2e/artefacts.py; }
cross() { "$INGOT_PYTHON" test/e2e/cross.py; }
commands() { "$INGOT_PYTHON" test/e2e/command_line.py; }
quantize() { "$INGOT_PYTHON" test/e2e/quantize.py; }
samples() { "$INGOT_PYTHON" test/e2e/samples.py; }
large() { "$INGOT_PYTHON" test/e2e/large.py; }
prune() { "$INGOT_PYTHON" test/e2e/prune.py; }
budget() { "$INGOT_PYTHON" test/e2e/budget.py; }
measured() { "$INGOT_PYTHON" test/e2e/prune_measured.py; }
report() { "$INGOT_PYTHON" test/e2e/effect_report.py; }
profiles() { "$INGOT_PYTHON" test/e2e/profiles.py; }
python() { "$INGOT_PYTHON" test/python/run_package.py; }
bench() { "$INGOT_PYTHON" test/bench/selftest.py; }
example() { "$INGOT_PYTHON" test/e2e/examples.py; }
conformance() { "$INGOT_PYTHON" test/conformance/run_suite.py; }

must setup setup
eval "$(compiler/dev/setup.sh --env)"
must configure configure
must build build
for step in "${wanted[@]}"; do
  case $step in lit) run_step lit lit_tests ;; *) run_step "$step" "$step" ;; esac
done
finish

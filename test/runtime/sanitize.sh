#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Builds the runtime and its tests with sanitizers and runs them: threads, then addresses and undefined behaviour. Needs no configured build.
#
#   test/runtime/sanitize.sh                     both
#   test/runtime/sanitize.sh thread              one of them: thread, address,undefined
#
# The last line is `passed=N failed=N`: a test program for each.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
case ${1:-} in --help | -h) sed -n '3,8s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
kinds=("$@")
((${#kinds[@]})) || kinds=(thread address,undefined)
cache=$(command -v ccache || true)
tests=(test/runtime/{AllocationCount,BindingTest,CxxHeaderTest,ProfileTest,ProgramTestMain,SessionContractTest,SessionTest,TeamTest,WeightsTest}.cpp)
files=(test/runtime/{Fill,TensorFiles}Test.cpp
  runtime/program/{Dims,Error,File,Fill,Inflate,Manifest,Narrow,Npy,Options,Profile,RawFile,Report,Tensor,TensorFiles,TensorProto,Zip}.c)
# What measures time or waits for the scheduler says nothing here, and workers that sleep are waited for in every preset.
without='-*EmptyEpochIsCheap:*KeepsItsCore:*UseNoProcessorTime:*LeaveASharedCore:*WorkersSleepBetweenRuns*'

# build FOLDER KIND SOURCE...: FOLDER/tests
build() {
  local folder=$1 kind=$2 source rules=$1/Makefile objects=()
  shift 2
  for source in "$@"; do
    local object=$folder/${source//\//_}.o language='clang-22 -std=c11'
    [[ $source == *.c ]] || language='clang++-22 -std=c++20'
    objects+=("$object")
    printf '%s: %s FORCE\n\t@%s %s $(FLAGS) -c %s -o $@\n' "$object" "$source" "$cache" "$language" "$source"
  done >"$rules"
  printf '%s: %s\n\t@clang++-22 $(FLAGS) $^ -lgtest -lgmock -o $@\nFORCE:\n' "$folder/tests" "${objects[*]}" >>"$rules"
  make -j2 -f "$rules" "$folder/tests" \
    FLAGS="-O1 -g -fno-omit-frame-pointer -fsanitize=$kind -fno-sanitize-recover=all -I. -Iruntime/include -Iruntime/src -DINGOT_VERSION='\"0\"'"
}

# A test asks for more memory than there is.
export ASAN_OPTIONS=allocator_may_return_null=1 TSAN_OPTIONS=allocator_may_return_null=1:halt_on_error=1
passed=0 failed=0
for kind in "${kinds[@]}"; do
  folder=build/sanitize/${kind%%,*}
  mkdir -p "$folder"
  sources=(runtime/src/*.c "${tests[@]}")
  [[ $kind == thread ]] || sources+=("${files[@]}") # which one thread reads
  if build "$folder" "$kind" "${sources[@]}" && timeout 120 "$folder/tests" --gtest_brief=1 --gtest_filter="$without"; then
    ((passed += 1))
  else
    ((failed += 1))
    echo "FAIL the runtime with -fsanitize=$kind"
  fi
done
echo "passed=$passed failed=$failed"
((failed == 0))

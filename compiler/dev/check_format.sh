#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Checks C and C++ against .clang-format, and changed sources against .clang-tidy.
#
#   compiler/dev/check_format.sh               format of all files, clang-tidy on the sources changed against HEAD~1
#   compiler/dev/check_format.sh --all         clang-tidy on all sources
#   compiler/dev/check_format.sh --no-tidy     format only
#   compiler/dev/check_format.sh --fix         format in place
#
# clang-tidy needs the build folder's compile_commands.json (INGOT_BUILD, default build/release) and stops after INGOT_TIDY_SECONDS (default 420).
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
build=${INGOT_BUILD:-build/release}
seconds=${INGOT_TIDY_SECONDS:-420}
tidy=changed
fix=

for argument in "$@"; do
  case $argument in
    --all) tidy=all ;;
    --no-tidy) tidy=none ;;
    --fix) fix=1 ;;
    --help | -h) sed -n '3,11s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "check_format: unknown option '$argument' (--all, --no-tidy, --fix, --help)" >&2; exit 2 ;;
  esac
done

mapfile -t sources < <(git ls-files --cached --others --exclude-standard -- '*.cpp' '*.h' '*.c' |
  while read -r file; do [[ ! -f $file ]] || echo "$file"; done)
if ((${#sources[@]} == 0)); then echo "format: no C or C++ files"; exit 0; fi
# The public C header is set by hand: its tables of comments say more than the formatter would keep.
mapfile -t formatted < <(printf '%s\n' "${sources[@]}" | grep -v '^runtime/include/' || true)
if [[ $fix ]]; then clang-format-22 -i "${formatted[@]}"; echo "format: ${#formatted[@]} files written"; exit 0; fi
((${#formatted[@]} == 0)) || clang-format-22 --dry-run -Werror "${formatted[@]}"
echo "format: ${#formatted[@]} files are formatted"

[[ $tidy == none ]] && exit 0
if [[ ! -f $build/compile_commands.json ]]; then
  echo "tidy: no $build/compile_commands.json; configure first (cmake --preset release)" >&2
  exit 1
fi
if [[ $tidy == changed ]] && git rev-parse --quiet --verify HEAD~1 >/dev/null; then
  mapfile -t candidates < <({ git diff --name-only HEAD~1 -- '*.cpp'; git ls-files --others --exclude-standard -- '*.cpp'; } | sort -u)
else
  mapfile -t candidates < <(git ls-files -- '*.cpp')
fi
checked=()
for file in "${candidates[@]}"; do
  [[ -f $file ]] && grep -qF "/$file\"" "$build/compile_commands.json" && checked+=("$file")
done
if ((${#checked[@]} == 0)); then echo "tidy: no changed sources"; exit 0; fi
status=0
printf '%s\n' "${checked[@]}" | timeout "$seconds" xargs -P 2 -n 4 clang-tidy-22 -p "$build" --quiet --warnings-as-errors='*' 2>/dev/null || status=$?
if ((status == 124)); then
  echo "tidy: stopped after $seconds s; run compiler/dev/check_format.sh --all with a larger INGOT_TIDY_SECONDS for the rest"
elif ((status != 0)); then
  exit 1
else
  echo "tidy: ${#checked[@]} sources are clean"
fi

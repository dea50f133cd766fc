#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Installs what Ingot needs on Debian 12: packages by name, a Python environment from requirements.txt, and ONNX's C++ library
# built once per machine from the pinned source distribution. A second run changes nothing.
#
#   compiler/dev/setup.sh            install what is missing
#   compiler/dev/setup.sh --bench    the same, and the peers that test/bench/compare.py measures (requirements-bench.txt, about 500 MB)
#   compiler/dev/setup.sh --list     print what it installs, and install nothing
#   compiler/dev/setup.sh --env      print the paths as shell assignments (INGOT_CACHE, INGOT_PYTHON, INGOT_ONNX, PATH)
#
# INGOT_CACHE (default: ~/.cache/ingot) holds the Python environment and the ONNX library. Debian packages are installed with sudo when the user is
# not root, and only when one is missing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${INGOT_CACHE:-$HOME/.cache/ingot}
onnx_version=1.23.2
onnx_sha256=008cb0467b2bbee41448acc7da8b6f4e704624cb0d327a2d5adafc7ce19bc5b8
onnx_prefix=$cache/onnx-$onnx_version
venv=$cache/venv

case ${1:-} in
  "" | --bench | --env | --list) ;;
  --help | -h) sed -n '3,13s/^# \{0,1\}//p' "$0"; exit 0 ;;
  *) echo "setup: unknown option '$1' (--bench, --list, --env, --help)" >&2; exit 2 ;;
esac

if [[ ${1:-} == --env ]]; then
  printf 'export INGOT_CACHE=%q INGOT_PYTHON=%q INGOT_ONNX=%q PATH=%q:/usr/lib/llvm-22/bin:$PATH\n' \
    "$cache" "$venv/bin/python" "$onnx_prefix" "$venv/bin"
  exit 0
fi

packages=(llvm-22-dev llvm-22-tools libmlir-22-dev mlir-22-tools liblld-22-dev lld-22 clang-22 libclang-rt-22-dev clang-format-22 clang-tidy-22
  protobuf-compiler libprotobuf-dev libabsl-dev libgtest-dev libgmock-dev libbenchmark-dev libeigen3-dev ninja-build ccache zlib1g-dev libzstd-dev
  libpng-dev libturbojpeg0-dev libutf8proc-dev libpcre2-dev gcc-aarch64-linux-gnu libc6-dev-arm64-cross g++ git make pkg-config qemu-user
  python3 python3-venv ca-certificates libopencv-imgproc-dev) # the last one: examples/embed-cpp-ocr

if [[ ${1:-} == --list ]]; then
  printf 'Debian packages: %s\n' "${packages[*]}"
  printf 'Python packages in %s: %s\n' "$venv" "$(grep -v '^#' "$here/requirements.txt" | tr '\n' ' ')"
  printf 'with --bench: %s\n' "$(grep -v '^#' "$here/requirements-bench.txt" | tr '\n' ' ')"
  printf 'ONNX %s as a C++ library in %s\n' "$onnx_version" "$onnx_prefix"
  exit 0
fi

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# Progress of a long command: its output goes to a log, which is shown only when the command fails.
logged() {
  local name=$1 log=$cache/logs/$1.log begin=$SECONDS
  shift
  mkdir -p "$cache/logs"
  "$@" >"$log" 2>&1 || { tail -n 40 "$log" >&2; fail "$name failed; the whole log is $log"; }
  say "$name done in $((SECONDS - begin)) s"
}

as_root() {
  if [[ $(id -u) == 0 ]]; then "$@"; else
    command -v sudo >/dev/null || fail "needs root or sudo to install Debian packages: ${missing[*]}"
    sudo "$@"
  fi
}

install_packages() {
  command -v dpkg-query >/dev/null || fail "needs Debian 12 or newer (dpkg-query is missing)"
  missing=()
  for package in "${packages[@]}"; do
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
  done
  if ((${#missing[@]} == 0)); then say "Debian packages: all present"; return; fi
  say "installing Debian packages: ${missing[*]}"
  logged apt-update as_root apt-get update
  local unknown=()
  for package in "${missing[@]}"; do
    [[ -n $(apt-cache madison "$package" 2>/dev/null) ]] || unknown+=("$package")
  done
  ((${#unknown[@]} == 0)) ||
    fail "apt knows no ${unknown[*]}: LLVM 22 comes with Debian's security updates; add 'bookworm-security' to the sources of apt"
  logged apt-install as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
}

install_python() {
  local stamp=$venv/requirements.installed
  if cmp -s "$here/requirements.txt" "$stamp"; then say "Python environment: up to date in $venv"; return; fi
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "needs Python 3.11 or newer, found $(python3 --version)"
  say "making the Python environment in $venv: $(grep -v '^#' "$here/requirements.txt" | tr '\n' ' ')"
  "$venv/bin/python" -m pip --version >/dev/null 2>&1 || logged venv python3 -m venv --clear "$venv" # a half-made one is made again
  logged pip-install "$venv/bin/python" -m pip install --disable-pip-version-check -r "$here/requirements.txt"
  cp "$here/requirements.txt" "$stamp"
}

install_peers() {
  local stamp=$venv/requirements-bench.installed
  if cmp -s "$here/requirements-bench.txt" "$stamp"; then say "peers: up to date in $venv"; return; fi
  say "installing the peers: $(grep -v '^#' "$here/requirements-bench.txt" | tr '\n' ' ')"
  logged pip-install-bench "$venv/bin/python" -m pip install --disable-pip-version-check -r "$here/requirements-bench.txt" -c "$here/requirements.txt"
  cp "$here/requirements-bench.txt" "$stamp"
}

build_onnx() {
  if [[ -f $onnx_prefix/complete ]]; then say "ONNX C++ library: present in $onnx_prefix"; return; fi
  say "building ONNX $onnx_version's C++ library into $onnx_prefix (about 2 minutes on 2 cores)"
  local work=$cache/onnx-build
  rm -rf "$work" "$onnx_prefix"
  mkdir -p "$work"
  logged onnx-download "$venv/bin/python" -m pip download --disable-pip-version-check --no-deps --no-binary onnx "onnx==$onnx_version" -d "$work"
  local archive=$work/onnx-$onnx_version.tar.gz
  echo "$onnx_sha256  $archive" | sha256sum --check --quiet || fail "$archive does not have the pinned SHA-256"
  tar -xzf "$archive" -C "$work"
  logged onnx-configure "$venv/bin/cmake" -S "$work/onnx-$onnx_version" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_C_COMPILER=clang-22 -DCMAKE_CXX_COMPILER=clang++-22 -DCMAKE_CXX_STANDARD=20 -DCMAKE_POSITION_INDEPENDENT_CODE=ON \
    -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DONNX_BUILD_PYTHON=OFF -DONNX_USE_LITE_PROTO=OFF \
    -DONNX_USE_PROTOBUF_SHARED_LIBS=ON -DONNX_DISABLE_EXCEPTIONS=OFF -DCMAKE_INSTALL_PREFIX="$onnx_prefix"
  logged onnx-build "$venv/bin/cmake" --build "$work/build" --target install
  rm -rf "$work"
  touch "$onnx_prefix/complete"
}

mkdir -p "$cache"
exec 9>"$cache/setup.lock" # two set-ups at once would write into the same folders
flock 9
install_packages
install_python
[[ ${1:-} != --bench ]] || install_peers
build_onnx

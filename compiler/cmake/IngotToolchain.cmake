# Compiler flags and the libraries that Ingot builds on. The versions are stated here and nowhere else.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG") # -O3 doubles the time to build the compiler and does not make it faster
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

option(INGOT_ASSERTIONS "Keep assertions in optimised builds" ON)
set(INGOT_BATCH 6 CACHE STRING "Sources of a target that are compiled as one file (1 or 0: each by itself)")
set(INGOT_SANITIZE "" CACHE STRING "Value of -fsanitize, empty for none")
set(INGOT_ONNX "$ENV{INGOT_ONNX}" CACHE PATH "Where compiler/dev/setup.sh installed ONNX's C++ library")

set(INGOT_LLVM_VERSION 22)
find_package(MLIR REQUIRED CONFIG) # a version argument would have to match major and minor exactly
if(NOT LLVM_VERSION_MAJOR EQUAL INGOT_LLVM_VERSION)
  message(FATAL_ERROR "needs LLVM/MLIR ${INGOT_LLVM_VERSION}, found ${LLVM_VERSION} in ${MLIR_DIR}; run compiler/dev/setup.sh")
endif()
find_package(Protobuf REQUIRED)
find_package(absl REQUIRED CONFIG)
find_package(GTest REQUIRED)
find_package(Eigen3 REQUIRED CONFIG) # headers alone: matrices of `ingot quantize`
find_package(PNG REQUIRED) # pictures and texts as inputs: of the program `ingot` alone
find_package(PkgConfig REQUIRED)
pkg_check_modules(TurboJpeg REQUIRED IMPORTED_TARGET libturbojpeg)
pkg_check_modules(Utf8proc REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(Pcre2 REQUIRED IMPORTED_TARGET libpcre2-8)
if(NOT EXISTS ${INGOT_ONNX}/include/onnx/onnx_pb.h)
  message(FATAL_ERROR "ONNX's C++ library is not in '${INGOT_ONNX}': run compiler/dev/setup.sh, then eval \"$(compiler/dev/setup.sh --env)\" and configure again")
endif()
add_library(ingot_onnx INTERFACE)
target_include_directories(ingot_onnx SYSTEM INTERFACE ${INGOT_ONNX}/include ${Protobuf_INCLUDE_DIRS})
target_compile_definitions(ingot_onnx INTERFACE ONNX_NAMESPACE=onnx ONNX_ML=1)
target_link_libraries(ingot_onnx INTERFACE ${INGOT_ONNX}/lib/libonnx.a ${INGOT_ONNX}/lib/libonnx_proto.a protobuf::libprotobuf)

# Debian's headers of libc for AArch64: without them Ingot makes nothing for that target. Atomic operations are instructions that every such CPU has,
# not functions of libgcc that choose.
find_path(INGOT_AARCH64_INCLUDE pthread.h PATHS /usr/aarch64-linux-gnu/include NO_DEFAULT_PATH)
if(NOT INGOT_AARCH64_INCLUDE)
  message(WARNING "no headers in /usr/aarch64-linux-gnu/include: --target=aarch64-linux will not work (compiler/dev/setup.sh installs them)")
endif()
set(INGOT_AARCH64_OPTIONS --target=aarch64-linux-gnu -mno-outline-atomics -isystem ${INGOT_AARCH64_INCLUDE})

list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)
include_directories(SYSTEM ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS}) # also where mlir-tblgen looks for upstream's .td files
set(LLVM_LINK_LLVM_DYLIB ON)
set(MLIR_LINK_MLIR_DYLIB ON)

if(INGOT_ASSERTIONS)
  foreach(language C CXX)
    string(REPLACE "-DNDEBUG" "" CMAKE_${language}_FLAGS_RELEASE "${CMAKE_${language}_FLAGS_RELEASE}")
    string(REPLACE "-DNDEBUG" "" CMAKE_${language}_FLAGS_RELWITHDEBINFO "${CMAKE_${language}_FLAGS_RELWITHDEBINFO}")
  endforeach()
endif()
if(INGOT_SANITIZE)
  add_compile_options(-fsanitize=${INGOT_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${INGOT_SANITIZE})
endif()
add_link_options(-fuse-ld=lld)

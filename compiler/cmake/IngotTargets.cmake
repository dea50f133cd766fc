# One function per kind of target. The include path of every file is its path in the tree; generated files are found under the build folder by the same rule.

set(INGOT_WARNINGS -Wall -Wextra -Werror -Wno-unused-parameter)

# ingot_tablegen(<dir/File> <output> <mlir-tblgen arguments>): generates <dir>/<output> in the build folder; follow with add_public_tablegen_target.
function(ingot_tablegen source output)
  set(LLVM_TARGET_DEFINITIONS ${CMAKE_SOURCE_DIR}/${source}.td)
  get_filename_component(folder ${source} DIRECTORY)
  file(RELATIVE_PATH relative ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/${folder}/${output})
  mlir_tablegen(${relative} ${ARGN} -I${CMAKE_SOURCE_DIR})
  set(TABLEGEN_OUTPUT ${TABLEGEN_OUTPUT} PARENT_SCOPE) # the list that add_public_tablegen_target takes
endfunction()

# Settings of all C++ code of the compiler side.
function(ingot_compiler_options target)
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
  target_include_directories(${target} SYSTEM PUBLIC ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
  target_compile_options(${target} PRIVATE ${INGOT_WARNINGS} $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti>)
endfunction()

# Most of the time of a build goes into the headers of MLIR. So the sources of a target are compiled in batches that read them once, and what one source
# has in an anonymous namespace is seen by the others of its batch. <target>Files has the same sources one by one: no build makes it, but
# compile_commands.json lists it for clang-tidy and editors, and `ninja <target>Files` shows that each source includes what it uses.
function(ingot_compile_in_batches target)
  get_target_property(sources ${target} SOURCES)
  list(FILTER sources INCLUDE REGEX "\\.cpp$")
  list(LENGTH sources count)
  if(INGOT_BATCH LESS 2 OR count LESS 2)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${INGOT_BATCH} UNITY_BUILD_CODE_AFTER_INCLUDE "#undef DEBUG_TYPE"
    UNITY_BUILD_RELOCATABLE ON) # the compiler cache finds the batches of another checkout
  add_library(${target}Files OBJECT EXCLUDE_FROM_ALL ${sources})
  ingot_compiler_options(${target}Files)
  target_compile_definitions(${target}Files PRIVATE $<TARGET_PROPERTY:${target},COMPILE_DEFINITIONS>)
  target_compile_options(${target}Files PRIVATE $<TARGET_PROPERTY:${target},COMPILE_OPTIONS>)
  target_link_libraries(${target}Files PRIVATE $<TARGET_PROPERTY:${target},LINK_LIBRARIES>)
  add_dependencies(${target}Files ${target}) # the generated headers
endfunction()

# add_ingot_library(<name> SOURCES ... [GENERATED <tablegen targets>] [LINK <libraries>])
function(add_ingot_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;GENERATED;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  ingot_compiler_options(${name})
  if(ARG_GENERATED)
    add_dependencies(${name} ${ARG_GENERATED})
  endif()
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
  ingot_compile_in_batches(${name})
endfunction()

# add_ingot_pass_library(<name> SOURCES ... [LINK ...]): a folder of passes; its Passes.td is turned into Passes.h.inc with the group name <name> without "Ingot".
function(add_ingot_pass_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  file(RELATIVE_PATH folder ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  string(REGEX REPLACE "^Ingot" "" group ${name})
  ingot_tablegen(${folder}/Passes Passes.h.inc -gen-pass-decls -name ${group})
  add_public_tablegen_target(${name}PassesGen)
  add_ingot_library(${name} SOURCES ${ARG_SOURCES} GENERATED ${name}PassesGen IngotDialectGen LINK IngotDialect ${ARG_LINK})
endfunction()

# add_ingot_tool(<name> SOURCES ... LINK ...): a program in build/<preset>/bin.
function(add_ingot_tool name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  ingot_compiler_options(${name})
  target_link_libraries(${name} PRIVATE ${ARG_LINK})
  ingot_compile_in_batches(${name})
endfunction()

# add_ingot_gtest(<name> SOURCES ... LINK ...): a GoogleTest program, run by ctest and counted by test/run.sh.
function(add_ingot_gtest name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  ingot_compiler_options(${name})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gtest_main)
  ingot_compile_in_batches(${name})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test)
  add_test(NAME ${name} COMMAND ${name})
endfunction()

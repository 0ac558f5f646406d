# Fuzz targets: every test/fuzz/*_fuzz.cc is one libFuzzer program (preset "asan", clang). ctest runs each
# for 10 seconds from its seed corpus (test/fuzz/corpus/<name>, where there is one), whole sessions for half a
# minute; for longer:
#   build/asan/test/session_fuzz -max_total_time=3600 some-corpus-folder test/fuzz/corpus/session
if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "KEYSWAP_FUZZ needs clang: cmake --preset asan")
endif()
set(KEYSWAP_FUZZ_SECONDS 6 CACHE STRING "how long ctest runs each fuzz target")

file(GLOB fuzz_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*_fuzz.cc)
foreach(source ${fuzz_sources})
  get_filename_component(name ${source} NAME_WE)
  string(REGEX REPLACE "_fuzz$" "" subject ${name})
  # Each runs under the list of system calls that `serve` runs under.
  add_executable(${name} ${source} ${CMAKE_CURRENT_LIST_DIR}/confined.cc)
  target_link_libraries(${name} PRIVATE keyswap_options flow venues http_h1 http sandbox)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  # What is a fuzzer's own besides.
  if(subject STREQUAL session)
    target_sources(${name} PRIVATE $<TARGET_OBJECTS:session_world>)
  else()
    file(GLOB parts CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/${subject}/*.cc)
    target_sources(${name} PRIVATE ${parts})
  endif()
  # Found inputs go to the build folder; the seeds stay as they are.
  set(found ${CMAKE_CURRENT_BINARY_DIR}/fuzz-corpus/${subject})
  file(MAKE_DIRECTORY ${found})
  set(seeds ${CMAKE_CURRENT_LIST_DIR}/corpus/${subject})
  if(NOT EXISTS ${seeds})
    set(seeds "")
  endif()
  set(dictionary ${CMAKE_CURRENT_LIST_DIR}/${subject}.dict)
  set(dictionary_option "")
  if(EXISTS ${dictionary})
    set(dictionary_option -dict=${dictionary})
  endif()
  set(seconds ${KEYSWAP_FUZZ_SECONDS})
  if(subject STREQUAL session)
    math(EXPR seconds "3 * ${seconds}")
  endif()
  add_test(NAME "fuzz: ${subject}"
    COMMAND ${name} -max_total_time=${seconds} -timeout=10 -rss_limit_mb=1024
            -print_final_stats=1 ${dictionary_option} ${found} ${seeds})
  math(EXPR limit "${seconds} + 120")
  set_tests_properties("fuzz: ${subject}" PROPERTIES TIMEOUT ${limit})
endforeach()

# Whole connections, in a world of memory: its own definitions of proxy/uv and tls::Engine come first, as in session_test.
target_link_libraries(session_fuzz PRIVATE net)

# What vendors answer, to all kinds of sources.
target_link_libraries(source_fuzz PRIVATE vault_sources)

# The readers of what commands take in, without the commands.
target_sources(import_fuzz PRIVATE ${CMAKE_SOURCE_DIR}/proxy/cli/import_fishnet.cc
  ${CMAKE_SOURCE_DIR}/proxy/cli/toml_check.cc ${CMAKE_SOURCE_DIR}/proxy/cli/env_file.cc
  ${CMAKE_SOURCE_DIR}/proxy/cli/import_avp.cc ${CMAKE_SOURCE_DIR}/proxy/cli/credential_file.cc
  ${CMAKE_SOURCE_DIR}/proxy/cli/json_strings.cc ${CMAKE_SOURCE_DIR}/proxy/cli/import_gh.cc
  ${CMAKE_SOURCE_DIR}/proxy/cli/import_aws.cc ${CMAKE_SOURCE_DIR}/proxy/cli/import_npm.cc
  ${CMAKE_SOURCE_DIR}/proxy/cli/import_pip.cc ${CMAKE_SOURCE_DIR}/proxy/cli/import_netrc.cc
  ${CMAKE_SOURCE_DIR}/proxy/cli/import_docker.cc ${CMAKE_SOURCE_DIR}/proxy/cli/netrc.cc)
target_link_libraries(import_fuzz PRIVATE vault_sources)  # whose types a file of others may name
target_include_directories(import_fuzz SYSTEM PRIVATE ${TOMLPP_INCLUDE_DIR})

# llhttp: Debian 13 has a library; Debian 12 only has the sources, in the package node-llhttp. That
# package pulls in a JavaScript runtime, so the install scripts unpack it to build/llhttp instead.
find_package(llhttp CONFIG QUIET)
if(llhttp_FOUND)
  add_library(keyswap_llhttp ALIAS llhttp::llhttp_static)
  return()
endif()
set(llhttp_hints ${CMAKE_SOURCE_DIR}/build/llhttp/usr /usr)
find_path(LLHTTP_SOURCE_DIR llhttp.c HINTS ${llhttp_hints} PATH_SUFFIXES share/llhttp)
find_path(LLHTTP_INCLUDE_DIR llhttp.h HINTS ${llhttp_hints} PATH_SUFFIXES share/include/llhttp)
if(NOT LLHTTP_SOURCE_DIR OR NOT LLHTTP_INCLUDE_DIR)
  message(FATAL_ERROR "llhttp not found. Run: test/install.sh (it unpacks Debian's node-llhttp into build/llhttp)")
endif()
# The parser decides what a request is. Only the version whose decoder vectors we ran is accepted.
file(SHA256 "${LLHTTP_SOURCE_DIR}/llhttp.c" llhttp_found_sha256)
if(NOT llhttp_found_sha256 STREQUAL "af384dc4a9e83b4b2ef8a658117a42afa1ee1585344563818ac730604e150f5f")
  message(FATAL_ERROR "llhttp.c is not the reviewed 8.1.0: rerun the decoder vectors, then pin ${llhttp_found_sha256}")
endif()
add_library(keyswap_llhttp STATIC ${LLHTTP_SOURCE_DIR}/llhttp.c ${LLHTTP_SOURCE_DIR}/api.c ${LLHTTP_SOURCE_DIR}/http.c)
target_include_directories(keyswap_llhttp SYSTEM PUBLIC ${LLHTTP_INCLUDE_DIR})
# 8.x holds two parsers; the default one has known request-smuggling holes (docs/threat-model.md, I9).
target_compile_definitions(keyswap_llhttp PUBLIC LLHTTP_STRICT_MODE=1)

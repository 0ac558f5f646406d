# Run at build time: -DOUT=FILE.cc -DFOLDER=proxy/manage/page -DESBUILD=PROGRAM, or nothing where there is none: then
# the program has no page, and says so. Writes the page's files as string literals.
set(entries "")
set(count 0)
if(ESBUILD)
  get_filename_component(work "${OUT}" DIRECTORY)
  set(bundle "${work}/page.js")
  execute_process(
    COMMAND ${ESBUILD} ${FOLDER}/main.ts --bundle --format=iife --target=es2021 --charset=utf8 --legal-comments=none
      --log-level=warning --outfile=${bundle}
    RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "the page could not be bundled")
  endif()
  foreach(row IN ITEMS
      "/index.html|text/html; charset=utf-8|${FOLDER}/index.html"
      "/page.js|text/javascript; charset=utf-8|${bundle}"
      "/page.css|text/css; charset=utf-8|${FOLDER}/page.css"
      "/icon.svg|image/svg+xml|${FOLDER}/icon.svg")
    string(REGEX MATCH "^([^|]*)\\|([^|]*)\\|(.*)$" matched "${row}")
    set(path "${CMAKE_MATCH_1}")
    set(type "${CMAKE_MATCH_2}")
    file(READ "${CMAKE_MATCH_3}" text)
    string(APPEND entries "    PageFile{\"${path}\", \"${type}\", R\"page(${text})page\"},\n")
    math(EXPR count "${count} + 1")
  endforeach()
endif()
file(WRITE "${OUT}" "// Made by cmake/page.cmake.
#include \"proxy/manage/page_files.h\"

#include <array>

namespace keyswap::manage {

namespace {

constexpr std::array<PageFile, ${count}> kFiles = {
${entries}};

}  // namespace

Page page_files() {
  return kFiles;
}

}  // namespace keyswap::manage
")

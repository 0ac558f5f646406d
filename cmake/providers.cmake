# Run at build time: -DOUT=FILE.cc -DFILES=a.yaml|b.yaml. Writes the catalogue as string literals; a venue's file is
# called provider.yaml, and the provider like its folder.
string(REPLACE "|" ";" files "${FILES}")
set(entries "")
set(names "")
foreach(file IN LISTS files)
  get_filename_component(name "${file}" NAME_WE)
  if(name STREQUAL "provider")
    get_filename_component(folder "${file}" DIRECTORY)
    get_filename_component(name "${folder}" NAME)
  endif()
  list(APPEND names "${name}")
  set(file_of_${name} "${file}")
endforeach()
list(SORT names)
foreach(name IN LISTS names)
  file(READ "${file_of_${name}}" text)
  string(APPEND entries "    ProviderFile{\"${name}\", R\"yaml(${text})yaml\"},\n")
endforeach()
file(WRITE "${OUT}" "// Made by cmake/providers.cmake.
#include \"bindings/providers/table.h\"

#include <array>

namespace keyswap::bindings {

namespace {

constexpr std::array kFiles = {
${entries}};

}  // namespace

std::span<const ProviderFile> provider_files() {
  return kFiles;
}

}  // namespace keyswap::bindings
")

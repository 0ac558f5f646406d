# Counted instructions of whole requests (test/work/count.py says how), in the release tree alone.
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT KEYSWAP_SANITIZE)
  file(GLOB work_sources CONFIGURE_DEPENDS work/*.cc)
  add_executable(work_probe ${work_sources})
  target_link_libraries(work_probe PRIVATE keyswap_options flow tls)
endif()

# Counted instructions of whole requests (test/work/count.py says how), in the release tree alone.
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT KEYSWAP_SANITIZE)
  file(GLOB work_sources CONFIGURE_DEPENDS work/*.cc)
  add_executable(work_probe ${work_sources})
  target_link_libraries(work_probe PRIVATE keyswap_options flow http_h1 venues tls)
  foreach(what worst budget)
    add_test(NAME "work: ${what}"
      COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/work/count.py $<TARGET_FILE:work_probe> ${what})
    set_tests_properties("work: ${what}" PROPERTIES LABELS tree TIMEOUT 900)
  endforeach()
endif()

# The tests that are not C++: one ctest entry for each file of test/e2e (the real binary on loopback),
# the checks of the tree itself, and, with KEYSWAP_WHOLE, what the other trees built by test/run.sh hold.
option(KEYSWAP_WHOLE "ctest also runs the tests of build/asan and build/tsan, and the fuzzers" OFF)
option(KEYSWAP_LINT "ctest also runs clang-tidy over every file (half an hour on two cores)" OFF)
option(KEYSWAP_SANITIZED "ctest also drives the address sanitizer's program from end to end" OFF)
set(KEYSWAP_FUZZ_SECONDS 6 CACHE STRING "how long ctest runs each fuzz target")

find_program(KEYSWAP_PYTHON NAMES python3 HINTS /usr/bin NO_DEFAULT_PATH)
if(NOT KEYSWAP_PYTHON)
  find_program(KEYSWAP_PYTHON NAMES python3 REQUIRED)
endif()

# keyswap_e2e(NAME BINARY LABEL FILE). Leaks are not looked for: the program cannot be traced (I1).
function(keyswap_e2e name binary label file)
  add_test(NAME "${name}" COMMAND ${KEYSWAP_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/e2e/${file}.py -v)
  set_tests_properties("${name}" PROPERTIES
    LABELS ${label} TIMEOUT 600
    ENVIRONMENT "KEYSWAP_BINARY=${binary};KEYSWAP_BUILD=${CMAKE_BINARY_DIR};PYTHONDONTWRITEBYTECODE=1;ASAN_OPTIONS=detect_leaks=0")
endfunction()

if(NOT KEYSWAP_SANITIZE)
  file(GLOB e2e_files CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR}/e2e e2e/test_*.py)
  foreach(file IN LISTS e2e_files)
    string(REPLACE ".py" "" file ${file})
    string(REPLACE "test_" "e2e: " name ${file})
    keyswap_e2e("${name}" $<TARGET_FILE:keyswap> e2e ${file})
  endforeach()
  # They put the same packages of npm into one folder.
  set_tests_properties("e2e: binance_clients" "e2e: binance_websocket_clients" PROPERTIES RESOURCE_LOCK npm)
  set_tests_properties("e2e: sdks" "e2e: registries" "e2e: discord" "e2e: capture_clients"
    "e2e: body_rules" PROPERTIES RESOURCE_LOCK programs)
  set_tests_properties("e2e: sigv4" PROPERTIES RESOURCE_LOCK "programs;aws")
  set_tests_properties("e2e: sigv4a" PROPERTIES RESOURCE_LOCK aws)
  # They serve on the port that the documents name.
  set_tests_properties("e2e: readme" "e2e: documents" "e2e: systemd" PROPERTIES RESOURCE_LOCK port)
  # What measures time or sets the machine's limits runs alone.
  if(TEST "e2e: timing")
    set_tests_properties("e2e: timing" PROPERTIES RUN_SERIAL ON)
  endif()

  foreach(check layers classes docs references format covered unit page)
    add_test(NAME "tree: ${check}" COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/${check}.sh)
    set_tests_properties("tree: ${check}" PROPERTIES LABELS tree TIMEOUT 120)
  endforeach()
  # That all are caught takes half an hour, and is asked for by hand (test/mutations.py).
  add_test(NAME "tree: mutations" COMMAND ${KEYSWAP_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/mutations.py --check)
  set_tests_properties("tree: mutations" PROPERTIES LABELS tree TIMEOUT 120)
  add_test(NAME "example: audit verifier" COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/e2e/example_verifier.sh
    $<TARGET_FILE:keyswap>)
  set_tests_properties("example: audit verifier" PROPERTIES LABELS e2e TIMEOUT 120)
endif()

if(KEYSWAP_LINT)
  add_test(NAME "tree: tidy" COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/tidy.sh ${CMAKE_BINARY_DIR})
  set_tests_properties("tree: tidy" PROPERTIES LABELS lint TIMEOUT 1800 PROCESSORS 2)
endif()

if(KEYSWAP_WHOLE)
  # keyswap_tree(TREE TESTS [WHICH]): the Catch2 executables of another build tree, one entry each; WHICH of their tests.
  function(keyswap_tree tree tests)
    foreach(test ${tests})
      add_test(NAME "${tree}: ${test}" COMMAND ${CMAKE_SOURCE_DIR}/build/${tree}/test/${test} ${ARGN})
      set_tests_properties("${tree}: ${test}" PROPERTIES LABELS ${tree} TIMEOUT 900 PROCESSORS 2)
    endforeach()
  endfunction()
  keyswap_tree(asan "${tests_below_cli}")
  # The program itself under the sanitizers costs as much again as all of their tests (its commands are a hundred files):
  # test/run.sh --sanitized asks for it.
  if(KEYSWAP_SANITIZED)
    foreach(file
        smoke
        test_addresses
        test_bodies
        test_binance
        test_binance_websocket
        test_binance_websocket_alone
        test_capture
        test_descriptors
        test_gone
        test_logged_in
        test_memory
        test_moments
        test_names
        test_notes
        test_real_values
        test_reload
        test_routes
        test_scrub
        test_source_command
        test_sources
        test_stale
        test_upstream_causes
        test_websocket
        test_websocket_text)
      string(REPLACE "test_" "" name ${file})
      keyswap_e2e("asan: e2e ${name}" ${CMAKE_SOURCE_DIR}/build/asan/keyswap asan ${file})
    endforeach()
  endif()
  # [every]: goes over every byte or day, or thousands by chance, in one thread. Nothing is shared there.
  keyswap_tree(tsan "audit_test;ca_test;limits_test;vault_test" "~[every]~[.]")

  file(GLOB fuzz_files CONFIGURE_DEPENDS fuzz/*_fuzz.cc)
  foreach(file IN LISTS fuzz_files)
    get_filename_component(name ${file} NAME_WE)
    string(REGEX REPLACE "_fuzz$" "" subject ${name})
    add_test(NAME "fuzz: ${subject}"
      COMMAND ${CMAKE_CTEST_COMMAND} --test-dir ${CMAKE_SOURCE_DIR}/build/asan -R "^fuzz: ${subject}$"
              --no-tests=error --output-on-failure)
    math(EXPR fuzz_timeout "3 * ${KEYSWAP_FUZZ_SECONDS} + 180")
    set_tests_properties("fuzz: ${subject}" PROPERTIES LABELS fuzz TIMEOUT ${fuzz_timeout} PROCESSORS 2)
  endforeach()
endif()

# One target for all of them, whatever files there are.
if(KEYSWAP_FUZZ)
  add_custom_target(fuzzers)
  function(keyswap_collect_fuzzers)
    file(GLOB files ${CMAKE_SOURCE_DIR}/test/fuzz/*_fuzz.cc)
    foreach(file IN LISTS files)
      get_filename_component(name ${file} NAME_WE)
      if(TARGET ${name})
        add_dependencies(fuzzers ${name})
      endif()
    endforeach()
  endfunction()
  cmake_language(DEFER CALL keyswap_collect_fuzzers)
endif()

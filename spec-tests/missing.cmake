# Says where the suites come from. Skips, unless CI=true: there a missing suite is a failure.
set(message "no scripts in ${SUITES}/core and ${SUITES}/component: put test/core, test/legacy and test/custom of https://github.com/WebAssembly/spec into core, and the proposals' "
            "directories of https://github.com/WebAssembly/testsuite as core/proposals, test of https://github.com/WebAssembly/component-model as component, or name another folder with HEDDLE_SUITES")
string(CONCAT message ${message})
if("$ENV{CI}" STREQUAL "true")
  message(FATAL_ERROR "${message}")
endif()
message(NOTICE "the suites are missing, so this is skipped: ${message}")

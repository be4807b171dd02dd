# The async scripts of the component suite under SEEDS scheduling seeds.
foreach(seed RANGE 1 ${SEEDS})
  execute_process(COMMAND ${HEDDLE} wast --seed ${seed} --expectations ${CMAKE_CURRENT_LIST_DIR}/expectations-shuffled ${SUITES}/component/async
                  RESULT_VARIABLE code OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "seed ${seed}:\n${said}")
  endif()
endforeach()

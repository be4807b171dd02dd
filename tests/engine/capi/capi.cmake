# Programs as users of the standard C API write them, in C and in C++: each ends with 0 when all its checks hold.
enable_language(C)
set(THREADS_PREFER_PTHREAD_FLAG ON)
file(GLOB capi_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.c ${CMAKE_CURRENT_LIST_DIR}/*.cpp)
foreach(source ${capi_sources})
  cmake_path(GET source STEM stem)
  cmake_path(GET source EXTENSION LAST_ONLY extension)
  set(name capi_${stem}_c)
  if(extension STREQUAL ".cpp")
    set(name capi_${stem}_cpp)
  endif()
  add_executable(${name} ${source})
  # As strict as a user may be.
  target_compile_options(${name} PRIVATE -Wpedantic)
  target_link_libraries(${name} PRIVATE heddle_flags heddle_engine)
  set_target_properties(${name} PROPERTIES C_STANDARD 11 C_EXTENSIONS OFF RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/capi)
  add_test(NAME capi.${stem}${extension} COMMAND ${name})
  set_tests_properties(capi.${stem}${extension} PROPERTIES LABELS capi)
endforeach()

# What the archives bring into a program. Sanitizers add names of their own.
if(NOT HEDDLE_SANITIZE)
  find_package(Python3 COMPONENTS Interpreter REQUIRED)
  add_test(NAME capi.symbols COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_LIST_DIR}/symbols_test.py ${CMAKE_C_COMPILER} ${CMAKE_READELF}
           ${PROJECT_SOURCE_DIR}/engine/include $<TARGET_FILE:heddle_engine> $<TARGET_FILE:heddle_component> $<TARGET_FILE:heddle_wasi>)
  set_tests_properties(capi.symbols PROPERTIES LABELS capi)
endif()

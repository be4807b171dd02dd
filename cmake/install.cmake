# What `cmake --install` puts where, for find_package(heddle) and pkg-config, and the Debian packages that cpack makes of it.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(heddle_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/heddle)

# Third-party targets a library may link: the target, its package for find_dependency, its flag for pkg-config.
set(heddle_third_party
    "Boost::headers|Boost|"
    "Boost::boost|Boost|"
    "OpenSSL::SSL|OpenSSL|-lssl -lcrypto"
    "OpenSSL::Crypto|OpenSSL|-lcrypto"
    "SQLite::SQLite3|SQLite3|-lsqlite3"
    "PkgConfig::RE2|RE2|-lre2"
    "ZLIB::ZLIB|ZLIB|-lz"
    "fmt::fmt|fmt|-lfmt"
    "fmt::fmt-header-only|fmt|"
    "nlohmann_json::nlohmann_json|nlohmann_json|"
    "tomlplusplus::tomlplusplus|tomlplusplus|")

set(heddle_dependencies "")      # lines of heddle-config.cmake
set(heddle_private_flags "")     # of heddle.pc
set(heddle_link_flags "")
foreach(name engine component wasi wire)
  if(NOT TARGET heddle_${name})
    continue()
  endif()
  install(TARGETS heddle_${name} EXPORT heddle-${name} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev)
  install(EXPORT heddle-${name} NAMESPACE heddle:: DESTINATION ${heddle_package_dir} COMPONENT dev)
  install(DIRECTORY ${name}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev)
  target_include_directories(heddle_${name} INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  string(PREPEND heddle_link_flags " -lheddle_${name}")
  get_target_property(linked heddle_${name} LINK_LIBRARIES)
  set(packages "")
  foreach(row ${heddle_third_party})
    string(REPLACE "|" ";" row "${row};")
    list(GET row 0 target)
    list(GET row 1 package)
    list(GET row 2 flag)
    if(linked MATCHES "${target}([^A-Za-z0-9_]|$)")
      list(APPEND packages ${package})
      string(APPEND heddle_private_flags " ${flag}")
    endif()
  endforeach()
  list(REMOVE_DUPLICATES packages)
  string(APPEND heddle_dependencies "set(heddle_${name}_packages ${packages})\n")
endforeach()
target_include_directories(heddle_engine INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/heddle/c>)

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/heddle-config.cmake.in heddle-config.cmake INSTALL_DESTINATION ${heddle_package_dir})
write_basic_package_version_file(heddle-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/heddle-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/heddle-config-version.cmake DESTINATION ${heddle_package_dir} COMPONENT dev)

# The installed tree may be moved: paths are relative to the file that says them.
file(RELATIVE_PATH heddle_pc_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
foreach(pc heddle heddle-engine)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/${pc}.pc.in ${pc}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${pc}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
endforeach()

if(TARGET heddle)
  install(TARGETS heddle RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
endif()

# ---- packages ---------------------------------------------------------------------------------------------------------------------
if(PROJECT_IS_TOP_LEVEL)
  set(CPACK_GENERATOR DEB)
  set(CPACK_DEB_COMPONENT_INSTALL ON)
  set(CPACK_COMPONENTS_ALL dev program)
  set(CPACK_COMPONENTS_GROUPING IGNORE)
  set(CPACK_PACKAGE_CONTACT "the heddle project")
  set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "WebAssembly runtime without a JIT")
  set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
  set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
  set(CPACK_STRIP_FILES ON)
  set(CPACK_DEBIAN_DEV_PACKAGE_NAME libheddle-dev)
  set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
  set(CPACK_DEBIAN_DEV_PACKAGE_RECOMMENDS "libssl-dev, libsqlite3-dev, libre2-dev, pkg-config")  # what others than the engine link
  set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME heddle)
  set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION interpreters)
  set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS "libnats3.4")  # opened when an app is served with --nats
  set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
  include(CPack)
endif()

# Headers, libraries and program, with pkg-config files for both libraries.
install(TARGETS rdspol-vm rdspol-compiler rdspol-files ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES vm/include/rdspol.h compiler/include/rdspol_compiler.h
  collectors/files/include/rdspol_files.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(RDSPOL_PROGRAM)
  install(TARGETS rdspol RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

function(rdspol_pkg_config name description libraries)
  set(PC_NAME ${name})
  set(PC_DESCRIPTION "${description}")
  set(PC_LIBRARIES "${libraries}")
  configure_file(${PROJECT_SOURCE_DIR}/cmake/rdspol.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()
rdspol_pkg_config(rdspol-vm "Evaluate compiled security policies" "-lrdspol-vm")
rdspol_pkg_config(rdspol "Compile and evaluate security policies" "-lrdspol")

# The standard library into the program: its sources, and a bundle made by the compiler just built.
set(RDSPOL_STDLIB ${PROJECT_SOURCE_DIR}/stdlib-policies CACHE PATH "The standard library to build in")
file(GLOB_RECURSE rdspol_stdlib_files CONFIGURE_DEPENDS RELATIVE ${RDSPOL_STDLIB}
  ${RDSPOL_STDLIB}/*.rdspol)
list(SORT rdspol_stdlib_files)
list(TRANSFORM rdspol_stdlib_files PREPEND ${RDSPOL_STDLIB}/
  OUTPUT_VARIABLE rdspol_stdlib_paths)

add_executable(rdspol-embed embed.c $<TARGET_OBJECTS:rdspol_crypto_objects>)
target_link_libraries(rdspol-embed PRIVATE rdspol_flags rdspol-compiler ${CMAKE_DL_LIBS})
target_include_directories(rdspol-embed PRIVATE ${PROJECT_SOURCE_DIR})

set(RDSPOL_STDLIB_C ${RDSPOL_GENERATED}/stdlib.c)
add_custom_command(
  OUTPUT ${RDSPOL_STDLIB_C}
  COMMAND rdspol-embed ${RDSPOL_STDLIB_C} ${RDSPOL_STDLIB} ${rdspol_stdlib_files}
  DEPENDS rdspol-embed ${rdspol_stdlib_paths}
  COMMENT "Compiling the standard library" VERBATIM)

# Its own library, so that a test can look at it too.
add_library(rdspol_stdlib_objects OBJECT ${RDSPOL_STDLIB_C})
target_include_directories(rdspol_stdlib_objects PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/vm/include)
target_link_libraries(rdspol_stdlib_objects PRIVATE rdspol_flags)

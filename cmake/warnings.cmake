# `rdspol_flags`: what every file of ours is compiled with, generated ones too. Private: it does not
# reach those who link to us.
add_library(rdspol_flags INTERFACE)
target_compile_features(rdspol_flags INTERFACE c_std_11)
target_compile_options(rdspol_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes
  -Wmissing-prototypes -Wundef -Wcast-qual -Wwrite-strings -Wformat=2 -Wvla -Wdouble-promotion
  -fvisibility=hidden
  # Bundles and reports must not name the folder they were built in.
  -ffile-prefix-map=${PROJECT_SOURCE_DIR}/= -ffile-prefix-map=${PROJECT_BINARY_DIR}/=)
if(RDSPOL_WERROR)
  target_compile_options(rdspol_flags INTERFACE -Werror)
endif()

# rdspol_objects(NAME SOURCE...): objects of ours, which libraries and programs are put together from.
function(rdspol_objects name)
  add_library(${name} OBJECT ${ARGN})
  target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
  target_link_libraries(${name} PRIVATE rdspol_flags)
  set_target_properties(${name} PROPERTIES C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF
    POSITION_INDEPENDENT_CODE ON)
endfunction()

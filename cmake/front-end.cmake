# flex and bison into the build folder, at the path that sources include: "lang/parser.h".
find_package(BISON 3.8 REQUIRED)
find_package(FLEX 2.6 REQUIRED)

file(MAKE_DIRECTORY ${RDSPOL_GENERATED}/lang)

# Both run in the source folder, so that #line names lang/parser.y and lang/lexer.l.
add_custom_command(
  OUTPUT ${RDSPOL_GENERATED}/lang/parser.c ${RDSPOL_GENERATED}/lang/parser.h
  COMMAND ${BISON_EXECUTABLE} -o ${RDSPOL_GENERATED}/lang/parser.c
          --header=${RDSPOL_GENERATED}/lang/parser.h lang/parser.y
  DEPENDS ${PROJECT_SOURCE_DIR}/lang/parser.y
  WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
  COMMENT "Parser from lang/parser.y" VERBATIM)
add_custom_command(
  OUTPUT ${RDSPOL_GENERATED}/lang/lexer.c
  COMMAND ${FLEX_EXECUTABLE} -o ${RDSPOL_GENERATED}/lang/lexer.c lang/lexer.l
  DEPENDS ${PROJECT_SOURCE_DIR}/lang/lexer.l
  WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
  COMMENT "Scanner from lang/lexer.l" VERBATIM)

// The standard library as sources, read from the source tree, for tests that compile policies.
#ifndef RP_TESTS_LIBRARY_H
#define RP_TESTS_LIBRARY_H

#include "compiler/include/rdspol_compiler.h"

typedef struct library {
    rdspol_source sources[64];
    size_t count;
} library;

// Reads every .rdspol file of the standard library; aborts the test if one cannot be read.
void library_open(library *lib);
void library_close(library *lib);
// Compiles one text named "test.rdspol" against the library.
rdspol_compilation *library_compile(const library *lib, const char *text, int no_optimize);

#endif

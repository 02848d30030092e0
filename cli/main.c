#include "cli/stdlib.h"
int main(void) { return rp_stdlib_file_count == 0; }

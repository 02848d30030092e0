// Reference pages, made from the tables that the program itself is made from.
#ifndef RP_CLI_DOCS_H
#define RP_CLI_DOCS_H

#include "cli/app.h"

typedef struct rp_docs_page {
    const char *topic;
    void (*print)(rp_out *out);
} rp_docs_page;

// NULL beyond the last.
const rp_docs_page *rp_docs_get(size_t index);

#endif

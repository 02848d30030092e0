// Small JSON documents: the only door to cJSON.
//
// For parameter files and the like, which fit in memory; facts have their own reader. Views stay
// valid until the document is freed. Must not know what a document is for.
#ifndef RP_COLLECTORS_JSON_H
#define RP_COLLECTORS_JSON_H

#include "vm/base/str.h"

typedef struct rp_document rp_document;

typedef enum rp_document_kind {
    RP_DOCUMENT_NULL,
    RP_DOCUMENT_BOOL,
    RP_DOCUMENT_NUMBER,
    RP_DOCUMENT_STRING,
    RP_DOCUMENT_LIST,
    RP_DOCUMENT_OBJECT
} rp_document_kind;

// Parses a whole text. NULL if it is not JSON; then `*offset` is about where it stops being so.
rp_document *rp_document_parse(rp_str text, size_t *offset);
void rp_document_free(rp_document *document);
// The same for one that held secrets: its texts are wiped first.
void rp_document_wipe(rp_document *document);

rp_document_kind rp_document_kind_of(const rp_document *value);
// The first member of a list or object, the one after it; NULL at the end.
const rp_document *rp_document_first(const rp_document *value);
const rp_document *rp_document_after(const rp_document *member);
// The name of a member of an object.
rp_str rp_document_name(const rp_document *member);
// A string as it is, true, false, or a number, which is printed into `room`.
#define RP_DOCUMENT_ROOM 64
rp_str rp_document_text(const rp_document *value, char room[RP_DOCUMENT_ROOM]);

// Takes all members with a name out of a document, at any depth.
void rp_document_drop(rp_document *document, const char *name);
// Takes the members named `name` out of all objects whose member `by` is a text that holds `part`.
void rp_document_drop_beside(rp_document *document, const char *name, const char *by,
                             const char *part);
// The document as text, to be freed with `rp_document_text_free`; NULL if memory ran out.
char *rp_document_print(const rp_document *document);
void rp_document_text_free(char *text);

#endif

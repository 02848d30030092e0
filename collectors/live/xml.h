// An answer in XML as the JSON that the AWS CLI would print of it: the only door to expat.
//
// The one idea: what the model calls a member is written, whatever it is called on the wire; what
// the model does not know is passed over. Document types (and so entities of their own) are
// refused, depth is limited, and a document that ends early is not an answer. Must not know
// operations: the caller says which members to expect.
#ifndef RP_LIVE_XML_H
#define RP_LIVE_XML_H

#include "collectors/live/wire.h"
#include "vm/base/buf.h"

typedef struct rp_xml_result {
    bool is_error; // the document is an error: `code` and `message`
    char code[96];
    char message[256];
    char problem[128]; // why it could not be read
} rp_xml_result;

typedef struct rp_expat rp_expat; // the functions of the library, found when first needed

// Looks expat up; NULL if it is not there or memory ran out.
rp_expat *rp_expat_open(rp_alloc alloc);
void rp_expat_close(rp_expat *expat);

// Appends the answer to `out` as an object. `wrapper` is the element below the top one that holds
// the members, or empty if they stand in the top one itself. False: `problem` says what is wrong,
// and what was appended is of no use. An error document is read and appends nothing.
bool rp_xml_read(const rp_expat *expat, rp_str text, const rp_wire_node *members, rp_str wrapper,
                 rp_buf *out, rp_xml_result *result);

#endif

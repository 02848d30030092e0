// The catalogue of policies: what a bundle says of each, for readers.
//
// The one idea: a page shows what the machine works with (needs, clauses, limits of parameters),
// not a second text that could say something else. Must not judge: its run has no facts.
#ifndef RP_CLI_CATALOGUE_H
#define RP_CLI_CATALOGUE_H

#include "cli/policies.h"
#include "vm/bundle.h"

typedef struct rp_catalogue {
    const rdspol_bundle *bundle;
    rdspol_run *run; // titles, clauses and remedies hold parameters, so they are asked of a run
    const uint32_t *selected;
    size_t count;
} rp_catalogue;

// Something that policies need: "rds" "DescribeDBInstances" with its IAM action, or "instance"
// "engine" without one.
typedef struct rp_need {
    rp_str left, right, action;
} rp_need;
typedef enum rp_need_kind { RP_NEEDS_OPERATIONS, RP_NEEDS_FACTS } rp_need_kind;

// What the policies need, sorted, each once, to be freed by the caller; NULL if memory runs out.
rp_need *rp_catalogue_needs(const rdspol_bundle *bundle, const uint32_t *policies, size_t count,
                            rp_need_kind kind, size_t *found);

// Parameter `at` of those that a policy reads; RP_NONE beyond the last.
uint32_t rp_catalogue_param(const rdspol_bundle *bundle, uint32_t policy, size_t at);

// Engines and families of engines that the scope of a policy demands by name; at most `most`.
size_t rp_catalogue_engines(const rdspol_bundle *bundle, uint32_t policy, rp_str *engines,
                            size_t most);

// Line `index` of the comment at the head of a source file of the standard library; false beyond
// the last, and for other files.
bool rp_catalogue_head_line(rp_str file, size_t index, rp_str *line);

// The forms. Failure to write is remembered by `out`.
void rp_catalogue_markdown(const rp_catalogue *catalogue, rp_out *out);
void rp_catalogue_json(const rp_catalogue *catalogue, rp_out *out);
void rp_catalogue_index(const rp_catalogue *catalogue, rp_out *out);

// Text from policies as Markdown: nothing in it is taken for markup.
void rp_out_markdown(rp_out *out, rp_str text);
// A name as code. In bundles of strangers anything can stand where a name should: that is printed
// as text, and false.
bool rp_out_code(rp_out *out, rp_str name);

#endif

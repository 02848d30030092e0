// What the grammar's actions call: constructors of nodes, and the few checks that need two tokens.
#ifndef RP_LANG_BUILD_H
#define RP_LANG_BUILD_H

#include "lang/parse.h"

#define RP_MAX_EXPECTED 64

void *rp_build_alloc(rp_parse *parse, size_t size);
rp_span rp_build_join(rp_span first, rp_span last);

rp_node *rp_build_node(rp_parse *parse, rp_node_kind kind, rp_span span, rp_node *a, rp_node *b,
                       rp_node *c);
rp_node *rp_build_named(rp_parse *parse, rp_node_kind kind, rp_span span, rp_str name,
                        rp_span name_span, rp_node *a, rp_node *b, rp_node *c);
rp_node *rp_build_op(rp_parse *parse, rp_node_kind kind, rp_span span, int op, rp_node *a,
                     rp_node *b, rp_node *c);
rp_node *rp_build_number(rp_parse *parse, rp_node_kind kind, rp_span span, int64_t number);
rp_node *rp_build_real(rp_parse *parse, rp_span span, double real);
// A parenthesised expression: the inner node, with the span of the parentheses.
rp_node *rp_build_group(rp_parse *parse, rp_span span, rp_node *inner);
rp_node *rp_build_text(rp_parse *parse, rp_span span, rp_str head, rp_span head_span,
                       rp_node *first, rp_nodes rest, rp_str tail, rp_span tail_span);
rp_node *rp_build_string_pair(rp_parse *parse, rp_span span, rp_str key, rp_span key_span,
                              rp_node *value);
rp_node *rp_build_meta_range(rp_parse *parse, rp_span span, int64_t low, rp_span low_span,
                             int64_t high, rp_span high_span);
rp_node *rp_build_limit_size(rp_parse *parse, rp_span span, rp_str word, rp_span word_span,
                             int64_t low, rp_span low_span, int64_t high, rp_span high_span);
rp_node *rp_build_method(rp_parse *parse, rp_span span, rp_str name, rp_span name_span,
                         rp_node *type, rp_nodes arguments, rp_node *result, rp_node *body);
rp_node *rp_build_waive(rp_parse *parse, rp_span span, rp_nodes policies, rp_node *type,
                        rp_node *glob, rp_node *condition, int64_t until, rp_span until_span,
                        rp_node *because);
rp_node *rp_build_unknown_type(rp_parse *parse, rp_span span, rp_str word, rp_span word_span,
                               rp_str type, rp_span type_span);
rp_node *rp_build_now(rp_parse *parse, rp_span span, rp_str word, rp_span word_span, int64_t time,
                      rp_span time_span);
rp_node *rp_build_source(rp_parse *parse, rp_span span, rp_node *service, rp_str operation,
                         rp_span operation_span, rp_nodes arguments, rp_node *member);
rp_node *rp_build_file_source(rp_parse *parse, rp_span span, rp_str word, rp_span word_span,
                              rp_str member, rp_span member_span);
rp_node *rp_build_field(rp_parse *parse, rp_span span, rp_str role, rp_span role_span, rp_str name,
                        rp_span name_span, rp_node *type, rp_nodes paths, rp_nodes options);
// A path with `.{operator}.{key}`: its text is what stands between the quotes.
rp_node *rp_build_path(rp_parse *parse, rp_span span);
rp_node *rp_build_as_json(rp_parse *parse, rp_span span, rp_str word, rp_span word_span);
rp_node *rp_build_map_type(rp_parse *parse, rp_span span, rp_str key, rp_span key_span,
                           rp_node *value);

void rp_build_syntax_error(rp_parse *parse, rp_span span, const char *found,
                           const char *const *expected, size_t count);
void rp_build_too_deep(rp_parse *parse, rp_span span, const char *message);

#endif

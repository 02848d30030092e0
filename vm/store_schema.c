// A number that stands for what packed facts were read by: two bundles with the same number read
// the same columns from the same members of the same answers.
#include "vm/store.h"

#include "vm/verify.h"

static uint64_t mixed(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

static uint64_t with_text(uint64_t hash, const rp_bundle *b, uint32_t text)
{
    return mixed(mixed(hash, text == RP_NONE), rp_strtab_hash(rp_bundle_text(b, text)));
}

static uint64_t with_words(uint64_t hash, const uint32_t *words, size_t count)
{
    for (size_t i = 0; i < count; i++) hash = mixed(hash, words[i]);
    return hash;
}

#define WITH_WORDS(hash, ...)                                                                      \
    with_words(hash, (const uint32_t[]){__VA_ARGS__},                                              \
               sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

// What a missing member means.
static uint64_t with_const(uint64_t hash, const rp_bundle *b, uint32_t constant)
{
    if (constant == RP_NONE) return mixed(hash, RP_NONE);
    const rp_rec_const *c = &b->consts[constant];
    hash = mixed(hash, c->type);
    return rp_kind_is_text(RP_TYPE_KIND(c->type)) ? with_text(hash, b, c->lo)
                                                  : WITH_WORDS(hash, c->lo, c->hi);
}

static uint64_t with_paths(uint64_t hash, const rp_bundle *b, uint32_t first, uint32_t count)
{
    for (uint32_t p = first; p < first + count; p++) {
        const rp_rec_path *x = &b->paths[p];
        hash = WITH_WORDS(hash, x->source, x->step_count);
        for (uint32_t s = x->first_step; s < x->first_step + x->step_count; s++) {
            hash = mixed(hash, b->steps[s].kind);
            hash = with_text(with_text(hash, b, b->steps[s].name), b, b->steps[s].value);
        }
    }
    return mixed(hash, count);
}

static uint64_t with_table(uint64_t hash, const rp_bundle *b, const rp_rec_table *t)
{
    hash = with_text(with_text(hash, b, t->name), b, t->type_name);
    hash = WITH_WORDS(hash, t->kind, t->flags, t->key, t->unique, t->arn, t->account, t->region);
    return WITH_WORDS(hash, t->tags, t->column_count, t->list_count, t->source_count);
}

static uint64_t with_column(uint64_t hash, const rp_bundle *b, const rp_rec_column *c)
{
    hash = with_text(hash, b, c->name);
    hash = WITH_WORDS(hash, c->table, c->type, c->origin, c->flags, c->source, c->join_count);
    for (uint32_t j = c->first_join; j < c->first_join + c->join_count; j++) {
        hash = mixed(hash, b->joins[j].column);
    }
    return with_paths(with_const(hash, b, c->fallback), b, c->first_path, c->path_count);
}

static uint64_t with_list(uint64_t hash, const rp_bundle *b, const rp_rec_list *l)
{
    hash = with_text(hash, b, l->name);
    hash = WITH_WORDS(hash, l->owner, l->element, l->kind, l->flags, l->source);
    return with_paths(hash, b, l->first_path, l->path_count);
}

static uint64_t with_source(uint64_t hash, const rp_bundle *b, const rp_rec_source *s)
{
    hash = WITH_WORDS(hash, s->table, s->kind, s->arg_count);
    hash = with_text(with_text(hash, b, s->service), b, s->operation);
    hash = with_text(hash, b, s->member);
    for (uint32_t a = s->first_arg; a < s->first_arg + s->arg_count; a++) {
        const rp_rec_arg *x = &b->args[a];
        hash = mixed(with_text(hash, b, x->name), x->kind);
        hash = x->kind == RP_ARG_LITERAL ? with_text(hash, b, x->value) : mixed(hash, x->value);
    }
    return hash;
}

uint64_t rp_store_schema(const rp_bundle *bundle)
{
    const rp_bundle *b = bundle;
    uint64_t hash = RP_STORE_VERSION;
    for (uint32_t t = 0; t < b->table_count; t++) hash = with_table(hash, b, &b->tables[t]);
    for (uint32_t c = 0; c < b->column_count; c++) hash = with_column(hash, b, &b->columns[c]);
    for (uint32_t l = 0; l < b->list_count; l++) hash = with_list(hash, b, &b->lists[l]);
    for (uint32_t s = 0; s < b->source_count; s++) hash = with_source(hash, b, &b->sources[s]);
    return hash;
}

// Envelopes, read one by one.
#include "collectors/live/feed.h"

#include "collectors/live/quote.h"

#define MAX_ENVELOPE ((size_t)1 << 30)

bool rp_feeder_init(rp_feeder *feeder, const rp_bundle *bundle, rp_facts *facts, rp_alloc alloc)
{
    *feeder = (rp_feeder){.alloc = alloc, .facts = facts};
    rp_arena_init(&feeder->arena, alloc);
    bool good = rp_scheme_make(&feeder->scheme, bundle, alloc);
    feeder->documents = (rp_documents){
        .alloc = alloc, .scheme = &feeder->scheme, .limits = rp_json_limits_default()};
    return good && rp_operations_make(&feeder->documents.operations, bundle, &feeder->arena);
}

void rp_feeder_clear(rp_feeder *feeder)
{
    rp_scheme_clear(&feeder->scheme);
    rp_arena_clear(&feeder->arena);
}

static void begin(rp_buf *out, const rp_envelope *e)
{
    rp_buf_add_char(out, '{');
    rp_quote_member(out, true, "Operation", e->operation);
    rp_quote_member(out, false, "account", e->account);
    rp_quote_member(out, false, "region", e->region);
    if (e->count > 0) rp_buf_add_text(out, ",\"Request\":{");
    for (size_t i = 0; i < e->count; i++) {
        if (i > 0) rp_buf_add_char(out, ',');
        rp_quote(out, e->names[i]);
        rp_buf_add_char(out, ':');
        rp_quote(out, e->values[i]);
    }
    if (e->count > 0) rp_buf_add_char(out, '}');
}

static ptrdiff_t read_text(void *ctx, void *buffer, size_t capacity)
{
    rp_str *left = ctx;
    size_t size = left->len < capacity ? left->len : capacity;
    if (size > 0) memcpy(buffer, left->ptr, size);
    *left = rp_str_from_offset(*left, size);
    return (ptrdiff_t)size;
}

static rdspol_status take_in(rp_feeder *f, rp_str envelope, rdspol_error *error)
{
    rp_facts *own = NULL;
    rp_file_notes notes;
    rp_str left = envelope;
    rdspol_status status = rp_facts_new(&own, f->facts->bundle, f->alloc);
    if (status == RDSPOL_OK) {
        status = rp_documents_read_one(&f->documents, own, RP_STR(""), read_text, &left, &notes,
                                       error);
    }
    if (status == RDSPOL_OK) status = rp_facts_merge(f->facts, own);
    rp_facts_free(own);
    if (status == RDSPOL_OK && f->sink != NULL) f->sink(f->sink_ctx, envelope);
    return status;
}

static rdspol_status finish(rp_feeder *f, rp_buf *out, rdspol_error *error)
{
    rp_buf_add_char(out, '}');
    rdspol_status status = RDSPOL_NO_MEMORY;
    if (!out->failed) {
        status = take_in(f, rp_buf_str(out), error);
    } else {
        (void)rp_error_set(error, status, NULL, "out of memory");
    }
    rp_buf_free(out);
    return status;
}

rdspol_status rp_feed_answer(rp_feeder *feeder, const rp_envelope *envelope, rp_str response,
                             rdspol_error *error)
{
    rp_buf out;
    rp_buf_init(&out, feeder->alloc, MAX_ENVELOPE);
    begin(&out, envelope);
    rp_buf_add_text(&out, ",\"Response\":");
    rp_buf_add_str(&out, response);
    return finish(feeder, &out, error);
}

rdspol_status rp_feed_error(rp_feeder *feeder, const rp_envelope *envelope, rp_str code,
                            rp_str message, rdspol_error *error)
{
    rp_buf out;
    rp_buf_init(&out, feeder->alloc, MAX_ENVELOPE);
    begin(&out, envelope);
    rp_buf_add_text(&out, ",\"Error\":{");
    rp_quote_member(&out, true, "Code", code);
    rp_quote_member(&out, false, "Message", message);
    rp_buf_add_char(&out, '}');
    return finish(feeder, &out, error);
}

// The machine's loop: frames over chunks, and binding a program before it runs.
//
// A body is a straight line; an inner frame runs completely, chunk after chunk, where it opens.
// Frames nest at most RP_MAX_FRAME_DEPTH deep (verified), so the recursion here is bounded.
#include "vm/exec.h"

#include "vm/base/checked.h"
#include "vm/kernels.h"

static const rp_kernel kernels[RP_OP_COUNT] = {
    [RP_OP_LOAD] = rp_kernel_load,
    [RP_OP_GATHER] = rp_kernel_gather,
    [RP_OP_ROW] = rp_kernel_row,
    [RP_OP_OUTER] = rp_kernel_outer,
    [RP_OP_LOOKUP] = rp_kernel_lookup,
    [RP_OP_AND] = rp_kernel_and,
    [RP_OP_OR] = rp_kernel_or,
    [RP_OP_NOT] = rp_kernel_not,
    [RP_OP_PRESENT] = rp_kernel_present,
    [RP_OP_COALESCE] = rp_kernel_coalesce,
    [RP_OP_SELECT] = rp_kernel_select,
    [RP_OP_EQ_ID] = rp_kernel_eq_id,
    [RP_OP_EQ_INT] = rp_kernel_eq_int,
    [RP_OP_EQ_FLOAT] = rp_kernel_eq_float,
    [RP_OP_EQ_BOOL] = rp_kernel_eq_bool,
    [RP_OP_EQ_VERSION] = rp_kernel_eq_version,
    [RP_OP_LT_INT] = rp_kernel_lt_int,
    [RP_OP_LT_FLOAT] = rp_kernel_lt_float,
    [RP_OP_LT_VERSION] = rp_kernel_lt_version,
    [RP_OP_LE_INT] = rp_kernel_le_int,
    [RP_OP_LE_FLOAT] = rp_kernel_le_float,
    [RP_OP_LE_VERSION] = rp_kernel_le_version,
    [RP_OP_IN_SET] = rp_kernel_in_set,
    [RP_OP_ADD_INT] = rp_kernel_add_int,
    [RP_OP_ADD_FLOAT] = rp_kernel_add_float,
    [RP_OP_SUB_INT] = rp_kernel_sub_int,
    [RP_OP_SUB_FLOAT] = rp_kernel_sub_float,
    [RP_OP_MUL_INT] = rp_kernel_mul_int,
    [RP_OP_MUL_FLOAT] = rp_kernel_mul_float,
    [RP_OP_DIV] = rp_kernel_div,
    [RP_OP_TO_FLOAT] = rp_kernel_to_float,
    [RP_OP_DAYS] = rp_kernel_days,
    [RP_OP_TEXT_STARTS] = rp_kernel_text_starts,
    [RP_OP_TEXT_ENDS] = rp_kernel_text_ends,
    [RP_OP_TEXT_CONTAINS] = rp_kernel_text_contains,
    [RP_OP_TEXT_GLOB] = rp_kernel_text_glob,
    [RP_OP_TEXT_LENGTH] = rp_kernel_text_length,
    [RP_OP_VERSION_SERIES] = rp_kernel_version_series,
    [RP_OP_CIDR_WITHIN] = rp_kernel_cidr_within,
    [RP_OP_CIDR_OVERLAPS] = rp_kernel_cidr_overlaps,
    [RP_OP_CIDR_LENGTH] = rp_kernel_cidr_length,
    [RP_OP_CIDR_PRIVATE] = rp_kernel_cidr_private,
    [RP_OP_CIDR_V6] = rp_kernel_cidr_v6,
    [RP_OP_COVER_OR] = rp_kernel_cover_or,
    [RP_OP_COVER_FULL] = rp_kernel_cover_full,
    [RP_OP_FOLD_ANY] = rp_kernel_fold_any,
    [RP_OP_FOLD_ONE] = rp_kernel_fold_one,
    [RP_OP_FOLD_COUNT] = rp_kernel_fold_count,
    [RP_OP_FOLD_SUM_INT] = rp_kernel_fold_sum_int,
    [RP_OP_FOLD_SUM_FLOAT] = rp_kernel_fold_sum_float,
    [RP_OP_FOLD_MIN_INT] = rp_kernel_fold_min_int,
    [RP_OP_FOLD_MIN_FLOAT] = rp_kernel_fold_min_float,
    [RP_OP_FOLD_MIN_VERSION] = rp_kernel_fold_min_version,
    [RP_OP_FOLD_MAX_INT] = rp_kernel_fold_max_int,
    [RP_OP_FOLD_MAX_FLOAT] = rp_kernel_fold_max_float,
    [RP_OP_FOLD_MAX_VERSION] = rp_kernel_fold_max_version,
    [RP_OP_FOLD_FIRST] = rp_kernel_fold_first,
    [RP_OP_FOLD_COVER] = rp_kernel_fold_cover,
    [RP_OP_STORE] = rp_kernel_store,
    [RP_OP_EMIT] = rp_kernel_emit,
    [RP_OP_FOLD_TEXT] = rp_kernel_fold_text,
    [RP_OP_FOLD_WITNESS] = rp_kernel_fold_witness,
};

rp_kernel rp_kernel_get(uint32_t op)
{
    return kernels[op];
}

// ---- Frames ------------------------------------------------------------------------------------

static void run_inner(rp_exec *x, const rp_frame *outer, uint32_t frame);

static bool is_live(const rp_exec *x, const rp_step *s)
{
    return x->live == NULL || x->live[s->insn] != 0;
}

static const rp_step *step_of(const rp_exec *x, uint32_t insn)
{
    return &x->steps[x->plan.slot[insn]];
}

// Runs the frame that a step opens, and returns its end.
static const rp_step *run_frame(rp_exec *x, const rp_step *open, const rp_frame *f)
{
    const rp_bundle *b = x->world->bundle;
    uint32_t frame = b->frame_of[open->insn];
    if (is_live(x, open)) {
        run_inner(x, f, frame);
    }
    return step_of(x, b->frames[frame].end);
}

// `folds`: whether those of the frame run too.
static void run_steps(rp_exec *x, const rp_frame *f, bool folds)
{
    const rp_step *end = step_of(x, f->info->end);
    for (const rp_step *s = step_of(x, f->info->first) + 1; s < end; s++) {
        if (rp_op_opens(s->op)) {
            s = run_frame(x, s, f);
        } else if (is_live(x, s) && s->run != NULL && (folds || !rp_op_folds(s->op))) {
            s->run(x, s, f);
        }
    }
}

static void run_body(rp_exec *x, const rp_frame *f)
{
    run_steps(x, f, true);
}

static void set_rows(rp_frame *f, uint32_t n)
{
    f->n = n;
    f->words = (uint32_t)rp_bits_words(n);
    rp_bits_fill(f->mask, f->words, n);
}

static void run_chunk(rp_exec *x, rp_frame *f, uint32_t n, bool consecutive)
{
    set_rows(f, n);
    f->consecutive = consecutive;
    f->same = false;
    f->base = f->rows[0];
    run_body(x, f);
}

// All rows of the outer chunk.
static void run_same(rp_exec *x, const rp_frame *outer, rp_frame *f)
{
    size_t size = outer->n * sizeof(uint32_t);
    memcpy(f->parents, x->counting, size);
    f->rows[0] = rp_frame_row(outer, 0);
    if (!outer->consecutive) {
        memcpy(f->rows, outer->rows, size);
    }
    set_rows(f, outer->n);
    f->consecutive = outer->consecutive;
    f->same = true;
    f->base = f->rows[0];
    run_body(x, f);
}

// Whether a condition makes no row false.
static bool keeps_all(const rp_frame *outer, const rp_val *condition)
{
    uint64_t dropped = 0;
    for (uint32_t w = 0; w < outer->words; w++) {
        dropped |= outer->mask[w] & rp_word_false(condition, w);
    }
    return dropped == 0;
}

// Rows that the condition does not make false.
static void run_filter(rp_exec *x, const rp_frame *outer, rp_frame *f, const rp_val *condition)
{
    uint32_t n = 0;
    if (keeps_all(outer, condition)) {
        run_same(x, outer, f);
        return;
    }
    for (uint32_t w = 0; w < outer->words; w++) {
        uint64_t rows = outer->mask[w] & ~rp_word_false(condition, w);
        for (; rows != 0; rows &= rows - 1) {
            uint32_t i = w * RP_WORD_BITS + rp_bits_lowest(rows);
            f->parents[n] = i;
            f->rows[n++] = rp_frame_row(outer, i);
        }
    }
    if (n != 0) {
        run_chunk(x, f, n, f->rows[n - 1] - f->rows[0] == n - 1 && outer->consecutive);
    }
}

// Whether numbers follow each other.
RP_WIDE static bool count_up(const uint32_t *numbers, uint32_t n)
{
    uint32_t off = 0, next = numbers[0];
    for (; n >= RP_WORD_BITS; n -= RP_WORD_BITS, next += RP_WORD_BITS, numbers += RP_WORD_BITS) {
        for (uint32_t l = 0; l < RP_WORD_BITS; l++) {
            off |= numbers[l] ^ (next + l);
        }
    }
    for (; n != 0; n--) {
        off |= *numbers++ ^ next++;
    }
    return off == 0;
}

// Elements of lists on their way into a chunk: `rows` of the frame holds their places in the list.
typedef struct filling {
    rp_exec *x;
    rp_frame *f;
    const uint32_t *order;
    uint32_t *rows, *parents; // of the frame
    uint32_t chunk;
} filling;

static void run_elements(const filling *fill, uint32_t n)
{
    for (uint32_t i = 0; fill->order != NULL && i < n; i++) {
        fill->rows[i] = fill->order[fill->rows[i]];
    }
    run_chunk(fill->x, fill->f, n, count_up(fill->rows, n));
}

// Behind `n` elements; how many there are now.
static uint32_t add_elements(const filling *fill, uint32_t n, uint32_t parent, uint32_t e,
                             uint32_t end)
{
    for (; e < end; e++) {
        if (n == fill->chunk) {
            run_elements(fill, n);
            n = 0;
        }
        fill->parents[n] = parent;
        fill->rows[n++] = e;
    }
    return n;
}

// Most lists are short: as many are written as few are, and the next list overwrites what was too
// much.
static inline uint32_t add_list(const filling *fill, uint32_t n, uint32_t parent, uint32_t e,
                                uint32_t end)
{
    enum { FEW = 8 };
    uint32_t *parents = fill->parents + n, *rows = fill->rows + n;
    if (end - e > FEW || n + FEW > fill->chunk) {
        return add_elements(fill, n, parent, e, end);
    }
    for (uint32_t k = 0; k < FEW; k++) {
        parents[k] = parent;
    }
    for (uint32_t k = 0; k < FEW; k++) {
        rows[k] = e + k;
    }
    return n + (end - e);
}

// The rows of `n` elements, as positions in a chunk that begins at row `base`. Whether these are
// just 0, 1, 2, ...
RP_WIDE static bool place_elements(uint32_t *restrict parents, const uint32_t *restrict owner,
                                   uint32_t base, uint32_t n)
{
    uint32_t off = 0, i = 0;
    for (; n - i >= RP_WORD_BITS;
         i += RP_WORD_BITS, parents += RP_WORD_BITS, owner += RP_WORD_BITS) {
        for (uint32_t l = 0; l < RP_WORD_BITS; l++) {
            parents[l] = owner[l] - base;
            off |= parents[l] ^ (i + l);
        }
    }
    for (; i < n; i++) {
        *parents = *owner++ - base;
        off |= *parents++ ^ i;
    }
    return off == 0;
}

// The lists of consecutive rows, one after the other: their elements are consecutive, too.
static void run_dense(rp_exec *x, const rp_frame *outer, rp_frame *f, const rp_list_view *list)
{
    uint32_t e = list->begin[outer->base], end = list->end[outer->base + outer->n - 1];
    for (uint32_t w = 0; w < outer->words; w++) {
        size_t at = outer->base + (size_t)w * RP_WORD_BITS;
        f->incomplete[w] = outer->mask[w] & ~rp_bits_window(list->complete, at);
    }
    bool as_many = end - e == outer->n; // and so in one chunk
    for (uint32_t n; e < end; e += n) {
        n = end - e < x->plan.chunk ? end - e : x->plan.chunk;
        f->same = place_elements(f->parents, list->owner + e, outer->base, n) && as_many;
        f->consecutive = true;
        f->base = f->rows[0] = e;
        set_rows(f, n);
        run_body(x, f);
    }
}

// The lists of the rows of a word, or of those that `refs` names, behind `n` elements; `open`:
// those that are not complete.
static uint32_t add_lists(const filling *fill, uint32_t n, const rp_frame *outer,
                          const rp_step *unnest, uint32_t w, uint64_t *open)
{
    const rp_list_view *list = unnest->extra;
    const rp_val *refs = unnest->b;
    uint64_t rows = outer->mask[w];
    *open = 0;
    if (refs != NULL) {
        *open = rows & ~(refs->k[w] | refs->p[w]);
        rows &= refs->p[w];
    }
    for (; rows != 0; rows &= rows - 1) {
        uint32_t i = w * RP_WORD_BITS + rp_bits_lowest(rows), begin, end;
        uint32_t row = refs != NULL ? ((const uint32_t *)refs->v)[i] : rp_frame_row(outer, i);
        *open |= rp_list_range(list, row, &begin, &end) ? 0 : rows & (~rows + 1);
        n = begin == end ? n : add_list(fill, n, i, begin, end); // many have no elements
    }
    return n;
}

static void run_unnest(rp_exec *x, const rp_frame *outer, rp_frame *f, const rp_step *open)
{
    const rp_list_view *list = open->extra;
    filling fill = {x, f, list->order, f->rows, f->parents, x->plan.chunk};
    uint32_t n = 0;
    if (open->b == NULL && list->owner != NULL && outer->consecutive) {
        run_dense(x, outer, f, list);
        return;
    }
    for (uint32_t w = 0; w < outer->words; w++) {
        n = add_lists(&fill, n, outer, open, w, &f->incomplete[w]);
    }
    if (n != 0) {
        run_elements(&fill, n);
    }
}

static void run_inner(rp_exec *x, const rp_frame *outer, uint32_t frame)
{
    const rp_bundle *b = x->world->bundle;
    rp_frame *f = &x->frames[outer->info->depth + 1];
    const rp_step *open = step_of(x, b->frames[frame].first);
    f->info = &b->frames[frame];
    memset(f->incomplete, 0, outer->words * sizeof(uint64_t));
    for (uint32_t i = x->fold_first[frame]; i != RP_NONE; i = x->fold_next[i]) {
        if (is_live(x, &x->steps[i])) {
            rp_fold_begin(x, &x->steps[i], outer);
        }
    }
    if (open->op == RP_OP_FILTER) {
        run_filter(x, outer, f, open->a);
    } else {
        run_unnest(x, outer, f, open);
    }
    for (uint32_t i = x->fold_first[frame]; i != RP_NONE; i = x->fold_next[i]) {
        if (is_live(x, &x->steps[i])) {
            rp_fold_finish(x, &x->steps[i], outer, f->incomplete);
        }
    }
}

void rp_exec_scan(rp_exec *x, uint32_t frame, uint32_t first, uint32_t last)
{
    rp_frame *f = &x->frames[0];
    f->info = &x->world->bundle->frames[frame];
    f->consecutive = true;
    for (uint32_t base = first; base < last; base += x->plan.chunk) {
        uint32_t left = last - base;
        f->base = base;
        set_rows(f, left < x->plan.chunk ? left : x->plan.chunk);
        run_body(x, f);
        if (x->chunk_done != NULL) {
            x->chunk_done(x->ctx, frame, f);
        }
    }
}

void rp_exec_rows(rp_exec *x, uint32_t frame, const uint32_t *rows, uint32_t count)
{
    rp_frame *f = &x->frames[0];
    f->info = &x->world->bundle->frames[frame];
    bool consecutive = true;
    for (uint32_t i = 0; i < count; i++) {
        f->rows[i] = rows[i];
        consecutive = consecutive && rows[i] == rows[0] + i;
    }
    run_chunk(x, f, count, consecutive);
}

void rp_exec_one(rp_exec *x, uint32_t frame, uint32_t row, uint32_t parent)
{
    const rp_bundle *b = x->world->bundle;
    rp_frame *f = &x->frames[b->frames[frame].depth];
    f->info = &b->frames[frame];
    f->consecutive = true;
    f->same = false;
    f->base = row;
    f->rows[0] = row;
    f->parents[0] = parent;
    set_rows(f, 1);
    run_steps(x, f, false);
}

// ---- Binding -----------------------------------------------------------------------------------

typedef struct binder {
    rp_exec *x;
    rp_arena *arena;
    void **const_array; // per constant, then per parameter
    void *zero_array;   // for absent and unknown values
    uint64_t *memos;    // of the tests that are not bound yet
    bool failed;
} binder;

// The same value for each row.
static void *new_array(binder *k, uint32_t kind, uint64_t bits)
{
    size_t size = rp_plan_value_size((rp_kind)kind), all = k->x->plan.padded * size;
    uint32_t small = (uint32_t)bits;
    unsigned char *array = rp_arena_alloc(k->arena, all);
    if (array == NULL) {
        k->failed = true;
        return NULL;
    }
    memcpy(array, size == 4 ? (const void *)&small : &bits, size);
    for (size_t done = size; done != 0 && done < all; done *= 2) {
        memcpy(array + done, array, all - done < done ? all - done : done);
    }
    return array;
}

static void set_planes(binder *k, rp_val *out, uint32_t kind, uint64_t *mask, uint64_t bits,
                       bool present)
{
    bool boolean = kind == RP_KIND_BOOL;
    if (boolean) {
        out->p = !present || bits != 0 ? mask : k->x->zero;
        out->k = !present || bits == 0 ? mask : k->x->zero;
    } else {
        out->k = mask;
        out->p = present ? mask : k->x->zero;
    }
}

static void bind_shared(binder *k, rp_val *out, uint32_t type, uint32_t slot, uint64_t bits,
                        bool present, uint64_t *mask)
{
    uint32_t kind = RP_TYPE_KIND(type);
    if (present && kind != RP_KIND_BOOL) {
        if (k->const_array[slot] == NULL) {
            k->const_array[slot] = new_array(k, kind, bits);
        }
        out->v = k->const_array[slot];
    } else {
        out->v = k->zero_array;
    }
    set_planes(k, out, kind, mask, bits, present);
}

static void bind_param(binder *k, rp_val *out, uint32_t type, uint32_t param, uint64_t *mask)
{
    const rp_world *world = k->x->world;
    bool present = rp_bits_get(world->param_present, param);
    bind_shared(k, out, type, world->bundle->const_count + param, world->params[param], present,
                mask);
}

static void bind_now(binder *k, rp_val *out, uint64_t *mask)
{
    if (k->x->now == NULL) {
        k->x->now = new_array(k, RP_KIND_INT, 0);
    }
    out->v = k->x->now;
    out->k = out->p = mask;
}

// Values that are the same in every row point to shared arrays and to the mask of their frame.
static void bind_same(binder *k, uint32_t insn, rp_val *out)
{
    rp_exec *x = k->x;
    const rp_bundle *b = x->world->bundle;
    const rp_insn n = rp_bundle_insn(b, insn);
    uint32_t type = n.type;
    uint64_t *mask = x->frames[b->frames[b->frame_of[insn]].depth].mask;
    switch (n.op) {
    case RP_OP_CONST: bind_shared(k, out, type, n.a, x->world->consts[n.a], true, mask); break;
    case RP_OP_PARAM: bind_param(k, out, type, n.a, mask); break;
    case RP_OP_NOW: bind_now(k, out, mask); break;
    case RP_OP_ABSENT:
        out->v = k->zero_array;
        set_planes(k, out, RP_TYPE_KIND(type), mask, 0, false);
        break;
    default:
        out->v = k->zero_array;
        out->k = out->p = x->zero;
        break;
    }
}

void rp_exec_place(const rp_exec *x, uint32_t insn, rp_val *out)
{
    uint32_t value = x->plan.value[x->plan.slot[insn]];
    *out = (rp_val){.v = NULL};
    if (value == RP_PLAN_NONE) {
        return;
    }
    uint32_t type = rp_bundle_type(x->world->bundle, insn);
    size_t size = rp_plan_value_size(RP_TYPE_KIND(type));
    unsigned char *at = x->block + value * RP_PLAN_UNIT;
    uint64_t *planes = (void *)(at + x->plan.padded * size);
    size_t words = x->plan.padded / RP_WORD_BITS;
    out->v = at;
    if (size <= 8 || RP_TYPE_KIND(type) == RP_KIND_COVER) {
        out->p = planes;
        out->k = size == 0 || RP_TYPE_OPTIONAL(type) ? planes + words : planes;
    }
}

static void bind_extra(rp_exec *x, rp_step *s, const rp_insn *n)
{
    const rp_world *world = x->world;
    s->number = (uint32_t)rp_plan_value_size(RP_TYPE_KIND(s->type));
    switch (s->op) {
    case RP_OP_LOAD:
    case RP_OP_STORE:
        s->extra = &world->columns[n->a];
        s->number = (uint32_t)rp_plan_value_size(RP_TYPE_KIND(world->bundle->columns[n->a].type));
        break;
    case RP_OP_GATHER: s->extra = &world->columns[n->b]; break;
    case RP_OP_UNNEST: s->extra = &world->lists[n->a]; break;
    case RP_OP_IN_SET:
        s->extra = &world->sets[n->b];
        s->number = RP_TYPE_KIND(rp_bundle_type(world->bundle, n->a));
        break;
    case RP_OP_PRESENT: s->number = RP_TYPE_KIND(rp_bundle_type(world->bundle, n->a)); break;
    case RP_OP_FOLD_COVER:
    case RP_OP_FOLD_TEXT: s->number = RP_TYPE_KIND(rp_bundle_type(world->bundle, n->b)); break;
    default: break;
    }
}

// A test of texts with one side that is the same for all rows, so that answers can be remembered.
// Few texts are tested sooner than memory for their answers is there.
static bool has_memo(const rp_world *world, const rp_insn *n)
{
    uint32_t op = n->op;
    bool tests = (op >= RP_OP_TEXT_STARTS && op <= RP_OP_TEXT_GLOB) || op == RP_OP_VERSION_SERIES;
    if (!tests || world->id_count < 8 * RP_MEMO_SLOTS) {
        return false;
    }
    uint32_t literal = rp_bundle_op(world->bundle, n->b);
    return literal == RP_OP_CONST || literal == RP_OP_PARAM;
}

// All memos in one piece, of which the pages of tests that never run stay untouched.
static void alloc_memos(binder *k)
{
    const rp_exec *x = k->x;
    size_t count = 0;
    for (uint32_t slot = 0; slot < x->plan.slot_count; slot++) {
        rp_insn n = rp_bundle_insn(x->world->bundle, x->plan.insn[slot]);
        count += has_memo(x->world, &n);
    }
    k->memos = RP_NEW_ARRAY(k->arena, uint64_t, count * RP_MEMO_SLOTS);
    k->failed = k->failed || k->memos == NULL;
}

static void bind_memo(binder *k, rp_step *s, const rp_insn *n)
{
    if (has_memo(k->x->world, n)) {
        s->aux = k->memos;
        k->memos += RP_MEMO_SLOTS;
    }
}

static void bind_slot(binder *k, uint32_t slot)
{
    rp_exec *x = k->x;
    uint32_t insn = x->plan.insn[slot];
    const rp_insn n = rp_bundle_insn(x->world->bundle, insn);
    const uint32_t operands[] = {n.a, n.b, n.c};
    rp_step *s = &x->steps[slot];
    *s = (rp_step){.op = (uint8_t)n.op,
                   .type = (uint8_t)(n.type & 0xffu),
                   .insn = (uint16_t)insn,
                   .out = &x->vals[slot]};
    const rp_val **places[] = {&s->a, &s->b, &s->c};
    for (int i = 0; i < 3; i++) {
        bool value = rp_operand_is_value(rp_op_get(s->op)->operands[i]) && operands[i] != RP_NONE;
        if (value && x->plan.slot[operands[i]] != RP_PLAN_NO_SLOT) {
            *places[i] = rp_exec_val(x, operands[i]);
        }
    }
    rp_exec_place(x, insn, s->out);
    if (x->plan.value[slot] == RP_PLAN_NONE && s->op >= RP_OP_CONST && s->op <= RP_OP_UNKNOWN) {
        bind_same(k, insn, s->out);
    }
    if (x->plan.aux[slot] != RP_PLAN_NONE) {
        s->aux = (void *)(x->block + x->plan.aux[slot] * RP_PLAN_UNIT);
    }
    bool cover = s->op == RP_OP_UNKNOWN && RP_TYPE_KIND(s->type) == RP_KIND_COVER;
    s->run = cover ? rp_kernel_unknown_cover : rp_kernel_get(s->op);
    bind_extra(x, s, &n);
    bind_memo(k, s, &n);
}

static void bind_frames(rp_exec *x)
{
    for (uint32_t d = 0; d < x->plan.depths; d++) {
        rp_frame *f = &x->frames[d];
        f->rows = (void *)(x->block + x->plan.rows[d]);
        f->parents = (void *)(x->block + x->plan.parents[d]);
        f->mask = (void *)(x->block + x->plan.mask[d]);
        f->incomplete = (void *)(x->block + x->plan.incomplete[d]);
    }
}

// The folds of each frame, in order.
static void bind_folds(rp_exec *x)
{
    const rp_bundle *b = x->world->bundle;
    uint32_t *last[RP_MAX_FRAME_DEPTH]; // where the next fold of an open frame is noted
    uint32_t depth = 0;
    for (uint32_t slot = 0; slot < x->plan.slot_count; slot++) {
        uint32_t insn = x->plan.insn[slot], op = rp_bundle_op(b, insn);
        if (rp_op_opens(op)) {
            last[depth] = &x->fold_first[b->frame_of[insn]];
            *last[depth++] = RP_NONE;
        } else if (op == RP_OP_END) {
            depth--;
        } else if (rp_op_folds(op)) {
            *last[depth - 1] = slot;
            last[depth - 1] = &x->fold_next[slot];
            *last[depth - 1] = RP_NONE;
        }
    }
}

// Not cleared: whatever runs is written before it is read, and most is never touched. Where
// assertions are compiled it holds noise, so that tests notice what is not.
static void *alloc_raw(rp_arena *arena, size_t size)
{
    unsigned char *raw = rp_arena_alloc(arena, size);
#if !defined(NDEBUG)
    if (raw != NULL) {
        memset(raw, 0xa5, size);
    }
#endif
    return raw;
}

static bool alloc_exec(rp_exec *x, rp_arena *arena)
{
    const rp_bundle *b = x->world->bundle;
    size_t count = x->plan.slot_count; // at most RP_MAX_INSNS
    x->block_size = x->plan.size;
    unsigned char *raw = alloc_raw(arena, x->plan.size + 64);
    x->vals = alloc_raw(arena, count * sizeof *x->vals);
    x->steps = alloc_raw(arena, count * sizeof *x->steps);
    x->fold_first = alloc_raw(arena, b->frame_count * sizeof *x->fold_first);
    x->fold_next = alloc_raw(arena, count * sizeof *x->fold_next);
    x->zero = RP_NEW_ARRAY(arena, uint64_t, x->plan.padded / RP_WORD_BITS + 1);
    x->positions = RP_NEW_ARRAY(arena, uint32_t, x->plan.padded);
    x->counting = RP_NEW_ARRAY(arena, uint32_t, x->plan.padded);
    if (raw == NULL || x->positions == NULL || x->counting == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < x->plan.padded; i++) {
        x->counting[i] = i;
    }
    x->block = raw + (64 - (uintptr_t)raw % 64) % 64;
    return x->vals != NULL && x->steps != NULL && x->fold_first != NULL && x->fold_next != NULL &&
           x->zero != NULL;
}

bool rp_exec_init(rp_exec *x, const rp_world *world, rp_arena *arena, uint32_t chunk,
                  const unsigned char *live, const unsigned char *keep)
{
    const rp_bundle *b = world->bundle;
    memset(x, 0, sizeof *x);
    x->world = world;
    if (!rp_plan_make(&x->plan, b, arena, chunk, live, keep) || !alloc_exec(x, arena)) {
        return false;
    }
    binder k = {.x = x, .arena = arena};
    k.const_array = RP_NEW_ARRAY(arena, void *, (size_t)b->const_count + b->param_count);
    k.zero_array = RP_NEW_ARRAY(arena, uint64_t, x->plan.padded);
    if (k.const_array == NULL || k.zero_array == NULL) {
        return false;
    }
    alloc_memos(&k);
    bind_frames(x);
    bind_folds(x);
    for (uint32_t slot = 0; slot < x->plan.slot_count && !k.failed; slot++) {
        bind_slot(&k, slot);
    }
    rp_exec_bind_now(x);
    return !k.failed;
}

void rp_exec_bind_now(rp_exec *x)
{
    for (uint32_t i = 0; x->now != NULL && i < x->plan.padded; i++) {
        x->now[i] = x->world->now;
    }
}

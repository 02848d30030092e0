// Planning the workspace: lifetimes first, then places.
//
// Lifetimes: a value used in an inner frame must last until that frame ends, because the frame runs
// once for each of its chunks. A fold's value begins where the inner frame begins. Places: the free
// ones are kept by size class; a value takes one of its class or a new one at the end.
#include "vm/plan.h"

#define ALIGNMENT ((size_t)64)
#define CLASS_COUNT 8u

typedef struct planner {
    rp_plan *plan;
    const rp_bundle *b;
    const unsigned char *live;
    const unsigned char *keep;
    uint32_t *last; // per instruction: the last one that uses it
    uint32_t
        *next; // lists of values: by the instruction after which they end, later of free places
    uint32_t *dies_first;
    uint32_t free_first[CLASS_COUNT];
} planner;

size_t rp_plan_value_size(rp_kind kind)
{
    switch (kind) {
    case RP_KIND_INT:
    case RP_KIND_FLOAT:
    case RP_KIND_TIME:
    case RP_KIND_DURATION: return 8;
    case RP_KIND_STRING:
    case RP_KIND_CIDR:
    case RP_KIND_VERSION:
    case RP_KIND_REF: return 4;
    case RP_KIND_COVER: return sizeof(rp_cover);
    case RP_KIND_LISTTEXT: return sizeof(rp_listtext);
    case RP_KIND_BOOL:
    case RP_KIND_NONE:
    case RP_KIND_COUNT: break;
    }
    return 0;
}

static bool is_live(const planner *p, uint32_t insn)
{
    return p->live == NULL || p->live[insn] != 0;
}

static uint32_t op_of(const planner *p, uint32_t insn)
{
    return rp_bundle_op(p->b, insn);
}

static uint32_t type_of(const planner *p, uint32_t insn)
{
    return rp_bundle_type(p->b, insn);
}

// The end of the frame, directly inside `home`, that holds frame `inner`.
static uint32_t end_of_child(const planner *p, uint32_t home, uint32_t inner)
{
    while (p->b->frames[inner].parent != home) {
        inner = p->b->frames[inner].parent;
    }
    return p->b->frames[inner].end;
}

static void use(planner *p, uint32_t value, uint32_t frame, uint32_t at)
{
    uint32_t home = p->b->frame_of[value];
    uint32_t until = home == frame ? at : end_of_child(p, home, frame);
    if (until > p->last[value]) {
        p->last[value] = until;
    }
}

// What a live instruction uses; one that opens a frame uses it until that ends.
static void use_operands(planner *p, uint32_t i, uint32_t frame)
{
    const rp_bundle *b = p->b;
    uint32_t op = op_of(p, i), at = rp_op_opens(op) ? b->frames[b->frame_of[i]].end : i;
    const rp_op_info *info = rp_op_get(op);
    rp_insn n = rp_bundle_insn(b, i);
    const uint32_t operands[] = {n.a, n.b, n.c};
    for (int k = 0; k < 3; k++) {
        if (rp_operand_is_value(info->operands[k]) && operands[k] != RP_NONE) {
            use(p, operands[k], frame, at);
        }
    }
    const rp_rec_policy *policy = op == RP_OP_EMIT ? &b->policys[n.a] : NULL;
    for (uint32_t k = 0; policy != NULL && k < policy->clause_count; k++) {
        use(p, b->clauses[policy->first_clause + k].value, frame, i);
    }
}

// `frame`: that an instruction stands in, which is that of its value, but for folds one further in.
static void find_uses(planner *p)
{
    const rp_bundle *b = p->b;
    uint32_t frame = RP_NONE;
    for (uint32_t i = 0; i < b->insn_count; i++) {
        uint32_t op = op_of(p, i);
        if (is_live(p, i)) {
            use_operands(p, i, frame);
        } else if (rp_op_opens(op)) { // nothing of it runs
            i = b->frames[b->frame_of[i]].end;
            continue;
        }
        if (rp_op_opens(op)) {
            frame = b->frame_of[i];
        } else if (op == RP_OP_END) {
            frame = b->frames[frame].parent;
        }
    }
}

static void use_late(planner *p, uint32_t value)
{
    if (value != RP_NONE) {
        p->last[value] = p->b->frames[p->b->frame_of[value]].end;
    }
}

// Values that are read when their frame ends: conditions of waivers, and what messages print.
static void find_late_uses(planner *p)
{
    const rp_bundle *b = p->b;
    for (uint32_t i = 0; i < b->waiver_count; i++) {
        use_late(p, b->waivers[i].condition);
    }
    for (uint32_t i = 0; i < b->piece_count; i++) {
        use_late(p, b->pieces[i].value);
    }
    for (uint32_t i = 0; i < b->witness_count; i++) {
        use_late(p, b->witnesss[i].value);
    }
}

static size_t take(size_t *size, size_t bytes)
{
    size_t at = *size;
    *size += (bytes + (ALIGNMENT - 1)) / ALIGNMENT * ALIGNMENT;
    return at;
}

static size_t plane_bytes(const rp_plan *plan)
{
    return plan->padded / 8;
}

static uint32_t class_of(uint32_t type)
{
    size_t size = rp_plan_value_size(RP_TYPE_KIND(type));
    uint32_t base = size == 0                  ? 0
                    : size == 4                ? 1
                    : size == 8                ? 3
                    : size == sizeof(rp_cover) ? 5
                                               : 6;
    return base + ((size == 4 || size == 8) && RP_TYPE_OPTIONAL(type));
}

static size_t value_bytes(const rp_plan *plan, uint32_t type)
{
    size_t size = rp_plan_value_size(RP_TYPE_KIND(type));
    bool one = size <= 8 || RP_TYPE_KIND(type) == RP_KIND_COVER;
    size_t planes = size == 0 || RP_TYPE_OPTIONAL(type) ? 2 : one;
    return plan->padded * size + planes * plane_bytes(plan);
}

static bool needs_place(uint32_t op, uint32_t type)
{
    bool same_everywhere = op >= RP_OP_CONST && op <= RP_OP_UNKNOWN;
    bool cover = RP_TYPE_KIND(type) == RP_KIND_COVER;
    return RP_TYPE_KIND(type) != RP_KIND_NONE && (!same_everywhere || cover);
}

static void place(planner *p, uint32_t insn)
{
    uint32_t type = type_of(p, insn);
    if (!is_live(p, insn) || !needs_place(op_of(p, insn), type)) {
        return;
    }
    uint32_t c = class_of(type);
    bool keep = p->keep != NULL && p->keep[insn] != 0;
    uint32_t dead = p->free_first[c];
    if (!keep && dead != RP_NONE) {
        p->plan->value[insn] = p->plan->value[dead];
        p->free_first[c] = p->next[dead];
    } else {
        p->plan->value[insn] = take(&p->plan->size, value_bytes(p->plan, type));
    }
    if (rp_op_folds(op_of(p, insn))) {
        p->plan->aux[insn] = take(&p->plan->size, plane_bytes(p->plan));
    }
    if (keep) {
        return;
    }
    uint32_t last = p->last[insn] < insn ? insn : p->last[insn];
    p->next[insn] = p->dies_first[last];
    p->dies_first[last] = insn;
}

static void release_dead(planner *p, uint32_t at)
{
    uint32_t following;
    for (uint32_t i = p->dies_first[at]; i != RP_NONE; i = following) {
        uint32_t c = class_of(type_of(p, i));
        following = p->next[i];
        p->next[i] = p->free_first[c];
        p->free_first[c] = i;
    }
}

// Folds of a frame get their places where the frame begins.
static void place_folds(planner *p, uint32_t frame)
{
    const rp_frame_info *f = &p->b->frames[frame];
    for (uint32_t i = f->first + 1; i < f->end; i++) {
        uint32_t op = op_of(p, i);
        if (rp_op_opens(op)) {
            i = p->b->frames[p->b->frame_of[i]].end;
        } else if (rp_op_folds(op)) {
            place(p, i);
        }
    }
}

static void place_all(planner *p)
{
    for (uint32_t i = 0; i < p->b->insn_count; i++) {
        uint32_t op = op_of(p, i);
        if (rp_op_opens(op) && !is_live(p, i)) {
            i = p->b->frames[p->b->frame_of[i]].end;
        } else if (rp_op_opens(op)) {
            place_folds(p, p->b->frame_of[i]);
        } else if (!rp_op_folds(op)) {
            place(p, i);
        }
        release_dead(p, i);
    }
}

static void place_frames(rp_plan *plan, const rp_bundle *b)
{
    for (uint32_t i = 0; i < b->frame_count; i++) {
        plan->depths = b->frames[i].depth < plan->depths ? plan->depths : b->frames[i].depth + 1;
    }
    for (uint32_t d = 0; d < plan->depths; d++) {
        plan->rows[d] = take(&plan->size, plan->padded * sizeof(uint32_t));
        plan->parents[d] = take(&plan->size, plan->padded * sizeof(uint32_t));
        plan->mask[d] = take(&plan->size, plane_bytes(plan));
        plan->incomplete[d] = take(&plan->size, plane_bytes(plan));
    }
}

static bool make_tables(planner *p, rp_arena *arena, rp_arena *scratch)
{
    uint32_t count = p->b->insn_count;
    p->plan->value = RP_NEW_ARRAY(arena, size_t, count);
    p->plan->aux = RP_NEW_ARRAY(arena, size_t, count);
    p->last = RP_NEW_ARRAY(scratch, uint32_t, count);
    p->next = RP_NEW_ARRAY(scratch, uint32_t, count);
    p->dies_first = RP_NEW_ARRAY(scratch, uint32_t, count);
    for (uint32_t c = 0; c < CLASS_COUNT; c++) {
        p->free_first[c] = RP_NONE;
    }
    if (p->plan->value == NULL || p->plan->aux == NULL || p->last == NULL || p->next == NULL ||
        p->dies_first == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (is_live(p, i)) {
            p->plan->value[i] = p->plan->aux[i] = RP_PLAN_NONE;
        }
        p->dies_first[i] = RP_NONE;
    }
    return true;
}

bool rp_plan_make(rp_plan *plan, const rp_bundle *bundle, rp_arena *arena, uint32_t chunk,
                  const unsigned char *live, const unsigned char *keep)
{
    rp_arena scratch;
    memset(plan, 0, sizeof *plan);
    plan->chunk = chunk;
    plan->padded = (chunk + 63) / 64 * 64;
    planner p = {.plan = plan, .b = bundle, .live = live, .keep = keep};
    rp_arena_init(&scratch, arena->alloc);
    bool ok = make_tables(&p, arena, &scratch);
    if (ok) {
        find_uses(&p);
        find_late_uses(&p);
        place_frames(plan, bundle);
        place_all(&p);
    }
    rp_arena_clear(&scratch);
    return ok;
}

// Planning the workspace: lifetimes first, then places.
//
// Lifetimes: a value used in an inner frame must last until that frame ends, because the frame runs
// once for each of its chunks. A fold's value begins where the inner frame begins. Places: the free
// ones are kept by size class; a value takes one of its class or a new one at the end.
#include "vm/plan.h"

#define CLASS_COUNT 8u

typedef struct planner {
    rp_plan *plan;
    const rp_bundle *b;
    const unsigned char *live;
    const unsigned char *keep;
    // All per slot, and of slots.
    uint32_t *last; // the last one that uses it
    uint32_t *next; // lists of values: by the slot after which they end, later of free places
    uint32_t *dies_first;
    uint32_t free_first[CLASS_COUNT];
} planner;

static bool is_live(const planner *p, uint32_t insn)
{
    return p->live == NULL || p->live[insn] != 0;
}

static uint32_t op_of(const planner *p, uint32_t slot)
{
    return rp_bundle_op(p->b, p->plan->insn[slot]);
}

static uint32_t type_of(const planner *p, uint32_t slot)
{
    return rp_bundle_type(p->b, p->plan->insn[slot]);
}

// The frame that the instruction of a slot opens.
static const rp_frame_info *opened(const planner *p, uint32_t slot)
{
    return &p->b->frames[p->b->frame_of[p->plan->insn[slot]]];
}

// The slot of the `end` of the frame that one opens.
static uint32_t end_of(const planner *p, uint32_t slot)
{
    return p->plan->slot[opened(p, slot)->end];
}

static void add_slot(rp_plan *plan, uint32_t insn)
{
    plan->slot[insn] = (uint16_t)plan->slot_count;
    plan->insn[plan->slot_count++] = (uint16_t)insn;
}

// A frame that does not run is passed over with everything inside.
static void number_slots(planner *p)
{
    const rp_bundle *b = p->b;
    for (uint32_t i = 0; i < b->insn_count; i++) {
        uint32_t op = rp_bundle_op(b, i);
        if (is_live(p, i) || op == RP_OP_END) {
            add_slot(p->plan, i);
        } else if (rp_op_opens(op)) {
            i = b->frames[b->frame_of[i]].end;
        }
    }
}

// The end of the frame, directly inside `home`, that holds frame `inner`.
static uint32_t end_of_child(const planner *p, uint32_t home, uint32_t inner)
{
    while (p->b->frames[inner].parent != home) {
        inner = p->b->frames[inner].parent;
    }
    return p->plan->slot[p->b->frames[inner].end];
}

static void use(planner *p, uint32_t value, uint32_t frame, uint32_t at)
{
    uint32_t home = p->b->frame_of[value], slot = p->plan->slot[value];
    if (slot == RP_PLAN_NO_SLOT) { // of a fold of no rows
        return;
    }
    uint32_t until = home == frame ? at : end_of_child(p, home, frame);
    if (until > p->last[slot]) {
        p->last[slot] = until;
    }
}

// What an instruction uses; one that opens a frame uses it until that ends.
static void use_operands(planner *p, uint32_t slot, uint32_t frame)
{
    const rp_bundle *b = p->b;
    rp_insn n = rp_bundle_insn(b, p->plan->insn[slot]);
    uint32_t at = rp_op_opens(n.op) ? end_of(p, slot) : slot;
    const rp_op_info *info = rp_op_get(n.op);
    const uint32_t operands[] = {n.a, n.b, n.c};
    for (int k = 0; k < 3; k++) {
        if (rp_operand_is_value(info->operands[k]) && operands[k] != RP_NONE) {
            use(p, operands[k], frame, at);
        }
    }
    const rp_rec_policy *policy = n.op == RP_OP_EMIT ? &b->policys[n.a] : NULL;
    for (uint32_t k = 0; policy != NULL && k < policy->clause_count; k++) {
        use(p, b->clauses[policy->first_clause + k].value, frame, slot);
    }
}

// `frame`: that an instruction stands in, which is that of its value, but for folds one further in.
static void find_uses(planner *p)
{
    const rp_bundle *b = p->b;
    uint32_t frame = RP_NONE;
    for (uint32_t slot = 0; slot < p->plan->slot_count; slot++) {
        uint32_t op = op_of(p, slot);
        use_operands(p, slot, frame);
        if (rp_op_opens(op)) {
            frame = b->frame_of[p->plan->insn[slot]];
        } else if (op == RP_OP_END) {
            frame = b->frames[frame].parent;
        }
    }
}

static void use_late(planner *p, uint32_t value)
{
    if (value != RP_NONE && p->plan->slot[value] != RP_PLAN_NO_SLOT) {
        p->last[p->plan->slot[value]] = p->plan->slot[p->b->frames[p->b->frame_of[value]].end];
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
    *size += (bytes + (RP_PLAN_UNIT - 1)) / RP_PLAN_UNIT * RP_PLAN_UNIT;
    return at;
}

static uint32_t take_units(rp_plan *plan, size_t bytes)
{
    return (uint32_t)(take(&plan->size, bytes) / RP_PLAN_UNIT);
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

static void place(planner *p, uint32_t slot)
{
    rp_plan *plan = p->plan;
    uint32_t type = type_of(p, slot);
    if (!needs_place(op_of(p, slot), type)) {
        return;
    }
    uint32_t c = class_of(type);
    bool keep = p->keep != NULL && p->keep[plan->insn[slot]] != 0;
    uint32_t dead = p->free_first[c];
    if (!keep && dead != RP_NONE) {
        plan->value[slot] = plan->value[dead];
        p->free_first[c] = p->next[dead];
    } else {
        plan->value[slot] = take_units(plan, value_bytes(plan, type));
    }
    if (rp_op_folds(op_of(p, slot))) {
        plan->aux[slot] = take_units(plan, plane_bytes(plan));
    }
    if (keep) {
        return;
    }
    uint32_t last = p->last[slot] < slot ? slot : p->last[slot];
    p->next[slot] = p->dies_first[last];
    p->dies_first[last] = slot;
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
static void place_folds(planner *p, uint32_t open)
{
    for (uint32_t slot = open + 1; slot < end_of(p, open); slot++) {
        uint32_t op = op_of(p, slot);
        if (rp_op_opens(op)) {
            slot = end_of(p, slot);
        } else if (rp_op_folds(op)) {
            place(p, slot);
        }
    }
}

static void place_all(planner *p)
{
    for (uint32_t slot = 0; slot < p->plan->slot_count; slot++) {
        uint32_t op = op_of(p, slot);
        if (rp_op_opens(op)) {
            place_folds(p, slot);
        } else if (!rp_op_folds(op)) {
            place(p, slot);
        }
        release_dead(p, slot);
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

static bool make_slots(planner *p, rp_arena *arena)
{
    uint32_t count = p->b->insn_count;
    p->plan->slot = rp_arena_alloc(arena, count * sizeof *p->plan->slot);
    p->plan->insn = rp_arena_alloc(arena, count * sizeof *p->plan->insn);
    if (p->plan->slot == NULL || p->plan->insn == NULL) {
        return false;
    }
    memset(p->plan->slot, 0xff, count * sizeof *p->plan->slot);
    number_slots(p);
    return true;
}

static bool make_tables(planner *p, rp_arena *arena, rp_arena *scratch)
{
    uint32_t count = p->plan->slot_count;
    size_t size = count * sizeof(uint32_t);
    p->plan->value = rp_arena_alloc(arena, size);
    p->plan->aux = rp_arena_alloc(arena, size);
    p->last = RP_NEW_ARRAY(scratch, uint32_t, count);
    p->next = rp_arena_alloc(scratch, size);
    p->dies_first = rp_arena_alloc(scratch, size);
    for (uint32_t c = 0; c < CLASS_COUNT; c++) {
        p->free_first[c] = RP_NONE;
    }
    if (p->plan->value == NULL || p->plan->aux == NULL || p->last == NULL || p->next == NULL ||
        p->dies_first == NULL) {
        return false;
    }
    memset(p->plan->value, 0xff, size);
    memset(p->plan->aux, 0xff, size);
    memset(p->dies_first, 0xff, size);
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
    bool ok = make_slots(&p, arena) && make_tables(&p, arena, &scratch);
    if (ok) {
        find_uses(&p);
        find_late_uses(&p);
        place_frames(plan, bundle);
        place_all(&p);
    }
    rp_arena_clear(&scratch);
    return ok;
}

// The loop over questions.
#include "collectors/live/collect.h"

#include "collectors/live/fail.h"
#include "vm/base/text.h"
#include "vm/base/wipe.h"

#include <stdio.h>

enum { DEFAULT_IN_FLIGHT = 16, DEFAULT_ATTEMPTS = 5, DEFAULT_TIMEOUT_MS = 3600 * 1000 };
// Faults in a row, and the time they take, after which a service is taken to be out of reach: not a
// connection that is lost for a moment.
enum { MAX_SILENT = 32, MAX_SILENT_MS = 20 * 1000 };
enum { LEAST_REPEATS = 100, MAX_PAGES = 100000, STEP_MS = 100 };
#define MAX_JOINED ((size_t)1 << 30)

// A question that is being asked: page by page, attempt by attempt.
typedef struct job {
    struct job *next;
    uint32_t question;
    uint32_t attempt, page; // from 1
    uint32_t corrections;   // of keys and clock, for this page
    rp_signed used;         // how it was signed
    bool lost;              // a page of a listing could not be taken in
    int64_t not_before, begun;
    rp_buf token;  // of the page to ask for
    rp_buf mark;   // the token of an earlier page, to notice that they go round
    rp_buf joined; // members of the pages before, if they are taken in together
} job;

typedef struct queue {
    job *first, *last;
} queue;

typedef struct collection {
    const rp_collect_opts *opts;
    rp_alloc alloc;
    rp_facts *facts;
    rp_collect_stats *stats;
    rdspol_error *error;
    rp_feeder feeder;
    rp_plan plan;
    rp_session *sessions; // by target
    queue *queues;        // by target and service
    uint32_t *under_way;  // requests, by target and service
    queue delayed;
    job *running;   // any order
    uint32_t asked; // questions that became jobs
    uint64_t random;
    int64_t deadline;
    uint32_t in_flight, max_attempts;
    rdspol_status status;
    rdspol_error first_failure;
    bool answered;
} collection;

static void no_memory(collection *c)
{
    c->status = rp_fail_no_memory(c->error);
}

// ---- Queues ------------------------------------------------------------------------------------

static void append(queue *q, job *j)
{
    j->next = NULL;
    if (q->first == NULL) {
        q->first = j;
    } else {
        q->last->next = j;
    }
    q->last = j;
}

static void prepend(queue *q, job *j)
{
    j->next = q->first;
    q->first = j;
    if (q->last == NULL || j->next == NULL) q->last = j;
}

static job *take_first(queue *q)
{
    job *j = q->first;
    q->first = j->next;
    if (q->first == NULL) q->last = NULL;
    return j;
}

static const rp_question *question_of(const collection *c, const job *j)
{
    return &c->plan.questions[j->question];
}

// Of what is kept by target and service.
static size_t place_of(const collection *c, const job *j)
{
    const rp_question *q = question_of(c, j);
    return q->scope * RP_SERVICE_COUNT + (size_t)q->info->service;
}

static queue *queue_of(const collection *c, const job *j)
{
    return &c->queues[place_of(c, j)];
}

static void free_job(collection *c, job *j)
{
    rp_buf_free(&j->token);
    rp_buf_free(&j->mark);
    rp_buf_free(&j->joined);
    rp_alloc_free(c->alloc, j, sizeof *j);
}

static void free_queue(collection *c, queue *q)
{
    while (q->first != NULL) free_job(c, take_first(q));
}

static void add_job(collection *c, uint32_t question)
{
    job *j = rp_alloc_get_zero(c->alloc, sizeof *j);
    if (j == NULL) {
        no_memory(c);
        return;
    }
    j->question = question;
    j->attempt = j->page = 1;
    rp_buf_init(&j->token, c->alloc, MAX_JOINED);
    rp_buf_init(&j->mark, c->alloc, MAX_JOINED);
    rp_buf_init(&j->joined, c->alloc, MAX_JOINED);
    append(queue_of(c, j), j);
}

static void add_jobs(collection *c)
{
    if (c->plan.failed) no_memory(c);
    while (c->status == RDSPOL_OK && c->asked < c->plan.question_count) add_job(c, c->asked++);
    c->stats->planned = c->plan.question_count;
}

// ---- Facts -------------------------------------------------------------------------------------

static rp_envelope envelope_of(const collection *c, const rp_question *q)
{
    const rp_plan_scope *scope = &c->plan.scopes[q->scope];
    return (rp_envelope){.operation = rp_str_from(q->info->operation),
                         .account = scope->account,
                         .region = scope->region,
                         .names = q->names,
                         .values = q->values,
                         .count = q->count};
}

static void note_first_failure(collection *c, const rp_question *q, rp_str code, rp_str message)
{
    if (c->first_failure.status != RDSPOL_OK) return;
    code = rp_fail_cut(code, 64);
    message = rp_fail_cut(message, 160);
    (void)rp_fail(&c->first_failure, RDSPOL_INPUT, "%s: %.*s: %.*s", q->info->operation,
                  (int)code.len, code.ptr, (int)message.len, message.ptr);
}

static void feed_error(collection *c, const rp_question *q, rp_str code, rp_str message)
{
    rp_envelope envelope = envelope_of(c, q);
    note_first_failure(c, q, code, message);
    if (rp_feed_error(&c->feeder, &envelope, code, message, c->error) != RDSPOL_OK) no_memory(c);
}

// What the reader refuses is noted as such; the run goes on. True if it was taken in.
static bool feed_answer(collection *c, uint32_t question, rp_str response)
{
    rdspol_error why = {0};
    rp_question q = c->plan.questions[question]; // growing moves them
    rp_envelope envelope = envelope_of(c, &q);
    rdspol_status status = rp_feed_answer(&c->feeder, &envelope, response, &why);
    if (status == RDSPOL_NO_MEMORY) {
        no_memory(c);
    } else if (status != RDSPOL_OK) {
        c->stats->failed++;
        feed_error(c, &q, RP_STR("UnreadableAnswer"), rp_str_from(why.message));
    } else {
        c->answered = true;
        rp_plan_grow(&c->plan, c->facts, q.scope);
        add_jobs(c);
    }
    return status == RDSPOL_OK;
}

// Pages of a listing are taken in one by one; those of an answer about one thing together, because
// it is one fact.
static bool is_joined(const rp_question *q)
{
    return q->count > 0 && q->operation->member.len > 0 && q->info->token[0] != '\0';
}

static void feed_joined(collection *c, job *j, rp_str items, rp_str cut)
{
    const rp_question *q = question_of(c, j);
    rp_buf out;
    rp_buf_init(&out, c->alloc, MAX_JOINED);
    rp_buf_printf(&out, "{\"%.*s\":[", (int)q->operation->member.len, q->operation->member.ptr);
    rp_buf_add_str(&out, rp_buf_str(&j->joined));
    if (j->joined.size > 0 && items.len > 0) rp_buf_add_char(&out, ',');
    rp_buf_add_str(&out, items);
    rp_buf_add_char(&out, ']');
    rp_buf_add_str(&out, cut);
    rp_buf_add_char(&out, '}');
    if (out.failed || j->joined.failed) {
        no_memory(c);
    } else {
        (void)feed_answer(c, j->question, rp_buf_str(&out));
    }
    rp_buf_free(&out);
}

// What came before of a listing or answer stays, and is known not to be all.
static void feed_lost(collection *c, job *j)
{
    feed_joined(c, j, RP_STR(""), RP_STR(",\"NextToken\":\"lost\""));
}

// ---- Ends --------------------------------------------------------------------------------------

static void fail_job(collection *c, job *j, rp_str code, rp_str message)
{
    c->stats->failed++;
    if (j->page > 1) {
        note_first_failure(c, question_of(c, j), code, message);
        feed_lost(c, j);
    } else {
        feed_error(c, question_of(c, j), code, message);
    }
    free_job(c, j);
}

// Whether a token was there before: it is held against that of a page that is ever further back
// (Brent's way to find a cycle).
static bool goes_round(collection *c, job *j, rp_str token)
{
    if (j->page > 1 && rp_str_equal(token, rp_buf_str(&j->mark))) return true;
    if ((j->page & (j->page - 1)) == 0) {
        rp_buf_reset(&j->mark);
        rp_buf_add_str(&j->mark, token);
        if (j->mark.failed) no_memory(c);
    }
    return false;
}

static void go_on(collection *c, job *j, rp_str token)
{
    bool again = goes_round(c, j, token) || j->page == MAX_PAGES;
    rp_buf_reset(&j->token);
    rp_buf_add_str(&j->token, token);
    if (j->token.failed) no_memory(c);
    j->page++;
    j->attempt = 1;
    j->corrections = 0;
    if (again) {
        fail_job(c, j, RP_STR("RepeatedPage"), RP_STR("the next page is one that was there"));
    } else {
        prepend(queue_of(c, j), j);
    }
}

// Pages of a listing one by one, those of one answer together.
static void feed_page(collection *c, job *j, const rp_outcome *out)
{
    bool more = out->token.len > 0;
    if (!is_joined(question_of(c, j)) || (!more && j->page == 1)) {
        bool taken = feed_answer(c, j->question, out->response);
        j->lost = j->lost || (!taken && (more || j->page > 1));
    } else if (!more) {
        feed_joined(c, j, out->items, RP_STR(""));
    } else {
        if (j->joined.size > 0 && out->items.len > 0) rp_buf_add_char(&j->joined, ',');
        rp_buf_add_str(&j->joined, out->items);
    }
}

static void take_page(collection *c, job *j, const rp_outcome *out)
{
    uint64_t failed = c->stats->failed;
    feed_page(c, j, out);
    if (out->token.len > 0) {
        go_on(c, j, out->token);
        return;
    }
    if (j->lost) {
        feed_lost(c, j);
    } else if (c->stats->failed == failed) {
        c->stats->calls++;
    }
    free_job(c, j);
}

static bool may_repeat(const collection *c, const job *j)
{
    uint64_t budget = LEAST_REPEATS + c->stats->requests / 2;
    return j->attempt < c->max_attempts && c->stats->repeated < budget &&
           rp_clock_steady() < c->deadline;
}

static void repeat(collection *c, job *j, uint32_t delay)
{
    c->stats->repeated++;
    j->attempt++;
    j->not_before = rp_clock_steady() + delay;
    append(&c->delayed, j);
}

// True if the job goes on after a failure. To put keys or clock right is no attempt: it helps all
// that come later, too.
static bool try_again(collection *c, job *j, rp_next next, const rp_http_answer *answer)
{
    const rp_question *q = question_of(c, j);
    rp_session *session = &c->sessions[q->scope];
    if (next == RP_NEXT_SLOWER) {
        c->stats->throttled++;
        rp_bucket_slow(&session->buckets[q->info->service], j->begun, rp_clock_steady());
    }
    if (j->corrections < RP_SESSION_MAX_CORRECTIONS &&
        rp_session_correct(session, next, &j->used, answer)) {
        j->corrections++;
        j->attempt--;
        repeat(c, j, 0);
        return true;
    }
    if ((next != RP_NEXT_AGAIN && next != RP_NEXT_SLOWER) || !may_repeat(c, j)) return false;
    repeat(c, j, rp_retry_delay(&c->random, j->attempt, answer->retry_after));
    return true;
}

static void tell(collection *c, const job *j, const rp_http_answer *answer, const rp_outcome *out,
                 bool final)
{
    const rp_question *q = question_of(c, j);
    if (c->opts->event == NULL) return;
    rp_collect_event event = {.info = q->info,
                              .account = c->plan.scopes[q->scope].account,
                              .region = c->plan.scopes[q->scope].region,
                              .question = q,
                              .status = answer->status,
                              .code = out->code,
                              .message = out->message,
                              .attempt = j->attempt,
                              .page = j->page,
                              .ms = (uint32_t)(rp_clock_steady() - j->begun),
                              .final = final};
    c->opts->event(c->opts->ctx, &event);
}

static void fault_outcome(const rp_http_answer *answer, rp_outcome *out)
{
    *out = (rp_outcome){.code = rp_str_from(rp_fault_code(answer->fault)),
                        .message = rp_str_from(answer->detail)};
}

static void settle(collection *c, job *j, const rp_http_answer *answer, const rp_outcome *out)
{
    rp_next next = rp_retry_next(answer, out);
    const rp_question *q = question_of(c, j);
    if (next == RP_NEXT_GOOD) {
        rp_bucket_went_well(&c->sessions[q->scope].buckets[q->info->service]);
        rp_session_went_well(&c->sessions[q->scope]);
        tell(c, j, answer, out, true);
        take_page(c, j, out);
        return;
    }
    job as_it_was = *j; // trying again changes it
    bool again = try_again(c, j, next, answer);
    tell(c, &as_it_was, answer, out, !again);
    if (!again) fail_job(c, j, out->code, out->message);
}

static void take_answer(collection *c, job *j, const rp_http_answer *answer)
{
    rp_arena arena;
    rp_outcome out;
    const rp_question *q = question_of(c, j);
    rp_arena_init(&arena, c->alloc);
    c->stats->received += answer->body.size;
    if (answer->fault != RP_HTTP_NONE) {
        fault_outcome(answer, &out);
    } else if (!rp_call_outcome(c->opts->decoder, q->info, q->operation->member, answer, &arena,
                                &out)) {
        no_memory(c);
    } else if (!out.good) {
        rp_session_hide(&c->sessions[q->scope], &out);
    }
    if (c->status == RDSPOL_OK) {
        settle(c, j, answer, &out);
    } else {
        free_job(c, j);
    }
    rp_arena_clear(&arena);
}

// ---- Sending -----------------------------------------------------------------------------------

static void forget_running(collection *c, job *j)
{
    job **at = &c->running;
    while (*at != j) at = &(*at)->next;
    *at = j->next;
}

static bool send(collection *c, job *j, rdspol_error *error)
{
    const rp_question *q = question_of(c, j);
    rp_call call = {.info = q->info, .count = q->count, .token = rp_buf_str(&j->token)};
    rp_http_request request;
    rp_arena arena;
    rp_alloc inner = c->alloc;
    for (uint32_t i = 0; i < q->count; i++) {
        call.names[i] = q->names[i];
        call.values[i] = q->values[i];
    }
    rp_arena_init(&arena, rp_alloc_wiping(&inner));
    bool good = rp_session_request(&c->sessions[q->scope], c->opts->crypto, &call, &arena, &request,
                                   error) == RDSPOL_OK;
    if (good) {
        request.total_ms = c->opts->call_ms;
        good = rp_http_start(c->opts->http, &request, j);
        if (!good) (void)rp_fail_no_memory(error);
    }
    rp_arena_clear(&arena);
    return good;
}

static void start(collection *c, job *j)
{
    rdspol_error why = {0};
    j->begun = rp_clock_steady();
    j->used = rp_session_signed(&c->sessions[question_of(c, j)->scope]);
    if (send(c, j, &why)) {
        c->stats->requests++;
        c->under_way[place_of(c, j)]++;
        c->stats->by_service[question_of(c, j)->info->service]++;
        j->next = c->running;
        c->running = j;
    } else if (why.status == RDSPOL_NO_MEMORY) {
        no_memory(c);
        free_job(c, j);
    } else {
        rp_str message = rp_str_from(why.message);
        bool denied = rp_text_contains(message, RP_STR("AccessDenied"));
        fail_job(c, j, denied ? RP_STR("AccessDenied") : RP_STR("NotAsked"), message);
    }
}

static void wake_delayed(collection *c, int64_t now)
{
    queue waiting = c->delayed;
    c->delayed = (queue){0};
    while (waiting.first != NULL) {
        job *j = take_first(&waiting);
        if (j->not_before <= now) {
            prepend(queue_of(c, j), j);
        } else {
            append(&c->delayed, j);
        }
    }
}

static void give_up_queue(collection *c, queue *q, rp_str code, rp_str message)
{
    while (c->status == RDSPOL_OK && q->first != NULL) fail_job(c, take_first(q), code, message);
}

static size_t place_count(const collection *c)
{
    return c->opts->target_count * RP_SERVICE_COUNT;
}

// What one service may have under way: where others wait, one that does not answer must not hold
// up all.
static uint32_t share(const collection *c)
{
    uint32_t waiting = 0;
    for (size_t i = 0; i < place_count(c); i++) waiting += c->queues[i].first != NULL;
    uint32_t most = waiting > 1 ? c->in_flight - c->in_flight / 4 : c->in_flight;
    return most > 0 ? most : 1;
}

// Starts what one service may be asked now; how long nothing can be otherwise.
static uint32_t start_some(collection *c, size_t place, uint32_t most, int64_t now)
{
    rp_session *session = &c->sessions[place / RP_SERVICE_COUNT];
    rp_bucket *bucket = &session->buckets[place % RP_SERVICE_COUNT];
    queue *q = &c->queues[place];
    if (session->silent[place % RP_SERVICE_COUNT] >= MAX_SILENT &&
        now - session->silent_since[place % RP_SERVICE_COUNT] >= MAX_SILENT_MS)
        give_up_queue(c, q, RP_STR("OutOfReach"), RP_STR("the service does not answer"));
    while (c->status == RDSPOL_OK && q->first != NULL && c->under_way[place] < most &&
           rp_http_running(c->opts->http) < c->in_flight && rp_bucket_take(bucket, now))
        start(c, take_first(q));
    uint32_t until = q->first != NULL ? rp_bucket_wait(bucket, now) : 0;
    return until > 0 && until < STEP_MS ? until : STEP_MS;
}

// Starts what may be started; how long nothing can be otherwise.
static uint32_t start_all(collection *c)
{
    int64_t now = rp_clock_steady();
    uint32_t wait = STEP_MS;
    wake_delayed(c, now);
    uint32_t most = share(c);
    for (size_t i = 0; i < place_count(c); i++) {
        uint32_t until = start_some(c, i, most, now);
        if (until < wait) wait = until;
    }
    for (const job *j = c->delayed.first; j != NULL; j = j->next) {
        int64_t until = j->not_before - now;
        if (until < wait) wait = until > 0 ? (uint32_t)until : 1;
    }
    return wait;
}

// Whether a service answers at all.
static void note_silence(collection *c, const job *j, const rp_http_answer *answer)
{
    const rp_question *q = question_of(c, j);
    rp_session *s = &c->sessions[q->scope];
    uint32_t *silent = &s->silent[q->info->service];
    if (*silent == 0) s->silent_since[q->info->service] = j->begun;
    *silent = answer->fault == RP_HTTP_NONE ? 0 : *silent + 1;
}

static void take_answers(collection *c)
{
    rp_http_answer answer;
    void *tag;
    while (rp_http_take(c->opts->http, &tag, &answer)) {
        job *j = tag;
        forget_running(c, j);
        c->under_way[place_of(c, j)]--;
        note_silence(c, j, &answer);
        if (c->status == RDSPOL_OK) {
            take_answer(c, j, &answer);
        } else {
            free_job(c, j);
        }
        rp_http_answer_clear(&answer);
    }
}

static bool is_idle(const collection *c)
{
    for (size_t i = 0; i < place_count(c); i++) {
        if (c->queues[i].first != NULL) return false;
    }
    return c->delayed.first == NULL && c->running == NULL;
}

static bool is_stopped(const collection *c)
{
    return c->opts->stopped != NULL && c->opts->stopped(c->opts->ctx);
}

static void give_up_queued(collection *c, rp_str code, rp_str message)
{
    for (size_t i = 0; i < place_count(c); i++) {
        give_up_queue(c, &c->queues[i], code, message);
    }
}

// Everything that is left gets its reason, also what comes up when the pages of an answer that are
// there are taken in. A running transfer is ended with the client.
static void give_up(collection *c, rp_str code, rp_str message)
{
    queue running = {0};
    while (c->running != NULL) {
        job *j = c->running;
        c->running = j->next;
        append(&running, j);
    }
    give_up_queue(c, &running, code, message);
    give_up_queue(c, &c->delayed, code, message);
    while (c->status == RDSPOL_OK && !is_idle(c)) give_up_queued(c, code, message);
    free_queue(c, &running);
    rp_http_abandon(c->opts->http);
}

// What the listings did not hold is asked for when they are all there.
static bool has_more(collection *c)
{
    if (!is_idle(c)) return true;
    rp_plan_rest(&c->plan, c->facts);
    add_jobs(c);
    return !is_idle(c);
}

static void loop(collection *c)
{
    while (c->status == RDSPOL_OK && has_more(c)) {
        if (is_stopped(c)) {
            give_up(c, RP_STR("Interrupted"), RP_STR("the run was ended"));
            return;
        }
        if (rp_clock_steady() >= c->deadline) {
            give_up(c, RP_STR("TimedOut"), RP_STR("the time for all calls is over"));
            return;
        }
        uint32_t wait = start_all(c);
        c->stats->running = rp_http_running(c->opts->http);
        if (c->opts->progress != NULL) c->opts->progress(c->opts->ctx, c->stats);
        rp_http_wait(c->opts->http, wait);
        take_answers(c);
    }
}

// ---- The whole ---------------------------------------------------------------------------------

static void sink(void *ctx, rp_str envelope)
{
    const rp_collect_opts *opts = ctx;
    opts->sink(opts->ctx, envelope);
}

static bool begin(collection *c)
{
    const rp_collect_opts *o = c->opts;
    if (!rp_feeder_init(&c->feeder, o->bundle, c->facts, c->alloc)) return false;
    c->feeder.sink = o->sink != NULL ? sink : NULL;
    c->feeder.sink_ctx = (void *)(uintptr_t)o;
    if (!rp_plan_init(&c->plan, o->bundle, &c->feeder.documents.operations, o->policies,
                      o->policy_count, c->alloc))
        return false;
    size_t places = o->target_count * RP_SERVICE_COUNT;
    c->sessions = rp_alloc_get_zero(c->alloc, o->target_count * sizeof *c->sessions);
    c->queues = rp_alloc_get_zero(c->alloc, places * sizeof *c->queues);
    c->under_way = rp_alloc_get_zero(c->alloc, places * sizeof *c->under_way);
    return c->sessions != NULL && c->queues != NULL && c->under_way != NULL;
}

static void add_targets(collection *c)
{
    for (size_t i = 0; i < c->opts->target_count; i++) {
        const rp_collect_target *t = &c->opts->targets[i];
        rp_session_init(&c->sessions[i], t->account, t->region);
        rp_facts_scope_add(c->facts, rp_facts_text(c->facts, t->account->id),
                           rp_facts_text(c->facts, t->region));
        rp_plan_add_scope(&c->plan, t->account->id, t->region);
    }
    add_jobs(c);
}

static void end(collection *c)
{
    const rp_collect_opts *o = c->opts;
    for (size_t i = 0; c->queues != NULL && i < o->target_count * RP_SERVICE_COUNT; i++) {
        free_queue(c, &c->queues[i]);
    }
    free_queue(c, &c->delayed);
    while (c->running != NULL) {
        job *j = c->running;
        c->running = j->next;
        free_job(c, j);
    }
    rp_alloc_free(c->alloc, c->sessions, o->target_count * sizeof *c->sessions);
    size_t places = o->target_count * RP_SERVICE_COUNT;
    rp_alloc_free(c->alloc, c->queues, places * sizeof *c->queues);
    rp_alloc_free(c->alloc, c->under_way, places * sizeof *c->under_way);
    rp_plan_clear(&c->plan);
    rp_feeder_clear(&c->feeder);
}

rdspol_status rp_collect(rp_facts *facts, const rp_collect_opts *opts, rp_collect_stats *stats,
                         rdspol_error *error)
{
    rp_alloc alloc = rp_alloc_or_libc(opts->alloc);
    collection c = {.opts = opts, .alloc = alloc, .facts = facts, .stats = stats, .error = error};
    *stats = (rp_collect_stats){0};
    c.in_flight = opts->in_flight != 0 ? opts->in_flight : DEFAULT_IN_FLIGHT;
    c.max_attempts = opts->max_attempts != 0 ? opts->max_attempts : DEFAULT_ATTEMPTS;
    c.random = (uint64_t)rp_clock_now() * 0x9e3779b97f4a7c15u | 1;
    c.deadline =
        rp_clock_steady() + (opts->timeout_ms != 0 ? opts->timeout_ms : DEFAULT_TIMEOUT_MS);
    rp_facts_later_counts(facts);
    if (begin(&c)) {
        add_targets(&c);
        loop(&c);
    } else {
        no_memory(&c);
    }
    end(&c);
    bool nothing = c.status == RDSPOL_OK && !c.answered && c.first_failure.status != RDSPOL_OK;
    if (nothing) {
        *error = c.first_failure;
        c.status = RDSPOL_INPUT;
    }
    return c.status;
}

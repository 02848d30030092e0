// credential_process: a program of the user that prints keys.
//
// It is started as the AWS CLI starts it: from words, without a shell, with our standard input and
// error, so that it may ask and complain. It has a limit of time and of output.
#include "collectors/live/chain.h"
#include "collectors/live/fail.h"
#include "collectors/live/words.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT_MS = 120 * 1000, STEP_MS = 10, GRACE_MS = 500, READ_SIZE = 4096 };

static const rp_key_names names = {
    "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", false, false, false, 0};

typedef struct process {
    pid_t pid;
    int out; // what it prints; -1: closed
    int64_t deadline;
    bool late, failed;
} process;

// Of a clock that nobody sets.
static int64_t steady_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

// ---- Starting ----------------------------------------------------------------------------------

static bool open_pipe(int ends[2])
{
    if (pipe(ends) != 0) return false;
    return fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0 && fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0;
}

// Signals as they are in a program that has just begun, whatever ours does with them.
static bool set_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, usual;
    (void)sigemptyset(&none);
    (void)sigemptyset(&usual);
    (void)sigaddset(&usual, SIGPIPE);
    (void)sigaddset(&usual, SIGINT);
    (void)sigaddset(&usual, SIGTERM);
    return posix_spawnattr_setsigmask(attributes, &none) == 0 &&
           posix_spawnattr_setsigdefault(attributes, &usual) == 0 &&
           posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) ==
               0;
}

// 0, or what went wrong.
static int spawn(process *p, char **words, char *const *variables, int out)
{
    static char *const none[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    if (posix_spawn_file_actions_init(&actions) != 0) return ENOMEM;
    if (posix_spawnattr_init(&attributes) != 0) {
        (void)posix_spawn_file_actions_destroy(&actions);
        return ENOMEM;
    }
    int error = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    if (error == 0 && !set_signals(&attributes)) error = EINVAL;
    if (error == 0) {
        error = posix_spawnp(&p->pid, words[0], &actions, &attributes, words,
                             variables != NULL ? variables : none);
    }
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    return error;
}

static int start(process *p, char **words, const rp_credentials_opts *opts)
{
    int ends[2];
    if (!open_pipe(ends)) return errno;
    int error = spawn(p, words, opts->variables, ends[1]);
    (void)close(ends[1]);
    p->out = ends[0];
    if (error != 0) (void)close(ends[0]);
    return error;
}

// ---- Reading and ending ------------------------------------------------------------------------

// Waits until there is something to read; false after the deadline.
static bool wait_readable(process *p)
{
    for (;;) {
        int64_t left = p->deadline - steady_ms();
        struct pollfd poll_out = {.fd = p->out, .events = POLLIN};
        int ready = left > 0 ? poll(&poll_out, 1, (int)left) : 0;
        if (ready > 0) return true;
        if (ready == 0 || errno != EINTR) return false;
    }
}

static void read_all(process *p, rp_buf *text)
{
    while (!text->failed) {
        if (!wait_readable(p)) {
            p->late = true;
            return;
        }
        char *room = rp_buf_grow(text, READ_SIZE);
        ssize_t got = room != NULL ? read(p->out, room, READ_SIZE) : -1;
        if (room != NULL) text->size -= READ_SIZE - (got > 0 ? (size_t)got : 0);
        if (got == 0 || (got < 0 && errno != EINTR)) return;
    }
}

static void pause_ms(long ms)
{
    struct timespec t = {.tv_sec = 0, .tv_nsec = ms * 1000000};
    (void)nanosleep(&t, NULL);
}

// Whether it has ended before `deadline`; then `status` is how.
static bool has_ended(const process *p, int64_t deadline, int *status)
{
    for (;;) {
        pid_t ended = waitpid(p->pid, status, WNOHANG);
        if (ended == p->pid) return true;
        if (ended < 0 && errno != EINTR) {
            *status = -1; // somebody else has waited for it
            return true;
        }
        if (steady_ms() >= deadline) return false;
        pause_ms(STEP_MS);
    }
}

// Closes our end, and waits. One that does not end is asked to, then made to.
static void end(process *p, bool stop)
{
    int status = 0;
    (void)close(p->out);
    if (stop) (void)kill(p->pid, SIGTERM);
    if (!has_ended(p, stop ? steady_ms() + GRACE_MS : p->deadline, &status)) {
        p->late = p->late || !stop;
        (void)kill(p->pid, SIGKILL);
        while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR) {
        }
    }
    p->failed = status != 0;
}

// ---- What it says ------------------------------------------------------------------------------

static rdspol_status refuse(rp_chain *chain, rp_str what, const char *why)
{
    return rp_fail(chain->error, RDSPOL_INPUT, "%.*s: %s", RP_SHOW(what), why);
}

static bool is_version_1(const rp_document *document)
{
    char room[RP_DOCUMENT_ROOM];
    const rp_document *version = rp_chain_member(document, "Version");
    return version != NULL && rp_document_kind_of(version) == RP_DOCUMENT_NUMBER &&
           rp_str_equal(rp_document_text(version, room), RP_STR("1"));
}

static rdspol_status read_keys(rp_chain *chain, rp_str text, rp_str what, rp_keys *keys)
{
    size_t offset;
    rp_document *document = rp_document_parse(text, &offset);
    rdspol_status status;
    if (document == NULL) {
        status = refuse(chain, what, "what it printed is no JSON");
    } else if (!is_version_1(document)) {
        status = refuse(chain, what, "what it printed does not have \"Version\": 1");
    } else {
        status = rp_chain_keys(chain, document, &names, what, keys);
    }
    rp_document_wipe(document);
    return status;
}

static rdspol_status run(rp_chain *chain, char **words, rp_str what, rp_keys *keys)
{
    process p = {.out = -1};
    rp_buf text;
    uint32_t limit = chain->opts->process_limit_ms;
    p.deadline = steady_ms() + (limit != 0 ? limit : LIMIT_MS);
    int error = start(&p, words, chain->opts);
    if (error != 0) return refuse(chain, what, strerror(error));
    rp_buf_init(&text, chain->arena->alloc, RP_CHAIN_MAX_ANSWER);
    read_all(&p, &text);
    end(&p, p.late || text.failed);
    rdspol_status status;
    if (p.late) {
        status = refuse(chain, what, "it did not end in time");
    } else if (text.failed) {
        status = text.too_large ? refuse(chain, what, "it prints more than keys")
                                : rp_fail_no_memory(chain->error);
    } else if (p.failed) {
        status = refuse(chain, what, "it failed");
    } else {
        status = read_keys(chain, rp_buf_str(&text), what, keys);
    }
    rp_buf_free(&text);
    return status;
}

rdspol_status rp_process_run(rp_chain *chain, rp_str profile, rp_str command, rp_keys *keys)
{
    size_t count;
    bool broken;
    rp_str what = rp_chain_format(chain, "profile %.*s (credential_process)", RP_SHOW(profile));
    if (what.ptr == NULL) return rp_fail_no_memory(chain->error);
    char **words = rp_words_split(chain->arena, command, &count, &broken);
    if (broken) return refuse(chain, what, "a quote in it does not end");
    if (words == NULL) return rp_fail_no_memory(chain->error);
    if (count == 0) return refuse(chain, what, "it is empty");
    keys->source = what;
    return run(chain, words, what, keys);
}

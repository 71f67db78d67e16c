#define _GNU_SOURCE /* F_SETPIPE_SZ */
#include "scribe.h"

#include "base/text.h"
#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum {
    PIPE_BYTES = 1 << 20,
    DESCRIPTORS = 256,
    LAST_WORDS_MS = 5000, /* for what waits when the watch ends */
    MAGIC = 0x45564944,
};

/* What comes before the octets of a file. */
struct order {
    uint32_t magic, n, tag;
    char name[SHELF_NAME];
};

struct answer {
    struct shelf_counts counts;
    int error;
    uint32_t tag;
    char name[SHELF_NAME]; /* what it came to be called */
};

_Static_assert(sizeof(struct answer) < 512, "an answer is written in one piece");

/* ---- the child ---- */

static bool read_all(int fd, void *out, size_t n)
{
    uint8_t *at = out;

    while (n) {
        ssize_t got = read(fd, at, n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        n -= (size_t)got;
    }
    return true;
}

/* One file; false at the end of the pipe, and for what the watch never says. */
static bool serve(struct shelf *shelf, int orders, int answers)
{
    struct order order;
    struct answer answer = { 0 };

    if (!read_all(orders, &order, sizeof order) || order.magic != MAGIC || order.n > SCRIBE_BYTES)
        return false;
    order.name[SHELF_NAME - 1] = '\0';
    uint8_t *octets = malloc((size_t)order.n + 1);
    if (!octets || !read_all(orders, octets, order.n)) {
        free(octets);
        return false;
    }
    answer.error = shelf_put(shelf, order.name, octets, order.n);
    answer.counts = shelf->counts;
    answer.tag = order.tag;
    memcpy(answer.name, order.name, sizeof answer.name);
    free(octets);
    ssize_t said = write(answers, &answer, sizeof answer);
    (void)said; /* who does not listen any more has its files all the same */
    return true;
}

/* Nothing of the watch stays open: no packet socket that comes later, no output of others. */
static void close_others(int folder, int orders, int answers)
{
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (nowhere >= 0) {
        (void)dup2(nowhere, STDIN_FILENO);
        (void)dup2(nowhere, STDOUT_FILENO);
    }
    for (int fd = STDERR_FILENO + 1; fd < DESCRIPTORS; fd++)
        if (fd != folder && fd != orders && fd != answers)
            close(fd);
}

static void confine_to(const char *path)
{
    struct sandbox_plan plan = { .folder = { path }, .n_folders = 1 };
    const char *lack = sandbox_lack(&plan, sandbox_enter(&plan));

    if (lack)
        fprintf(stderr, "shakeout: who writes the evidence is not fully confined: %s\n", lack);
}

static void ignore_signals(void)
{
    static const int ignored[] = { SIGINT,  SIGTERM, SIGHUP,  SIGQUIT, SIGPIPE,
                                   SIGUSR1, SIGUSR2, SIGTSTP, SIGTTOU, SIGTTIN };
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        signal(ignored[i], SIG_IGN);
}

static void live_for_it(struct shelf *shelf, const char *path, bool confined, int orders,
                        int answers)
{
    ignore_signals();
    (void)prctl(PR_SET_NAME, "shakeout-scribe");
    close_others(dirfd(shelf->folder), orders, answers);
    if (confined)
        confine_to(path);
    while (serve(shelf, orders, answers))
        ;
    _exit(0);
}

/* ---- the watch ---- */

struct waiting {
    struct order order;
    uint8_t *octets; /* owned */
};

struct scribe {
    int orders, answers; /* pipes */
    struct waiting queue[SCRIBE_QUEUE];
    size_t first, n, bytes; /* in the queue */
    size_t written;         /* of the first one, its order included */
    size_t unanswered;
    struct scribe_state state;
    struct wrote {
        uint32_t tag;
        char name[SHELF_NAME];
    } wrote[SCRIBE_QUEUE];
    size_t first_wrote, n_wrote; /* that nobody asked for yet */
};

static bool pipes_open(int orders[2], int answers[2])
{
    if (pipe(orders) != 0)
        return false;
    if (pipe(answers) == 0)
        return true;
    close(orders[0]);
    close(orders[1]);
    return false;
}

static void never_waits(int fd)
{
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static bool fail(struct failure *failure, int error)
{
    *failure = (struct failure){ .what = "the process that writes evidence" };
    snprintf(failure->why, sizeof failure->why, "cannot be started: %s", strerror(error));
    return false;
}

static bool start(struct scribe *s, struct shelf *shelf, const char *path, bool confined,
                  struct failure *failure)
{
    int orders[2], answers[2];

    if (!pipes_open(orders, answers))
        return fail(failure, errno);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        close(orders[1]);
        close(answers[0]);
        live_for_it(shelf, path, confined, orders[0], answers[1]);
    }
    int error = errno;
    close(orders[0]);
    close(answers[1]);
    s->orders = orders[1];
    s->answers = answers[0];
    if (child < 0)
        return fail(failure, error);
    never_waits(s->orders);
    never_waits(s->answers);
    (void)fcntl(s->orders, F_SETPIPE_SZ, PIPE_BYTES);
    return true;
}

struct scribe *scribe_open(struct shelf *shelf, const char *path, bool confined,
                           struct failure *failure)
{
    struct scribe *s = calloc(1, sizeof *s);

    if (s) {
        s->orders = s->answers = -1;
        s->state.counts = shelf->counts;
    } else {
        *failure = (struct failure){ .what = "memory", .why = "the machine has none left" };
    }
    bool fine = s && start(s, shelf, path, confined, failure);
    shelf_close(shelf); /* the child has it */
    if (fine)
        return s;
    scribe_close(s);
    return NULL;
}

static void drop_first(struct scribe *s)
{
    struct waiting *w = &s->queue[s->first];

    s->bytes -= w->order.n;
    free(w->octets);
    *w = (struct waiting){ 0 };
    s->first = (s->first + 1) % SCRIBE_QUEUE;
    s->n--;
    s->written = 0;
}

static void lose(struct scribe *s)
{
    s->state.gone = true;
    while (s->n) {
        s->state.failed++;
        drop_first(s);
    }
    s->state.failed += s->unanswered;
    s->unanswered = 0;
}

bool scribe_give(struct scribe *s, const char *name, uint32_t tag, uint8_t *octets, size_t n)
{
    if (s->state.gone || s->n == SCRIBE_QUEUE || n > SCRIBE_BYTES - s->bytes) {
        free(octets);
        return false;
    }
    struct waiting *w = &s->queue[(s->first + s->n++) % SCRIBE_QUEUE];
    *w = (struct waiting){ .order = { .magic = MAGIC, .n = (uint32_t)n, .tag = tag },
                           .octets = octets };
    text_copy(w->order.name, sizeof w->order.name, name);
    s->bytes += n;
    scribe_tick(s);
    return true;
}

/* The next octets for the pipe; what was written so far is the order and then the file. */
static ssize_t write_some(const struct scribe *s)
{
    const struct waiting *w = &s->queue[s->first];

    if (s->written < sizeof w->order)
        return write(s->orders, (const uint8_t *)&w->order + s->written,
                     sizeof w->order - s->written);
    size_t at = s->written - sizeof w->order;
    return write(s->orders, w->octets + at, w->order.n - at);
}

static void hand_over(struct scribe *s)
{
    while (s->n) {
        ssize_t done = write_some(s);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0 && errno == EAGAIN)
            return;
        if (done < 0) {
            lose(s);
            return;
        }
        s->written += (size_t)done;
        if (s->written == sizeof s->queue[s->first].order + s->queue[s->first].order.n) {
            s->unanswered++;
            drop_first(s);
        }
    }
}

static void note_wrote(struct scribe *s, const struct answer *answer)
{
    struct wrote *w = &s->wrote[(s->first_wrote + s->n_wrote) % SCRIBE_QUEUE];
    struct shelf_item item;

    if (answer->error || !memchr(answer->name, '\0', sizeof answer->name) ||
        !shelf_read_name(answer->name, &item))
        return;
    w->tag = answer->tag;
    memcpy(w->name, answer->name, sizeof w->name);
    if (s->n_wrote < SCRIBE_QUEUE)
        s->n_wrote++;
    else
        s->first_wrote = (s->first_wrote + 1) % SCRIBE_QUEUE;
}

bool scribe_wrote(struct scribe *s, uint32_t *tag, char name[SHELF_NAME])
{
    const struct wrote *w = &s->wrote[s->first_wrote];

    if (!s->n_wrote)
        return false;
    *tag = w->tag;
    memcpy(name, w->name, SHELF_NAME);
    s->first_wrote = (s->first_wrote + 1) % SCRIBE_QUEUE;
    s->n_wrote--;
    return true;
}

static void hear(struct scribe *s)
{
    struct answer answer;
    ssize_t got;

    while ((got = read(s->answers, &answer, sizeof answer)) == (ssize_t)sizeof answer) {
        s->state.counts = answer.counts;
        s->state.error = answer.error;
        s->state.failed += answer.error != 0;
        s->unanswered -= s->unanswered > 0;
        note_wrote(s, &answer);
    }
    if (got == 0)
        lose(s);
}

void scribe_tick(struct scribe *s)
{
    if (s->state.gone)
        return;
    hand_over(s);
    if (!s->state.gone)
        hear(s);
}

const struct scribe_state *scribe_state(const struct scribe *s) { return &s->state; }

static int64_t steady_ms(void)
{
    struct timespec now;
    return clock_gettime(CLOCK_MONOTONIC, &now) == 0 ? now.tv_sec * 1000 + now.tv_nsec / 1000000
                                                     : 0;
}

/* Until it has heard of every file. */
void scribe_flush(struct scribe *s)
{
    int64_t end_ms = steady_ms() + LAST_WORDS_MS, left_ms;

    scribe_tick(s);
    while (!s->state.gone && (s->n || s->unanswered) && (left_ms = end_ms - steady_ms()) > 0) {
        struct pollfd ready[2] = { { .fd = s->answers, .events = POLLIN },
                                   { .fd = s->n ? s->orders : -1, .events = POLLOUT } };
        (void)poll(ready, 2, (int)left_ms);
        scribe_tick(s);
    }
}

void scribe_close(struct scribe *s)
{
    if (!s)
        return;
    if (s->orders >= 0) {
        scribe_flush(s);
        close(s->orders);
        close(s->answers);
    }
    while (s->n)
        drop_first(s);
    free(s);
}

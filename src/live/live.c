#include "live/live.h"

#include "base/newfile.h"
#include "live/notify.h"
#include "live/state.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct output {
    const char *path;
    void (*write)(struct writer *w, const struct live_state *state);
    bool failed; /* the latest time */
};

struct live {
    struct live_config config;
    struct board *board;
    struct output output[2];
    struct live_state state;
    int64_t next_ns; /* steady clock: when it is written again */
    struct notify notify;
    volatile sig_atomic_t asked; /* write it now */
    struct writer writer;
};

static const int64_t second_ns = 1000000000;

static int64_t steady_ns(void)
{
    struct timespec now;
    return clock_gettime(CLOCK_MONOTONIC, &now) == 0 ? now.tv_sec * second_ns + now.tv_nsec : 0;
}

static bool output_write(struct live *l, struct output *o, struct failure *failure)
{
    struct newfile file;

    if (!newfile_open(&file, o->path, true, failure))
        return false;
    writer_open(&l->writer, file.file);
    o->write(&l->writer, &l->state);
    writer_flush(&l->writer);
    return newfile_finish(&file, l->writer.error, failure);
}

static void output_say(struct output *o, const struct failure *failure, bool fine)
{
    if (fine && o->failed)
        fprintf(stderr, "shakeout: %s: written again\n", o->path);
    if (!fine && !o->failed)
        fprintf(stderr, "shakeout: %s: %s; I go on watching, and try again\n", failure->what,
                failure->why);
    o->failed = !fine;
}

struct live *live_open(const struct live_config *config, struct failure *failure)
{
    struct live *l = calloc(1, sizeof *l);

    *failure = (struct failure){ .what = "memory", .why = "the machine has none left" };
    if (l)
        l->notify.fd = -1;
    if (!l || !(l->board = board_open())) {
        live_close(l);
        return NULL;
    }
    l->config = *config;
    notify_open(&l->notify);
    l->output[0] = (struct output){ .path = config->status, .write = status_write };
    l->output[1] = (struct output){ .path = config->textfile, .write = metrics_write };
    l->state = (struct live_state){ .interface = config->interface,
                                    .board = l->board,
                                    .started_s = time(NULL),
                                    .now_s = time(NULL),
                                    .oldest_age_s = -1 };
    for (size_t i = 0; i < 2; i++)
        if (l->output[i].path && !output_write(l, &l->output[i], failure)) {
            live_close(l);
            return NULL;
        }
    l->next_ns = steady_ns() + second_ns; /* the first one holds nothing yet */
    return l;
}

void live_close(struct live *l)
{
    if (!l)
        return;
    notify_close(&l->notify);
    board_close(l->board);
    free(l);
}

void live_ready(struct live *l) { notify_say(&l->notify, "READY=1"); }

void live_stopping(struct live *l) { notify_say(&l->notify, "STOPPING=1"); }

void live_ask(struct live *l) { l->asked = 1; }

struct board *live_board(struct live *l) { return l->board; }

static void state_refresh(struct live_state *s, const struct live_facts *facts)
{
    s->now_s = time(NULL);
    s->last_packet_s = facts->last_packet_ns / second_ns;
    s->packets = facts->packets;
    s->kernel_dropped = facts->kernel_dropped;
    s->interface_dropped = facts->interface_dropped;
    s->evicted_flows = facts->evicted_flows;
    s->directions = !facts->connections ? 0 : facts->one_way ? 1 : 2;
    board_sum(s->board, facts->clock_ns, &s->sums);
    int64_t oldest = s->sums.oldest_checkin_ns;
    s->oldest_age_s = oldest ? (facts->clock_ns - oldest) / second_ns : -1;
    if (oldest && s->oldest_age_s < 0)
        s->oldest_age_s = 0;
}

void live_tick(struct live *l, const struct live_facts *facts, bool now)
{
    struct failure failure;

    int64_t at_ns = steady_ns();

    notify_alive(&l->notify, at_ns);
    if (!now && !l->asked && at_ns < l->next_ns)
        return;
    l->asked = 0;
    l->next_ns = at_ns + LIVE_EVERY_S * second_ns;
    state_refresh(&l->state, facts);
    for (size_t i = 0; i < 2; i++)
        if (l->output[i].path)
            output_say(&l->output[i], &failure, output_write(l, &l->output[i], &failure));
}

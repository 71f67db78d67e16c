#include "live/live.h"

#include "base/newfile.h"
#include "live/state.h"

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
    int64_t next_s; /* steady clock */
    struct writer writer;
};

static int64_t steady_s(void)
{
    struct timespec now;
    return clock_gettime(CLOCK_MONOTONIC, &now) == 0 ? now.tv_sec : 0;
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
    if (!l || !(l->board = board_open())) {
        live_close(l);
        return NULL;
    }
    l->config = *config;
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
    l->next_s = steady_s() + 1; /* the first one holds nothing yet */
    return l;
}

void live_close(struct live *l)
{
    if (!l)
        return;
    board_close(l->board);
    free(l);
}

struct board *live_board(struct live *l) { return l->board; }

static void state_refresh(struct live_state *s, const struct live_facts *facts)
{
    const int64_t second_ns = 1000000000;

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

    if (!now && steady_s() < l->next_s)
        return;
    l->next_s = steady_s() + LIVE_EVERY_S;
    state_refresh(&l->state, facts);
    for (size_t i = 0; i < 2; i++)
        if (l->output[i].path)
            output_say(&l->output[i], &failure, output_write(l, &l->output[i], &failure));
}

#include "live/live.h"

#include "base/newfile.h"
#include "base/text.h"
#include "live/eventlog.h"
#include "live/kept.h"
#include "live/listener.h"
#include "live/notify.h"
#include "live/state.h"
#include "live/syslog.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct output {
    const char *path;
    void (*write)(struct writer *w, const struct live_state *state);
    int64_t every_s, next_ns; /* steady clock: when it is written again */
    bool failed;              /* the latest time */
};

enum { STATUS, TEXTFILE, KEPT, OUTPUTS };
enum { STATE_EVERY_S = 60, PUBLISH_EVERY_S = 5, ROOM_EVERY_S = 60 };

struct live {
    struct live_config config;
    struct board *board;
    struct alerts *alerts;
    struct eventlog *log;      /* NULL = none */
    struct syslog *syslog;     /* NULL = none */
    struct listener *listener; /* NULL = none */
    int64_t next_room_ns;
    int64_t next_publish_ns; /* steady clock */
    int64_t next_look_ns;    /* steady clock: of the rules */
    struct output output[OUTPUTS];
    struct live_state state;
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

/* ---- the beginning ---- */

static void fail_to_open(struct failure *failure, const char *path, int error)
{
    *failure = (struct failure){ 0 };
    text_printable(path, strlen(path), failure->what, sizeof failure->what);
    snprintf(failure->why, sizeof failure->why, "cannot be read: %s", strerror(error));
}

static void state_keep(struct writer *w, const struct live_state *s)
{
    kept_write(w, s->board, s->alerts, s->clock_ns);
}

static bool known_open(struct live *l)
{
    board_close(l->board);
    alerts_close(l->alerts);
    l->board = board_open();
    l->alerts = alerts_open(l->config.alerts);
    return l->board && l->alerts;
}

/* A file that is damaged is kept for who wants to know why; the watch begins as if it were the
 * first. */
static bool begin_afresh(struct live *l, const struct failure *damage)
{
    char aside[PATH_MAX];
    int n = snprintf(aside, sizeof aside, "%s.damaged", l->config.state);
    bool kept = n > 0 && (size_t)n < sizeof aside && rename(l->config.state, aside) == 0;

    fprintf(stderr, "shakeout: %s: %s; I start afresh%s\n", damage->what, damage->why,
            kept ? ", and keep it as *.damaged" : "");
    return known_open(l);
}

/* What an earlier watch knew; the first one finds no file. */
static bool state_resume(struct live *l)
{
    struct failure damage;
    FILE *in = l->config.state ? fopen(l->config.state, "re") : NULL;

    if (!in && (!l->config.state || errno == ENOENT))
        return true;
    if (in &&
        kept_read(in, l->config.state, time(NULL) * second_ns, l->board, l->alerts, &damage)) {
        fclose(in);
        return true;
    }
    if (!in)
        fail_to_open(&damage, l->config.state, errno);
    else
        fclose(in);
    return begin_afresh(l, &damage);
}

static struct live *give_up(struct live *l)
{
    live_close(l);
    return NULL;
}

static void ports_refresh(struct live_state *s, const struct capture_interface *ports, size_t n)
{
    s->n_ports = n < CAPTURE_DEVICES ? n : CAPTURE_DEVICES;
    for (size_t i = 0; i < s->n_ports; i++)
        s->port[i] = ports[i];
}

static void state_refresh(struct live_state *s, const struct live_facts *facts)
{
    s->now_s = time(NULL);
    s->clock_ns = facts->clock_ns;
    s->last_packet_s = facts->last_packet_ns / second_ns;
    s->packets = facts->packets;
    s->kernel_dropped = facts->kernel_dropped;
    s->interface_dropped = facts->interface_dropped;
    s->evicted_flows = facts->evicted_flows;
    s->evidence = facts->evidence;
    ports_refresh(s, facts->ports, facts->n_ports);
    s->directions = !facts->connections ? 0 : facts->one_way ? 1 : 2;
    board_sum(s->board, facts->clock_ns, &s->sums);
    int64_t oldest = s->sums.oldest_checkin_ns;
    s->oldest_age_s = oldest ? (facts->clock_ns - oldest) / second_ns : -1;
    if (oldest && s->oldest_age_s < 0)
        s->oldest_age_s = 0;
}

struct live *live_open(const struct live_config *config, struct failure *failure)
{
    struct live *l = calloc(1, sizeof *l);

    *failure = (struct failure){ .what = "memory", .why = "the machine has none left" };
    if (!l)
        return NULL;
    l->notify.fd = -1;
    l->config = *config;
    if (!known_open(l) || !state_resume(l))
        return give_up(l);
    if (config->jsonl && !(l->log = eventlog_open(config->jsonl, &config->outputs->jsonl, failure)))
        return give_up(l);
    if (config->outputs->syslog.address[0] &&
        !(l->syslog = syslog_open(&config->outputs->syslog, config->porter)))
        return give_up(l);
    if (config->outputs->metrics.listen[0] &&
        !(l->listener = listener_open(config->outputs->metrics.listen, failure)))
        return give_up(l);
    notify_open(&l->notify);
    l->output[STATUS] =
        (struct output){ .path = config->status, .write = status_write, .every_s = LIVE_EVERY_S };
    l->output[TEXTFILE] = (struct output){ .path = config->textfile,
                                           .write = metrics_write,
                                           .every_s = LIVE_EVERY_S };
    l->output[KEPT] =
        (struct output){ .path = config->state, .write = state_keep, .every_s = STATE_EVERY_S };
    l->state = (struct live_state){ .interface = config->interface,
                                    .board = l->board,
                                    .alerts = l->alerts,
                                    .started_s = time(NULL),
                                    .now_s = time(NULL),
                                    .clock_ns = time(NULL) * second_ns,
                                    .oldest_age_s = -1 };
    state_refresh(&l->state, &(struct live_facts){ .clock_ns = l->state.clock_ns,
                                                   .ports = config->ports,
                                                   .n_ports = config->n_ports });
    for (size_t i = 0; i < OUTPUTS; i++) {
        if (l->output[i].path && !output_write(l, &l->output[i], failure))
            return give_up(l);
        l->output[i].next_ns = steady_ns() + second_ns; /* the first one holds nothing yet */
    }
    return l;
}

void live_close(struct live *l)
{
    if (!l)
        return;
    notify_close(&l->notify);
    listener_close(l->listener);
    syslog_close(l->syslog);
    eventlog_close(l->log);
    alerts_close(l->alerts);
    board_close(l->board);
    free(l);
}

void live_ready(struct live *l) { notify_say(&l->notify, "READY=1"); }

void live_stopping(struct live *l) { notify_say(&l->notify, "STOPPING=1"); }

void live_ask(struct live *l) { l->asked = 1; }

struct board *live_board(struct live *l) { return l->board; }

/* What changed for others is written at once, so that a restart does not tell it again. */
static void look_at_rules(struct live *l, const struct live_facts *facts, int64_t at_ns)
{
    struct alert_facts known = { .now_ns = facts->clock_ns,
                                 .last_packet_ns = facts->last_packet_ns,
                                 .interval_ns = l->config.checkin_ns,
                                 .drops = facts->kernel_dropped + facts->interface_dropped,
                                 .one_way = facts->one_way };

    if (at_ns < l->next_look_ns)
        return;
    l->next_look_ns = at_ns + second_ns;
    alerts_look(l->alerts, l->board, &known);
}

void live_filed(struct live *l, const struct filed *filed, int64_t clock_ns)
{
    eventlog_filed(l->log, filed, clock_ns);
    alerts_filed(l->alerts, filed, clock_ns);
}

bool live_alert(struct live *l, struct alert *out)
{
    if (!alerts_next(l->alerts, out))
        return false;
    l->output[KEPT].next_ns = 0;
    if (out->rule->send & ALERT_JSONL)
        eventlog_alert(l->log, out);
    if (out->rule->send & ALERT_SYSLOG)
        syslog_alert(l->syslog, out);
    return true;
}

struct report_lines *live_lines(struct live *l) { return eventlog_lines(l->log); }

void live_take(struct live *l, size_t item, int fd, int error)
{
    if (!syslog_take(l->syslog, item, fd, error) && fd >= 0)
        close(fd);
}

static void tick_syslog(struct live *l, int64_t at_ns)
{
    size_t item;
    int fd, error;

    while (l->syslog && porter_answer(l->config.porter, 0, &item, &fd, &error))
        live_take(l, item, fd, error);
    syslog_tick(l->syslog, at_ns);
    l->state.messages_lost = syslog_lost(l->syslog);
}

static void publish(struct live *l)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    if (!out)
        return;
    writer_open(&l->writer, out);
    metrics_write(&l->writer, &l->state);
    writer_flush(&l->writer);
    if (fclose(out) == 0)
        listener_publish(l->listener, text, n);
    free(text);
}

static void tick_listener(struct live *l, const struct live_facts *facts, int64_t at_ns)
{
    if (!l->listener)
        return;
    listener_alive(l->listener);
    if (at_ns < l->next_publish_ns)
        return;
    l->next_publish_ns = at_ns + PUBLISH_EVERY_S * second_ns;
    state_refresh(&l->state, facts);
    publish(l);
}

void live_reopen(struct live *l) { eventlog_reopen(l->log); }

void live_configure(struct live *l, const struct alert_rules *alerts, const struct outputs *outputs,
                    int64_t checkin_ns)
{
    alerts_rule(l->alerts, alerts);
    eventlog_configure(l->log, &outputs->jsonl);
    syslog_configure(l->syslog, &outputs->syslog);
    l->config.checkin_ns = checkin_ns;
}

static void tick_outputs(struct live *l, const struct live_facts *facts, int64_t at_ns, bool now)
{
    struct failure failure;
    bool due[OUTPUTS], any = false;

    for (size_t i = 0; i < OUTPUTS; i++) {
        due[i] = l->output[i].path && (now || l->asked || at_ns >= l->output[i].next_ns);
        any |= due[i];
    }
    if (!any)
        return;
    l->asked = 0;
    state_refresh(&l->state, facts);
    for (size_t i = 0; i < OUTPUTS; i++) {
        if (!due[i])
            continue;
        l->output[i].next_ns = at_ns + l->output[i].every_s * second_ns;
        output_say(&l->output[i], &failure, output_write(l, &l->output[i], &failure));
    }
}

/* Seldom: a year has many endpoints. */
static void make_room(struct live *l, int64_t clock_ns, int64_t at_ns)
{
    if (at_ns < l->next_room_ns)
        return;
    l->next_room_ns = at_ns + ROOM_EVERY_S * second_ns;
    (void)board_forget(l->board, clock_ns);
}

void live_tick(struct live *l, const struct live_facts *known, bool now)
{
    struct live_facts facts = *known;
    int64_t at_ns = steady_ns();

    notify_alive(&l->notify, at_ns);
    if (!facts.clock_ns) /* live, it is that of this machine */
        facts.clock_ns = time(NULL) * second_ns;
    make_room(l, facts.clock_ns, at_ns);
    look_at_rules(l, &facts, at_ns);
    eventlog_changes(l->log, l->board);
    eventlog_tick(l->log, time(NULL) * second_ns);
    tick_syslog(l, at_ns);
    tick_listener(l, &facts, at_ns);
    tick_outputs(l, &facts, at_ns, now);
}

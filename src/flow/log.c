#include "flow/handshake.h"

#include <string.h>

enum { LOG_FIRST = 24 }; /* fits into 2 KiB together with struct flow_more */

static bool is_ending(uint8_t kind)
{
    return kind == EVENT_FIN || kind == EVENT_RST || kind == EVENT_ICMP;
}

static bool log_grow(struct flows *flows, struct flow *flow, struct log *log)
{
    uint16_t size = log->size ? LOG_MAX : LOG_FIRST;
    struct event *bigger = arena_zalloc(&flow->arena, flows->pool, size * sizeof *bigger);
    if (!bigger)
        return false;
    if (log->n)
        memcpy(bigger, log->event, log->n * sizeof *bigger);
    log->event = bigger;
    log->size = size;
    return true;
}

void log_add_slowly(struct flows *flows, struct flow *flow, const struct event *event)
{
    struct log *log = &flow->more->log;
    unsigned room = is_ending(event->kind) ? LOG_MAX : LOG_MAX - LOG_KEPT_FOR_ENDINGS;
    if (log->n >= room || (log->n == log->size && !log_grow(flows, flow, log))) {
        log->lost += log->lost < UINT16_MAX;
        return;
    }
    log->event[log->n++] = *event;
}

void log_remove(struct log *log, enum event_kind kind, enum side from, uint64_t frame)
{
    for (uint16_t i = log->n; i-- > 0;) {
        struct event *event = &log->event[i];
        if (event->frame != frame || event->kind != kind || event->from != from)
            continue;
        memmove(event, event + 1, (size_t)(log->n - i - 1) * sizeof *event);
        log->n--;
        return;
    }
}

static unsigned log_count(const struct log *log, enum event_kind kind, enum side from)
{
    unsigned n = 0;
    for (uint16_t i = 0; i < log->n; i++)
        n += log->event[i].kind == kind && log->event[i].from == from;
    return n;
}

/* What is told by the acknowledgement has nothing to do with the payload that comes with it. */
static bool is_of_header(enum event_kind kind)
{
    return kind == EVENT_DATA_ACKED || kind == EVENT_UNSEEN || kind == EVENT_SACK_HOLE ||
           kind == EVENT_ZERO_WINDOW;
}

struct event turn_log(const struct turn *t, enum event_kind kind, unsigned most)
{
    struct event event = turn_event(t, kind);
    if (is_of_header(kind))
        event.length = 0;
    if (log_count(&t->more->log, kind, t->from) < most)
        log_add(t->flows, t->flow, &event);
    return event;
}

#include "correlate/storm.h"

#include "correlate/sets.h"

#include <inttypes.h>
#include <stdio.h>

enum { STORM_LEAST = 5 };

static const int64_t apart_ns = 5 * 1000000000LL;
/* Closer together they were meant side by side, and the failure was quicker. */
static const int64_t together_ns = 50 * 1000000LL;

static void begin_row(struct storm *storm, uint32_t group, const struct flow *flow)
{
    storm->group = group;
    storm->n = group != 0;
    storm->first_ns = flow->first_ns;
    storm->first_frame = flow->first_frame;
}

static void keep_longest(struct storm *storm, const struct flow *flow)
{
    if (storm->n <= storm->longest.n)
        return;
    storm->longest.n = storm->n;
    storm->longest.group = storm->group;
    storm->longest.took_ns = flow->first_ns - storm->first_ns;
    storm->longest.first_frame = storm->first_frame;
    storm->longest.last_frame = flow->first_frame;
}

static void go_on(struct storm *storm, uint32_t group, const struct flow *flow)
{
    bool goes_on = group && group == storm->group;

    if (goes_on &&
        (flow->first_ns < storm->ended_ns || flow->first_ns - storm->began_ns < together_ns))
        return; /* beside the one before it */
    if (goes_on && flow->first_ns - storm->began_ns < apart_ns)
        storm->n++;
    else
        begin_row(storm, group, flow);
    storm->began_ns = flow->first_ns;
    storm->ended_ns = flow->last_ns;
    keep_longest(storm, flow);
}

static struct storm_start start_of(uint32_t group, const struct flow *flow)
{
    int64_t took_us = (flow->last_ns - flow->first_ns + 999) / 1000;

    return (struct storm_start){ .began_ns = flow->first_ns,
                                 .frame = flow->first_frame,
                                 .took_us = (uint32_t)(took_us < UINT32_MAX ? took_us : UINT32_MAX),
                                 .group = group };
}

/* The row that began with the attempt that was alone so far; NULL without room. */
static struct storm *row_of(struct summary *s, const struct service_count *service)
{
    const struct storm_start *start = &service->start;
    struct storm *storm = table_put(&s->storms, &service->number);

    if (storm)
        *storm = (struct storm){ .group = start->group,
                                 .n = 1,
                                 .began_ns = start->began_ns,
                                 .ended_ns = start->began_ns + start->took_us * INT64_C(1000),
                                 .first_ns = start->began_ns,
                                 .first_frame = start->frame };
    return storm;
}

void storm_note(struct summary *s, struct service_count *service, uint32_t group,
                const struct flow *flow)
{
    struct storm *storm = service->storm ? table_at(&s->storms, service->storm - 1) : NULL;

    if (!storm && group && group == service->start.group) {
        storm = row_of(s, service);
        service->storm = storm ? (uint32_t)s->storms.n : 0;
    }
    if (storm)
        go_on(storm, group, flow);
    else
        service->start = start_of(group, flow);
}

/* ---- app.retry_storm ---- */

static void say(struct group *set, const struct storm *storm)
{
    if (set->n_endpoints == 1)
        snprintf(set->words, sizeof set->words,
                 "%" PRIu32 " attempts, one after the other within %.1f s, all of them with this "
                 "failure",
                 storm->longest.n, (double)storm->longest.took_ns / 1e9);
    else
        snprintf(set->words, sizeof set->words,
                 "%" PRIu32 " endpoints try again at once, five times or more, with the same "
                 "failure each time",
                 set->n_endpoints);
}

void storms_find(struct summary *s)
{
    for (size_t i = 0; i < s->services.n; i++) {
        const struct service_key *key = table_key(&s->services, i);
        const struct service_count *c = table_at(&s->services, i);
        const struct storm *storm = c->storm ? table_at(&s->storms, c->storm - 1) : NULL;
        struct group *set = storm && storm->longest.n >= STORM_LEAST
                                ? summary_set(s, F_APP_RETRY_STORM, &key->server, key->port)
                                : NULL;
        if (!set)
            continue;
        summary_set_severity(s, set, SEVERITY_WARNING);
        summary_set_member(s, set, &key->client, storm->longest.first_frame);
        summary_set_member(s, set, &key->client, storm->longest.last_frame);
        summary_set_about(set, table_at(&s->groups, storm->longest.group - 1));
        say(set, storm);
    }
}

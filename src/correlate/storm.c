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

void storm_note(struct storm *storm, uint32_t group, const struct flow *flow)
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

/* ---- app.retry_storm ---- */

static void say(struct group *set, const struct storm *storm)
{
    if (set->n_endpoints == 1)
        snprintf(set->words, sizeof set->words,
                 "%" PRIu32
                 " attempts and more one after the other within %.1f s, all of them with this "
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
        struct group *set = c->storm.longest.n >= STORM_LEAST
                                ? summary_set(s, F_APP_RETRY_STORM, &key->server, key->port)
                                : NULL;
        if (!set)
            continue;
        summary_set_severity(s, set, SEVERITY_WARNING);
        summary_set_member(s, set, &key->client, c->storm.longest.first_frame);
        summary_set_member(s, set, &key->client, c->storm.longest.last_frame);
        summary_set_about(set, table_at(&s->groups, c->storm.longest.group - 1));
        say(set, &c->storm);
    }
}

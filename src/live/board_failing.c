/* One endpoint as a rule sees it. */
#include "live/board_inside.h"

#include <string.h>

static struct board_failing failing_of(const struct place *p)
{
    struct board_failing out = {
        .server = p->server, .port = p->port, .id = (enum finding_id)p->id, .since_ns = p->since_ns
    };

    while (out.in_a_row < p->n_recent && p->recent >> out.in_a_row & 1)
        out.in_a_row++;
    return out;
}

void board_look(const struct board *b, size_t i, int64_t now_ns, struct board_sight *out)
{
    const struct endpoint_state *e = table_at(&b->endpoints, i);
    int64_t checkin_ns = e->n_times ? e->times[e->n_times - 1] : 0;

    out->gone = board_is_gone(e, b, now_ns);
    out->seen_since = e->n_times && e->last_ns >= checkin_ns + e->interval_ns;
    out->interval_ns = e->interval_ns;
    out->silent_ns = e->n_times ? board_silent_since(b, e) : 0;
    out->n_failing = 0;
    memcpy(&out->client, table_key(&b->endpoints, i), sizeof out->client);
    for (size_t k = 0; k < e->n_places && !out->gone; k++)
        if (e->place[k].decided && e->place[k].outcome == OUTCOME_FAILED)
            out->failing[out->n_failing++] = failing_of(&e->place[k]);
}

/* What a watch hands on to the one after it, endpoint by endpoint. */
#include "correlate/rhythm.h"
#include "live/board_inside.h"

#include <string.h>

enum { WORTH_KEEPING = 3 }; /* attempts of one that never succeeded: a flood makes one or two */

static bool is_worth_keeping(const struct endpoint_state *e)
{
    for (size_t i = 0; i < e->n_places; i++)
        if (e->place[i].n_recent >= WORTH_KEEPING)
            return true;
    return e->succeeded;
}

static struct board_kept_place place_kept(const struct place *p)
{
    return (struct board_kept_place){ .server = p->server,
                                      .port = p->port,
                                      .decided = p->decided,
                                      .failing = p->decided && p->outcome == OUTCOME_FAILED,
                                      .recent = p->recent,
                                      .n_recent = p->n_recent,
                                      .token = p->token,
                                      .id = (enum finding_id)p->id,
                                      .failed_id = (enum finding_id)p->failed_id,
                                      .since_ns = p->since_ns,
                                      .failed_ns = p->failed_ns,
                                      .worked_ns = p->worked_ns };
}

bool board_keep(const struct board *b, size_t i, int64_t now_ns, struct board_kept *out)
{
    const struct endpoint_state *e = table_at(&b->endpoints, i);

    if (!is_worth_keeping(e))
        return false;
    *out = (struct board_kept){ .succeeded = e->succeeded,
                                .missed = e->missed,
                                .gone = board_is_gone(e, b, now_ns),
                                .last_ns = e->last_ns,
                                .n_times = e->n_times,
                                .n_places = e->n_places };
    memcpy(&out->client, table_key(&b->endpoints, i), sizeof out->client);
    memcpy(out->times, e->times, sizeof out->times);
    for (size_t k = 0; k < e->n_places; k++)
        out->place[k] = place_kept(&e->place[k]);
    return true;
}

/* Packets are numbered anew: any attempt of this watch is a newer one. */
static struct place place_resumed(const struct board_kept_place *p)
{
    return (struct place){ .server = p->server,
                           .port = p->port,
                           .decided = p->decided,
                           .outcome = !p->decided  ? OUTCOME_UNDECIDED
                                      : p->failing ? OUTCOME_FAILED
                                                   : OUTCOME_OK,
                           .recent = p->recent,
                           .n_recent = p->n_recent,
                           .token = p->token,
                           .id = (uint16_t)p->id,
                           .failed_id = (uint16_t)p->failed_id,
                           .since_ns = p->since_ns,
                           .failed_ns = p->failed_ns,
                           .worked_ns = p->worked_ns };
}

/* A clock that was set back since then would make a check-in of tomorrow the latest for long. */
static uint8_t times_until(const struct board_kept *kept, int64_t now_ns)
{
    uint8_t n = kept->n_times;

    while (n && kept->times[n - 1] > now_ns)
        n--;
    return n;
}

bool board_resume(struct board *b, const struct board_kept *kept, int64_t now_ns)
{
    if (table_get(&b->endpoints, &kept->client) ||
        (!kept->succeeded && b->n_failed_only >= BOARD_ENDPOINTS / 2))
        return false;
    struct endpoint_state *e = table_put(&b->endpoints, &kept->client);
    if (!e)
        return false;
    b->resumed_ns = now_ns;
    b->n_failed_only += !kept->succeeded;
    e->succeeded = kept->succeeded;
    e->missed = kept->missed;
    e->resumed = !kept->gone;
    e->last_ns = kept->last_ns < now_ns ? kept->last_ns : now_ns;
    e->n_times = times_until(kept, now_ns);
    memcpy(e->times, kept->times, sizeof e->times);
    e->interval_ns = rhythm_interval(e->times, e->n_times);
    e->n_places = kept->n_places;
    for (size_t i = 0; i < e->n_places; i++)
        e->place[i] = place_resumed(&kept->place[i]);
    return true;
}

void board_unwatched(struct board *b, int64_t since_ns, int64_t now_ns)
{
    for (size_t i = 0; i < b->endpoints.n; i++) {
        struct endpoint_state *e = table_at(&b->endpoints, i);
        e->resumed = !board_is_gone(e, b, since_ns);
    }
    b->resumed_ns = now_ns;
}

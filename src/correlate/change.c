/* Since when a group fails: the stretch of time with most failures and fewest successes. */
#include "correlate/summary.h"

#include <stdlib.h>

enum { MOMENTS_MAX = 1 << 20 };

static const struct service_count *service_of(const struct summary *s, const struct group *g,
                                              uint32_t member)
{
    const struct member_key *key = table_key(&s->members, member - 1);
    return service_find(s, &key->client, &g->server, g->port, g->lookup);
}

/* What this endpoint's attempts at the group's service came to, one behind the other. */
static size_t gather_member(const struct summary *s, const struct group *g, uint32_t member,
                            struct moment *out, size_t room)
{
    const struct service_count *c = service_of(s, g, member);
    const struct deed *deed;
    size_t n = 0;

    for (size_t i = 0; c && n < room && (deed = history_of(&s->history, c->number, i)); i++) {
        bool failed = deed->outcome == OUTCOME_FAILED;
        if (deed->outcome == OUTCOME_UNDECIDED || (failed && deed->group != g->number))
            continue;
        out[n++] = (struct moment){ deed->time_ns, failed };
    }
    return n;
}

static size_t count_deeds(const struct summary *s, const struct group *g, const uint32_t *members,
                          size_t n)
{
    size_t all = 0;
    for (size_t i = 0; i < n; i++) {
        const struct service_count *c = service_of(s, g, members[i]);
        all += c ? history_count(&s->history, c->number) : 0;
    }
    return all < MOMENTS_MAX ? all : MOMENTS_MAX;
}

/* The run of moments with the largest surplus of failures (Kadane's algorithm). */
static void worst_stretch(const struct moment *m, size_t n, size_t *from, size_t *to)
{
    int64_t best = 0, sum = 0;
    size_t start = 0;
    *from = *to = 0;
    for (size_t i = 0; i < n; i++) {
        if (sum <= 0) {
            sum = 0;
            start = i;
        }
        sum += m[i].failed ? 1 : -1;
        if (sum > best) {
            best = sum;
            *from = start;
            *to = i + 1;
        }
    }
}

static uint32_t count_failed(const struct moment *m, size_t from, size_t to)
{
    uint32_t n = 0;
    for (size_t i = from; i < to; i++)
        n += m[i].failed;
    return n;
}

static int64_t last_success(const struct moment *m, size_t before)
{
    while (before > 0 && m[before - 1].failed)
        before--;
    return before ? m[before - 1].time_ns : 0;
}

static int64_t first_success(const struct moment *m, size_t n, size_t from)
{
    while (from < n && m[from].failed)
        from++;
    return from < n ? m[from].time_ns : 0;
}

static bool nine_of_ten(uint32_t part, size_t all)
{
    return (uint64_t)part * 10 >= (uint64_t)all * 9;
}

static struct change change_in(const struct moment *m, size_t n)
{
    size_t from, to;
    worst_stretch(m, n, &from, &to);
    uint32_t inside = count_failed(m, from, to);
    uint32_t before = (uint32_t)from - count_failed(m, 0, from);
    uint32_t after = (uint32_t)(n - to) - count_failed(m, to, n);
    struct change c = { .n_failed = inside,
                        .n_before = before,
                        .n_after = after,
                        .from_start = !before,
                        .to_end = !after };

    c.found = inside >= CHANGE_LEAST && nine_of_ten(inside, to - from) &&
              nine_of_ten(before + after, n - (to - from));
    if (!c.found)
        return c;
    c.failed_ns = m[from].time_ns;
    c.worked_ns = last_success(m, from);
    c.again_ns = first_success(m, n, to);
    return c;
}

struct change change_of(const struct summary *s, const struct group *g, const uint32_t *members,
                        size_t n)
{
    struct change none = { 0 };
    size_t room = count_deeds(s, g, members, n), filled = 0;
    struct moment *m = room ? malloc(room * sizeof *m) : NULL;

    if (!m)
        return none;
    for (size_t i = 0; i < n; i++)
        filled += gather_member(s, g, members[i], m + filled, room - filled);
    moments_sort(m, filled);
    struct change found = change_in(m, filled);
    free(m);
    return found;
}

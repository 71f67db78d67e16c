#include "correlate/summary.h"

#include <stdlib.h>
#include <string.h>

/* One group under examination. */
struct cohort {
    struct summary *s;
    struct group *g;
    uint32_t *members;     /* numbers + 1; owned */
    struct traits *traits; /* of each; owned */
    bool *placed;          /* it is in a part already; owned */
    uint32_t *touched;     /* values whose `failing` is not 0; owned */
    size_t n, n_touched, n_left;
};

static void count_healthy_of(struct summary *s, const struct endpoint *e)
{
    for (int i = 0; i < TRAITS; i++)
        for (int k = 0; k < 2; k++) {
            uint32_t value = e->traits[k].value[i];
            if (value)
                ((struct trait *)table_at(&s->traits, value - 1))->healthy++;
        }
}

static void count_healthy(struct summary *s)
{
    for (size_t i = 0; i < s->endpoints.n; i++) {
        const struct endpoint *e = table_at(&s->endpoints, i);
        if (endpoint_is_healthy(e))
            count_healthy_of(s, e);
    }
}

static struct trait *trait_at(const struct cohort *c, uint32_t value)
{
    return table_at(&c->s->traits, value - 1);
}

/* Counts how many of those not placed yet have each value. */
static void count_failing(struct cohort *c)
{
    for (size_t i = 0; i < c->n_touched; i++)
        trait_at(c, c->touched[i])->failing = 0;
    c->n_touched = 0;
    for (size_t i = 0; i < c->n; i++)
        for (int k = 0; k < TRAITS && !c->placed[i]; k++) {
            uint32_t value = c->traits[i].value[k];
            if (value && !trait_at(c, value)->failing++)
                c->touched[c->n_touched++] = value;
        }
}

/* The address dialled is the group's own, and says nothing, where it is a proxy's or a resolver's.
 */
static bool is_worth(const struct cohort *c, enum trait_kind kind)
{
    return kind != TRAIT_SERVER || !c->g->lookup;
}

/* What the group is about comes before where its endpoints are. */
static int rank_of(const struct cohort *c, uint32_t value)
{
    enum trait_kind kind = trait_kind_of(&c->s->traits, value);
    if ((kind == TRAIT_RESOLVER && c->g->lookup) || kind == TRAIT_PROXY)
        return -1;
    return (int)kind;
}

static bool at_most_a_tenth(uint64_t part, uint64_t all) { return part * 10 <= all; }
static bool at_least_nine_tenths(uint64_t part, uint64_t all) { return part * 10 >= all * 9; }

static bool is_better(const struct cohort *c, uint32_t x, uint32_t y)
{
    const struct trait *a = trait_at(c, x), *b = trait_at(c, y);
    int64_t gain = (int64_t)a->failing - a->healthy - ((int64_t)b->failing - b->healthy);
    if (gain)
        return gain > 0;
    int difference = rank_of(c, x) - rank_of(c, y);
    return difference ? difference < 0 : x < y;
}

static bool explains_whole(const struct cohort *c, uint32_t value)
{
    const struct trait *t = trait_at(c, value);
    return is_worth(c, trait_kind_of(&c->s->traits, value)) &&
           at_least_nine_tenths(t->failing, c->n) &&
           at_most_a_tenth(t->healthy, c->s->totals.healthy);
}

/* Nine of ten endpoints that have it fail in this way. */
static bool explains_part(const struct cohort *c, uint32_t value)
{
    const struct trait *t = trait_at(c, value);
    return is_worth(c, trait_kind_of(&c->s->traits, value)) && t->failing >= COMMON_LEAST &&
           at_least_nine_tenths(t->failing, (uint64_t)t->failing + t->healthy) &&
           at_most_a_tenth(t->healthy, c->s->totals.healthy);
}

static struct part part_of(const struct cohort *c, uint32_t value)
{
    const struct trait *t = trait_at(c, value);
    return (struct part){ .value = value, .failing = t->failing, .healthy = t->healthy };
}

/* All values that cover the group, the best first. */
static void find_whole(struct cohort *c)
{
    struct common *common = &c->g->common;
    for (size_t i = 0; i < c->n_touched; i++) {
        uint32_t value = c->touched[i];
        size_t at = common->n;
        if (!explains_whole(c, value))
            continue;
        while (at > 0 && is_better(c, value, common->part[at - 1].value))
            at--;
        if (at == COMMON_PARTS)
            continue;
        if (common->n < COMMON_PARTS)
            common->n++;
        memmove(&common->part[at + 1], &common->part[at],
                (common->n - 1u - at) * sizeof *common->part);
        common->part[at] = part_of(c, value);
    }
    common->how = common->n ? COMMON_WHOLE : COMMON_NONE;
}

static bool has_value(const struct cohort *c, size_t i, uint32_t value)
{
    return c->traits[i].value[trait_kind_of(&c->s->traits, value)] == value;
}

/* Places the members with this value, and tells since when they fail. */
static void place(struct cohort *c, struct part *part)
{
    uint32_t *members = malloc(c->n * sizeof *members);
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (c->placed[i] || !has_value(c, i, part->value))
            continue;
        c->placed[i] = true;
        c->n_left--;
        if (members)
            members[n++] = c->members[i];
    }
    part->change = change_of(c->s, c->g, members, n);
    free(members);
}

/* One value after the other that explains some of those left. */
static void find_parts(struct cohort *c)
{
    struct common *common = &c->g->common;
    while (common->n < COMMON_PARTS && c->n_left >= COMMON_LEAST) {
        uint32_t best = 0;
        for (size_t i = 0; i < c->n_touched; i++)
            if (explains_part(c, c->touched[i]) && (!best || is_better(c, c->touched[i], best)))
                best = c->touched[i];
        if (!best)
            return;
        common->how = COMMON_EACH;
        common->part[common->n] = part_of(c, best);
        place(c, &common->part[common->n++]);
        count_failing(c);
    }
}

static void find_common(struct cohort *c)
{
    struct common *common = &c->g->common;
    common->n_healthy = (uint32_t)c->s->totals.healthy;
    count_failing(c);
    find_whole(c);
    if (common->how == COMMON_WHOLE)
        place(c, &common->part[0]);
    else
        find_parts(c);
    common->n_outside = (uint32_t)c->n_left;
    for (size_t i = 0; i < c->n; i++)
        c->placed[i] = true;
    count_failing(c); /* leaves nothing behind for the next group */
}

static bool cohort_open(struct cohort *c, struct summary *s, struct group *g)
{
    *c = (struct cohort){ .s = s, .g = g };
    for (uint32_t i = g->first_member; i; c->n++)
        i = ((const struct member *)table_at(&s->members, i - 1))->next;
    c->n_left = c->n;
    if (!c->n)
        return false;
    c->members = calloc(c->n, sizeof *c->members);
    c->traits = calloc(c->n, sizeof *c->traits);
    c->placed = calloc(c->n, sizeof *c->placed);
    c->touched = calloc(c->n, sizeof *c->touched * TRAITS);
    if (!c->members || !c->traits || !c->placed || !c->touched)
        return false;
    size_t k = 0;
    for (uint32_t i = g->first_member; i; k++) {
        c->members[k] = i;
        member_traits(s, i, &c->traits[k]);
        i = ((const struct member *)table_at(&s->members, i - 1))->next;
    }
    return true;
}

static void cohort_close(struct cohort *c)
{
    free(c->members);
    free(c->traits);
    free(c->placed);
    free(c->touched);
}

static void examine(struct summary *s, struct group *g)
{
    struct cohort c;
    if (cohort_open(&c, s, g)) {
        if (c.n >= COMMON_LEAST && s->totals.healthy)
            find_common(&c);
        bool whole = g->common.how == COMMON_WHOLE;
        g->common.change = whole ? g->common.part[0].change : change_of(s, g, c.members, c.n);
    }
    cohort_close(&c);
}

void common_find(struct summary *s)
{
    if (!s->any_error)
        return;
    count_healthy(s);
    for (size_t i = 0; i < s->groups.n; i++) {
        struct group *g = table_at(&s->groups, i);
        if (!g->of_capture && g->severity == SEVERITY_ERROR)
            examine(s, g);
    }
}

bool common_covers(const struct summary *s, const struct group *g, uint32_t member)
{
    const struct common *common = &g->common;
    size_t n = common->how == COMMON_WHOLE ? 1 : common->n;
    struct traits traits;

    member_traits(s, member, &traits);
    for (size_t i = 0; i < n; i++)
        if (traits.value[trait_kind_of(&s->traits, common->part[i].value)] == common->part[i].value)
            return true;
    return false;
}

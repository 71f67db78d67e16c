#include "stream/gaps.h"

#include <string.h>

/* The first range that ends at or behind `offset`: the only one that a range from there can touch
 * on its left. */
static size_t ranges_reaching(const struct ranges *set, uint64_t offset)
{
    size_t i = 0;
    while (i < set->n && set->range[i].to < offset)
        i++;
    return i;
}

static void ranges_close_up(struct ranges *set, size_t at, size_t drop)
{
    memmove(&set->range[at], &set->range[at + drop], (set->n - at - drop) * sizeof set->range[0]);
    set->n -= drop;
}

static bool ranges_insert(struct ranges *set, size_t at, uint64_t from, uint64_t to)
{
    if (set->n == RANGES_MAX)
        return false;
    memmove(&set->range[at + 1], &set->range[at], (set->n - at) * sizeof set->range[0]);
    set->range[at] = (struct range){ from, to };
    set->n++;
    return true;
}

bool ranges_add(struct ranges *set, uint64_t from, uint64_t to)
{
    if (from >= to)
        return true;
    size_t first = ranges_reaching(set, from), last = first;
    while (last < set->n && set->range[last].from <= to)
        last++;
    if (first == last)
        return ranges_insert(set, first, from, to);
    struct range *kept = &set->range[first];
    uint64_t end = set->range[last - 1].to;
    kept->from = from < kept->from ? from : kept->from;
    kept->to = to > end ? to : end;
    ranges_close_up(set, first + 1, last - first - 1);
    return true;
}

void ranges_drop_below(struct ranges *set, uint64_t offset)
{
    size_t gone = 0;
    while (gone < set->n && set->range[gone].to <= offset)
        gone++;
    if (gone)
        ranges_close_up(set, 0, gone);
    if (set->n && set->range[0].from < offset)
        set->range[0].from = offset;
}

uint64_t ranges_run(const struct ranges *set, uint64_t offset)
{
    for (size_t i = 0; i < set->n && set->range[i].from <= offset; i++)
        if (offset < set->range[i].to)
            return set->range[i].to - offset;
    return 0;
}

uint64_t ranges_next(const struct ranges *set, uint64_t offset)
{
    for (size_t i = 0; i < set->n; i++)
        if (offset < set->range[i].to)
            return offset > set->range[i].from ? offset : set->range[i].from;
    return UINT64_MAX;
}

#include "evidence/edits.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 16, FIRST_OCTETS = 512 };

static bool grow(void **p, size_t *room, size_t need, size_t first, size_t each)
{
    size_t more = *room ? *room * 2 : first;

    if (need <= *room)
        return true;
    if (more < need)
        more = need;
    void *bigger = realloc(*p, more * each);
    if (!bigger)
        return false;
    *p = bigger;
    *room = more;
    return true;
}

void edits_put(struct edits *e, uint64_t at, const uint8_t *p, size_t n)
{
    struct edit *last = e->n ? &e->edit[e->n - 1] : NULL;
    bool goes_on = last && last->at + last->n == at && last->from + last->n == e->n_octets;

    if (!n || n > UINT32_MAX / 2 || e->n_octets + n > UINT32_MAX)
        return;
    if (!grow((void **)&e->octets, &e->octets_room, e->n_octets + n, FIRST_OCTETS, 1) ||
        (!goes_on && !grow((void **)&e->edit, &e->room, e->n + 1, FIRST_ROOM, sizeof *e->edit))) {
        e->no_memory = true;
        return;
    }
    memcpy(e->octets + e->n_octets, p, n);
    if (goes_on)
        e->edit[e->n - 1].n += (uint32_t)n;
    else
        e->edit[e->n++] = (struct edit){ at, (uint32_t)n, (uint32_t)e->n_octets };
    e->n_octets += n;
    e->sorted = false;
}

static int by_place(const void *a, const void *b)
{
    const struct edit *x = a, *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

void edits_sort(struct edits *e)
{
    if (!e->sorted && e->n)
        qsort(e->edit, e->n, sizeof *e->edit, by_place);
    e->sorted = true;
}

void edits_apply(const struct edits *e, uint64_t at, uint8_t *out, size_t n)
{
    size_t low = 0, high = e->n;

    memset(out, 0, n);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (e->edit[middle].at + e->edit[middle].n <= at)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < e->n && e->edit[low].at < at + n; low++) {
        const struct edit *x = &e->edit[low];
        uint64_t from = x->at > at ? x->at : at, to = x->at + x->n;
        if (to > at + n)
            to = at + n;
        if (from < to)
            memcpy(out + (from - at), e->octets + x->from + (from - x->at), (size_t)(to - from));
    }
}

void edits_free(struct edits *e)
{
    free(e->edit);
    free(e->octets);
    *e = (struct edits){ 0 };
}

#include "correlate/history.h"

#include <stdlib.h>
#include <string.h>

static struct deed *deed_at(const struct history *h, size_t i)
{
    return &h->chunks[i / HISTORY_CHUNK][i % HISTORY_CHUNK];
}

static bool grow(struct history *h)
{
    struct deed **chunks = realloc(h->chunks, (h->n_chunks + 1) * sizeof *chunks);
    if (!chunks)
        return false;
    h->chunks = chunks;
    chunks[h->n_chunks] = malloc(HISTORY_CHUNK * sizeof **chunks);
    if (!chunks[h->n_chunks])
        return false;
    h->n_chunks++;
    return true;
}

void history_close(struct history *h)
{
    for (size_t i = 0; i < h->n_chunks; i++)
        free(h->chunks[i]);
    free(h->chunks);
    free(h->order);
    free(h->first);
    memset(h, 0, sizeof *h);
}

void history_add(struct history *h, const struct deed *deed)
{
    if (h->n >= HISTORY_DEEDS || (h->n == h->n_chunks * HISTORY_CHUNK && !grow(h))) {
        h->refused++;
        return;
    }
    *deed_at(h, h->n++) = *deed;
}

/* A counting sort: `first` becomes where each service begins in `order`. */
bool history_arrange(struct history *h, size_t n)
{
    uint32_t *order = malloc((h->n + 1) * sizeof *order);
    uint32_t *first = calloc(n + 2, sizeof *first);

    if (!order || !first) {
        free(order);
        free(first);
        return false;
    }
    for (size_t i = 0; i < h->n; i++)
        first[deed_at(h, i)->service]++;
    for (size_t i = 1; i < n + 2; i++)
        first[i] += first[i - 1];
    for (size_t i = h->n; i > 0; i--)
        order[--first[deed_at(h, i - 1)->service]] = (uint32_t)(i - 1);
    h->order = order;
    h->first = first;
    h->n_services = n;
    return true;
}

size_t history_count(const struct history *h, uint32_t service)
{
    if (!h->order || !service || service > h->n_services)
        return 0;
    return (size_t)h->first[service + 1] - h->first[service];
}

const struct deed *history_of(const struct history *h, uint32_t service, size_t i)
{
    return i < history_count(h, service) ? deed_at(h, h->order[h->first[service] + i]) : NULL;
}

static int by_time(const void *a, const void *b)
{
    const struct moment *x = a, *y = b;
    if (x->time_ns != y->time_ns)
        return x->time_ns < y->time_ns ? -1 : 1;
    return (int)x->failed - (int)y->failed;
}

/* Of most services and groups they are in order as they come. */
static bool are_sorted(const struct moment *m, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (by_time(&m[i - 1], &m[i]) > 0)
            return false;
    return true;
}

void moments_sort(struct moment *m, size_t n)
{
    if (!are_sorted(m, n))
        qsort(m, n, sizeof *m, by_time);
}

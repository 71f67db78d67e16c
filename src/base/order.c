#include "base/order.h"

#include <string.h>

enum { OCTETS = 8, VALUES = 256 };

static unsigned octet_of(uint64_t key, int octet) { return key >> 8 * octet & 0xff; }

static void count(const struct ordered *items, size_t n, size_t counts[OCTETS][VALUES])
{
    memset(counts, 0, OCTETS * sizeof *counts);
    for (size_t i = 0; i < n; i++)
        for (int octet = 0; octet < OCTETS; octet++)
            counts[octet][octet_of(items[i].key, octet)]++;
}

/* By one octet, to `out`. */
static void deal(const struct ordered *items, size_t n, int octet, size_t counts[VALUES],
                 struct ordered *out)
{
    size_t first = 0;

    for (size_t v = 0; v < VALUES; v++) {
        size_t here = counts[v];
        counts[v] = first;
        first += here;
    }
    for (size_t i = 0; i < n; i++)
        out[counts[octet_of(items[i].key, octet)]++] = items[i];
}

void order_sort(struct ordered *items, struct ordered *spare, size_t n)
{
    size_t counts[OCTETS][VALUES];
    struct ordered *from = items, *to = spare;

    if (n < 2)
        return;
    count(items, n, counts);
    for (int octet = 0; octet < OCTETS; octet++) {
        if (counts[octet][octet_of(items[0].key, octet)] == n)
            continue; /* the same everywhere */
        deal(from, n, octet, counts[octet], to);
        struct ordered *swap = from;
        from = to;
        to = swap;
    }
    if (from != items)
        memcpy(items, from, n * sizeof *items);
}

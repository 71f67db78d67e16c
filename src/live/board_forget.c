/* Whoever was not seen for long makes room: a table keeps no record for ever. */
#include "live/board_inside.h"

#include <string.h>

enum { FULL_EIGHTHS = 6 };

static const int64_t day_ns = 86400 * INT64_C(1000000000);

/* One for which nothing ever worked may be a scanner's; one that worked may be on holiday. */
static bool is_forgotten(const struct endpoint_state *e, int64_t now_ns)
{
    int64_t days = e->succeeded ? 30 : 1;
    return now_ns - e->last_ns > days * day_ns;
}

static bool is_due(const struct board *b, int64_t now_ns)
{
    size_t n = 0;

    if (b->endpoints.n < BOARD_ENDPOINTS / 8 * FULL_EIGHTHS &&
        b->n_failed_only < BOARD_ENDPOINTS / 16 * FULL_EIGHTHS)
        return false;
    for (size_t i = 0; i < b->endpoints.n; i++)
        n += is_forgotten(table_at(&b->endpoints, i), now_ns);
    return n >= BOARD_ENDPOINTS / 16;
}

size_t board_forget(struct board *b, int64_t now_ns)
{
    struct table fresh;
    size_t before = b->endpoints.n;

    if (!is_due(b, now_ns) ||
        !table_open(&fresh, sizeof(struct address), sizeof(struct endpoint_state), BOARD_ENDPOINTS))
        return 0;
    b->n_failed_only = 0;
    for (size_t i = 0; i < before; i++) {
        const struct endpoint_state *e = table_at(&b->endpoints, i);
        struct endpoint_state *copy = NULL;
        if (!is_forgotten(e, now_ns))
            copy = table_put(&fresh, table_key(&b->endpoints, i));
        if (!copy)
            continue;
        memcpy(copy, e, sizeof *copy);
        b->n_failed_only += !copy->succeeded;
    }
    table_close(&b->endpoints);
    b->endpoints = fresh;
    return before - fresh.n;
}

#include "live/rows.h"

#include "base/text.h"
#include "correlate/summary.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

const char *rows_sort_name(enum rows_sort sort)
{
    static const char *const names[] = { "failing first", "oldest check-in first", "by address",
                                         "latest failure first" };
    return names[sort];
}

const char *rows_group_name(enum rows_group group)
{
    static const char *const names[] = { "", "by subnet", "by finding", "by server" };
    return names[group];
}

const char *rows_filter_name(enum rows_filter filter)
{
    static const char *const names[] = { "", "failing only", "not healthy only", "gone as well" };
    return names[filter];
}

const char *rows_state_name(enum board_state state)
{
    static const char *const names[] = { "healthy", "failing", "stale", "undecided", "gone" };
    return names[state];
}

/* ---- which of them ---- */

static bool finds(const struct board_row *row, const char *part)
{
    char hay[400], client[ADDRESS_TEXT], server[ADDRESS_TEXT];
    struct text t = text_of(hay, sizeof hay);

    if (!part[0])
        return true;
    text_format(&t, "%s %s %s %s", address_text(&row->client, client),
                address_text(&row->server, server), rows_state_name(row->state),
                row->id != F_NONE ? finding_of(row->id)->id : "");
    return strstr(hay, part) != NULL;
}

static bool passes(const struct board_row *row, enum rows_filter filter)
{
    switch (filter) {
    case FILTER_FAILING:
        return row->state == BOARD_FAILING;
    case FILTER_NOT_HEALTHY:
        return row->state != BOARD_HEALTHY && row->state != BOARD_GONE;
    case FILTER_ALL:
        return true;
    default:
        return row->state != BOARD_GONE;
    }
}

bool rows_is_muted(const struct rows_order *order, const struct address *client, enum finding_id id)
{
    for (size_t i = 0; i < order->n_muted; i++)
        if (order->muted[i].id == id && address_equal(&order->muted[i].client, client))
            return true;
    return false;
}

/* ---- in which order ---- */

static int by_number(int64_t a, int64_t b) { return (a > b) - (a < b); }

static int rank_of(const struct board_row *row)
{
    static const int rank[BOARD_STATES] = { [BOARD_FAILING] = 0,
                                            [BOARD_STALE] = 1,
                                            [BOARD_UNDECIDED] = 2,
                                            [BOARD_HEALTHY] = 3,
                                            [BOARD_GONE] = 4 };
    return rank[row->muted ? BOARD_HEALTHY : row->state];
}

static int by_address(const struct board_row *a, const struct board_row *b)
{
    return memcmp(&a->client, &b->client, sizeof a->client);
}

static int in_order(const struct board_row *a, const struct board_row *b, enum rows_sort sort)
{
    int order = 0;

    if (sort == SORT_FAILING)
        order = rank_of(a) - rank_of(b);
    else if (sort == SORT_AGE)
        order = by_number(a->checkin_ns, b->checkin_ns); /* never comes first */
    else if (sort == SORT_LATEST)
        order = by_number(b->failed_ns, a->failed_ns);
    return order ? order : by_address(a, b);
}

/* Zero: of one group. */
static int of_groups(const struct board_row *a, const struct board_row *b, enum rows_group group)
{
    switch (group) {
    case GROUP_SUBNET:
        return same_network(&a->client, &b->client) ? 0 : by_address(a, b);
    case GROUP_FINDING: /* without one comes last */
        return by_number(a->id == F_NONE ? FINDINGS : a->id, b->id == F_NONE ? FINDINGS : b->id);
    case GROUP_SERVER:
        return memcmp(&a->server, &b->server, sizeof a->server);
    default:
        return 0;
    }
}

/* qsort hands nothing on. */
static const struct rows_order *sorting;

static int by_order(const void *a, const void *b)
{
    int order = of_groups(a, b, sorting->group);
    return order ? order : in_order(a, b, sorting->sort);
}

/* ---- the list ---- */

void rows_close(struct rows_list *list)
{
    free(list->row);
    free(list->line);
    *list = (struct rows_list){ 0 };
}

static void add_line(struct rows_list *list, const struct rows_order *order, uint32_t i)
{
    bool fresh = order->group != GROUP_NONE &&
                 (!i || of_groups(&list->row[i - 1], &list->row[i], order->group) != 0);

    if (fresh)
        list->line[list->n_lines++] = (struct rows_line){ .heading = true, .row = i };
    list->line[list->n_lines++] = (struct rows_line){ .row = i };
}

static void count_groups(struct rows_list *list)
{
    struct rows_line *heading = NULL;

    for (size_t i = 0; i < list->n_lines; i++) {
        struct rows_line *line = &list->line[i];
        if (line->heading) {
            heading = line;
        } else if (heading) {
            heading->n++;
            heading->failing += list->row[line->row].state == BOARD_FAILING;
        }
    }
}

bool rows_fill(struct rows_list *list, const struct board *board, int64_t now_ns,
               const struct rows_order *order)
{
    size_t n = board_count(board);
    struct rows_order wanted = *order;

    rows_close(list);
    list->row = calloc(n + 1, sizeof *list->row);
    list->line = calloc(2 * n + 1, sizeof *list->line);
    if (!list->row || !list->line) {
        rows_close(list);
        return false;
    }
    for (char *c = wanted.find; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    for (size_t i = 0; i < n; i++) {
        struct board_row *row = &list->row[list->n_rows];
        board_row(board, i, now_ns, row);
        row->muted = row->state == BOARD_FAILING && rows_is_muted(&wanted, &row->client, row->id);
        list->n_all += row->state != BOARD_GONE || order->filter == FILTER_ALL;
        list->n_rows += passes(row, order->filter) && finds(row, wanted.find);
    }
    sorting = &wanted;
    qsort(list->row, list->n_rows, sizeof *list->row, by_order);
    for (uint32_t i = 0; i < list->n_rows; i++)
        add_line(list, order, i);
    count_groups(list);
    return true;
}

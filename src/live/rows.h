/* rows.h - the endpoints as a person wants to see them: which of them, in which order, in which
 * groups.
 *
 * What it is: a copy of the board as of a moment, filtered, sorted, and parted by headings.
 * What it refuses: more than the board keeps.
 * Ownership: rows_fill .. rows_close; a zeroed list is empty.  Units: ns on the capture's clock. */
#pragma once

#include "live/board.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rows_sort { SORT_FAILING, SORT_AGE, SORT_ADDRESS, SORT_LATEST, SORTS };
enum rows_group { GROUP_NONE, GROUP_SUBNET, GROUP_FINDING, GROUP_SERVER, GROUPS };
enum rows_filter { FILTER_PRESENT, FILTER_FAILING, FILTER_NOT_HEALTHY, FILTER_ALL, FILTERS };

enum { ROWS_FIND = 48, ROWS_MUTED = 64 };

/* A failure of one endpoint that is known, and asks for nobody's eyes. */
struct rows_mute {
    struct address client;
    enum finding_id id;
};

struct rows_order {
    enum rows_sort sort;
    enum rows_group group;
    enum rows_filter filter;
    char find[ROWS_FIND]; /* part of an address, a finding, a state; empty = all */
    size_t n_muted;
    struct rows_mute muted[ROWS_MUTED];
};

struct rows_line {
    bool heading;
    uint32_t row;        /* of a heading: the first one beneath it */
    uint32_t n, failing; /* of a heading */
};

struct rows_list {
    size_t n_rows, n_lines, n_all; /* n_all: before filter and search */
    struct board_row *row;
    struct rows_line *line;
};

/* False without memory, and the list is empty. */
bool rows_fill(struct rows_list *list, const struct board *board, int64_t now_ns,
               const struct rows_order *order);
void rows_close(struct rows_list *list);

/* Is that what this row shows, or that event tells? */
bool rows_is_muted(const struct rows_order *order, const struct address *client,
                   enum finding_id id);

const char *rows_sort_name(enum rows_sort sort);       /* "failing first" */
const char *rows_group_name(enum rows_group group);    /* "by subnet"; "" */
const char *rows_filter_name(enum rows_filter filter); /* "failing only"; "" */
const char *rows_state_name(enum board_state state);

/* view.h - what the person before the screen looks at: the list, a search, or a page of text.
 *
 * What it is: keys in, wishes out; the state that face.c draws.  Knows no terminal.
 * The selected endpoint stays selected wherever sorting puts it.  A frozen view keeps its rows and
 * its clock; the line about the capture goes on.
 * Ownership: a zeroed view is an empty one; view_close.  Units: ns on the capture's clock. */
#pragma once

#include "live/rows.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Keys that are no characters. */
enum view_key {
    VIEW_UP = 0x200000,
    VIEW_DOWN,
    VIEW_PAGE_UP,
    VIEW_PAGE_DOWN,
    VIEW_FIRST,
    VIEW_LAST,
    VIEW_ENTER,
    VIEW_ESCAPE,
    VIEW_RUBOUT,
};

enum view_mode { VIEW_LIST, VIEW_FIND, VIEW_PAGE };

/* What the view cannot do itself. */
enum view_wish {
    WISH_NOTHING,
    WISH_AGAIN,    /* the rows, in another order */
    WISH_DETAILS,  /* view_show with what is known of the selected endpoint */
    WISH_EXPLAIN,  /* view_show with what its finding means */
    WISH_EVIDENCE, /* write the packets of its latest failure now */
    WISH_QUIT
};

/* What the engine knows of the capture. */
struct view_facts {
    int64_t clock_ns; /* capture's, now */
    int64_t up_ns;
    uint64_t packets, kernel_dropped, interface_dropped, evicted_flows;
    bool one_way;
};

enum { VIEW_SECONDS = 10 };

struct view {
    const char *interface; /* printable; these three are borrowed */
    const char *filter;    /* printable; "" = none */
    const struct profile *profile;
    bool utc;

    struct rows_order order;
    struct rows_list list;
    struct board_sums sums;
    struct board_event event[BOARD_EVENTS]; /* newest first */
    size_t n_events;
    int64_t now_ns; /* of the rows */

    struct view_facts facts;
    struct view_second { /* samples, a second apart; the newest at n_seconds - 1 modulo */
        uint64_t packets, lost;
    } second[VIEW_SECONDS + 1];
    uint64_t n_seconds;

    enum view_mode mode;
    bool frozen;
    size_t selected, top;   /* lines of the list */
    unsigned shown;         /* lines that the latest drawing had room for */
    struct address client;  /* the selected one */
    char before[ROWS_FIND]; /* the search, if this one is given up */
    char *page, title[120]; /* text, owned; its lines end with a newline */
    size_t page_lines, page_top;
};

void view_close(struct view *view);

/* Once a second: the rows of now, unless it is frozen; and the capture's health. */
void view_refresh(struct view *view, const struct board *board, const struct view_facts *facts);

/* The rows again, in an order that was changed. */
void view_reorder(struct view *view, const struct board *board);

enum view_wish view_key(struct view *view, uint32_t key);

/* The selected endpoint; NULL when there is none. */
const struct board_row *view_selected(const struct view *view);

/* Shows a page of text instead of the list; the text is copied. */
void view_show(struct view *view, const char *title, const char *text);

/* Packets lost in the last VIEW_SECONDS, and packets a second. */
uint64_t view_lost(const struct view *view);
uint64_t view_rate(const struct view *view);

/* screen.h - a watch with a person before it: the board, on the terminal, while packets go by.
 *
 * What it is: terminal, view and face put together; the engine calls screen_tick again and again.
 * Ownership: screen_open .. screen_close; what its configuration names is borrowed. */
#pragma once

#include "base/failure.h"
#include "live/view.h"

struct screen_config {
    const char *interface; /* printable */
    const char *filter;    /* printable; "" = none */
    const struct profile *profile;
    const struct board *board;
    bool colour, ascii, utc;
};

struct screen; /* opaque */

/* Before rights are given up: the terminal's description is read from files. */
struct screen *screen_open(const struct screen_config *config, struct failure *failure);
void screen_close(struct screen *screen); /* accepts NULL */

/* Gives the terminal back; what follows is written on it as usual. */
void screen_leave(struct screen *screen); /* accepts NULL */

/* Is it time to look after the person?  now_ns: any steady clock, the same in each call. */
bool screen_is_due(const struct screen *screen, int64_t now_ns);

/* Keys and the picture; answers WISH_QUIT, WISH_DETAILS, WISH_EVIDENCE or
 * WISH_NOTHING. */
enum view_wish screen_tick(struct screen *screen, int64_t now_ns, const struct view_facts *facts);

/* Whose details are wished for. */
const struct board_row *screen_selected(const struct screen *screen);
unsigned screen_columns(const struct screen *screen); /* of a page of text */
void screen_show(struct screen *screen, const char *title, const char *text);

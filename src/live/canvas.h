/* canvas.h - a screen as a grid of characters, drawn before any terminal sees it.
 *
 * What it is: text is put at a place and is cut at the right edge; a wide character takes two
 * cells.  What changes nothing of the place where the next character stands (marks that combine,
 * controls) becomes a question mark, so a line is never longer or shorter than it looks.
 * What it refuses: anything outside the grid.
 * Ownership: canvas_resize .. canvas_close. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ink { INK_PLAIN, INK_BOLD, INK_DIM, INK_RED, INK_YELLOW, INK_GREEN, INKS };

enum { CANVAS_ROWS_MAX = 512, CANVAS_COLUMNS_MAX = 512 };

struct canvas_cell {
    uint32_t code; /* 0 = right half of a wide one */
    uint8_t ink;   /* enum ink */
    bool reversed;
};

struct canvas {
    unsigned rows, columns;
    bool ascii; /* what is not ASCII becomes a question mark */
    struct canvas_cell *cell;
};

/* All blank; false without memory, and then it has no cells. */
bool canvas_resize(struct canvas *c, unsigned rows, unsigned columns);
void canvas_close(struct canvas *c); /* accepts a zeroed one */

void canvas_clear(struct canvas *c);

/* From a column on; answers the column behind it. */
unsigned canvas_put(struct canvas *c, unsigned row, unsigned column, enum ink ink, const char *s);
unsigned canvas_format(struct canvas *c, unsigned row, unsigned column, enum ink ink,
                       const char *format, ...) __attribute__((format(printf, 5, 6)));

/* So that it ends at the right edge, unless that would be before `column`. */
void canvas_right(struct canvas *c, unsigned row, unsigned column, enum ink ink, const char *s);

void canvas_rule(struct canvas *c, unsigned row);    /* a line across */
void canvas_reverse(struct canvas *c, unsigned row); /* the whole line */

/* One line as text, without the blanks at its end; for tests.  Answers out. */
char *canvas_line(const struct canvas *c, unsigned row, char *out, size_t size);

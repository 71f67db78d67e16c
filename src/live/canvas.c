#define _XOPEN_SOURCE 700 /* wcwidth */
#include "live/canvas.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { TEXT_MAX = 2048 };

static struct canvas_cell *cell_at(struct canvas *c, unsigned row, unsigned column)
{
    return row < c->rows && column < c->columns ? &c->cell[row * c->columns + column] : NULL;
}

bool canvas_resize(struct canvas *c, unsigned rows, unsigned columns)
{
    free(c->cell);
    rows = rows < CANVAS_ROWS_MAX ? rows : CANVAS_ROWS_MAX;
    columns = columns < CANVAS_COLUMNS_MAX ? columns : CANVAS_COLUMNS_MAX;
    c->cell = calloc((size_t)rows * columns + 1, sizeof *c->cell);
    c->rows = c->cell ? rows : 0;
    c->columns = c->cell ? columns : 0;
    canvas_clear(c);
    return c->cell != NULL;
}

void canvas_close(struct canvas *c)
{
    free(c->cell);
    *c = (struct canvas){ 0 };
}

void canvas_clear(struct canvas *c)
{
    for (size_t i = 0; i < (size_t)c->rows * c->columns; i++)
        c->cell[i] = (struct canvas_cell){ .code = ' ' };
}

/* The next character; what cannot stand in cells is a question mark. */
static size_t take(const struct canvas *c, const char *s, size_t n, uint32_t *code, int *width)
{
    size_t length = text_utf8((const uint8_t *)s, n, code);

    *width = length ? wcwidth((wchar_t)*code) : -1;
    if (*width <= 0 || (c->ascii && *code >= 0x7f)) {
        *code = '?';
        *width = 1;
    }
    return length ? length : 1;
}

/* What is left of a wide character when half of it is written over. */
static void blank_halves(struct canvas *c, unsigned row, unsigned from, unsigned to)
{
    struct canvas_cell *first = cell_at(c, row, from), *behind = cell_at(c, row, to);

    if (first->code == 0 && from)
        first[-1].code = ' ';
    if (behind && behind->code == 0)
        behind->code = ' ';
}

unsigned canvas_put(struct canvas *c, unsigned row, unsigned column, enum ink ink, const char *s)
{
    uint32_t code;
    int width;

    for (size_t n = strlen(s); n;) {
        size_t length = take(c, s, n, &code, &width);
        struct canvas_cell *last = cell_at(c, row, column + (unsigned)width - 1);
        if (!last)
            break; /* the edge */
        blank_halves(c, row, column, column + (unsigned)width);
        *last = (struct canvas_cell){ .code = 0, .ink = (uint8_t)ink };
        *cell_at(c, row, column) = (struct canvas_cell){ .code = code, .ink = (uint8_t)ink };
        column += (unsigned)width;
        s += length;
        n -= length;
    }
    return column;
}

unsigned canvas_format(struct canvas *c, unsigned row, unsigned column, enum ink ink,
                       const char *format, ...)
{
    char s[TEXT_MAX];
    struct text t = text_of(s, sizeof s);
    va_list args;

    va_start(args, format);
    text_vformat(&t, format, args);
    va_end(args);
    return canvas_put(c, row, column, ink, s);
}

static unsigned columns_of(const struct canvas *c, const char *s)
{
    unsigned columns = 0;
    uint32_t code;
    int width;

    for (size_t n = strlen(s); n;) {
        size_t length = take(c, s, n, &code, &width);
        columns += (unsigned)width;
        s += length;
        n -= length;
    }
    return columns;
}

void canvas_right(struct canvas *c, unsigned row, unsigned column, enum ink ink, const char *s)
{
    unsigned width = columns_of(c, s);
    unsigned from = width < c->columns ? c->columns - width : 0;

    if (from >= column)
        canvas_put(c, row, from, ink, s);
}

void canvas_rule(struct canvas *c, unsigned row)
{
    for (unsigned i = 0; i < c->columns && row < c->rows; i++)
        *cell_at(c, row, i) =
            (struct canvas_cell){ .code = c->ascii ? '-' : 0x2500, .ink = INK_DIM };
}

void canvas_reverse(struct canvas *c, unsigned row)
{
    for (unsigned i = 0; i < c->columns && row < c->rows; i++)
        cell_at(c, row, i)->reversed = true;
}

static size_t utf8_of(uint32_t code, char out[5])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    size_t n = code < 0x10000 ? 3 : 4;
    out[0] = (char)(n == 3 ? 0xe0 | code >> 12 : 0xf0 | code >> 18);
    for (size_t i = 1; i < n; i++)
        out[i] = (char)(0x80 | (code >> 6 * (n - 1 - i) & 0x3f));
    return n;
}

char *canvas_line(const struct canvas *c, unsigned row, char *out, size_t size)
{
    struct text t = text_of(out, size);

    for (unsigned i = 0; i < c->columns; i++) {
        char octets[5];
        uint32_t code = c->cell[row * c->columns + i].code;
        if (code)
            text_add_n(&t, octets, utf8_of(code, octets));
    }
    while (t.n && out[t.n - 1] == ' ')
        out[--t.n] = '\0';
    return out;
}

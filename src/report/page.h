/* page.h - a console page: glyphs, colour, columns, wrapped fields.
 *
 * What it is: the layout contract of the console report: 60 to 110 columns of prose, sub-headings
 * in column 3, text in column 13, words of confidence at the right edge. What it refuses: colour
 * that carries meaning alone; background colours. */
#pragma once

#include "report/gather.h"
#include "report/stamp.h"
#include "report/writer.h"

enum page_style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_RED, STYLE_YELLOW, STYLE_GREEN };
enum page_mark { MARK_OK, MARK_FAIL, MARK_WARN, MARK_UNKNOWN };

enum { PAGE_FIELD = 12, PAGE_LEAST = 60, PAGE_MOST = 110 };

struct page {
    struct writer *writer;
    bool ascii, colour;
    unsigned width; /* of prose */
    unsigned input; /* frames are written as input:#frame; 0 = as #frame */
    struct stamp_style stamps;
    struct gathering *gather; /* not NULL: nothing is printed, all is kept there */
};

void page_put(struct page *p, enum page_style style, const char *s);
void page_format(struct page *p, enum page_style style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void page_spaces(struct page *p, unsigned n);
void page_end(struct page *p); /* of the line */

/* "✓ " and so on, in its colour; answers its columns. */
unsigned page_glyph(struct page *p, enum page_mark mark);

/* How many columns a printable string takes. */
unsigned page_columns(const char *s);

/* A field: its label (may be empty), its text wrapped from `indent` on.  The lines of the text
 * after its first are commands and stay as they are.  `tail` ends at the right edge; NULL = none.
 */
void page_field(struct page *p, const char *label, unsigned indent, const char *text,
                const char *tail);

/* The two parts of a field: the label up to column `indent`, and text that begins there. */
void page_label(struct page *p, const char *label, unsigned indent);
void page_wrapped(struct page *p, unsigned indent, const char *text, const char *tail);

/* One paragraph behind the `used` columns of a line; its further lines begin at `indent`. */
void page_flow(struct page *p, unsigned used, unsigned indent, enum page_style style,
               const char *text);

/* Puts `right` at the right edge of a line that already has `used` columns, or of the next one
 * where it has no room, and ends it. */
void page_right(struct page *p, unsigned used, enum page_style style, const char *right);

/* "#412", or "2:#412" among several inputs. */
const char *page_frame(const struct page *p, uint64_t frame, char out[32]);

#define _XOPEN_SOURCE 700 /* wcwidth */
#include "report/page.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <wchar.h>

static const char *const codes[] = { "", "\033[1m", "\033[2m", "\033[31m", "\033[33m", "\033[32m" };

static void put_text(struct page *p, const char *s)
{
    char ascii[4096];
    struct text t = text_of(ascii, sizeof ascii);

    if (p->ascii)
        text_add_ascii(&t, s);
    writer_put(p->writer, p->ascii ? ascii : s);
}

void page_put(struct page *p, enum page_style style, const char *s)
{
    if (p->gather) {
        gather_put(p->gather, s);
        return;
    }
    bool painted = p->colour && style != STYLE_PLAIN && *s;
    if (painted)
        writer_put(p->writer, codes[style]);
    put_text(p, s);
    if (painted)
        writer_put(p->writer, "\033[0m");
}

void page_format(struct page *p, enum page_style style, const char *format, ...)
{
    char line[1024];
    struct text t = text_of(line, sizeof line);
    va_list args;
    va_start(args, format);
    text_vformat(&t, format, args);
    va_end(args);
    page_put(p, style, line);
}

void page_spaces(struct page *p, unsigned n)
{
    while (n--)
        p->gather ? gather_put(p->gather, " ") : writer_put_char(p->writer, ' ');
}

void page_end(struct page *p)
{
    if (p->gather)
        gather_end(p->gather);
    else
        writer_end_line(p->writer);
}

unsigned page_glyph(struct page *p, enum page_mark mark)
{
    static const struct glyph {
        const char *utf8, *ascii;
        enum page_style style;
    } glyphs[] = {
        [MARK_OK] = { "\u2713", "OK", STYLE_GREEN },
        [MARK_FAIL] = { "\u2717", "FAIL", STYLE_RED },
        [MARK_WARN] = { "!", "WARN", STYLE_YELLOW },
        [MARK_UNKNOWN] = { "?", "?", STYLE_YELLOW },
    };
    const struct glyph *g = &glyphs[mark];
    page_put(p, g->style, p->ascii ? g->ascii : g->utf8);
    page_spaces(p, 1);
    return page_columns(p->ascii ? g->ascii : g->utf8) + 1;
}

unsigned page_columns(const char *s)
{
    unsigned columns = 0;
    for (size_t n = strlen(s); n;) {
        uint32_t code = 0;
        size_t length = text_utf8((const uint8_t *)s, n, &code);
        int width = length ? wcwidth((wchar_t)code) : 1;
        columns += width < 0 ? 1 : (unsigned)width;
        s += length ? length : 1;
        n -= length ? length : 1;
    }
    return columns;
}

void page_right(struct page *p, unsigned used, enum page_style style, const char *right)
{
    unsigned columns = page_columns(right);
    if (used + columns + 2 > p->width) {
        page_end(p);
        used = 0;
    }
    page_spaces(p, used + columns + 2 <= p->width ? p->width - used - columns : 2);
    page_put(p, style, right);
    page_end(p);
}

const char *page_frame(const struct page *p, uint64_t frame, char out[32])
{
    struct text t = text_of(out, 32);
    if (p->input)
        text_format(&t, "%u:", p->input);
    text_format(&t, "#%" PRIu64, frame);
    return out;
}

/* One piece of text as wrapping sees it. */
struct wrap {
    struct page *page;
    unsigned indent;
    unsigned used; /* columns of the line so far */
    bool fresh;    /* nothing but the indent is on it */
    enum page_style style;
};

static void wrap_break(struct wrap *w)
{
    page_end(w->page);
    page_spaces(w->page, w->indent);
    w->used = w->indent;
    w->fresh = true;
}

/* A word, and the spaces that stand before it where it does not begin a line. */
static void wrap_word(struct wrap *w, unsigned spaces, const char *word, size_t n)
{
    char copy[1024];
    struct text t = text_of(copy, sizeof copy);
    text_add_n(&t, word, n);
    unsigned columns = page_columns(copy);
    if (!w->fresh && w->used + spaces + columns > w->page->width)
        wrap_break(w);
    if (!w->fresh) {
        page_spaces(w->page, spaces);
        w->used += spaces;
    }
    page_put(w->page, w->style, copy);
    w->used += columns;
    w->fresh = false;
}

static void wrap_line(struct wrap *w, const char *s, size_t n)
{
    for (unsigned spaces = 0; n;) {
        size_t word = 0;
        while (word < n && s[word] != ' ')
            word++;
        if (word)
            wrap_word(w, spaces, s, word);
        s += word;
        n -= word;
        for (spaces = 0; n && *s == ' '; s++, n--)
            spaces++;
    }
}

/* A command: a little further right; a long one goes on after a backslash, as a shell reads it. */
static void wrap_command(struct wrap *w, const char *s, size_t n)
{
    unsigned room = w->page->width - w->indent - 4;
    page_spaces(w->page, 2);
    while (n > room) {
        size_t part = room;
        while (part && s[part] != ' ')
            part--;
        if (!part)
            break;
        wrap_word(w, 0, s, part);
        page_put(w->page, STYLE_PLAIN, " \\");
        wrap_break(w);
        page_spaces(w->page, 4);
        s += part + 1;
        n -= part + 1;
    }
    wrap_word(w, 0, s, n);
}

void page_label(struct page *p, const char *label, unsigned indent)
{
    unsigned columns = page_columns(label);
    if (p->gather) {
        gather_label(p->gather, label);
        return;
    }
    if (*label) {
        page_spaces(p, 2);
        page_put(p, STYLE_BOLD, label);
        columns += 2;
    }
    page_spaces(p, indent > columns ? indent - columns : 1);
}

void page_wrapped(struct page *p, unsigned indent, const char *text, const char *tail)
{
    struct wrap w = { .page = p, .indent = indent, .used = indent, .fresh = true };

    if (p->gather) {
        gather_field(p->gather, text, tail);
        return;
    }
    for (bool first = true; *text; first = false) {
        size_t n = strcspn(text, "\n");
        if (first)
            wrap_line(&w, text, n);
        else
            wrap_command(&w, text, n);
        text += n;
        if (*text && *++text)
            wrap_break(&w);
    }
    if (!tail) {
        page_end(p);
        return;
    }
    if (w.used + 2 + page_columns(tail) > p->width)
        wrap_break(&w);
    page_right(p, w.used, STYLE_PLAIN, tail);
}

void page_flow(struct page *p, unsigned used, unsigned indent, enum page_style style,
               const char *text)
{
    struct wrap w = { .page = p, .indent = indent, .used = used, .fresh = true, .style = style };

    wrap_line(&w, text, strlen(text));
    page_end(p);
}

void page_field(struct page *p, const char *label, unsigned indent, const char *text,
                const char *tail)
{
    page_label(p, label, indent);
    page_wrapped(p, indent, text, tail);
}

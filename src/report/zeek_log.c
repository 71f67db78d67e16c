#include "report/zeek_log.h"

#include "base/text.h"
#include "report/stamp.h"

#include <inttypes.h>

static void cell_begin(struct writer *w)
{
    if (w->n != w->line)
        writer_put_n(w, "\t", 1);
}

static void escape_put(struct writer *w, const uint8_t *p, size_t n)
{
    static const char hex[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        char text[4] = { '\\', 'x', hex[p[i] >> 4], hex[p[i] & 15] };
        writer_put_n(w, text, sizeof text);
    }
}

/* Octets from p on that mean nothing but themselves: most cells are nothing else. */
static size_t plain_run(const uint8_t *p, size_t n, char separator)
{
    size_t i = 0;

    while (i < n && p[i] >= ' ' && p[i] < 0x7f && p[i] != '\\' && p[i] != (uint8_t)separator)
        i++;
    return i;
}

/* One character that is not of that kind; answers its octets. */
static size_t other_put(struct writer *w, const uint8_t *p, size_t n)
{
    uint32_t code = 0;
    size_t length = text_utf8(p, n, &code);

    if (length > 1 && !text_is_hostile(code))
        writer_put_n(w, (const char *)p, length);
    else
        escape_put(w, p, length ? length : 1);
    return length ? length : 1;
}

/* What means something to who reads the line is told from what it stands for. */
static void escaped_put(struct writer *w, const void *octets, size_t n, char separator)
{
    const uint8_t *p = octets;
    size_t i = 0;

    if ((n == 1 && *p == '-') || (n == 7 && !memcmp(p, "(empty)", 7)))
        i = other_put(w, p, 1);
    while (i < n) {
        size_t run = plain_run(p + i, n - i, separator);
        writer_put_n(w, (const char *)p + i, run);
        i += run;
        if (i < n)
            i += other_put(w, p + i, n - i);
    }
}

void zeek_unset(struct writer *w)
{
    cell_begin(w);
    writer_put_n(w, "-", 1);
}

void zeek_octets(struct writer *w, const void *p, size_t n)
{
    if (!n) {
        zeek_unset(w);
        return;
    }
    cell_begin(w);
    escaped_put(w, p, n, '\t');
}

void zeek_text(struct writer *w, const char *s) { zeek_octets(w, s, strlen(s)); }

void zeek_flag(struct writer *w, bool v)
{
    cell_begin(w);
    writer_put_n(w, v ? "T" : "F", 1);
}

void zeek_count(struct writer *w, uint64_t v)
{
    char digits[20];

    cell_begin(w);
    writer_put_n(w, digits, text_decimal(digits, v));
}

static void seconds_put(struct writer *w, int64_t ns)
{
    cell_begin(w);
    if (ns < 0)
        writer_put_n(w, "-", 1);
    uint64_t u = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    writer_format(w, "%" PRIu64 ".%06" PRIu64, u / 1000000000, u % 1000000000 / 1000);
}

void zeek_time(struct writer *w, int64_t ns) { seconds_put(w, ns); }

void zeek_interval(struct writer *w, int64_t ns)
{
    if (ns)
        seconds_put(w, ns);
    else
        zeek_unset(w);
}

void zeek_address(struct writer *w, const struct address *a)
{
    char text[ADDRESS_TEXT];
    cell_begin(w);
    writer_put(w, address_text(a, text));
}

struct zeek_list zeek_list_begin(struct writer *w)
{
    cell_begin(w);
    return (struct zeek_list){ .writer = w };
}

void zeek_list_add(struct zeek_list *l, const char *s)
{
    if (l->n++)
        writer_put_n(l->writer, ",", 1);
    if (s[0])
        escaped_put(l->writer, s, strlen(s), ',');
    else
        writer_put(l->writer, "(empty)");
}

void zeek_list_end(struct zeek_list *l)
{
    if (!l->n)
        writer_put_n(l->writer, "-", 1);
}

/* "2026-11-19-13-02-11" */
static void put_moment(struct writer *w, const char *word, int64_t ns)
{
    char text[20];

    stamp_date_time(stamp_seconds(ns), text);
    for (char *c = text; *c; c++)
        *c = *c == 'T' || *c == ':' ? '-' : *c;
    writer_format(w, "#%s\t%s", word, text);
    writer_end_line(w);
}

void zeek_head(struct writer *w, const char *path, const struct zeek_column *columns, size_t n,
               int64_t ns)
{
    writer_put(w, "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n");
    writer_format(w, "#path\t%s\n", path);
    put_moment(w, "open", ns);
    writer_put(w, "#fields");
    for (size_t i = 0; i < n; i++)
        writer_format(w, "\t%s", columns[i].name);
    writer_put(w, "\n#types");
    for (size_t i = 0; i < n; i++)
        writer_format(w, "\t%s", columns[i].type);
    writer_end_line(w);
}

void zeek_tail(struct writer *w, int64_t ns) { put_moment(w, "close", ns); }

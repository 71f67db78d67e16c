#include "base/text.h"

#include <stdio.h>
#include <string.h>

const char text_two_digits[] =
    "00010203040506070809101112131415161718192021222324252627282930313233"
    "34353637383940414243444546474849505152535455565758596061626364656667"
    "6869707172737475767778798081828384858687888990919293949596979899";

struct text text_of(char *buffer, size_t size)
{
    if (size)
        buffer[0] = '\0';
    return (struct text){ .at = buffer, .size = size };
}

void text_add_n(struct text *t, const char *s, size_t n)
{
    size_t room = t->size > t->n ? t->size - t->n - 1 : 0;
    if (n > room) {
        n = room;
        t->cut = true;
    }
    if (!t->size)
        return;
    memcpy(t->at + t->n, s, n);
    t->n += n;
    t->at[t->n] = '\0';
}

void text_add(struct text *t, const char *s) { text_add_n(t, s, strlen(s)); }

void text_vformat(struct text *t, const char *format, va_list args)
{
    size_t room = t->size - t->n;
    int n = vsnprintf(t->at + t->n, room, format, args);
    if (n < 0)
        return;
    if ((size_t)n >= room) {
        t->cut = true;
        n = room ? (int)room - 1 : 0;
    }
    t->n += (size_t)n;
}

void text_format(struct text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    text_vformat(t, format, args);
    va_end(args);
}

size_t text_utf8(const uint8_t *p, size_t n, uint32_t *code)
{
    static const struct form {
        uint8_t mask, mark;
        uint32_t least;
    } forms[] = {
        { 0x80, 0x00, 0 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 }
    };

    for (size_t length = 1; length <= 4 && length <= n; length++) {
        const struct form *form = &forms[length - 1];
        if ((p[0] & form->mask) != form->mark)
            continue;
        uint32_t v = p[0] & (uint8_t)~form->mask;
        for (size_t i = 1; i < length; i++) {
            if ((p[i] & 0xc0) != 0x80)
                return 0;
            v = v << 6 | (p[i] & 0x3f);
        }
        if (v < form->least || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
            return 0;
        *code = v;
        return length;
    }
    return 0;
}

bool text_is_hostile(uint32_t c)
{
    static const struct range {
        uint32_t first, last;
    } ranges[] = {
        { 0x00, 0x1f },        /* C0 */
        { 0x7f, 0x9f },        /* DEL, C1 */
        { 0xad, 0xad },        /* soft hyphen */
        { 0x34f, 0x34f },      /* combining grapheme joiner */
        { 0x61c, 0x61c },      /* Arabic letter mark */
        { 0x115f, 0x1160 },    /* Hangul fillers */
        { 0x17b4, 0x17b5 },    /* Khmer invisible vowels */
        { 0x180b, 0x180f },    /* Mongolian separators */
        { 0x200b, 0x200f },    /* zero width, left-to-right and right-to-left marks */
        { 0x2028, 0x202e },    /* line and paragraph separators, bidi embedding */
        { 0x2060, 0x206f },    /* word joiner, bidi isolates */
        { 0x3164, 0x3164 },    /* Hangul filler */
        { 0xd800, 0xdfff },    /* surrogates */
        { 0xfe00, 0xfe0f },    /* variation selectors */
        { 0xfeff, 0xfeff },    /* byte order mark */
        { 0xfff0, 0xfffb },    /* specials */
        { 0xe0000, 0x10ffff }, /* tags, private use */
    };

    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

/* Are all eight octets from p on printable ASCII?  The high bit of an octet is set when it has that
 * bit itself, when a space cannot be taken off it, or when one more makes it 0x80. */
static bool eight_are_plain(const uint8_t *p)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return ((v | (v - ones * 0x20) | (v + ones)) & high) == 0;
}

/* How many octets from p on are printable ASCII: nearly all of most names. */
static size_t plain_run(const uint8_t *p, size_t n)
{
    size_t i = 0;
    while (n - i >= sizeof(uint64_t) && eight_are_plain(p + i))
        i += sizeof(uint64_t);
    while (i < n && p[i] >= 0x20 && p[i] < 0x7f)
        i++;
    return i;
}

static void add_escaped(struct text *t, uint32_t code)
{
    text_format(t, code > 0xffff ? "\\U%08x" : "\\u%04x", code);
}

void text_add_ascii(struct text *t, const char *s)
{
    for (size_t n = strlen(s); n && !t->cut;) {
        uint32_t code = 0;
        size_t length = text_utf8((const uint8_t *)s, n, &code);
        if (length && code < 0x80)
            text_add_n(t, s, length);
        else if (length)
            add_escaped(t, code);
        else
            text_format(t, "\\x%02x", (uint8_t)*s);
        s += length ? length : 1;
        n -= length ? length : 1;
    }
}

void text_foreign(struct text *t, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    while (n) {
        size_t plain = plain_run(p, n);
        text_add_n(t, (const char *)p, plain);
        p += plain;
        n -= plain;
        if (!n || t->cut)
            return;
        uint32_t code;
        size_t length = text_utf8(p, n, &code);
        if (length && !text_is_hostile(code)) {
            if (t->size - t->n <= length) { /* never half a character */
                t->cut = true;
                return;
            }
            text_add_n(t, (const char *)p, length);
        } else if (length) {
            add_escaped(t, code);
        } else {
            text_format(t, "\\x%02x", p[0]);
        }
        if (t->cut)
            return;
        p += length ? length : 1;
        n -= length ? length : 1;
    }
}

char *text_printable(const void *bytes, size_t n, char *out, size_t size)
{
    struct text t = text_of(out, size);
    text_foreign(&t, bytes, n);
    return out;
}

void text_copy(char *out, size_t size, const char *s)
{
    struct text t = text_of(out, size);
    text_add(&t, s ? s : "");
}

/* From the binary logarithm: 1233/4096 is a little more than log10(2). */
static size_t digits_of(uint64_t v)
{
    static const uint64_t powers[] = { 0,
                                       10,
                                       100,
                                       1000,
                                       10000,
                                       100000,
                                       1000000,
                                       10000000,
                                       100000000,
                                       1000000000,
                                       10000000000,
                                       100000000000,
                                       1000000000000,
                                       10000000000000,
                                       100000000000000,
                                       1000000000000000,
                                       10000000000000000,
                                       100000000000000000,
                                       1000000000000000000,
                                       10000000000000000000u };
    size_t guess = (size_t)(64 - __builtin_clzll(v | 1)) * 1233 >> 12;
    return guess + (v >= powers[guess]);
}

size_t text_decimal(char *p, uint64_t v)
{
    size_t n = digits_of(v), at = n;
    for (; v >= 100; v /= 100)
        memcpy(p + (at -= 2), text_two_digits + v % 100 * 2, 2);
    if (at == 2)
        memcpy(p, text_two_digits + v * 2, 2);
    else
        p[0] = (char)('0' + v);
    return n;
}

size_t text_distance(const char *a, const char *b)
{
    enum { LONGEST = 63 };
    size_t na = strnlen(a, LONGEST), nb = strnlen(b, LONGEST);
    size_t rows[3][LONGEST + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];

    for (size_t j = 0; j <= nb; j++) {
        last[j] = j;
        before[j] = j;
    }
    for (size_t i = 1; i <= na; i++) {
        now[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);
            if (last[j] + 1 < best)
                best = last[j] + 1;
            if (now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
        size_t *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[nb];
}

const char *text_nearest(const char *word, const char *const *words, size_t n)
{
    const char *nearest = NULL;
    size_t best = 3; /* further away is another word */

    for (size_t i = 0; i < n; i++) {
        size_t distance = words[i][0] ? text_distance(word, words[i]) : best;
        if (distance < best) {
            best = distance;
            nearest = words[i];
        }
    }
    return nearest;
}

bool text_is_host(const char *s)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

    return s[0] && s[0] != '-' && strspn(s, plain) == strlen(s);
}

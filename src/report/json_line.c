#include "report/json_line.h"

#include <stdio.h>

static void put_escape(struct writer *w, uint32_t code)
{
    if (code > 0xffff)
        writer_format(w, "\\u%04x\\u%04x", 0xd800 + ((code - 0x10000) >> 10),
                      0xdc00 + ((code - 0x10000) & 0x3ff));
    else
        writer_format(w, "\\u%04x", code);
}

static bool is_plain(uint8_t c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

/* One character at p; answers how many octets it took. */
static size_t put_character(struct writer *w, const uint8_t *p, size_t n)
{
    uint32_t code;
    size_t length = text_utf8(p, n, &code);
    if (!length) {
        writer_format(w, "\\\\x%02x", p[0]);
        return 1;
    }
    if (code == '"' || code == '\\')
        writer_format(w, "\\%c", (char)code);
    else if (text_is_hostile(code))
        put_escape(w, code);
    else
        writer_put_n(w, (const char *)p, length);
    return length;
}

static void put_octets(struct writer *w, const uint8_t *p, size_t n)
{
    while (n) {
        size_t plain = 0;
        while (plain < n && is_plain(p[plain]))
            plain++;
        writer_put_n(w, (const char *)p, plain);
        p += plain;
        n -= plain;
        size_t taken = n ? put_character(w, p, n) : 0;
        p += taken;
        n -= taken;
    }
}

/* In quotes, with no comma before it. */
static void put_string(struct writer *w, const uint8_t *p, size_t n, bool *cut)
{
    if (n > JSON_STRING) {
        *cut = true;
        n = JSON_STRING;
        while (n && (p[n] & 0xc0) == 0x80) /* not inside a character */
            n--;
    }
    writer_put_n(w, "\"", 1);
    put_octets(w, p, n);
    writer_put_n(w, "\"", 1);
}

void json_bytes(struct writer *w, const char *key, const void *bytes, size_t n, bool *cut)
{
    json_key(w, key);
    put_string(w, bytes, n, cut);
}

/* is_plain of eight octets at once: each test leaves the high bit of an octet that it finds. */
static bool eight_are_plain(const uint8_t *p)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
    uint64_t v;
    memcpy(&v, p, sizeof v);
    uint64_t quote = v ^ ones * '"', escape = v ^ ones * '\\', rubout = v ^ ones * 0x7f;
    uint64_t found = v | (v - ones * 0x20) | (quote - ones) | (escape - ones) | (rubout - ones);
    return (found & high) == 0;
}

/* The last eight may overlap those before them. */
static bool all_are_plain(const uint8_t *p, size_t n)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        if (!eight_are_plain(p + i))
            return false;
    if (n >= 8)
        return i == n || eight_are_plain(p + n - 8);
    for (; i < n; i++)
        if (!is_plain(p[i]))
            return false;
    return true;
}

char *json_pen_string(struct writer *w, char *p, const void *s, size_t n, bool *cut)
{
    if (n <= JSON_STRING / 2 && all_are_plain(s, n)) {
        *p++ = '"';
        p = pen_octets(p, s, n);
        *p++ = '"';
        return p;
    }
    writer_commit(w, p);
    put_string(w, s, n, cut);
    return writer_reserve(w, JSON_PEN_ROOM);
}

void json_string(struct writer *w, const char *key, const char *s, bool *cut)
{
    json_bytes(w, key, s, strlen(s), cut);
}

static char *octet_text(char *p, unsigned v)
{
    if (v >= 100) {
        *p++ = (char)('0' + v / 100);
        v %= 100;
    } else if (v < 10) {
        *p++ = (char)('0' + v);
        return p;
    }
    return pen_octets(p, text_two_digits + v * 2, 2);
}

static size_t quad_text(const uint8_t quad[4], char *out)
{
    char *p = out;
    for (int i = 0; i < 4; i++) {
        if (i)
            *p++ = '.';
        p = octet_text(p, quad[i]);
    }
    return (size_t)(p - out);
}

size_t json_address_text(const struct address *a, char *out)
{
    return address_is_ipv4(a) ? quad_text(a->octet + 12, out) : strlen(address_text(a, out));
}

void json_address(struct writer *w, const char *key, const struct address *a)
{
    char text[ADDRESS_TEXT];
    json_key(w, key);
    writer_put_n(w, "\"", 1);
    writer_put_n(w, text, json_address_text(a, text));
    writer_put_n(w, "\"", 1);
}

char *json_pen_mac(char *p, const uint8_t mac[6])
{
    static const char hex[] = "0123456789ABCDEF";
    for (int i = 0; i < 6; i++) {
        p[3 * i] = hex[mac[i] >> 4];
        p[3 * i + 1] = hex[mac[i] & 15];
        p[3 * i + 2] = '-';
    }
    return p + 17;
}

void json_mac(struct writer *w, const char *key, const uint8_t mac[6])
{
    char text[18];
    (void)json_pen_mac(text, mac);
    json_key(w, key);
    writer_put_n(w, "\"", 1);
    writer_put_n(w, text, 17);
    writer_put_n(w, "\"", 1);
}

char *json_pen_hex16(char *p, uint16_t v)
{
    static const char digits[] = "0123456789abcdef";
    p = PEN_PUT(p, "\"0x");
    for (int shift = 12; shift >= 0; shift -= 4)
        *p++ = digits[v >> shift & 15];
    return PEN_PUT(p, "\"");
}

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

void json_bytes(struct writer *w, const char *key, const void *bytes, size_t n, bool *cut)
{
    const uint8_t *p = bytes;
    if (n > JSON_STRING) {
        *cut = true;
        n = JSON_STRING;
        while (n && (p[n] & 0xc0) == 0x80) /* not inside a character */
            n--;
    }
    json_key(w, key);
    writer_put_n(w, "\"", 1);
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
    writer_put_n(w, "\"", 1);
}

void json_string(struct writer *w, const char *key, const char *s, bool *cut)
{
    json_bytes(w, key, s, strlen(s), cut);
}

static size_t quad_text(const uint8_t quad[4], char *out)
{
    size_t n = 0;
    for (int i = 0; i < 4; i++) {
        if (i)
            out[n++] = '.';
        n += text_decimal(out + n, quad[i]);
    }
    return n;
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

static const char hex[] = "0123456789ABCDEF";

void json_mac(struct writer *w, const char *key, const uint8_t mac[6])
{
    char text[17];
    for (int i = 0; i < 6; i++) {
        text[3 * i] = hex[mac[i] >> 4];
        text[3 * i + 1] = hex[mac[i] & 15];
        if (i < 5)
            text[3 * i + 2] = '-';
    }
    json_key(w, key);
    writer_put_n(w, "\"", 1);
    writer_put_n(w, text, sizeof text);
    writer_put_n(w, "\"", 1);
}

void json_hex16(struct writer *w, const char *key, uint16_t v)
{
    static const char lower[] = "0123456789abcdef";
    char text[] = "\"0x0000\"";
    for (int i = 0; i < 4; i++)
        text[3 + i] = lower[v >> (12 - 4 * i) & 15];
    json_key(w, key);
    writer_put_n(w, text, sizeof text - 1);
}

/* json_line.h - one JSON object in one line, written by hand into a writer.
 *
 * What it is: each call adds a member; the comma comes from the last octet written.  A key of NULL
 * adds an element of an array.  Absent facts are left out by the caller: null is never written.
 * What it refuses: control, bidirectional and zero-width characters and bytes that are no UTF-8:
 * they become \u and \\x escapes.  Strings are cut at JSON_STRING octets and *cut is set.
 * Source: RFC 8259. */
#pragma once

#include "base/address.h"
#include "base/text.h"
#include "report/pen.h"
#include "report/writer.h"

enum { JSON_STRING = 1024 };

/* Octets that are known when this is compiled, as they are. */
#define JSON_PUT(w, literal) writer_put_n(w, "" literal, sizeof literal - 1)

static inline void json_put_digits(struct writer *w, uint64_t v)
{
    if (writer_has_room(w, 20))
        w->n += text_decimal(w->at + w->n, v);
}

static inline void json_comma(struct writer *w)
{
    char last = writer_last(w);
    if (last != '{' && last != '[' && last != '\n' && w->n != w->line)
        writer_put_n(w, ",", 1);
}

static inline void json_key(struct writer *w, const char *key)
{
    json_comma(w);
    if (!key)
        return;
    size_t n = strlen(key); /* a constant where the key is one */
    writer_put_n(w, "\"", 1);
    writer_put_n(w, key, n);
    writer_put_n(w, "\":", 2);
}

static inline void json_object(struct writer *w, const char *key)
{
    json_key(w, key);
    writer_put_n(w, "{", 1);
}

static inline void json_array(struct writer *w, const char *key)
{
    json_key(w, key);
    writer_put_n(w, "[", 1);
}

static inline void json_end_object(struct writer *w) { writer_put_n(w, "}", 1); }
static inline void json_end_array(struct writer *w) { writer_put_n(w, "]", 1); }

static inline void json_number(struct writer *w, const char *key, uint64_t v)
{
    json_key(w, key);
    json_put_digits(w, v);
}

static inline void json_flag(struct writer *w, const char *key, bool v)
{
    json_key(w, key);
    writer_put_n(w, v ? "true" : "false", v ? 4 : 5);
}

/* A word of ours, in need of no escape. */
static inline void json_word(struct writer *w, const char *key, const char *word)
{
    json_key(w, key);
    writer_put_n(w, "\"", 1);
    writer_put(w, word);
    writer_put_n(w, "\"", 1);
}

/* Any octets, escaped.  True in *cut when they were too many. */
void json_bytes(struct writer *w, const char *key, const void *p, size_t n, bool *cut);
void json_string(struct writer *w, const char *key, const char *s, bool *cut);

/* The longest line that a pen writes, strings of others not counted. */
enum { JSON_PEN_ROOM = 24 * 1024 };

/* Any octets as a string at p, in quotes.  Has JSON_PEN_ROOM reserved when it comes back. */
char *json_pen_string(struct writer *w, char *p, const void *s, size_t n, bool *cut);

/* The text of an address at out, ADDRESS_TEXT octets without a NUL; answers its length. */
size_t json_address_text(const struct address *a, char *out);
void json_address(struct writer *w, const char *key, const struct address *a);
void json_mac(struct writer *w, const char *key, const uint8_t mac[6]);
char *json_pen_mac(char *p, const uint8_t mac[6]);
char *json_pen_hex16(char *p, uint16_t v); /* "0x1301", in quotes */

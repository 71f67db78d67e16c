/* text.h - text that is safe to show: bounded building, and foreign bytes made printable.
 *
 * A `struct text` is a cursor over a caller's buffer; it never writes past it, always ends it with
 * NUL, and remembers that something did not fit.  Foreign strings (names, first lines, comments,
 * file names) go through text_printable before they reach any output: control characters (C0, C1,
 * DEL, ESC), bidirectional and zero-width marks and bytes that are not UTF-8 become \u001b or \xff
 * form; a backslash stays as it is. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    char *at;    /* start of the buffer */
    size_t size; /* its bytes, the NUL included */
    size_t n;    /* bytes written, without the NUL */
    bool cut;    /* something did not fit */
};

struct text text_of(char *buffer, size_t size);
void text_add(struct text *t, const char *s);
void text_add_n(struct text *t, const char *s, size_t n);
void text_format(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_vformat(struct text *t, const char *format, va_list args);

/* Appends n foreign bytes in printable form. */
void text_foreign(struct text *t, const void *bytes, size_t n);

/* Foreign bytes to a printable, NUL-ended string in out; returns out. */
char *text_printable(const void *bytes, size_t n, char *out, size_t size);

/* Appends a printable string for an output that takes ASCII alone: everything else in \u1234 form.
 * The octets of UTF-8 are control codes to a terminal of another character set. */
void text_add_ascii(struct text *t, const char *s);

/* Copies s, cut to what fits; out always ends with NUL. */
void text_copy(char *out, size_t size, const char *s);

/* The next code point of n bytes at p: its length in bytes, 0 when it is not UTF-8. */
size_t text_utf8(const uint8_t *p, size_t n, uint32_t *code);

/* Must this code point be escaped wherever it came from the wire? */
bool text_is_hostile(uint32_t code);

/* Is s one word of letters, digits, "." "-" "_", and no option?  Then it is safe in a command that
 * a person pastes into a shell. */
bool text_is_host(const char *s);

/* "00" to "99", one behind the other. */
extern const char text_two_digits[];

/* Decimal digits of v at p, without a NUL; returns their number (at most 20). */
size_t text_decimal(char *p, uint64_t v);

/* How far apart two short words are (insertions, deletions, swaps); for "did you mean". */
size_t text_distance(const char *a, const char *b);

/* The nearest of some words, unless all are too far away to be meant: then NULL. */
const char *text_nearest(const char *word, const char *const *words, size_t n);

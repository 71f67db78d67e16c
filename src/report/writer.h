/* writer.h - the one buffer between the reports and their output.
 *
 * What it is: 256 KiB; whole lines leave it in single writes, so that a crash or a full disk never
 * leaves half a line behind a whole one.  An error sticks; who closes the report asks for it.
 * What it refuses: a line longer than 64 KiB: it is dropped and counted.
 * Ownership: borrows the FILE; embed it or make it by value. */
#pragma once

#include "base/failure.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { WRITER_LINE = 64 * 1024, WRITER_ROOM = 128 * 1024 };

struct writer {
    FILE *out;
    int error;        /* errno of the first write that failed; 0 = none */
    bool too_long;    /* the line being written does not fit */
    uint64_t dropped; /* lines that did not */
    size_t line;      /* where the line being written begins */
    size_t n;         /* octets in `at` */
    char at[WRITER_ROOM];
};

void writer_open(struct writer *w, FILE *out);

/* Makes room for n more octets of this line; false when they cannot be had. */
bool writer_make_room(struct writer *w, size_t n);

static inline bool writer_has_room(struct writer *w, size_t n)
{
    return n <= WRITER_ROOM - w->n || writer_make_room(w, n);
}

static inline void writer_put_n(struct writer *w, const char *s, size_t n)
{
    if (!writer_has_room(w, n))
        return;
    memcpy(w->at + w->n, s, n);
    w->n += n;
}

/* The place of the next octet, with room for n of this line, of which writer_commit says how many
 * were written.  n and the line so far are together far below WRITER_ROOM. */
char *writer_reserve(struct writer *w, size_t n);
static inline void writer_commit(struct writer *w, const char *end)
{
    w->n = (size_t)(end - w->at);
}

static inline void writer_put(struct writer *w, const char *s) { writer_put_n(w, s, strlen(s)); }
static inline void writer_put_char(struct writer *w, char c) { writer_put_n(w, &c, 1); }
static inline char writer_last(const struct writer *w) { return w->n ? w->at[w->n - 1] : '\0'; }

void writer_format(struct writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

void writer_end_line(struct writer *w); /* adds the newline */
void writer_flush(struct writer *w);    /* whole lines only */

/* Could something not be written?  A reader that had enough (`| head`) is no fault. */
bool writer_failed(const struct writer *w, struct failure *failure);

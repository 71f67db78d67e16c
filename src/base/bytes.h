/* bytes.h - a borrowed window over bytes that somebody else sent.
 *
 * What it is: the only way in which shakeout reads untrusted bytes.  A window knows how many bytes
 * may be read, and how many followed on the wire that the capture did not keep (snap length).  The
 * first read past either sets a sticky fault; every later read yields 0 or an empty window, so a
 * parser reads its message like a schema and asks once at the end.
 * What it refuses: offset arithmetic by hand, casts of packet memory to structs.
 * Units: octets; integers are big-endian on the wire and host order here, unless named _le.
 * Ownership: owns nothing; the memory behind a window must outlive it.  `at` is never NULL. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum bytes_fault {
    BYTES_FINE,
    BYTES_SHORT,   /* the sender promised more than it sent */
    BYTES_CLIPPED, /* sent, but not captured: judge nothing from its absence */
};

struct bytes {
    const uint8_t *at; /* next unread byte */
    size_t left;       /* bytes from at that may be read */
    size_t clipped;    /* bytes after those that were on the wire but not captured */
    enum bytes_fault fault;
};

/* A window over `captured` bytes at p, of which `on_wire` were sent (on_wire >= captured). */
static inline struct bytes bytes_of(const void *p, size_t captured, size_t on_wire)
{
    return (struct bytes){ .at = p ? (const uint8_t *)p : (const uint8_t *)"",
                           .left = p ? captured : 0,
                           .clipped = on_wire > captured ? on_wire - captured : 0 };
}

static inline struct bytes bytes_whole(const void *p, size_t n) { return bytes_of(p, n, n); }

static inline bool bytes_ok(const struct bytes *b) { return b->fault == BYTES_FINE; }

/* Everything understood and nothing trailing? */
static inline bool bytes_done(const struct bytes *b)
{
    return bytes_ok(b) && b->left == 0 && b->clipped == 0;
}

static inline size_t bytes_on_wire(const struct bytes *b) { return b->left + b->clipped; }

/* The next n bytes as a window of their own.  A cut window is still a window: only reading
 * past what was captured faults, so a half-captured hello yields the half we have. */
static inline struct bytes bytes_take(struct bytes *b, uint64_t n)
{
    if (b->fault == BYTES_FINE && n > b->left + b->clipped)
        b->fault = BYTES_SHORT;
    if (b->fault != BYTES_FINE)
        return (struct bytes){ .at = b->at, .fault = b->fault };
    size_t here = n < b->left ? (size_t)n : b->left;
    struct bytes piece = { .at = b->at, .left = here, .clipped = (size_t)n - here };
    b->at += here;
    b->left -= here;
    b->clipped -= piece.clipped;
    return piece;
}

static inline void bytes_skip(struct bytes *b, uint64_t n) { (void)bytes_take(b, n); }

/* What is left of an integer that the window does not hold whole: a fault, and 0. */
static inline __attribute__((cold)) uint64_t bytes_uint_short(struct bytes *b, size_t width)
{
    if (bytes_take(b, width).clipped)
        b->fault = BYTES_CLIPPED;
    return 0;
}

static inline uint64_t bytes_uint(struct bytes *b, size_t width) /* 0 after a fault */
{
    const uint8_t *at = b->at;
    uint64_t v = 0;
    if (__builtin_expect(b->fault != BYTES_FINE || b->left < width, 0))
        return bytes_uint_short(b, width);
    b->at = at + width;
    b->left -= width;
    for (size_t i = 0; i < width; i++)
        v = v << 8 | at[i];
    return v;
}

static inline uint8_t bytes_u8(struct bytes *b) { return (uint8_t)bytes_uint(b, 1); }
static inline uint16_t bytes_u16(struct bytes *b) { return (uint16_t)bytes_uint(b, 2); }
static inline uint32_t bytes_u24(struct bytes *b) { return (uint32_t)bytes_uint(b, 3); }
static inline uint32_t bytes_u32(struct bytes *b) { return (uint32_t)bytes_uint(b, 4); }
static inline uint64_t bytes_u64(struct bytes *b) { return bytes_uint(b, 8); }

/* Little-endian, for file formats and link headers that are written that way. */
static inline uint32_t bytes_u32_le(struct bytes *b)
{
    uint32_t v = bytes_u32(b);
    return v >> 24 | (v >> 8 & 0xff00) | (v << 8 & 0xff0000) | v << 24;
}

/* A vector prefixed by its own length, `width` octets wide (RFC 8446 section 3.4). */
static inline struct bytes bytes_vector(struct bytes *b, size_t width)
{
    return bytes_take(b, bytes_uint(b, width));
}

/* Copies exactly n captured bytes to out; false, and out untouched, when they are not there. */
static inline bool bytes_copy(struct bytes *b, void *out, size_t n)
{
    struct bytes piece = bytes_take(b, n);
    if (piece.clipped)
        b->fault = BYTES_CLIPPED;
    if (!bytes_ok(b))
        return false;
    memcpy(out, piece.at, n);
    return true;
}

/* The byte at offset i without reading it; -1 when it is not there. */
static inline int bytes_peek(const struct bytes *b, size_t i)
{
    return b->fault == BYTES_FINE && i < b->left ? b->at[i] : -1;
}

static inline bool bytes_begin_with(const struct bytes *b, const char *text)
{
    size_t n = strlen(text);
    return b->fault == BYTES_FINE && b->left >= n && memcmp(b->at, text, n) == 0;
}

/* pen.h - octets of one line, where room for all of them was asked for once.
 *
 * What it is: what every connection is written with.  Each call puts something at p and answers the
 * place behind it; what is known when this is compiled is copied as a constant.
 * What it refuses: asking for room.  Who takes a pen reserves for the longest that may come, and
 * PEN_SLACK on top: copies run to the next full block.
 * Strings that others sent go through json_pen_string (json_line.h). */
#pragma once

#include "base/text.h"

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { PEN_SLACK = 64, PEN_BLOCK = 16 };

#define PEN_PUT(p, literal) ((char *)memcpy(p, "" literal, sizeof literal - 1) + sizeof literal - 1)

/* A short word of ours, with its length; room to copy it as a whole. */
struct pen_word {
    char text[PEN_SLACK - 1];
    uint8_t n; /* 0: not known yet */
};

static inline char *pen_word(char *p, const struct pen_word *word)
{
    memcpy(p, word->text, sizeof word->text);
    return p + word->n;
}

/* n octets from an array that may be read to its next full block. */
static inline char *pen_blocks(char *p, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i += PEN_BLOCK)
        memcpy(p + i, s + i, PEN_BLOCK);
    return p + n;
}

static inline char *pen_octets(char *p, const void *s, size_t n)
{
    memcpy(p, s, n);
    return p + n;
}

/* A text of a few letters. */
static inline char *pen_text(char *p, const char *s)
{
    while (*s)
        *p++ = *s++;
    return p;
}

/* Eight digits at once, each in an octet of its own, the highest first in memory: halves are
 * divided side by side, by multiplying with a reciprocal that is exact for so few digits. */
static inline uint64_t pen_eight_digits(uint32_t v)
{
    uint64_t fours = v / 10000 | (uint64_t)(v % 10000) << 32;
    uint64_t hundreds = fours * 10486 >> 20 & UINT64_C(0x7f0000007f);
    uint64_t twos = hundreds | (fours - hundreds * 100) << 16;
    uint64_t tens = twos * 103 >> 10 & UINT64_C(0x000f000f000f000f);
    return tens | (twos - tens * 10) << 8;
}

static inline char *pen_number(char *p, uint64_t v)
{
    if (v < 10) {
        *p = (char)('0' + v);
        return p + 1;
    }
    if (v >= 100000000)
        return p + text_decimal(p, v);
    uint64_t digits = pen_eight_digits((uint32_t)v);
    unsigned leading = (unsigned)__builtin_ctzll(digits) / 8;
    digits = htole64((digits | UINT64_C(0x3030303030303030)) >> 8 * leading);
    memcpy(p, &digits, sizeof digits);
    return p + 8 - leading;
}

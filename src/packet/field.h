/* field.h - big-endian fields at fixed places of a header that was taken whole.
 *
 * A parser takes a fixed header by field_block, one check for all of it, and reads its fields where
 * they lie: no copy, for this is done for every packet.  What has no fixed place stays with the
 * readers of struct bytes. */
#pragma once

#include "base/bytes.h"

#include <stddef.h>
#include <stdint.h>

static inline uint16_t field_16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

static inline uint32_t field_32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline uint64_t field_64(const uint8_t *at)
{
    return (uint64_t)field_32(at) << 32 | field_32(at + 4);
}

/* The next n captured bytes in place; NULL, and a fault, when they are not there. */
static inline const uint8_t *field_block(struct bytes *b, size_t n)
{
    const uint8_t *block = b->at;
    if (b->fault == BYTES_FINE && b->left < n)
        b->fault = b->left + b->clipped < n ? BYTES_SHORT : BYTES_CLIPPED;
    if (b->fault != BYTES_FINE)
        return NULL;
    b->at += n;
    b->left -= n;
    return block;
}

/* Ends the window after n bytes, before padding; answers how many of them it does not have, for a
 * length may promise more than was sent. */
static inline size_t field_trim(struct bytes *b, size_t n)
{
    size_t there = bytes_on_wire(b);
    if (n >= there)
        return n - there;
    b->clipped = n > b->left ? n - b->left : 0;
    b->left = n < b->left ? n : b->left;
    return 0;
}

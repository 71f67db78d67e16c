/* field.h - big-endian fields at fixed places of a header that was copied out whole.
 *
 * A parser takes a fixed header through bytes_copy into an array of its own, one check for all of
 * it, and reads the fields from there.  What has no fixed place stays with struct bytes. */
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

/* The next n bytes, or as many of them as the frame has: for a length that padding follows, or that
 * may promise more than was sent. */
static inline struct bytes field_up_to(struct bytes *b, size_t n)
{
    size_t there = bytes_on_wire(b);
    return bytes_take(b, n < there ? n : there);
}

/* ticks.h - the clock of a pcapng interface: if_tsresol and if_tsoffset.
 *
 * Units: ticks as the file counts them; nanoseconds since 1970 come out.  Times past what 64 bits
 * of nanoseconds hold (the years 1677 to 2262) saturate. */
#pragma once

#include <stdint.h>

/* time_ns = ticks * multiply / divide / 2^shift + offset */
struct ticks {
    uint64_t fast_limit; /* up to here ticks * multiply + offset_ns cannot overflow */
    uint64_t multiply, divide;
    unsigned shift;
    int64_t offset_s, offset_ns;
};

/* resolution is if_tsresol: a negative power of 10 or, with the top bit, of 2. */
struct ticks ticks_of(uint8_t resolution, int64_t offset_s);

int64_t ticks_slow(const struct ticks *t, uint64_t ticks);

static inline int64_t ticks_ns(const struct ticks *t, uint64_t ticks)
{
    if (ticks <= t->fast_limit)
        return (int64_t)(ticks * t->multiply) + t->offset_ns;
    return ticks_slow(t, ticks);
}

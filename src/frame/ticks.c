/* ticks.c - draft-ietf-opsawg-pcapng, if_tsresol and if_tsoffset. */
#include "frame/ticks.h"

#include <stdbool.h>

__extension__ typedef __int128 wide;

static int64_t clamp(wide v)
{
    return v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : (int64_t)v;
}

int64_t ticks_slow(const struct ticks *t, uint64_t ticks)
{
    wide ns = (wide)ticks * (wide)t->multiply / (wide)t->divide >> t->shift;
    return clamp(ns + (wide)t->offset_s * 1000000000);
}

struct ticks ticks_of(uint8_t resolution, int64_t offset_s)
{
    struct ticks t = { .multiply = 1000000000, .divide = 1, .offset_s = offset_s };
    unsigned power = resolution & 0x7f;

    if (resolution & 0x80)
        t.shift = power;
    for (; !(resolution & 0x80) && power; power--) {
        if (t.multiply > 1)
            t.multiply /= 10;
        else if (t.divide <= UINT64_MAX / 10)
            t.divide *= 10; /* 10^-29 and finer: every time is 0 anyway */
    }
    t.offset_ns = clamp((wide)offset_s * 1000000000);
    bool sane =
        t.offset_ns / 1000000000 == offset_s; /* an absurd offset always goes the slow way */
    if (sane && !t.shift && t.divide == 1)
        t.fast_limit = (uint64_t)(INT64_MAX - (t.offset_ns > 0 ? t.offset_ns : 0)) / t.multiply;
    return t;
}

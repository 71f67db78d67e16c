/* fuzz_gaps.c - adding and dropping ranges, against a bitmap that is asked the same questions. */
#include "stream/gaps.h"

#include <assert.h>
#include <stdlib.h>

enum { OFFSETS = 256 };

static uint64_t bitmap_run(const bool *map, uint64_t from)
{
    uint64_t n = 0;
    while (from + n < OFFSETS && map[from + n])
        n++;
    return n;
}

static uint64_t bitmap_next(const bool *map, uint64_t from)
{
    while (from < OFFSETS && !map[from])
        from++;
    return from < OFFSETS ? from : UINT64_MAX;
}

static void compare(const struct ranges *set, const bool *map)
{
    assert(set->n <= RANGES_MAX);
    for (size_t i = 0; i < set->n; i++) {
        assert(set->range[i].from < set->range[i].to);
        assert(i == 0 || set->range[i - 1].to < set->range[i].from);
    }
    for (uint64_t at = 0; at < OFFSETS; at++) {
        assert(ranges_run(set, at) == bitmap_run(map, at));
        assert(ranges_next(set, at) == bitmap_next(map, at));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ranges set = { 0 };
    bool map[OFFSETS] = { false };

    for (size_t i = 0; i + 2 < size && i < 300; i += 3) {
        uint64_t from = data[i + 1], to = from + data[i + 2] % 32;
        to = to < OFFSETS ? to : OFFSETS;
        if (data[i] % 8 == 0) {
            ranges_drop_below(&set, from);
            for (uint64_t at = 0; at < from; at++)
                map[at] = false;
        } else if (ranges_add(&set, from, to)) {
            for (uint64_t at = from; at < to; at++)
                map[at] = true;
        } else {
            assert(set.n == RANGES_MAX);
        }
        compare(&set, map);
    }
    return 0;
}

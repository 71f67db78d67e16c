/* gaps.h - a small sorted set of half-open ranges of offsets.
 *
 * What it is: at most RANGES_MAX disjoint, non-touching ranges.  Adding merges; when the set is
 * full and a range would need a new place, adding fails and the caller treats the octets as never
 * seen. Pure: no allocation, no I/O; fuzzed against a bitmap. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RANGES_MAX = 24 };

struct range {
    uint64_t from, to; /* [from, to) */
};

struct ranges {
    size_t n;
    struct range range[RANGES_MAX];
};

bool ranges_add(struct ranges *set, uint64_t from, uint64_t to);
void ranges_drop_below(struct ranges *set, uint64_t offset);

/* How many octets from `offset` on are in the set without a break; 0 when offset is not. */
uint64_t ranges_run(const struct ranges *set, uint64_t offset);

/* The first offset >= `offset` that is in the set; UINT64_MAX when none. */
uint64_t ranges_next(const struct ranges *set, uint64_t offset);

/* edits.h - what stays of one side's octets, by their place in the stream.
 *
 * What it is: everything that was not put is zero.  Octets may be put in any order, each place
 * once; edits_sort comes before edits_apply.  So a segment can be made again however the octets
 * were cut into packets, and however often they were sent. Units: 64-bit offsets, 0 = first octet
 * after the SYN.  Ownership: edits_free. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct edit {
    uint64_t at;
    uint32_t n, from; /* place in `octets` */
};

struct edits {
    struct edit *edit;
    uint8_t *octets;
    size_t n, room, n_octets, octets_room;
    bool sorted, no_memory;
};

void edits_put(struct edits *e, uint64_t at, const uint8_t *p, size_t n);
void edits_sort(struct edits *e);

/* out[0..n-1] = octets from `at` on. */
void edits_apply(const struct edits *e, uint64_t at, uint8_t *out, size_t n);
void edits_free(struct edits *e);
static inline size_t edits_memory(const struct edits *e)
{
    return e->room * sizeof *e->edit + e->octets_room;
}

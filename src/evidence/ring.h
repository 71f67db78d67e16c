/* ring.h - the newest packets of a watch, in memory, until newer ones need the room.
 *
 * What it is: a copy of each packet that is put, found again by its number or by the hash of its
 * conversation, newest first.  The oldest go when octets or places run out.
 * What it refuses: judging what is worth keeping; packets larger than half of it.
 * Bounds: `bytes` for everything, of which only what is used is ever touched.
 * Ownership: opaque.  A slot and its octets are good until the next ring_put. */
#pragma once

#include "frame/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring; /* opaque */

struct ring_slot {
    uint64_t frame; /* its number */
    int64_t time_ns;
    uint64_t hash;   /* of its conversation, as the caller has it */
    uint32_t at;     /* where its octets lie */
    uint32_t n;      /* captured */
    uint32_t wire;   /* octets on the wire */
    uint32_t before; /* the one before it with a hash of the same bucket */
    uint16_t link, interface;
};

struct ring *ring_open(size_t bytes); /* NULL without memory */
void ring_close(struct ring *ring);   /* accepts NULL */
void ring_clear(struct ring *ring);   /* its memory serves others until packets come again */

/* Frames are put in the order of their numbers. */
void ring_put(struct ring *ring, const struct frame *frame, uint64_t hash);

/* The newest packet of a conversation, and the one of it before a given one; NULL = none is kept.
 */
const struct ring_slot *ring_newest(const struct ring *ring, uint64_t hash);
const struct ring_slot *ring_before(const struct ring *ring, const struct ring_slot *slot);

const struct ring_slot *ring_frame(const struct ring *ring, uint64_t frame); /* or NULL */
const uint8_t *ring_octets(const struct ring *ring, const struct ring_slot *slot);

/* Octets and packets held now, and the time of the oldest; 0 = empty. */
size_t ring_held(const struct ring *ring, uint64_t *packets, int64_t *oldest_ns);

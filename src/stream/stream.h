/* stream.h - the in-order octets of one side of a connection, with gaps known as gaps.
 *
 * What it is: stream_accept takes segments as they come; stream_window shows the octets at the
 * reading position: straight from the packet when nothing is buffered, else from a buffer that
 * holds only what is out of order or not yet understood.  Octets nobody wants are skipped unseen.
 * What it refuses: growing beyond STREAM_BUFFER octets; what does not fit is a gap.
 * Overlap: the first copy of an octet wins; a differing second one is counted as evidence.
 * Units: 64-bit offsets, 0 = first octet after the SYN (or the first one seen mid-stream).
 * Ownership: the buffer is a block of the flow's arena. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "stream/gaps.h"

#include <stdbool.h>
#include <stdint.h>

/* Octets behind the reading position that may be held: a block of 64 KiB with its header. */
enum { STREAM_BUFFER = 64 * 1024 - 64 };

/* Octets that could not be read in their packet. */
struct stash {
    uint8_t *buffer; /* octets from offset `from` on; NULL = none */
    uint64_t from;
    size_t size;
    struct ranges held;    /* which offsets of the buffer are there */
    struct ranges clipped; /* which were on the wire but cut by the snap length */
};

struct stream {
    bool started;
    uint8_t overflow;    /* segments that did not fit, or 255 */
    uint16_t conflicts;  /* overlapping octets that differ, or 65535 */
    uint32_t base_seq;   /* sequence number of offset `read` */
    uint64_t read;       /* offset of the next octet to be read */
    struct stash *stash; /* what waits behind a hole, or was not understood; NULL mostly */
    struct bytes direct; /* borrowed: the current packet's octets at `read`; empty = none */
    uint64_t missing;    /* octets given up so far */
};

_Static_assert(sizeof(struct stream) == 64, "one line");

/* The first octet will have this sequence number. */
void stream_start(struct stream *s, uint32_t seq);

/* Takes one segment.  True when there is something to read at the reading position. */
bool stream_accept(struct stream *s, struct arena *arena, struct pool *pool, uint32_t seq,
                   struct bytes payload);

/* What can be read now without a gap; may be empty. */
struct bytes stream_window(const struct stream *s);

/* n octets of the window were understood (clipped ones count). */
void stream_consume(struct stream *s, uint64_t n);

/* The next n octets are of no interest, whether they come or not. */
void stream_skip(struct stream *s, uint64_t n);

/* The packet is about to go: copies what was not consumed.  False when there was no room for it
 * (the rest is then a gap). */
bool stream_settle(struct stream *s, struct arena *arena, struct pool *pool);

/* Octets missing at the reading position before the next held ones; 0 when nothing waits behind. */
uint64_t stream_hole(const struct stream *s);

/* Sequence number of the reading position. */
static inline uint32_t stream_seq(const struct stream *s) { return s->base_seq; }

/* Octets that the stash has room for by now. */
static inline size_t stream_stash_size(const struct stream *s)
{
    return s->stash ? s->stash->size : 0;
}

/* No more payload will be wanted: gives the stash back. */
void stream_finish(struct stream *s, struct arena *arena, struct pool *pool);

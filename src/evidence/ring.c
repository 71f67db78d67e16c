#include "evidence/ring.h"

#include "base/pages.h"

#include <stdlib.h>
#include <string.h>

/* Packets are numbered by `next`, which only grows; a number's place is its remainder.  Octets of
 * one packet lie in one piece: what does not fit before the end begins anew at 0. */
struct ring {
    struct ring_slot *slot;
    uint32_t *bucket; /* newest packet + 1 of the hashes that end alike; 0 = none */
    uint8_t *octets;
    uint32_t n_slots, n_octets; /* n_slots: a power of two, as many as buckets */
    uint32_t next, oldest;      /* next - oldest packets are held */
    uint32_t write;             /* where the next packet's octets go */
    size_t held;
};

enum { SMALLEST = 1 << 10, OCTETS_A_PACKET = 192 };

/* Half for what packets are, half for what is in them, as SYNs need it; large ones wait less long
 * for room anyway. */
struct ring *ring_open(size_t bytes)
{
    struct ring *r = calloc(1, sizeof *r);
    size_t n = SMALLEST;

    while (n * 2 * (sizeof *r->slot + sizeof *r->bucket) <= bytes / 2 && n < 1U << 30)
        n *= 2;
    if (!r)
        return NULL;
    r->n_slots = (uint32_t)n;
    size_t left = bytes - n * (sizeof *r->slot + sizeof *r->bucket);
    if (bytes < n * (sizeof *r->slot + sizeof *r->bucket + OCTETS_A_PACKET) / 2)
        left = n * OCTETS_A_PACKET;
    r->n_octets = left < UINT32_MAX ? (uint32_t)left : UINT32_MAX;
    r->slot = malloc(n * sizeof *r->slot);
    r->bucket = calloc(n, sizeof *r->bucket);
    r->octets = malloc(r->n_octets);
    if (r->slot && r->bucket && r->octets)
        return r;
    ring_close(r);
    return NULL;
}

void ring_close(struct ring *r)
{
    if (!r)
        return;
    free(r->slot);
    free(r->bucket);
    free(r->octets);
    free(r);
}

void ring_clear(struct ring *r)
{
    memset(r->bucket, 0, r->n_slots * sizeof *r->bucket);
    pages_forget(r->slot, r->n_slots * sizeof *r->slot);
    pages_forget(r->octets, r->n_octets);
    r->oldest = r->next;
    r->held = 0;
}

static struct ring_slot *slot_of(const struct ring *r, uint32_t number)
{
    return &r->slot[number & (r->n_slots - 1)];
}

static bool is_held(const struct ring *r, uint32_t number)
{
    return number - r->oldest < r->next - r->oldest;
}

static void drop_oldest(struct ring *r) { r->held -= slot_of(r, r->oldest++)->n; }

/* An empty packet has its place as well, so that the oldest lies before all others. */
static uint32_t span_of(uint32_t n) { return n ? n : 1; }

static bool overlaps(const struct ring *r, uint32_t at, uint32_t n)
{
    const struct ring_slot *oldest = slot_of(r, r->oldest);

    return r->next != r->oldest && oldest->at < at + n && at < oldest->at + span_of(oldest->n);
}

/* Where n octets go; who lies there leaves.  When the end is too near, everybody who lies between
 * here and the end is older than who lies at the beginning. */
static uint32_t make_room(struct ring *r, uint32_t n)
{
    uint32_t at = r->write;

    if (at + (uint64_t)n > r->n_octets) {
        while (r->next != r->oldest && slot_of(r, r->oldest)->at >= at)
            drop_oldest(r);
        at = 0;
    }
    while (overlaps(r, at, n))
        drop_oldest(r);
    r->write = at + n;
    return at;
}

void ring_put(struct ring *r, const struct frame *frame, uint64_t hash)
{
    uint32_t n = (uint32_t)frame->data.left;
    uint32_t *bucket = &r->bucket[hash & (r->n_slots - 1)];

    if (frame->data.left > r->n_octets / 2)
        return;
    if (r->next - r->oldest == r->n_slots)
        drop_oldest(r);
    uint32_t at = make_room(r, span_of(n));
    memcpy(r->octets + at, frame->data.at, n);
    *slot_of(r, r->next) = (struct ring_slot){ .frame = frame->number,
                                               .time_ns = frame->time_ns,
                                               .hash = hash,
                                               .at = at,
                                               .n = n,
                                               .wire = (uint32_t)bytes_on_wire(&frame->data),
                                               .before = *bucket,
                                               .link = (uint16_t)frame->link,
                                               .interface = (uint16_t)frame->interface };
    *bucket = ++r->next;
    r->held += n;
}

static const struct ring_slot *find_from(const struct ring *r, uint32_t number, uint64_t hash)
{
    for (; number && is_held(r, number - 1); number = slot_of(r, number - 1)->before)
        if (slot_of(r, number - 1)->hash == hash)
            return slot_of(r, number - 1);
    return NULL;
}

const struct ring_slot *ring_newest(const struct ring *r, uint64_t hash)
{
    return find_from(r, r->bucket[hash & (r->n_slots - 1)], hash);
}

const struct ring_slot *ring_before(const struct ring *r, const struct ring_slot *slot)
{
    return find_from(r, slot->before, slot->hash);
}

const struct ring_slot *ring_frame(const struct ring *r, uint64_t frame)
{
    uint32_t low = 0, high = r->next - r->oldest;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (slot_of(r, r->oldest + middle)->frame < frame)
            low = middle + 1;
        else
            high = middle;
    }
    const struct ring_slot *found = slot_of(r, r->oldest + low);
    return low < r->next - r->oldest && found->frame == frame ? found : NULL;
}

const uint8_t *ring_octets(const struct ring *r, const struct ring_slot *slot)
{
    return r->octets + slot->at;
}

size_t ring_held(const struct ring *r, uint64_t *packets, int64_t *oldest_ns)
{
    *packets = r->next - r->oldest;
    *oldest_ns = *packets ? slot_of(r, r->oldest)->time_ns : 0;
    return r->held;
}

#include "evidence/ring.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static void put(struct ring *ring, uint64_t number, uint64_t hash, size_t n)
{
    static uint8_t octets[70000];
    struct frame frame = { .number = number, .time_ns = (int64_t)number * 10, .link = 1 };

    memset(octets, (int)(number & 0xff), n);
    frame.data = bytes_of(octets, n, n + 3);
    ring_put(ring, &frame, hash);
}

static bool is_whole(const struct ring *ring, const struct ring_slot *slot)
{
    const uint8_t *octets = ring_octets(ring, slot);

    for (uint32_t i = 0; i < slot->n; i++)
        if (octets[i] != (uint8_t)slot->frame)
            return false;
    return slot->wire == slot->n + 3 && slot->time_ns == (int64_t)slot->frame * 10;
}

Test(ring, a_conversation_comes_newest_first)
{
    struct ring *ring = ring_open(1 << 20);

    put(ring, 1, 7, 60);
    put(ring, 2, 8, 60);
    put(ring, 3, 7, 60);

    const struct ring_slot *slot = ring_newest(ring, 7);
    cr_assert_eq(slot->frame, 3);
    slot = ring_before(ring, slot);
    cr_assert_eq(slot->frame, 1);
    cr_assert_null(ring_before(ring, slot));
    cr_assert_null(ring_newest(ring, 9));
    ring_close(ring);
}

Test(ring, hashes_of_one_bucket_are_told_apart)
{
    struct ring *ring = ring_open(1 << 20);
    uint64_t other = 7 + (1ULL << 40);

    put(ring, 1, 7, 60);
    put(ring, 2, other, 60);

    cr_assert_eq(ring_newest(ring, 7)->frame, 1);
    cr_assert_eq(ring_newest(ring, other)->frame, 2);
    ring_close(ring);
}

Test(ring, a_packet_is_found_by_its_number)
{
    struct ring *ring = ring_open(1 << 20);

    for (uint64_t i = 10; i < 100; i += 3)
        put(ring, i, i, 60);

    cr_assert_eq(ring_frame(ring, 13)->frame, 13);
    cr_assert_null(ring_frame(ring, 14));
    cr_assert_null(ring_frame(ring, 9));
    cr_assert_null(ring_frame(ring, 1000));
    ring_close(ring);
}

Test(ring, the_oldest_go_and_nothing_that_stays_is_written_over)
{
    struct ring *ring = ring_open(1 << 20);
    uint64_t held;
    int64_t oldest;

    srand(1);
    for (uint64_t i = 1; i < 60000; i++) {
        put(ring, i, (uint64_t)(rand() % 50), (size_t)(rand() % 3 ? rand() % 100 : rand() % 4000));
        if (i % 997)
            continue;
        size_t n = 0;
        for (uint64_t hash = 0; hash < 50; hash++)
            for (const struct ring_slot *s = ring_newest(ring, hash); s;
                 s = ring_before(ring, s), n++)
                cr_assert(is_whole(ring, s), "packet %lu", (unsigned long)s->frame);
        cr_assert_leq(ring_held(ring, &held, &oldest), 1 << 20);
        cr_assert_eq(n, held, "%zu of %lu", n, (unsigned long)held);
        cr_assert_eq(oldest, (int64_t)(i + 1 - held) * 10);
    }
    ring_close(ring);
}

Test(ring, empty_packets_and_giants_do_no_harm)
{
    struct ring *ring = ring_open(1 << 17);

    for (uint64_t i = 1; i < 5000; i++)
        put(ring, i, i % 5, i % 7 ? 0 : 69000);

    cr_assert_eq(ring_newest(ring, 4999 % 5)->frame, 4999);
    ring_clear(ring);
    cr_assert_null(ring_newest(ring, 4999 % 5));
    put(ring, 5000, 1, 10);
    cr_assert(is_whole(ring, ring_newest(ring, 1)));
    ring_close(ring);
}

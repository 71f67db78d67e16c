#include "evidence/exhibit.h"
#include "frame/capture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RAW_IPV4 = 228 };

static const uint8_t key[MASK_KEY] = { 1 }, contents[4] = { 0x01, 0xde, 0xad, 0xbe };
static const struct capture_interface span0 = { .name = "span0" };
static const struct exhibit_words words = {
    .comment = "unit test", .interfaces = &span0, .n_interfaces = 1, .key = key
};

/* An IPv4 datagram that says TCP and has no more than a header. */
static void put(struct ring *ring, struct exhibit *e, uint64_t number, uint64_t hash)
{
    uint8_t octets[44] = { 0x45, 0, 0, 44, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2 };
    struct frame frame = { .number = number,
                           .time_ns = (int64_t)number * 1000,
                           .link = RAW_IPV4,
                           .data = bytes_whole(octets, sizeof octets) };

    octets[20] = 0x1f;
    octets[23] = 80;
    octets[32] = 0x50;
    memcpy(octets + 40, contents, 4);
    if (ring)
        ring_put(ring, &frame, hash);
    if (e)
        exhibit_add(e, &frame);
}

struct seen {
    size_t n;
    int64_t time_ns[4096];
    bool contents;
};

static void read_back(struct exhibit *e, const struct exhibit_words *w, struct seen *seen)
{
    char path[] = "/tmp/shakeout-unit-XXXXXX";
    struct capture_config config = { 0 };
    struct failure failure;
    struct frame frames[FRAME_BATCH];
    uint8_t *octets;
    size_t n;

    *seen = (struct seen){ 0 };
    cr_assert(exhibit_write(e, w, &octets, &n));
    int fd = mkstemp(path);
    cr_assert_eq(write(fd, octets, n), (ssize_t)n);
    close(fd);
    free(octets);
    struct capture *capture = capture_open_file(path, &config, &failure);
    cr_assert(capture, "%s", failure.why);
    while (!capture_ended(capture))
        for (size_t i = 0, m = capture_next(capture, frames); i < m; i++) {
            seen->time_ns[seen->n++] = frames[i].time_ns;
            seen->contents |= memcmp(frames[i].data.at + 40, contents, 4) == 0;
        }
    cr_assert_not(capture_facts(capture)->damaged);
    capture_close(capture);
    unlink(path);
}

Test(exhibit, packets_are_sorted_and_each_is_there_once)
{
    struct exhibit *e = exhibit_open();
    struct ring *ring = ring_open(1 << 20);
    static struct seen seen;

    for (uint64_t i = 1; i <= 5; i++)
        put(ring, NULL, i, 7);
    exhibit_gather(e, ring, 7, 2, EXHIBIT_PACKETS);
    exhibit_gather(e, ring, 7, 4, EXHIBIT_PACKETS);
    put(NULL, e, 6, 7);
    read_back(e, &words, &seen);

    cr_assert_eq(seen.n, 5);
    for (size_t i = 0; i < seen.n; i++)
        cr_assert_eq(seen.time_ns[i], (int64_t)(i + 2) * 1000);
    ring_close(ring);
    exhibit_close(e);
}

Test(exhibit, of_a_long_conversation_the_middle_goes)
{
    struct exhibit *e = exhibit_open();
    struct ring *ring = ring_open(8 << 20);
    static struct seen seen;

    for (uint64_t i = 1; i <= 1000; i++)
        put(ring, NULL, i, 7);
    exhibit_gather(e, ring, 7, 1, 10);
    read_back(e, &words, &seen);

    cr_assert_eq(seen.n, 10);
    cr_assert_eq(seen.time_ns[0], 1000);
    cr_assert_eq(seen.time_ns[4], 5000);
    cr_assert_eq(seen.time_ns[5], 996000);
    cr_assert_eq(seen.time_ns[9], 1000000);
    ring_close(ring);
    exhibit_close(e);
}

Test(exhibit, contents_go_unless_they_are_asked_for)
{
    struct exhibit *e = exhibit_open();
    struct exhibit_words with = words;
    static struct seen seen;

    put(NULL, e, 1, 7);
    read_back(e, &words, &seen);
    cr_assert_not(seen.contents);
    with.contents = true;
    read_back(e, &with, &seen);
    cr_assert(seen.contents);
    exhibit_close(e);
}

Test(exhibit, what_is_noted_brings_its_conversation_along)
{
    struct exhibit *e = exhibit_open();
    struct ring *ring = ring_open(1 << 20);
    static struct seen seen;

    for (uint64_t i = 1; i <= 9; i++)
        put(ring, NULL, i, i % 3);
    kept_note(exhibit_kept(e), 5, "whole", true);
    kept_note(exhibit_kept(e), 6, "alone", false);
    kept_note(exhibit_kept(e), 600, "gone", true);
    exhibit_gather_notes(e, ring);
    read_back(e, &words, &seen);

    cr_assert_eq(seen.n, 4);
    cr_assert_eq(seen.time_ns[0], 2000);
    cr_assert_eq(seen.time_ns[2], 6000);
    ring_close(ring);
    exhibit_close(e);
}

Test(exhibit, it_never_grows_beyond_its_bounds)
{
    struct exhibit *e = exhibit_open();
    static struct seen seen;

    for (uint64_t i = 1; i <= EXHIBIT_PACKETS + 100; i++)
        put(NULL, e, i, 7);
    read_back(e, &words, &seen);

    cr_assert_eq(seen.n, EXHIBIT_PACKETS);
    exhibit_close(e);
}

Test(exhibit, nothing_makes_no_file)
{
    struct exhibit *e = exhibit_open();
    uint8_t *octets;
    size_t n;

    cr_assert_not(exhibit_write(e, &words, &octets, &n));
    exhibit_close(e);
    exhibit_close(NULL);
}

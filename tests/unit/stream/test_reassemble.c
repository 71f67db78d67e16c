#include "stream/stream.h"

#include <criterion/criterion.h>
#include <string.h>

struct desk {
    struct pool *pool;
    struct arena arena;
    struct stream stream;
};

static struct desk desk_open(uint32_t seq)
{
    struct desk d = { .pool = pool_open(1 << 20) };
    stream_start(&d.stream, seq);
    return d;
}

static void desk_close(struct desk *d)
{
    stream_finish(&d->stream, &d->arena, d->pool);
    arena_release(&d->arena, d->pool);
    pool_close(d->pool);
}

static bool take(struct desk *d, uint32_t seq, const char *text)
{
    return stream_accept(&d->stream, &d->arena, d->pool, seq, bytes_whole(text, strlen(text)));
}

/* As the session does it: the packet goes when it was looked at. */
static bool take_and_settle(struct desk *d, uint32_t seq, const char *text)
{
    bool ready = take(d, seq, text);
    cr_assert(stream_settle(&d->stream, &d->arena, d->pool));
    return ready;
}

static void expect_window(const struct stream *s, const char *text)
{
    struct bytes window = stream_window(s);
    cr_assert_eq(window.left, strlen(text), "%zu octets, not %zu", window.left, strlen(text));
    cr_assert_arr_eq(window.at, text, strlen(text));
}

Test(reassemble, octets_in_order_are_read_from_the_packet_itself)
{
    struct desk d = desk_open(100);
    static const char text[] = "hello";

    cr_assert(take(&d, 100, text));

    cr_assert_eq(stream_window(&d.stream).at, (const uint8_t *)text);
    stream_consume(&d.stream, 5);
    cr_assert_eq(stream_seq(&d.stream), 105);
    cr_assert_null(d.stream.stash);
    cr_assert_eq(pool_used(d.pool), 0);
    desk_close(&d);
}

Test(reassemble, what_was_not_understood_yet_waits_for_the_rest)
{
    struct desk d = desk_open(100);
    take(&d, 100, "hello");
    stream_consume(&d.stream, 2);
    cr_assert(stream_settle(&d.stream, &d.arena, d.pool));

    cr_assert(take_and_settle(&d, 105, " world"));

    expect_window(&d.stream, "llo world");
    desk_close(&d);
}

Test(reassemble, segments_out_of_order_are_put_in_order)
{
    struct desk d = desk_open(100);

    cr_assert_not(take_and_settle(&d, 108, "rld"));
    cr_assert_eq(stream_hole(&d.stream), 8);
    cr_assert_not(take_and_settle(&d, 105, " wo"));
    cr_assert_eq(stream_hole(&d.stream), 5);
    cr_assert(take_and_settle(&d, 100, "hello"));

    expect_window(&d.stream, "hello world");
    cr_assert_eq(stream_hole(&d.stream), 0);
    desk_close(&d);
}

Test(reassemble, the_first_copy_of_an_octet_wins_and_the_difference_is_counted)
{
    struct desk d = desk_open(100);
    take_and_settle(&d, 103, "DEF");

    take_and_settle(&d, 100, "abcdXfgh");

    expect_window(&d.stream, "abcDEFgh");
    cr_assert_eq(d.stream.conflicts, 3);
    desk_close(&d);
}

Test(reassemble, octets_that_were_read_are_not_read_again)
{
    struct desk d = desk_open(100);
    take(&d, 100, "hello");
    stream_consume(&d.stream, 5);

    cr_assert_not(take_and_settle(&d, 100, "hello"));
    cr_assert(take_and_settle(&d, 103, "lo world"));

    expect_window(&d.stream, " world");
    desk_close(&d);
}

Test(reassemble, sequence_numbers_wrap)
{
    struct desk d = desk_open(UINT32_MAX - 2);

    cr_assert_not(take_and_settle(&d, 2, "fgh"));
    cr_assert(take_and_settle(&d, UINT32_MAX - 2, "abcde"));

    expect_window(&d.stream, "abcdefgh");
    stream_consume(&d.stream, 8);
    cr_assert_eq(stream_seq(&d.stream), 5);
    cr_assert_eq(d.stream.read, 8);
    desk_close(&d);
}

Test(reassemble, octets_cut_by_the_snap_length_are_known_to_be_there)
{
    struct desk d = desk_open(0);

    stream_accept(&d.stream, &d.arena, d.pool, 0, bytes_of("abcd", 4, 10));
    struct bytes direct = stream_window(&d.stream);
    cr_assert_eq(direct.left, 4);
    cr_assert_eq(direct.clipped, 6);
    cr_assert(stream_settle(&d.stream, &d.arena, d.pool));
    take_and_settle(&d, 10, "klm");

    struct bytes window = stream_window(&d.stream);
    cr_assert_eq(window.left, 4);
    cr_assert_eq(window.clipped, 6);
    stream_consume(&d.stream, 10);
    expect_window(&d.stream, "klm");
    desk_close(&d);
}

Test(reassemble, a_whole_copy_that_comes_later_replaces_a_cut_one)
{
    struct desk d = desk_open(0);
    stream_accept(&d.stream, &d.arena, d.pool, 0, bytes_of("ab", 2, 8));
    stream_settle(&d.stream, &d.arena, d.pool);

    take_and_settle(&d, 4, "efgh");

    struct bytes window = stream_window(&d.stream);
    cr_assert_eq(window.left, 2);
    cr_assert_eq(window.clipped, 2);
    take_and_settle(&d, 0, "abcd");
    expect_window(&d.stream, "abcdefgh");
    desk_close(&d);
}

Test(reassemble, a_hole_is_given_up_by_skipping_it)
{
    struct desk d = desk_open(0);
    take_and_settle(&d, 100, "later");

    stream_skip(&d.stream, stream_hole(&d.stream));

    expect_window(&d.stream, "later");
    cr_assert_eq(d.stream.missing, 100);
    cr_assert_eq(stream_seq(&d.stream), 100);
    desk_close(&d);
}

Test(reassemble, what_is_skipped_before_it_comes_is_not_missed)
{
    struct desk d = desk_open(0);
    stream_skip(&d.stream, 1000);

    cr_assert_not(take_and_settle(&d, 0, "unwanted"));
    cr_assert(take_and_settle(&d, 998, "ABwanted"));

    expect_window(&d.stream, "wanted");
    cr_assert_eq(d.stream.missing, 0);
    desk_close(&d);
}

Test(reassemble, skipping_over_held_octets_drops_them)
{
    struct desk d = desk_open(0);
    take_and_settle(&d, 0, "0123456789");
    take_and_settle(&d, 20, "abcdef");

    stream_skip(&d.stream, 22);

    expect_window(&d.stream, "cdef");
    cr_assert_eq(d.stream.missing, 10);
    desk_close(&d);
}

Test(reassemble, a_segment_too_far_ahead_is_a_gap)
{
    struct desk d = desk_open(0);

    cr_assert_not(take_and_settle(&d, STREAM_BUFFER, "x"));
    cr_assert_not(take_and_settle(&d, 0x7fffffff, "x"));
    cr_assert_not(take_and_settle(&d, 0x80000000, "x"));
    cr_assert_not(take_and_settle(&d, STREAM_BUFFER - 2, "yyyy"));

    cr_assert_eq(d.stream.overflow, 3);
    cr_assert_eq(stream_hole(&d.stream), STREAM_BUFFER - 2);
    desk_close(&d);
}

Test(reassemble, a_full_buffer_moves_on_as_it_is_read)
{
    static char chunk[8001];
    memset(chunk, 'a', 8000);
    struct desk d = desk_open(0);
    take_and_settle(&d, 1, chunk); /* one octet is missing before it */
    for (uint32_t i = 1; i < 8; i++)
        take_and_settle(&d, 1 + i * 8000, chunk);
    cr_assert_eq(d.stream.overflow, 0);

    cr_assert(take_and_settle(&d, 0, "b"));
    cr_assert_eq(stream_window(&d.stream).left, 64001);
    stream_consume(&d.stream, 60000);
    cr_assert(take_and_settle(&d, 64001, chunk));

    cr_assert_eq(stream_window(&d.stream).left, 12001);
    cr_assert_eq(d.stream.overflow, 0);
    cr_assert_eq(stream_stash_size(&d.stream), STREAM_BUFFER);
    desk_close(&d);
}

Test(reassemble, without_memory_the_rest_is_a_gap)
{
    struct desk d = desk_open(0);
    pool_lower(d.pool, 0);
    take(&d, 0, "hello");
    stream_consume(&d.stream, 1);

    cr_assert_not(stream_settle(&d.stream, &d.arena, d.pool));

    struct bytes window = stream_window(&d.stream);
    cr_assert_eq(bytes_on_wire(&window), 0);
    cr_assert_not(take(&d, 5, "world"));
    cr_assert_eq(d.stream.overflow, 1);
    desk_close(&d);
}

Test(reassemble, too_many_holes_are_refused_not_invented)
{
    struct desk d = desk_open(0);
    for (uint32_t i = 0; i < RANGES_MAX + 10; i++)
        take_and_settle(&d, 10 + i * 2, "x");

    cr_assert_eq(d.stream.overflow, 10);
    stream_skip(&d.stream, 10 + RANGES_MAX * 2);
    cr_assert_eq(stream_window(&d.stream).left, 0);
    desk_close(&d);
}

Test(reassemble, a_finished_stream_gives_its_buffer_back)
{
    struct desk d = desk_open(0);
    take_and_settle(&d, 10, "held");
    cr_assert_gt(pool_used(d.pool), 0);

    stream_finish(&d.stream, &d.arena, d.pool);

    cr_assert_eq(pool_used(d.pool), 0);
    cr_assert_eq(stream_hole(&d.stream), 0);
    desk_close(&d);
}

Test(reassemble, the_first_segment_seen_starts_a_stream_that_nobody_started)
{
    struct desk d = { .pool = pool_open(1 << 20) };

    cr_assert(take(&d, 777, "abc"));

    expect_window(&d.stream, "abc");
    cr_assert_eq(stream_seq(&d.stream), 777);
    desk_close(&d);
}

Test(reassemble, equal_octets_that_overlap_are_no_evidence)
{
    struct desk d = desk_open(100);
    take_and_settle(&d, 103, "def");

    take_and_settle(&d, 101, "bcdefg");
    take_and_settle(&d, 100, "abc");

    expect_window(&d.stream, "abcdefg");
    cr_assert_eq(d.stream.conflicts, 0);
    desk_close(&d);
}

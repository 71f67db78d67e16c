#include "image.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

static void put_start(void)
{
    put_section();
    put_interface(1, 0);
}

Test(pcapng, both_byte_orders_give_the_same_frames)
{
    for (int big = 0; big < 2; big++) {
        image.n = 0;
        image.big = big;
        put_start();
        put_enhanced(0, 1700000000123456, 61, 1514);

        cr_assert(image_read_whole());

        cr_assert_eq(n_frames, 1);
        cr_assert_eq(frames[0].number, 1);
        cr_assert_eq(frames[0].time_ns, 1700000000123456000);
        cr_assert_eq(frames[0].data.left, 61);
        cr_assert_eq(frames[0].data.clipped, 1514 - 61);
        cr_assert_not(facts.damaged);
        cr_assert_str_eq(facts.format, "pcapng");
    }
}

Test(pcapng, sections_may_differ_in_byte_order_and_number_their_interfaces_on)
{
    put_section();
    put_interface(1, 0);
    put_interface(113, 0);
    put_enhanced(1, 1, 20, 20);
    image.big = true;
    put_section();
    put_interface(101, 0);
    put_enhanced(0, 2, 20, 20);

    cr_assert(image_read_whole());

    cr_assert_eq(n_frames, 2);
    cr_assert_eq(frames[0].link, 113);
    cr_assert_eq(frames[0].interface, 1);
    cr_assert_eq(frames[1].link, 101);
    cr_assert_eq(frames[1].interface, 2);
    cr_assert_eq(frames[1].time_ns, 2000);
    cr_assert_eq(facts.n_interfaces, 3);
    cr_assert_eq(facts.interface[2].frames, 1);
}

struct resolution {
    uint8_t value;
    uint64_t ticks;
    int64_t time_ns;
};

/* Seconds and fractions worked out by hand. */
static const struct resolution resolutions[] = {
    { 0, 1700000000, 1700000000000000000 },
    { 3, 1700000000123, 1700000000123000000 },
    { 9, 1700000000123456789, 1700000000123456789 },
    { 10, 17000000001234567890U, 1700000000123456789 },
    { 19, 12345678901234567890U, 1234567890 },
    { 127, UINT64_MAX, 1 },
    { 0x80, 1700000000, 1700000000000000000 },
    { 0x80 | 1, 3, 1500000000 },
    { 0x80 | 20, (UINT64_C(1700000000) << 20) + (1 << 18), 1700000000250000000 },
    { 0x80 | 127, UINT64_MAX, 0 },
};

Test(pcapng, the_resolution_is_a_power_of_ten_or_of_two)
{
    for (size_t i = 0; i < sizeof resolutions / sizeof *resolutions; i++) {
        const struct resolution *r = &resolutions[i];
        image.n = 0;
        put_section();
        interface_begin(1, 0);
        put_option(9, &r->value, 1);
        block_end();
        put_enhanced(0, r->ticks, 20, 20);

        cr_assert(image_read_whole());

        cr_assert_eq(frames[0].time_ns, r->time_ns, "if_tsresol %u: %lld", r->value,
                     (long long)frames[0].time_ns);
    }
}

Test(pcapng, the_offset_of_an_interface_is_in_seconds_and_may_be_negative)
{
    put_section();
    interface_begin(1, 0);
    put16(14);
    put16(8);
    put_uint((uint64_t)-100, 8);
    block_end();
    put_enhanced(0, 1700000000500000, 20, 20);

    cr_assert(image_read_whole());

    cr_assert_eq(frames[0].time_ns, 1699999900500000000);
}

Test(pcapng, absurd_times_saturate)
{
    static const uint64_t offsets[] = { 0, (uint64_t)INT64_MAX, (uint64_t)INT64_MIN };
    static const int64_t times[] = { INT64_MAX, INT64_MAX, INT64_MIN };
    for (size_t i = 0; i < 3; i++) {
        image.n = 0;
        put_section();
        interface_begin(1, 0);
        put16(14);
        put16(8);
        put_uint(offsets[i], 8);
        block_end();
        put_enhanced(0, i ? 0 : UINT64_MAX, 20, 20);

        cr_assert(image_read_whole());

        cr_assert_eq(frames[0].time_ns, times[i]);
    }
}

Test(pcapng, an_interface_is_described)
{
    put_section();
    interface_begin(113, 256);
    put_option(2, "eth\x1b[0m", 7);
    put_option(11, "\0tcp port 8013", 14);
    put_option(0, "", 0);
    block_end();
    put_enhanced(0, 1, 20, 20);

    cr_assert(image_read_whole());

    cr_assert_eq(facts.n_interfaces, 1);
    cr_assert_str_eq(facts.interface[0].name, "eth\\u001b[0m");
    cr_assert_str_eq(facts.interface[0].filter, "tcp port 8013");
    cr_assert_eq(facts.interface[0].link, 113);
    cr_assert_eq(facts.interface[0].snap_length, 256);
    cr_assert_not(facts.interface[0].dropped_known);
}

Test(pcapng, a_simple_packet_is_as_long_as_the_snap_length_lets_it_be)
{
    put_section();
    put_interface(1, 32);
    put_enhanced(0, 7, 20, 20);
    block_begin(3);
    put32(1514);
    put_filler(32);
    block_end();
    block_begin(3);
    put32(21);
    put_filler(21);
    block_end();

    cr_assert(image_read_whole());

    cr_assert_eq(n_frames, 3);
    cr_assert_eq(frames[1].data.left, 32);
    cr_assert_eq(frames[1].data.clipped, 1514 - 32);
    cr_assert_eq(frames[1].time_ns, 7000); /* it has no time of its own */
    cr_assert_eq(frames[2].data.left, 21);
    cr_assert_eq(frames[2].data.clipped, 0);
}

Test(pcapng, the_obsolete_packet_block_counts_its_drops)
{
    put_start();
    for (int i = 0; i < 2; i++) {
        block_begin(2);
        put16(0);
        put16(i ? 0xffff : 5); /* unknown, or so many since the last packet */
        put32(0);
        put32(1000);
        put32(20);
        put32(60);
        put_filler(20);
        block_end();
    }

    cr_assert(image_read_whole());

    cr_assert_eq(n_frames, 2);
    cr_assert_eq(frames[0].time_ns, 1000000);
    cr_assert_eq(frames[0].data.clipped, 40);
    cr_assert_eq(facts.interface[0].dropped, 5);
}

Test(pcapng, the_newest_statistics_tell_what_was_dropped)
{
    put_start();
    put_statistics(0, 5, 10); /* isb_ifdrop */
    put_statistics(0, 7, 30); /* isb_osdrop */
    put_statistics(9, 5, 99); /* of no interface */
    put_enhanced(0, 1, 20, 20);

    cr_assert(image_read_whole());

    cr_assert(facts.interface[0].dropped_known);
    cr_assert_eq(facts.interface[0].dropped, 30);
    cr_assert_not(facts.damaged);
}

Test(pcapng, unknown_blocks_are_skipped_and_secrets_noticed)
{
    put_start();
    block_begin(4); /* names */
    put_filler(40);
    block_end();
    block_begin(10);
    put32(0x544c534b);
    put32(4);
    put_filler(4);
    block_end();
    block_begin(0x7777);
    put_filler(9);
    block_end();
    put_enhanced(0, 1, 20, 20);

    cr_assert(image_read_whole());

    cr_assert_eq(n_frames, 1);
    cr_assert_eq(frames[0].number, 1);
    cr_assert(facts.has_secrets);
    cr_assert_not(facts.damaged);
}

Test(pcapng, blocks_that_wireshark_lists_as_packets_take_a_number)
{
    put_start();
    block_begin(0xbad);
    put32(32473);
    block_end();
    put_enhanced(0, 1, 20, 20);

    cr_assert(image_read_whole());

    cr_assert_eq(n_frames, 1);
    cr_assert_eq(frames[0].number, 2);
}

Test(pcapng, an_interface_without_description_costs_only_its_packet)
{
    put_start();
    put_enhanced(1, 1, 20, 20);
    put_enhanced(0, 2, 20, 20);

    cr_assert(image_read_whole());

    cr_assert_eq(n_frames, 1);
    cr_assert_eq(frames[0].time_ns, 2000);
    cr_assert(facts.damaged);
    cr_assert_str_eq(facts.damage, "block at byte 48 names an interface that is not described; the "
                                   "block is passed over");
}

Test(pcapng, a_packet_longer_than_its_block_costs_only_itself)
{
    put_start();
    size_t at = image.n;
    put_enhanced(0, 1, 20, 20);
    image.bytes[at + 20] = 21;
    put_enhanced(0, 2, 20, 20);

    cr_assert(image_read_whole());

    cr_assert_eq(n_frames, 1);
    cr_assert_eq(frames[0].time_ns, 2000);
    cr_assert(facts.damaged);
    cr_assert_eq(facts.damage_at, at);
}

Test(pcapng, lengths_that_disagree_cost_the_block_and_reading_resumes)
{
    put_start();
    put_enhanced(0, 1, 20, 20);
    size_t at = image.n;
    put_enhanced(0, 2, 20, 20);
    image.bytes[image.n - 4]++;
    size_t next = image.n;
    put_enhanced(0, 3, 20, 20);
    char said[160];
    snprintf(
        said, sizeof said,
        "block at byte %zu claims 52 bytes but does not end there; reading resumed at byte %zu", at,
        next);

    cr_assert(image_read_whole());

    cr_assert_eq(n_frames, 2);
    cr_assert_eq(frames[1].time_ns, 3000);
    cr_assert_eq(frames[1].number, 2);
    cr_assert_eq(facts.damage_at, at);
    cr_assert_eq(facts.damage_frame, 1);
    cr_assert_str_eq(facts.damage, said);
}

Test(pcapng, reading_resumes_after_a_hole_of_zeros_of_any_length)
{
    static const size_t holes[] = { 1, 7, 4096, 300001 };
    static const uint8_t zeros[300001];
    for (size_t i = 0; i < sizeof holes / sizeof *holes; i++) {
        image.n = 0;
        put_start();
        put_enhanced(0, 1, 20, 20);
        put(zeros, holes[i]);
        put_enhanced(0, 2, 20, 20);
        put_enhanced(0, 3, 20, 20);

        cr_assert(image_read_whole());

        cr_assert_eq(n_frames, 3, "hole of %zu: %zu", holes[i], n_frames);
        cr_assert(facts.damaged);
    }
}

Test(pcapng, a_block_that_claims_gigabytes_is_stepped_over)
{
    put_start();
    size_t at = image.n;
    put_enhanced(0, 1, 20, 20);
    memset(image.bytes + at + 4, 0xf0, 4);
    put_enhanced(0, 2, 20, 20);

    cr_assert(image_read_whole());

    cr_assert_eq(n_frames, 1);
    cr_assert_eq(frames[0].time_ns, 2000);
    cr_assert(facts.damaged);
}

Test(pcapng, padding_forgotten_in_the_lengths_is_forgiven)
{
    put_start();
    size_t at = image.n;
    put_enhanced(0, 1, 19, 19);
    image.bytes[at + 4]--;
    image.bytes[image.n - 4]--;
    put_enhanced(0, 2, 20, 20);

    cr_assert(image_read_whole());

    cr_assert_eq(n_frames, 2);
    cr_assert_not(facts.damaged);
}

Test(pcapng, a_cut_at_any_byte_ends_as_its_place_demands)
{
    static const uint32_t sizes[] = { 60, 0, 61, 1 };
    size_t ends[5];
    put_section();
    size_t section = image.n;
    put_interface(1, 0);
    ends[0] = image.n;
    for (size_t i = 0; i < 4; i++) {
        put_enhanced(0, 1, sizes[i], sizes[i]);
        ends[i + 1] = image.n;
    }

    for (size_t cut = 0; cut <= image.n; cut++) {
        size_t whole = 0;
        while (whole < 4 && ends[whole + 1] <= cut)
            whole++;

        bool opened = image_read(cut, NULL);

        cr_assert_eq(opened, cut == section || cut >= ends[0], "cut at %zu", cut);
        if (!opened)
            continue;
        cr_assert_eq(n_frames, whole);
        cr_assert_eq(facts.damaged, cut != ends[whole] && cut != section);
    }
}

Test(pcapng, a_cut_block_is_said_with_both_numbers)
{
    put_start();
    put_enhanced(0, 1, 60, 60);

    cr_assert(image_read(image.n - 10, NULL));

    cr_assert_str_eq(facts.damage, "block at byte 48 claims 92 bytes, the file has 82 left");
}

Test(pcapng, a_cut_before_the_first_interface_is_no_capture)
{
    put_start();

    cr_assert_not(image_read(image.n - 1, NULL));

    cr_assert_str_eq(failure.why, "a pcapng file broken inside its header (block at byte 28 claims "
                                  "20 bytes, the file has 19 left)");
}

Test(pcapng, only_so_many_interfaces_are_described_and_all_are_read)
{
    put_section();
    for (int i = 0; i < CAPTURE_INTERFACES + 10; i++)
        put_interface(1, 0);
    put_enhanced(CAPTURE_INTERFACES + 9, 1, 20, 20);

    cr_assert(image_read_whole());

    cr_assert_eq(n_frames, 1);
    cr_assert_eq(frames[0].interface, CAPTURE_INTERFACES + 9);
    cr_assert_eq(facts.n_interfaces, CAPTURE_INTERFACES);
}

/* An interface with if_tsresol and if_tsoffset. */
static void put_clocked_interface(uint16_t link, uint8_t resolution, int64_t offset_s)
{
    interface_begin(link, 0);
    put_option(9, &resolution, 1);
    put16(14);
    put16(8);
    put_uint((uint64_t)offset_s, 8);
    block_end();
}

Test(pcapng, each_interface_has_a_link_type_resolution_and_offset_of_its_own)
{
    put_section();
    put_interface(1, 0);                    /* microseconds */
    put_clocked_interface(113, 9, 1000);    /* nanoseconds */
    put_clocked_interface(101, 0x8a, -500); /* 1/1024 s */
    put_enhanced(2, 3 * 1024 + 512 + (500 << 10), 20, 20);
    put_enhanced(0, 7, 20, 20);
    put_enhanced(1, 7, 20, 20);
    put_section();
    put_clocked_interface(276, 3, 2); /* milliseconds */
    put_enhanced(0, 7, 20, 20);

    cr_assert(image_read_whole());

    static const uint32_t links[] = { 101, 1, 113, 276 };
    static const int64_t times[] = { 3500000000, 7000, 1000000000007, 2007000000 };
    cr_assert_eq(n_frames, 4);
    for (size_t i = 0; i < 4; i++) {
        cr_assert_eq(frames[i].link, links[i], "frame %zu", i + 1);
        cr_assert_eq(frames[i].time_ns, times[i], "frame %zu: %lld", i + 1,
                     (long long)frames[i].time_ns);
    }
}

Test(pcapng, an_enhanced_packet_may_carry_options_behind_its_octets)
{
    put_start();
    put_interface(113, 0);
    block_begin(6);
    put32(1);
    put32(0);
    put32(5);
    put32(21);
    put32(1514);
    put_filler(21);
    put("\0\0\0", 3);
    put_option(1, "seen at the router", 18);
    put_option(2, "\1\0\0\0", 4);
    put_option(0, "", 0);
    block_end();
    put_enhanced(0, 6, 20, 20);

    cr_assert(image_read_whole());

    cr_assert_eq(n_frames, 2);
    cr_assert_eq(frames[0].link, 113);
    cr_assert_eq(frames[0].data.left, 21);
    cr_assert_eq(frames[0].data.clipped, 1514 - 21);
    cr_assert_eq(frames[1].time_ns, 6000);
    cr_assert_not(facts.damaged);
}

Test(pcapng, a_simple_packet_belongs_to_the_first_interface_of_its_section)
{
    put_section();
    put_interface(1, 0);
    put_section();
    put_interface(101, 0);
    put_interface(113, 0);
    block_begin(3);
    put32(20);
    put_filler(20);
    block_end();

    cr_assert(image_read_whole());

    cr_assert_eq(n_frames, 1);
    cr_assert_eq(frames[0].link, 101);
    cr_assert_eq(frames[0].interface, 1);
}

Test(pcapng, the_obsolete_packet_block_names_its_interface)
{
    for (int big = 0; big < 2; big++) {
        image.n = 0;
        image.big = big;
        put_start();
        put_interface(113, 0);
        block_begin(2);
        put16(1);
        put16(0);
        put32(1);
        put32(2);
        put32(20);
        put32(20);
        put_filler(20);
        block_end();

        cr_assert(image_read_whole());

        cr_assert_eq(n_frames, 1);
        cr_assert_eq(frames[0].link, 113);
        cr_assert_eq(frames[0].time_ns, INT64_C(4294967298000));
    }
}

/* The numbers are those that tshark 4.0 -T fields -e frame.number printed for these octets. */
Test(pcapng, frames_of_all_kinds_have_the_numbers_that_wireshark_gives_them)
{
    put_start();
    put_enhanced(0, 1, 20, 20);
    block_begin(4); /* names: no packet */
    put32(0);
    block_end();
    block_begin(3);
    put32(20);
    put_filler(20);
    block_end();
    put_statistics(0, 5, 1); /* no packet */
    block_begin(0x7777);     /* unknown: no packet */
    put_filler(8);
    block_end();
    block_begin(0xbad); /* custom: listed among the packets */
    put32(32473);
    block_end();
    block_begin(2);
    put32(0);
    put32(0);
    put32(4);
    put32(20);
    put32(20);
    put_filler(20);
    block_end();
    put_start();
    put_enhanced(0, 5, 20, 20);

    cr_assert(image_read_whole());

    static const uint64_t numbers[] = { 1, 2, 4, 5 };
    cr_assert_eq(n_frames, 4);
    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(frames[i].number, numbers[i], "frame %zu", i + 1);
}

/* ---- secrets ---- */

static void put_secrets(uint32_t type, const char *text)
{
    block_begin(10);
    put32(type);
    put32(strlen(text));
    put(text, strlen(text));
    block_end();
}

/* All key log text that reading an image brings up. */
static const char *secrets_of_image(void)
{
    static char text[4096];
    struct failure failure;
    struct frame batch[FRAME_BATCH];
    struct capture *c =
        capture_open_memory(image.bytes, image.n, &(struct capture_config){ 0 }, &failure);
    size_t n = 0, at = 0;

    cr_assert_not_null(c);
    do {
        n = capture_next(c, batch);
        struct bytes piece = capture_secrets(c);
        cr_assert_lt(at + piece.left, sizeof text);
        memcpy(text + at, piece.at, piece.left);
        at += piece.left;
    } while (n);
    text[at] = '\0';
    capture_close(c);
    return text;
}

Test(pcapng, secrets_blocks_of_tls_are_handed_on_once_each)
{
    put_start();
    put_secrets(0x544c534b, "CLIENT_RANDOM 1");
    put_secrets(0x57474b4c, "WireGuard");
    put_enhanced(0, 1, 20, 20);
    put_secrets(0x544c534b, "CLIENT_RANDOM 2\n");

    cr_assert_str_eq(secrets_of_image(), "CLIENT_RANDOM 1\nCLIENT_RANDOM 2\n\n");
}

Test(pcapng, secrets_blocks_are_read_in_the_order_of_their_section)
{
    image.big = true;
    put_start();
    put_secrets(0x544c534b, "big");
    image.big = false;
    put_start();
    put_secrets(0x544c534b, "little");
    put_enhanced(0, 1, 20, 20);

    cr_assert_str_eq(secrets_of_image(), "big\nlittle\n");
}

Test(pcapng, a_secrets_block_that_claims_more_than_it_has_says_nothing)
{
    put_start();
    block_begin(10);
    put32(0x544c534b);
    put32(400);
    put_filler(40);
    block_end();
    put_enhanced(0, 1, 20, 20);

    cr_assert_str_eq(secrets_of_image(), "");
}

Test(pcapng, secrets_at_the_end_of_a_file_come_before_its_packets)
{
    char path[] = "/tmp/shakeout-secrets-XXXXXX";
    struct failure failure;
    struct frame batch[FRAME_BATCH];
    int fd = mkstemp(path);

    put_start();
    put_enhanced(0, 1, 20, 20);
    put_secrets(0x544c534b, "first");
    put_statistics(0, 5, 10);
    put_secrets(0x544c534b, "second");
    cr_assert_eq(write(fd, image.bytes, image.n), (ssize_t)image.n);
    close(fd);

    struct capture *c = capture_open_file(path, &(struct capture_config){ 0 }, &failure);
    unlink(path);
    cr_assert_not_null(c);
    struct bytes text = capture_secrets(c);
    cr_assert_eq(text.left, 13);
    cr_assert(bytes_begin_with(&text, "second\nfirst\n"));
    cr_assert_eq(capture_next(c, batch), 1);
    cr_assert_eq(capture_next(c, batch), 0);
    cr_assert_eq(capture_secrets(c).left, 0, "and only once");
    capture_close(c);
}

Test(pcapng, a_comment_of_a_section_may_be_a_key_log)
{
    block_begin(0x0a0d0d0a);
    put32(0x1a2b3c4d);
    put16(1);
    put16(0);
    put32(UINT32_MAX);
    put32(UINT32_MAX);
    put16(1); /* opt_comment */
    put16(15);
    put("CLIENT_RANDOM 1", 15);
    put_filler(1);
    put16(0);
    put16(0);
    block_end();
    put_interface(1, 0);
    put_enhanced(0, 1, 20, 20);

    cr_assert_str_eq(secrets_of_image(), "CLIENT_RANDOM 1\n");
}

#include "image.h"

#include <criterion/criterion.h>

static const size_t file_header = 24, record_header = 16;

Test(pcap, both_byte_orders_give_the_same_frames)
{
    for (int big = 0; big < 2; big++) {
        image.n = 0;
        image.big = big;
        put_pcap_header(0xa1b2c3d4, 1);
        put_record(1700000000, 123456, 60, 1514);

        cr_assert(image_read_whole());

        cr_assert_eq(n_frames, 1);
        cr_assert_eq(frames[0].number, 1);
        cr_assert_eq(frames[0].time_ns, 1700000000123456000);
        cr_assert_eq(frames[0].data.left, 60);
        cr_assert_eq(frames[0].data.clipped, 1514 - 60);
        cr_assert_eq(frames[0].link, 1);
        cr_assert_not(facts.nanoseconds);
        cr_assert_not(facts.damaged);
        cr_assert_str_eq(facts.format, "pcap");
    }
}

Test(pcap, the_magic_number_tells_nanoseconds)
{
    put_pcap_header(0xa1b23c4d, 1);
    put_record(1700000000, 123456789, 60, 60);

    cr_assert(image_read_whole());

    cr_assert_eq(frames[0].time_ns, 1700000000123456789);
    cr_assert(facts.nanoseconds);
}

Test(pcap, the_modified_variant_has_eight_more_bytes_in_each_header)
{
    put_pcap_header(0xa1b2cd34, 1);
    for (int i = 0; i < 3; i++) {
        put32(1700000000);
        put32(i);
        put32(20);
        put32(20);
        put_uint(0x1122334455667788, 8);
        put_filler(20);
    }

    cr_assert(image_read_whole());

    cr_assert_eq(n_frames, 3);
    cr_assert_eq(frames[2].time_ns, 1700000000000002000);
    cr_assert_not(facts.damaged);
}

Test(pcap, the_link_type_comes_without_fcs_bits)
{
    put_pcap_header(0xa1b2c3d4, 0x24000071);
    put_record(1, 0, 20, 20);

    cr_assert(image_read_whole());

    cr_assert_eq(frames[0].link, 113);
    cr_assert_str_eq(capture_link_name(113), "LINUX_SLL");
}

Test(pcap, raw_ip_has_one_number_whatever_the_writer_called_it)
{
    static const uint32_t raw[] = { 12, 14, 101 };
    for (size_t i = 0; i < 3; i++) {
        image.n = 0;
        put_pcap_header(0xa1b2c3d4, raw[i]);
        put_record(1, 0, 20, 20);

        cr_assert(image_read_whole());

        cr_assert_eq(frames[0].link, 101);
    }
}

Test(pcap, versions_before_2_3_have_their_lengths_swapped)
{
    put_pcap_header(0xa1b2c3d4, 1);
    image.bytes[6] = 2;
    put32(1);
    put32(0);
    put32(100); /* on the wire */
    put32(20);
    put_filler(20);

    cr_assert(image_read_whole());

    cr_assert_eq(frames[0].data.left, 20);
    cr_assert_eq(bytes_on_wire(&frames[0].data), 100);
}

Test(pcap, empty_records_are_numbered)
{
    put_pcap_header(0xa1b2c3d4, 1);
    put_record(1, 0, 0, 60);
    put_record(2, 0, 60, 60);

    cr_assert(image_read_whole());

    cr_assert_eq(n_frames, 2);
    cr_assert_eq(frames[0].data.left, 0);
    cr_assert_eq(frames[0].data.clipped, 60);
    cr_assert_eq(frames[1].number, 2);
}

Test(pcap, more_captured_than_sent_counts_as_sent)
{
    put_pcap_header(0xa1b2c3d4, 1);
    put_record(1, 0, 60, 30);

    cr_assert(image_read_whole());

    cr_assert_eq(frames[0].data.left, 60);
    cr_assert_eq(frames[0].data.clipped, 0);
}

Test(pcap, the_largest_times_do_not_overflow)
{
    put_pcap_header(0xa1b2c3d4, 1);
    put_record(UINT32_MAX, UINT32_MAX, 20, 20);

    cr_assert(image_read_whole());

    cr_assert_eq(frames[0].time_ns, INT64_C(4294967295000000000) + INT64_C(4294967295000));
}

Test(pcap, a_packet_of_four_gigabytes_is_damage_and_all_before_it_is_read)
{
    put_pcap_header(0xa1b2c3d4, 1);
    put_record(1, 0, 60, 60);
    put32(2);
    put32(0);
    put32(UINT32_MAX);
    put32(UINT32_MAX);
    put_filler(500);

    cr_assert(image_read_whole());

    cr_assert_eq(n_frames, 1);
    cr_assert(facts.damaged);
    cr_assert_eq(facts.damage_at, file_header + record_header + 60);
    cr_assert_eq(facts.damage_frame, 1);
    cr_assert_str_eq(facts.damage,
                     "packet at byte 100 claims 4294967295 captured bytes; no packet has so many");
}

Test(pcap, the_largest_packet_is_read_and_one_byte_more_is_damage)
{
    put_pcap_header(0xa1b2c3d4, 1);
    put_record(1, 0, FRAME_LARGEST, FRAME_LARGEST);
    put_record(1, 0, FRAME_LARGEST + 1, FRAME_LARGEST + 1);

    cr_assert(image_read_whole());

    cr_assert_eq(n_frames, 1);
    cr_assert_eq(frames[0].data.left, 262144);
    cr_assert(facts.damaged);
}

Test(pcap, a_cut_at_any_byte_ends_as_its_place_demands)
{
    static const uint32_t sizes[] = { 60, 0, 61, 1 };
    size_t ends[5] = { file_header };
    put_pcap_header(0xa1b2c3d4, 1);
    for (size_t i = 0; i < 4; i++) {
        put_record(1, 0, sizes[i], sizes[i]);
        ends[i + 1] = image.n;
    }

    for (size_t cut = 0; cut <= image.n; cut++) {
        size_t whole = 0;
        while (whole < 4 && ends[whole + 1] <= cut)
            whole++;

        bool opened = image_read(cut, NULL);

        cr_assert_eq(opened, cut >= file_header);
        if (!opened)
            continue;
        cr_assert_eq(n_frames, whole);
        cr_assert_eq(facts.damaged, cut != ends[whole]);
        cr_assert(!facts.damaged || facts.damage_at == ends[whole]);
    }
}

Test(pcap, a_cut_inside_a_packet_is_said_with_both_numbers)
{
    put_pcap_header(0xa1b2c3d4, 1);
    put_record(1, 0, 60, 60);

    cr_assert(image_read(image.n - 10, NULL));

    cr_assert_str_eq(facts.damage, "packet at byte 24 claims 76 bytes, the file has 66 left");
}

Test(pcap, a_cut_header_is_no_capture)
{
    put_pcap_header(0xa1b2c3d4, 1);

    cr_assert_not(image_read(7, NULL));

    cr_assert_str_eq(failure.why, "a pcap file cut inside its header (7 of 24 bytes)");
}

Test(pcap, an_unknown_version_is_refused)
{
    put_pcap_header(0xa1b2c3d4, 1);
    image.bytes[4] = 7;

    cr_assert_not(image_read_whole());

    cr_assert_str_eq(failure.why, "pcap version 7.4 is not known");
}

Test(pcap, nanoseconds_come_in_both_byte_orders)
{
    for (int big = 0; big < 2; big++) {
        image.n = 0;
        image.big = big;
        put_pcap_header(0xa1b23c4d, 101);
        put_record(1700000000, 999999999, 20, 40);

        cr_assert(image_read_whole());

        cr_assert_eq(n_frames, 1);
        cr_assert_eq(frames[0].time_ns, 1700000000999999999);
        cr_assert_eq(frames[0].data.clipped, 20);
        cr_assert_eq(frames[0].link, 101);
        cr_assert(facts.nanoseconds);
    }
}

Test(pcap, the_modified_variant_comes_in_both_byte_orders)
{
    for (int big = 0; big < 2; big++) {
        image.n = 0;
        image.big = big;
        put_pcap_header(0xa1b2cd34, 1);
        for (uint32_t i = 0; i < 2; i++) {
            put32(1700000000);
            put32(250000);
            put32(20 + i);
            put32(60);
            put32(2); /* index of the interface */
            put16(0x0800);
            put_uint(4, 1); /* outgoing */
            put_uint(0, 1);
            put_filler(20 + i);
        }

        cr_assert(image_read_whole());

        cr_assert_eq(n_frames, 2);
        cr_assert_eq(frames[1].time_ns, 1700000000250000000);
        cr_assert_eq(frames[1].data.left, 21);
        cr_assert_eq(frames[1].data.clipped, 39);
        cr_assert_not(facts.damaged);
    }
}

#include "forge/forge.h"
#include "one.h"
#include "packet/tcp.h"

#include <criterion/criterion.h>

static struct forged forged;

static void segment(const void *options, size_t n)
{
    forge_tcp(&forged,
              &(struct forge_tcp){ .ip = { .source = "10.0.0.1", .destination = "10.0.0.2" },
                                   .source_port = 40000,
                                   .destination_port = 443,
                                   .seq = 0xfffffff0,
                                   .ack = 0x12345678,
                                   .window = 0xabcd,
                                   .flags = TCP_ACK | TCP_PSH,
                                   .options = { options, n },
                                   .payload = { "hello", 5 } });
}

static void datagram(const char *source, const char *destination)
{
    forge_udp(&forged, &(struct forge_udp){ .ip = { .source = source, .destination = destination },
                                            .source_port = 53,
                                            .destination_port = 40001,
                                            .payload = { "answer", 6 } });
}

static struct packet decoded(void) { return one_decoded(forge_frame(&forged, 1, 0)); }

static struct tcp_options options_of(const void *octets, size_t n)
{
    struct tcp_options options = { 0 };
    tcp_options_read(bytes_whole(octets, n), &options);
    return options;
}

Test(tcp, header_fields_come_in_host_order)
{
    segment("", 0);

    struct packet p = decoded();

    cr_assert_eq(p.kind, PACKET_TCP);
    cr_assert_eq(p.source_port, 40000);
    cr_assert_eq(p.destination_port, 443);
    cr_assert_eq(p.seq, 0xfffffff0);
    cr_assert_eq(p.ack, 0x12345678);
    cr_assert_eq(p.window, 0xabcd);
    cr_assert_eq(p.flags, TCP_ACK | TCP_PSH);
    cr_assert_eq(p.payload.left, 5);
    cr_assert_arr_eq(p.payload.at, "hello", 5);
    cr_assert_not(p.header_cut);
}

Test(tcp, syn_and_fin_count_in_the_segment_length)
{
    segment("", 0);
    forged.octets[forged.transport + 13] = TCP_SYN | TCP_FIN;

    struct packet p = decoded();

    cr_assert_eq(packet_segment_length(&p), 7);
}

Test(tcp, the_options_of_a_syn_are_read)
{
    const uint8_t linux_syn[] = { 2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0xde, 0xad,
                                  0, 1, 0,    0,    0, 9, 1, 3,  3,    7 };
    segment(linux_syn, sizeof linux_syn);

    struct packet p = decoded();

    cr_assert_eq(p.options.mss, 1460);
    cr_assert_eq(p.options.window_scale, 7 + 1);
    cr_assert(p.options.sack_permitted);
    cr_assert(p.options.timestamps);
    cr_assert_eq(p.options.ts_value, 0xdead0001);
    cr_assert_eq(p.options.ts_echo, 9);
    cr_assert_eq(p.options.n_sack, 0);
    cr_assert_not(p.options.malformed);
    cr_assert_eq(p.payload.left, 5);
}

Test(tcp, timestamps_alone_are_read_as_among_others)
{
    const uint8_t usual[] = { 1, 1, 8, 10, 0xde, 0xad, 0, 1, 0xbe, 0xef, 0, 2 };
    segment(usual, sizeof usual);

    struct packet p = decoded();
    struct tcp_options slow = options_of(usual, sizeof usual);

    cr_assert(p.options.timestamps);
    cr_assert_eq(p.options.ts_value, 0xdead0001);
    cr_assert_eq(p.options.ts_echo, 0xbeef0002);
    cr_assert(slow.timestamps);
    cr_assert_eq(slow.ts_value, 0xdead0001);
    cr_assert_eq(slow.ts_echo, 0xbeef0002);
    cr_assert_eq(p.payload.left, 5);
}

Test(tcp, selective_acknowledgements_keep_their_blocks)
{
    const uint8_t two[] = { 1, 1, 5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0, 0, 3, 0xff, 0, 0, 4 };

    struct tcp_options options = options_of(two, sizeof two);

    cr_assert_eq(options.n_sack, 2);
    cr_assert_eq(options.sack_left[0], 1);
    cr_assert_eq(options.sack_right[0], 2);
    cr_assert_eq(options.sack_left[1], 0xff000003);
    cr_assert_eq(options.sack_right[1], 0xff000004);
}

Test(tcp, a_window_shift_above_14_is_used_as_14)
{
    struct tcp_options options = options_of((const uint8_t[]){ 3, 3, 255 }, 3);

    cr_assert_eq(options.window_scale, 14 + 1);
}

Test(tcp, options_end_at_their_end_mark)
{
    struct tcp_options options = options_of((const uint8_t[]){ 0, 2, 4, 5, 180 }, 5);

    cr_assert_eq(options.mss, 0);
    cr_assert_not(options.malformed);
}

Test(tcp, an_option_of_the_wrong_length_is_passed_over)
{
    const uint8_t octets[] = { 4, 4, 9, 9, 2, 4, 0x05, 0xb4 };

    struct tcp_options options = options_of(octets, sizeof octets);

    cr_assert(options.malformed);
    cr_assert_not(options.sack_permitted);
    cr_assert_eq(options.mss, 1460);
}

Test(tcp, an_option_that_ends_beyond_the_header_ends_the_options)
{
    const uint8_t octets[] = { 2, 4, 0x05, 0xb4, 8, 10, 1, 2, 3 };

    struct tcp_options options = options_of(octets, sizeof octets);

    cr_assert(options.malformed);
    cr_assert_eq(options.mss, 1460);
    cr_assert_not(options.timestamps);
}

Test(tcp, an_option_length_below_two_ends_the_options)
{
    const uint8_t zero[] = { 254, 0, 2, 4, 0x05, 0xb4 }, one[] = { 254, 1, 2, 4, 0x05, 0xb4 };

    struct tcp_options a = options_of(zero, sizeof zero), b = options_of(one, sizeof one);

    cr_assert(a.malformed && b.malformed);
    cr_assert_eq(a.mss + b.mss, 0);
}

Test(tcp, unknown_options_are_skipped)
{
    const uint8_t octets[] = { 254, 6, 1, 2, 3, 4, 2, 4, 0x05, 0xb4 };

    struct tcp_options options = options_of(octets, sizeof octets);

    cr_assert_not(options.malformed);
    cr_assert_eq(options.mss, 1460);
}

Test(tcp, a_data_offset_below_five_lies)
{
    segment("", 0);
    forged.octets[forged.transport + 12] = 0x40;

    struct packet p = decoded();

    cr_assert(p.malformed);
    cr_assert_eq(p.kind, PACKET_OTHER);
}

Test(tcp, a_data_offset_beyond_the_segment_lies)
{
    segment("", 0);
    forged.octets[forged.transport + 12] = 0x70;

    struct packet p = decoded();

    cr_assert(p.malformed);
    cr_assert_eq(p.kind, PACKET_OTHER);
}

Test(tcp, a_header_cut_behind_its_flags_is_still_a_segment)
{
    segment("", 0);

    struct packet p = one_decoded(forge_frame_cut(&forged, 1, 0, forged.transport + 14));

    cr_assert_eq(p.kind, PACKET_TCP);
    cr_assert(p.header_cut);
    cr_assert_eq(p.seq, 0xfffffff0);
    cr_assert_eq(p.flags, TCP_ACK | TCP_PSH);
    cr_assert_eq(p.window, 0);
    cr_assert_eq(p.payload.left, 0);
    cr_assert_eq(p.payload.clipped, 5);
}

Test(tcp, options_cut_by_the_snap_length_are_not_malformed)
{
    const uint8_t linux_syn[] = { 2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0xde, 0xad,
                                  0, 1, 0,    0,    0, 9, 1, 3,  3,    7 };
    segment(linux_syn, sizeof linux_syn);

    struct packet p = one_decoded(forge_frame_cut(&forged, 1, 0, forged.transport + 20 + 14));

    cr_assert_eq(p.kind, PACKET_TCP);
    cr_assert(p.header_cut);
    cr_assert_not(p.options.malformed);
    cr_assert_eq(p.options.mss, 1460);
    cr_assert(p.options.sack_permitted);
    cr_assert_not(p.options.timestamps);
    cr_assert_eq(p.payload.clipped, 5);
}

Test(udp, header_and_payload_are_read)
{
    datagram("10.0.0.1", "10.0.0.2");

    struct packet p = decoded();

    cr_assert_eq(p.kind, PACKET_UDP);
    cr_assert_eq(p.source_port, 53);
    cr_assert_eq(p.destination_port, 40001);
    cr_assert_eq(p.payload.left, 6);
    cr_assert_arr_eq(p.payload.at, "answer", 6);
}

Test(udp, its_own_length_ends_the_payload)
{
    datagram("2001:db8::1", "2001:db8::2");
    forged.octets[forged.transport + 5] = 8 + 4;

    struct packet p = decoded();

    cr_assert_eq(p.kind, PACKET_UDP);
    cr_assert_eq(bytes_on_wire(&p.payload), 4);
}

Test(udp, a_length_below_eight_lies)
{
    datagram("10.0.0.1", "10.0.0.2");
    forged.octets[forged.transport + 5] = 7;

    struct packet p = decoded();

    cr_assert(p.malformed);
    cr_assert_eq(p.kind, PACKET_OTHER);
}

Test(udp, a_length_beyond_the_datagram_lies)
{
    datagram("10.0.0.1", "10.0.0.2");
    forged.octets[forged.transport + 5] = 15;

    struct packet p = decoded();

    cr_assert(p.malformed);
    cr_assert_eq(p.kind, PACKET_OTHER);
}

Test(udp, a_header_cut_behind_its_ports_is_still_a_datagram)
{
    datagram("10.0.0.1", "10.0.0.2");

    struct packet p = one_decoded(forge_frame_cut(&forged, 1, 0, forged.transport + 4));

    cr_assert_eq(p.kind, PACKET_UDP);
    cr_assert(p.header_cut);
    cr_assert_eq(p.payload.left, 0);
    cr_assert_eq(p.payload.clipped, 6);
}

#include "forge/forge.h"
#include "one.h"

#include <criterion/criterion.h>

enum { ETHERNET = 1 };

static struct forged forged;

/* An IPv4 or IPv6 TCP segment, put behind other link headers. */
static struct forge_octets segment(const char *source, const char *destination)
{
    forge_tcp(&forged, &(struct forge_tcp){ .ip = { .source = source, .destination = destination },
                                            .source_port = 40000,
                                            .destination_port = 443,
                                            .flags = TCP_SYN });
    return forge_inside(&forged);
}

static struct forge_octets segment4(void) { return segment("10.0.0.1", "10.0.0.2"); }
static struct forge_octets segment6(void) { return segment("2001:db8::1", "2001:db8::2"); }

static struct frame frame_of(uint32_t link, const void *head, size_t n, struct forge_octets inside)
{
    static uint8_t wire[512];
    cr_assert_leq(n + inside.n, sizeof wire);
    memcpy(wire, head, n);
    memcpy(wire + n, inside.at, inside.n);
    return (struct frame){ .number = 1, .data = bytes_whole(wire, n + inside.n), .link = link };
}

static void expect_segment(const struct packet *p)
{
    cr_assert_eq(p->kind, PACKET_TCP);
    cr_assert_eq(p->source_port, 40000);
    cr_assert_eq(p->destination_port, 443);
    cr_assert_not(p->malformed);
}

#define EXPECT_SEGMENT_BEHIND(link, inside, ...)                                  \
    do {                                                                          \
        const uint8_t head[] = { __VA_ARGS__ };                                   \
        struct packet p = one_decoded(frame_of(link, head, sizeof head, inside)); \
        expect_segment(&p);                                                       \
    } while (0)

Test(link, an_ethernet_frame_gives_both_mac_addresses)
{
    segment4();

    struct packet p = one_decoded(forge_frame(&forged, 7, 123));

    expect_segment(&p);
    cr_assert(p.has_mac);
    cr_assert_arr_eq(p.mac_source, ((uint8_t[]){ 2, 0, 0, 0, 0, 1 }), 6);
    cr_assert_arr_eq(p.mac_destination, ((uint8_t[]){ 2, 0, 0, 0, 0, 2 }), 6);
    cr_assert_eq(p.vlan, 0);
    cr_assert_eq(p.frame, 7);
    cr_assert_eq(p.time_ns, 123);
}

Test(link, the_outermost_of_stacked_vlan_tags_is_kept)
{
    forge_tcp(&forged, &(struct forge_tcp){ .ip = { .source = "10.0.0.1",
                                                    .destination = "10.0.0.2",
                                                    .vlan = { 100 + 1, 7 + 1, 4094 + 1 } },
                                            .source_port = 40000,
                                            .destination_port = 443 });

    struct packet p = one_decoded(forge_frame(&forged, 1, 0));

    expect_segment(&p);
    cr_assert_eq(p.vlan, 101);
}

Test(link, a_priority_tag_is_vlan_zero_and_not_untagged)
{
    EXPECT_SEGMENT_BEHIND(ETHERNET, segment4(), 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x81, 0x00,
                          0xe0, 0x00, 0x08, 0x00);
    const uint8_t head[] = {
        2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x81, 0x00, 0xe0, 0x00, 0x08, 0x00
    };

    struct packet p = one_decoded(frame_of(ETHERNET, head, sizeof head, segment4()));

    cr_assert_eq(p.vlan, 1);
}

Test(link, the_old_qinq_type_is_a_tag_too)
{
    EXPECT_SEGMENT_BEHIND(ETHERNET, segment4(), 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x91, 0x00,
                          0x00, 0x05, 0x81, 0x00, 0x00, 0x06, 0x08, 0x00);
}

Test(link, tags_without_end_are_given_up)
{
    uint8_t head[14 + 4 * 60] = { 0 };
    for (size_t i = 12; i < sizeof head; i += 4)
        head[i] = 0x81;
    memcpy(head + sizeof head - 2, "\x08\x00", 2);

    struct decoder_counts counts;
    struct frame frame = frame_of(ETHERNET, head, sizeof head, segment4());
    struct packet p = one_decoded_with(&frame, &counts);

    cr_assert_eq(p.kind, PACKET_OTHER);
    cr_assert_eq(counts.unknown_inside, 1);
}

Test(link, snap_carries_an_ethertype)
{
    struct forge_octets inside = segment4();
    uint8_t head[] = { 2, 0, 0, 0,    0,    2,    2, 0, 0, 0,    0,
                       1, 0, 0, 0xaa, 0xaa, 0x03, 0, 0, 0, 0x08, 0x00 };
    head[13] = (uint8_t)(inside.n + 8);

    struct packet p = one_decoded(frame_of(ETHERNET, head, sizeof head, inside));

    expect_segment(&p);
}

Test(link, a_spanning_tree_frame_is_nothing_of_ours)
{
    const uint8_t wire[60] = { 1, 0x80, 0xc2, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0, 38, 0x42, 0x42, 3 };
    struct frame frame = { .number = 1, .data = bytes_whole(wire, sizeof wire), .link = ETHERNET };
    struct decoder_counts counts;

    struct packet p = one_decoded_with(&frame, &counts);

    cr_assert_eq(p.kind, PACKET_OTHER);
    cr_assert_not(p.malformed);
    cr_assert_eq(counts.unknown_inside, 1);
}

Test(link, pppoe_sessions_are_opened)
{
    EXPECT_SEGMENT_BEHIND(ETHERNET, segment4(), 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0x64,
                          0x11, 0x00, 0x00, 0x01, 0x00, 42, 0x00, 0x21);
    EXPECT_SEGMENT_BEHIND(ETHERNET, segment6(), 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0x64,
                          0x11, 0x00, 0x00, 0x01, 0x00, 62, 0x00, 0x57);
    EXPECT_SEGMENT_BEHIND(51, segment4(), 0x11, 0x00, 0x00, 0x01, 0x00, 42, 0x00, 0x21);
}

Test(link, mpls_labels_are_taken_off_up_to_the_bottom_of_the_stack)
{
    EXPECT_SEGMENT_BEHIND(ETHERNET, segment4(), 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0x47,
                          0x00, 0x01, 0x00, 0x40, 0x00, 0x02, 0x01, 0x40);
    EXPECT_SEGMENT_BEHIND(ETHERNET, segment6(), 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0x47,
                          0x00, 0x02, 0x01, 0x40);
}

Test(link, cooked_v1_gives_what_its_protocol_says)
{
    EXPECT_SEGMENT_BEHIND(113, segment4(), 0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 0x08, 0x00);
    EXPECT_SEGMENT_BEHIND(113, segment6(), 0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 0x86, 0xdd);
}

Test(link, cooked_v1_may_carry_a_vlan_tag)
{
    const uint8_t head[] = { 0, 0, 0, 1, 0,    6,    2,    0,    0,    0,
                             0, 1, 0, 0, 0x81, 0x00, 0x00, 0x2a, 0x08, 0x00 };

    struct packet p = one_decoded(frame_of(113, head, sizeof head, segment4()));

    expect_segment(&p);
    cr_assert_eq(p.vlan, 43);
    cr_assert_not(p.has_mac);
}

Test(link, cooked_netlink_is_no_ip_whatever_its_protocol_says)
{
    const uint8_t head[] = { 0, 4, 0x03, 0x38, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x08, 0x00 };

    struct packet p = one_decoded(frame_of(113, head, sizeof head, segment4()));

    cr_assert_eq(p.kind, PACKET_OTHER);
}

Test(link, cooked_v2_has_its_protocol_first)
{
    EXPECT_SEGMENT_BEHIND(276, segment4(), 0x08, 0x00, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0,
                          1, 0, 0);
    EXPECT_SEGMENT_BEHIND(276, segment6(), 0x86, 0xdd, 0, 0, 0, 0, 0, 2, 0, 1, 4, 6, 2, 0, 0, 0, 0,
                          1, 0, 0);
}

Test(link, null_takes_the_family_numbers_of_several_systems_in_both_byte_orders)
{
    EXPECT_SEGMENT_BEHIND(0, segment4(), 2, 0, 0, 0);
    EXPECT_SEGMENT_BEHIND(0, segment4(), 0, 0, 0, 2);
    EXPECT_SEGMENT_BEHIND(0, segment6(), 24, 0, 0, 0);
    EXPECT_SEGMENT_BEHIND(0, segment6(), 28, 0, 0, 0);
    EXPECT_SEGMENT_BEHIND(0, segment6(), 0, 0, 0, 30);
    EXPECT_SEGMENT_BEHIND(108, segment4(), 0, 0, 0, 2);
}

static void expect_bare(uint32_t link, struct forge_octets inside)
{
    struct packet p = one_decoded(frame_of(link, "", 0, inside));
    expect_segment(&p);
}

Test(link, raw_ip_tells_its_version_itself)
{
    expect_bare(101, segment4());
    expect_bare(101, segment6());
    expect_bare(12, segment4());
    expect_bare(14, segment6());
    expect_bare(228, segment4());
    expect_bare(229, segment6());
}

Test(link, ppp_comes_with_and_without_its_hdlc_octets_and_compressed)
{
    EXPECT_SEGMENT_BEHIND(9, segment4(), 0xff, 0x03, 0x00, 0x21);
    EXPECT_SEGMENT_BEHIND(9, segment4(), 0x21);
    EXPECT_SEGMENT_BEHIND(50, segment6(), 0xff, 0x03, 0x00, 0x57);
    EXPECT_SEGMENT_BEHIND(50, segment4(), 0x0f, 0x00, 0x08, 0x00);
    EXPECT_SEGMENT_BEHIND(9, segment4(), 0xff, 0x03, 0x02, 0x81, 0x00, 0x02, 0x01, 0x40);
}

Test(link, an_unknown_link_type_is_counted_and_named)
{
    struct frame frame = frame_of(147, "", 0, segment4());
    struct decoder_counts counts;

    struct packet p = one_decoded_with(&frame, &counts);

    cr_assert_eq(p.kind, PACKET_OTHER);
    cr_assert_eq(counts.unknown_link, 1);
    cr_assert_eq(counts.first_unknown_link, 147);
    cr_assert_eq(counts.unknown_inside, 0);
}

Test(link, a_frame_cut_in_its_link_header_is_cut_and_one_that_ends_there_is_malformed)
{
    segment4();
    struct frame cut = forge_frame_cut(&forged, 1, 0, 13);
    struct frame runt = cut;
    runt.data.clipped = 0;

    struct packet a = one_decoded(cut), b = one_decoded(runt);

    cr_assert(a.cut);
    cr_assert_not(a.malformed);
    cr_assert(b.malformed);
    cr_assert_not(b.cut);
}

Test(link, arp_names_the_sender_and_whom_it_looks_for)
{
    forge_arp(&forged, &(struct forge_arp){ "10.0.0.1", "10.0.0.254", 1 });

    struct packet p = one_decoded(forge_frame(&forged, 1, 0));

    char text[ADDRESS_TEXT];
    cr_assert_eq(p.kind, PACKET_ARP);
    cr_assert_str_eq(address_text(&p.source, text), "10.0.0.1");
    cr_assert_str_eq(address_text(&p.destination, text), "10.0.0.254");
    cr_assert_eq(p.resolution, RESOLUTION_ASK);
    cr_assert_str_eq(address_text(&p.wanted, text), "10.0.0.254");
}

Test(link, arp_about_oneself_announces)
{
    char text[ADDRESS_TEXT];

    forge_arp(&forged, &(struct forge_arp){ "10.0.0.1", "10.0.0.1", 1 });
    cr_assert_eq(one_decoded(forge_frame(&forged, 1, 0)).resolution, RESOLUTION_ANNOUNCE);
    forge_arp(&forged, &(struct forge_arp){ "10.0.0.254", "10.0.0.1", 2 });

    struct packet p = one_decoded(forge_frame(&forged, 1, 0));
    cr_assert_eq(p.resolution, RESOLUTION_ANSWER);
    cr_assert_str_eq(address_text(&p.wanted, text), "10.0.0.254");
}

Test(link, an_802_1q_tag_gives_its_vlan_without_priority)
{
    const uint8_t head[] = {
        2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x81, 0x00, 0xaf, 0xa0, 0x86, 0xdd
    };

    struct packet p = one_decoded(frame_of(ETHERNET, head, sizeof head, segment6()));

    expect_segment(&p);
    cr_assert_eq(p.vlan, 0xfa0 + 1);
    cr_assert(p.has_mac);
}

Test(link, qinq_gives_the_service_tag_whatever_its_type)
{
    static const uint16_t types[] = { 0x88a8, 0x9100, 0x8100 };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        uint8_t head[] = { 2, 0, 0, 0,    0,    2,    2,    0, 0, 0,    0,
                           1, 0, 0, 0x20, 0x64, 0x81, 0x00, 0, 7, 0x08, 0x00 };
        head[12] = (uint8_t)(types[i] >> 8);
        head[13] = (uint8_t)types[i];

        struct packet p = one_decoded(frame_of(ETHERNET, head, sizeof head, segment4()));

        expect_segment(&p);
        cr_assert_eq(p.vlan, 101, "type %04x", types[i]);
    }
}

Test(link, loop_has_its_family_in_network_order)
{
    EXPECT_SEGMENT_BEHIND(108, segment4(), 0, 0, 0, 2);
    EXPECT_SEGMENT_BEHIND(108, segment6(), 0, 0, 0, 24); /* of OpenBSD */

    struct packet p = one_decoded(frame_of(108, "\0\0\0\x63", 4, segment4()));

    cr_assert_eq(p.kind, PACKET_OTHER);
    cr_assert_not(p.malformed);
}

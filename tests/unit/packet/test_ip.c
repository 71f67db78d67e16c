#include "forge/forge.h"
#include "one.h"

#include <criterion/criterion.h>

static struct forged forged;

static void plain4(const void *payload, size_t n)
{
    forge_tcp(&forged, &(struct forge_tcp){ .ip = { .source = "10.0.0.1",
                                                    .destination = "192.168.7.9",
                                                    .ttl = 57,
                                                    .dscp = 46,
                                                    .id = 0xbeef,
                                                    .dont_fragment = true },
                                            .source_port = 40000,
                                            .destination_port = 443,
                                            .flags = TCP_ACK,
                                            .payload = { payload, n } });
}

static void plain6(const void *payload, size_t n)
{
    forge_tcp(
        &forged,
        &(struct forge_tcp){
            .ip = { .source = "2001:db8::1", .destination = "2001:db8::2", .ttl = 57, .dscp = 46 },
            .source_port = 40000,
            .destination_port = 443,
            .flags = TCP_ACK,
            .payload = { payload, n } });
}

static struct packet decoded(void) { return one_decoded(forge_frame(&forged, 1, 0)); }

Test(ip, version_4_fields_come_in_host_order)
{
    plain4("hello", 5);

    struct packet p = decoded();

    char text[ADDRESS_TEXT];
    cr_assert_str_eq(address_text(&p.source, text), "10.0.0.1");
    cr_assert_str_eq(address_text(&p.destination, text), "192.168.7.9");
    cr_assert(address_is_ipv4(&p.source));
    cr_assert_eq(p.ip_protocol, 6);
    cr_assert_eq(p.ttl, 57);
    cr_assert_eq(p.dscp, 46);
    cr_assert_eq(p.ip_id, 0xbeef);
    cr_assert(p.dont_fragment);
    cr_assert_eq(p.ip_length, 45);
}

Test(ip, version_6_fields_come_in_host_order)
{
    plain6("hello", 5);

    struct packet p = decoded();

    char text[ADDRESS_TEXT];
    cr_assert_str_eq(address_text(&p.source, text), "2001:db8::1");
    cr_assert_str_eq(address_text(&p.destination, text), "2001:db8::2");
    cr_assert_not(address_is_ipv4(&p.source));
    cr_assert_eq(p.ip_protocol, 6);
    cr_assert_eq(p.ttl, 57);
    cr_assert_eq(p.dscp, 46);
    cr_assert_eq(p.ip_id, 0);
    cr_assert_eq(p.ip_length, 65);
}

Test(ip, version_4_options_are_skipped)
{
    const uint8_t router_alert[] = { 0x94, 4, 0, 0 };
    forge_tcp(&forged, &(struct forge_tcp){ .ip = { .source = "10.0.0.1",
                                                    .destination = "10.0.0.2",
                                                    .options = { router_alert, 4 } },
                                            .source_port = 40000,
                                            .payload = { "x", 1 } });

    struct packet p = decoded();

    cr_assert_eq(p.kind, PACKET_TCP);
    cr_assert_eq(p.source_port, 40000);
    cr_assert_eq(bytes_on_wire(&p.payload), 1);
}

Test(ip, ethernet_padding_is_no_payload)
{
    plain4("", 0);
    memset(forged.octets + forged.n, 0xee, 6);
    forged.n += 6;

    struct packet p = decoded();

    cr_assert_eq(p.kind, PACKET_TCP);
    cr_assert_eq(bytes_on_wire(&p.payload), 0);
}

Test(ip, a_total_length_of_zero_means_the_whole_frame)
{
    plain4("hello", 5);
    forged.octets[forged.ip + 2] = forged.octets[forged.ip + 3] = 0;

    struct packet p = decoded();

    cr_assert_eq(p.kind, PACKET_TCP);
    cr_assert_not(p.malformed);
    cr_assert_eq(bytes_on_wire(&p.payload), 5);
    cr_assert_eq(p.ip_length, 45);
}

Test(ip, a_version_6_payload_length_of_zero_means_the_whole_frame)
{
    plain6("hello", 5);
    forged.octets[forged.ip + 4] = forged.octets[forged.ip + 5] = 0;

    struct packet p = decoded();

    cr_assert_eq(p.kind, PACKET_TCP);
    cr_assert_eq(bytes_on_wire(&p.payload), 5);
}

Test(ip, a_total_length_beyond_the_wire_gives_what_is_on_the_wire)
{
    plain4("hello", 5);
    forged.octets[forged.ip + 2] = 0x7f;

    struct packet p = decoded();

    cr_assert_eq(p.kind, PACKET_TCP);
    cr_assert_not(p.malformed);
    cr_assert_eq(bytes_on_wire(&p.payload), 5);
}

Test(ip, a_total_length_shorter_than_its_header_lies)
{
    plain4("hello", 5);
    forged.octets[forged.ip + 3] = 19;

    struct packet p = decoded();

    cr_assert(p.malformed);
    cr_assert_not(p.cut);
    cr_assert_eq(p.kind, PACKET_OTHER);
}

Test(ip, a_header_length_below_five_lies)
{
    plain4("hello", 5);
    forged.octets[forged.ip] = 0x44;

    struct packet p = decoded();

    cr_assert(p.malformed);
    cr_assert_eq(p.kind, PACKET_OTHER);
}

Test(ip, a_version_that_contradicts_the_link_lies)
{
    plain6("hello", 5);
    forged.octets[forged.ip] = 0x40;

    struct packet p = decoded();

    cr_assert(p.malformed);
}

Test(ip, a_payload_cut_by_the_snap_length_keeps_its_length_on_the_wire)
{
    plain4("hello", 5);

    struct packet p = one_decoded(forge_frame_cut(&forged, 1, 0, forged.payload + 2));

    cr_assert(p.cut);
    cr_assert_not(p.malformed);
    cr_assert_not(p.header_cut);
    cr_assert_eq(p.payload.left, 2);
    cr_assert_eq(p.payload.clipped, 3);
    cr_assert_eq(packet_segment_length(&p), 5);
}

Test(ip, padding_that_was_cut_off_is_not_payload_either)
{
    plain4("hello", 5);
    forged.n += 9;

    struct packet p = one_decoded(forge_frame_cut(&forged, 1, 0, forged.payload + 2));

    cr_assert_eq(p.payload.clipped, 3);
}

Test(ip, a_cut_at_any_octet_is_never_malformed)
{
    plain4("hello", 5);
    for (size_t i = 0; i < forged.n; i++) {
        struct packet p = one_decoded(forge_frame_cut(&forged, 1, 0, i));
        cr_assert(p.cut);
        cr_assert_not(p.malformed, "cut at %zu", i);
        cr_assert_eq(p.kind, i < 48 ? PACKET_OTHER : PACKET_TCP, "cut at %zu", i);
    }
    plain6("hello", 5);
    for (size_t i = 0; i < forged.n; i++) {
        struct packet p = one_decoded(forge_frame_cut(&forged, 1, 0, i));
        cr_assert_not(p.malformed, "cut at %zu", i);
        cr_assert_eq(p.kind, i < 68 ? PACKET_OTHER : PACKET_TCP, "cut at %zu", i);
    }
}

/* Hop-by-hop, routing, destination options, authentication (RFC 4302: length in fours, less two) */
static const uint8_t chain[] = {
    43, 0, 1, 4, 0, 0, 0, 0,                         /* hop by hop: padding */
    60, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* routing, 16 octets */
    51, 0, 1, 4, 0, 0, 0, 0,                         /* destination options */
    6,  4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9 /* AH, 24 octets */
};

static void chained6(size_t n)
{
    forge_tcp(&forged, &(struct forge_tcp){ .ip = { .source = "2001:db8::1",
                                                    .destination = "2001:db8::2",
                                                    .options = { chain, n } },
                                            .source_port = 40000,
                                            .payload = { "hello", 5 } });
}

Test(ip, version_6_extension_headers_are_walked)
{
    chained6(sizeof chain);

    struct packet p = decoded();

    cr_assert_eq(p.kind, PACKET_TCP);
    cr_assert_eq(p.ip_protocol, 6);
    cr_assert_eq(p.source_port, 40000);
    cr_assert_eq(bytes_on_wire(&p.payload), 5);
}

Test(ip, an_extension_header_beyond_its_packet_lies)
{
    chained6(sizeof chain);
    forged.octets[forged.ip + 41] = 200;

    struct packet p = decoded();

    cr_assert(p.malformed);
    cr_assert_eq(p.kind, PACKET_OTHER);
}

Test(ip, an_extension_header_that_was_cut_does_not)
{
    chained6(sizeof chain);

    struct packet p = one_decoded(forge_frame_cut(&forged, 1, 0, forged.ip + 41));

    cr_assert_not(p.malformed);
    cr_assert(p.cut);
    cr_assert_eq(p.kind, PACKET_OTHER);
}

Test(ip, an_authentication_header_is_skipped_in_version_4_too)
{
    uint8_t inside[24 + 20] = { 6, 4 };
    inside[24] = 0x9c;
    inside[25] = 0x40;
    inside[24 + 12] = 0x50;
    forge_ip(&forged, &(struct forge_ip){ .source = "10.0.0.1", .destination = "10.0.0.2" }, 51,
             (struct forge_octets){ inside, sizeof inside });

    struct packet p = decoded();

    cr_assert_eq(p.kind, PACKET_TCP);
    cr_assert_eq(p.source_port, 40000);
    cr_assert_eq(p.ip_protocol, 6);
}

Test(ip, tunnels_with_nothing_known_inside_are_counted_and_stay_closed)
{
    const uint8_t protocols[] = { 4, 41, 47 };
    for (size_t i = 0; i < sizeof protocols; i++) {
        struct decoder_counts counts;
        forge_ip(&forged, &(struct forge_ip){ .source = "10.0.0.1", .destination = "10.0.0.2" },
                 protocols[i], (struct forge_octets){ "0123456789012345678901234567890", 32 });
        struct frame frame = forge_frame(&forged, 1, 0);

        struct packet p = one_decoded_with(&frame, &counts);

        cr_assert_eq(p.kind, PACKET_OTHER);
        cr_assert_eq(p.ip_protocol, protocols[i]);
        cr_assert_eq(counts.tunnelled, 1);
        cr_assert_eq(counts.unknown_inside, 1);
        cr_assert_eq(bytes_on_wire(&p.payload), 0);
    }
}

#include "forge/forge.h"
#include "one.h"

#include <criterion/criterion.h>

enum { FLAGS = TCP_SYN, TTL = 61, SEQ = 0x01020304 };

static struct forged quoted, forged;

static void quote_tcp(const char *source, const char *destination)
{
    forge_tcp(&quoted, &(struct forge_tcp){
                           .ip = { .source = source, .destination = destination, .ttl = TTL },
                           .source_port = 40000,
                           .destination_port = 8013,
                           .seq = SEQ,
                           .flags = FLAGS });
}

/* An error that quotes the first n octets of the quoted packet. */
static struct packet error4(uint8_t type, uint8_t code, uint32_t rest, size_t n)
{
    struct forge_octets inside = forge_inside(&quoted);
    forge_icmp(&forged,
               &(struct forge_icmp){ .ip = { .source = "10.9.9.9", .destination = "10.0.0.1" },
                                     .type = type,
                                     .code = code,
                                     .rest = rest,
                                     .payload = { inside.at, n < inside.n ? n : inside.n } });
    return one_decoded(forge_frame(&forged, 1, 0));
}

static struct packet error6(uint8_t type, uint8_t code, uint32_t rest)
{
    forge_icmp(&forged, &(struct forge_icmp){
                            .ip = { .source = "2001:db8::9", .destination = "2001:db8::1" },
                            .type = type,
                            .code = code,
                            .rest = rest,
                            .payload = forge_inside(&quoted) });
    return one_decoded(forge_frame(&forged, 1, 0));
}

Test(icmp, the_least_quote_of_an_error_finds_the_flow)
{
    quote_tcp("10.0.0.1", "10.0.0.2");

    struct packet p = error4(3, 13, 0, 28);

    char text[ADDRESS_TEXT];
    cr_assert_eq(p.kind, PACKET_ICMP);
    cr_assert_eq(p.icmp_type, 3);
    cr_assert_eq(p.icmp_code, 13);
    cr_assert_str_eq(address_text(&p.source, text), "10.9.9.9");
    cr_assert(p.quote.present);
    cr_assert_str_eq(address_text(&p.quote.source, text), "10.0.0.1");
    cr_assert_str_eq(address_text(&p.quote.destination, text), "10.0.0.2");
    cr_assert_eq(p.quote.ip_protocol, 6);
    cr_assert_eq(p.quote.ttl, TTL);
    cr_assert_eq(p.quote.ip_length, 40);
    cr_assert_eq(p.quote.source_port, 40000);
    cr_assert_eq(p.quote.destination_port, 8013);
    cr_assert(p.quote.seq_present);
    cr_assert_eq(p.quote.seq, SEQ);
}

Test(icmp, a_quote_of_ports_alone_has_no_sequence_number)
{
    quote_tcp("10.0.0.1", "10.0.0.2");

    struct packet p = error4(11, 0, 0, 24);

    cr_assert(p.quote.present);
    cr_assert_not(p.quote.seq_present);
    cr_assert_eq(p.quote.seq, 0);
}

Test(icmp, a_quote_without_ports_is_no_quote)
{
    quote_tcp("10.0.0.1", "10.0.0.2");

    struct packet p = error4(3, 1, 0, 23);

    cr_assert_eq(p.kind, PACKET_ICMP);
    cr_assert_not(p.quote.present);
}

Test(icmp, a_quote_cut_by_the_snap_length_is_no_quote)
{
    quote_tcp("10.0.0.1", "10.0.0.2");
    (void)error4(3, 1, 0, 40);

    struct packet p = one_decoded(forge_frame_cut(&forged, 1, 0, forged.payload + 22));

    cr_assert_eq(p.kind, PACKET_ICMP);
    cr_assert_eq(p.icmp_code, 1);
    cr_assert_not(p.quote.present);
    cr_assert_not(p.malformed);
}

Test(icmp, fragmentation_needed_names_the_next_mtu)
{
    quote_tcp("10.0.0.1", "10.0.0.2");

    cr_assert_eq(error4(3, 4, 1400, 28).icmp_mtu, 1400);
    cr_assert_eq(error4(3, 3, 1400, 28).icmp_mtu, 0);
}

Test(icmp, options_of_the_quoted_packet_are_skipped)
{
    forge_tcp(&quoted, &(struct forge_tcp){ .ip = { .source = "10.0.0.1",
                                                    .destination = "10.0.0.2",
                                                    .options = { "\x94\x04\0\0", 4 } },
                                            .source_port = 40000,
                                            .destination_port = 8013 });

    struct packet p = error4(3, 3, 0, 32);

    cr_assert(p.quote.present);
    cr_assert_eq(p.quote.destination_port, 8013);
}

Test(icmp, a_quote_of_a_later_fragment_has_no_ports)
{
    quote_tcp("10.0.0.1", "10.0.0.2");
    quoted.octets[quoted.ip + 7] = 10;

    struct packet p = error4(3, 4, 1400, 40);

    cr_assert_not(p.quote.present);
}

Test(icmp, an_echo_quotes_nothing)
{
    quote_tcp("10.0.0.1", "10.0.0.2");

    struct packet p = error4(8, 0, 0, 40);

    cr_assert_eq(p.kind, PACKET_ICMP);
    cr_assert_eq(p.icmp_type, 8);
    cr_assert_not(p.quote.present);
}

Test(icmp, quoted_udp_has_ports_and_no_sequence_number)
{
    forge_udp(&quoted,
              &(struct forge_udp){ .ip = { .source = "10.0.0.1", .destination = "10.0.0.2" },
                                   .source_port = 40000,
                                   .destination_port = 53,
                                   .payload = { "question", 8 } });

    struct packet p = error4(3, 3, 0, 36);

    cr_assert(p.quote.present);
    cr_assert_eq(p.quote.destination_port, 53);
    cr_assert_not(p.quote.seq_present);
}

Test(icmp, version_6_errors_quote_too)
{
    quote_tcp("2001:db8::1", "2001:db8::2");

    struct packet p = error6(1, 1, 0);

    char text[ADDRESS_TEXT];
    cr_assert_eq(p.kind, PACKET_ICMP);
    cr_assert_eq(p.icmp_type, 1);
    cr_assert(p.quote.present);
    cr_assert_str_eq(address_text(&p.quote.destination, text), "2001:db8::2");
    cr_assert_eq(p.quote.ttl, TTL);
    cr_assert_eq(p.quote.ip_length, 60);
    cr_assert_eq(p.quote.destination_port, 8013);
    cr_assert_eq(p.quote.seq, SEQ);
}

Test(icmp, each_kind_of_error_quotes)
{
    const uint8_t types4[] = { 3, 4, 5, 11, 12 }, types6[] = { 1, 2, 3, 4 };
    quote_tcp("10.0.0.1", "10.0.0.2");
    for (size_t i = 0; i < sizeof types4; i++)
        cr_assert(error4(types4[i], 0, 0, 28).quote.present, "type %u", types4[i]);
    quote_tcp("2001:db8::1", "2001:db8::2");
    for (size_t i = 0; i < sizeof types6; i++)
        cr_assert(error6(types6[i], 0, 0).quote.present, "type %u", types6[i]);
}

Test(icmp, version_6_packet_too_big_names_the_mtu)
{
    quote_tcp("2001:db8::1", "2001:db8::2");

    cr_assert_eq(error6(2, 0, 1280).icmp_mtu, 1280);
    cr_assert_eq(error6(3, 0, 1280).icmp_mtu, 0);
}

Test(icmp, extension_headers_of_the_quoted_packet_are_skipped)
{
    const uint8_t destination_options[] = { 6, 0, 1, 4, 0, 0, 0, 0 };
    forge_tcp(&quoted, &(struct forge_tcp){ .ip = { .source = "2001:db8::1",
                                                    .destination = "2001:db8::2",
                                                    .options = { destination_options, 8 },
                                                    .first_extension = 60 },
                                            .source_port = 40000,
                                            .destination_port = 8013 });

    struct packet p = error6(1, 4, 0);

    cr_assert(p.quote.present);
    cr_assert_eq(p.quote.ip_protocol, 6);
    cr_assert_eq(p.quote.destination_port, 8013);
}

Test(icmp, the_protocol_number_of_the_other_version_is_not_icmp)
{
    forge_ip(&forged, &(struct forge_ip){ .source = "2001:db8::1", .destination = "2001:db8::2" },
             1, (struct forge_octets){ "\x03\x01\0\0\0\0\0\0", 8 });

    struct packet p = one_decoded(forge_frame(&forged, 1, 0));

    cr_assert_eq(p.kind, PACKET_OTHER);
}

/* A neighbour message with the hardware address 02..07 as its option. */
static struct packet neighbour6(uint8_t type, uint32_t flags, uint8_t hops)
{
    uint8_t body[24] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 0x50, [16] = 2, 1, 2, 3, 4, 5, 6, 7 };
    body[16] = type == 135 ? 1 : 2;
    forge_icmp(&forged,
               &(struct forge_icmp){
                   .ip = { .source = "2001:db8::9", .destination = "2001:db8::1", .ttl = hops },
                   .type = type,
                   .rest = flags,
                   .payload = { body, sizeof body } });
    return one_decoded(forge_frame(&forged, 1, 0));
}

Test(icmp, a_neighbour_that_asks_names_its_hardware)
{
    char text[ADDRESS_TEXT];

    struct packet p = neighbour6(135, 0, 255);

    cr_assert_eq(p.resolution, RESOLUTION_ASK);
    cr_assert_str_eq(address_text(&p.wanted, text), "2001:db8::50");
    cr_assert_arr_eq(p.wanted_mac, ((uint8_t[]){ 2, 3, 4, 5, 6, 7 }), 6);
}

Test(icmp, a_neighbour_answers_when_asked_and_else_announces)
{
    cr_assert_eq(neighbour6(136, 0x60000000, 255).resolution, RESOLUTION_ANSWER);
    cr_assert_eq(neighbour6(136, 0x20000000, 255).resolution, RESOLUTION_ANNOUNCE);
    cr_assert(neighbour6(136, 0x60000000, 255).wanted_mac_lasts);
    cr_assert_not(neighbour6(136, 0x40000000, 255).wanted_mac_lasts);
}

Test(icmp, what_came_over_a_router_is_no_neighbour)
{
    cr_assert_eq(neighbour6(135, 0, 64).resolution, RESOLUTION_NONE);
}

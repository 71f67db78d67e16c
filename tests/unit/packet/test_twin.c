#include "forge/forge.h"
#include "one.h"
#include "packet/twin.h"

#include <criterion/criterion.h>

enum { MICROSECOND_NS = 1000, MILLISECOND_NS = 1000000 };

static struct twins *twins;
static struct forged forged;

static void twin_setup(void) { twins = twins_open(one_seed); }
static void twin_teardown(void) { twins_close(twins); }

TestSuite(twin, .init = twin_setup, .fini = twin_teardown);

static struct forge_tcp segment(void)
{
    return (struct forge_tcp){
        .ip = { .source = "10.0.0.1", .destination = "10.0.0.2", .ttl = 64, .id = 4711 },
        .source_port = 40000,
        .destination_port = 443,
        .seq = 1000,
        .ack = 2000,
        .window = 500,
        .flags = TCP_ACK,
        .payload = { "payload of this segment", 23 }
    };
}

static bool seen(const struct forge_tcp *tcp, int64_t time_ns)
{
    forge_tcp(&forged, tcp);
    struct packet p = one_decoded(forge_frame(&forged, 1 + (uint64_t)time_ns, time_ns));
    return twin_seen(twins, &p);
}

static bool udp_seen(const char *source, const char *payload, int64_t time_ns)
{
    forge_udp(&forged,
              &(struct forge_udp){ .ip = { .source = source, .destination = "2001:db8::2" },
                                   .source_port = 40000,
                                   .destination_port = 53,
                                   .payload = { payload, strlen(payload) } });
    struct packet p = one_decoded(forge_frame(&forged, 1, time_ns));
    return twin_seen(twins, &p);
}

Test(twin, an_equal_segment_within_a_millisecond_is_a_copy)
{
    struct forge_tcp tcp = segment();

    cr_assert_not(seen(&tcp, 0));
    cr_assert(seen(&tcp, 40 * MICROSECOND_NS));

    const struct twin_counts *counts = twin_counts(twins);
    cr_assert_eq(counts->copies, 1);
    cr_assert_eq(counts->payload_copies, 1);
    cr_assert_eq(counts->payload_packets, 2);
    cr_assert_eq(counts->ttl_steps, 0);
    cr_assert_eq(counts->first_frame, 1 + 40 * MICROSECOND_NS);
}

Test(twin, a_later_one_is_not)
{
    struct forge_tcp tcp = segment();

    cr_assert_not(seen(&tcp, 0));
    cr_assert_not(seen(&tcp, MILLISECOND_NS + 1));
}

Test(twin, a_routed_and_retagged_leg_is_a_copy_and_counts_as_a_step)
{
    struct forge_tcp tcp = segment();

    cr_assert_not(seen(&tcp, 0));
    tcp.ip.ttl = 63;
    tcp.ip.vlan[0] = 101;
    tcp.ip.mac_source = (const uint8_t[]){ 2, 9, 9, 9, 9, 9 };
    cr_assert(seen(&tcp, 5));

    cr_assert_eq(twin_counts(twins)->ttl_steps, 1);
    cr_assert_eq(twin_counts(twins)->vlan_steps, 1);
}

Test(twin, a_retransmission_with_an_identification_of_its_own_is_not)
{
    struct forge_tcp tcp = segment();

    cr_assert_not(seen(&tcp, 0));
    tcp.ip.id++;
    cr_assert_not(seen(&tcp, 5));
}

Test(twin, any_difference_in_the_header_makes_another_packet)
{
    struct forge_tcp first = segment(), ports = first, numbers = first, ack = first, window = first,
                     flags = first, back = first;
    ports.source_port++;
    numbers.seq++;
    ack.ack++;
    window.window++;
    flags.flags |= TCP_PSH;
    back.ip.source = first.ip.destination;
    back.ip.destination = first.ip.source;
    back.source_port = first.destination_port;
    back.destination_port = first.source_port;

    cr_assert_not(seen(&first, 0));
    cr_assert_not(seen(&ports, 1));
    cr_assert_not(seen(&numbers, 2));
    cr_assert_not(seen(&ack, 3));
    cr_assert_not(seen(&window, 4));
    cr_assert_not(seen(&flags, 5));
    cr_assert_not(seen(&back, 6));
}

Test(twin, a_payload_that_the_checksum_does_not_tell_apart_is_told_apart)
{
    struct forge_tcp tcp = segment();
    cr_assert_not(seen(&tcp, 0));
    forge_tcp(&forged, &tcp);
    forged.octets[forged.n - 1] ^= 1; /* the checksum stays: offloaded */
    struct packet p = one_decoded(forge_frame(&forged, 2, 1));

    cr_assert_not(twin_seen(twins, &p));
}

Test(twin, resets_are_never_copies)
{
    struct forge_tcp tcp = segment();
    tcp.flags = TCP_RST | TCP_ACK;

    cr_assert_not(seen(&tcp, 0));
    cr_assert_not(seen(&tcp, 0));
    cr_assert_eq(twin_counts(twins)->copies, 0);
}

Test(twin, a_third_and_fourth_copy_are_copies_too)
{
    struct forge_tcp tcp = segment();

    cr_assert_not(seen(&tcp, 0));
    cr_assert(seen(&tcp, 900 * MICROSECOND_NS));
    cr_assert(seen(&tcp, 1800 * MICROSECOND_NS));
    cr_assert(seen(&tcp, 1801 * MICROSECOND_NS));
}

Test(twin, a_copy_may_carry_the_earlier_time)
{
    struct forge_tcp tcp = segment();

    cr_assert_not(seen(&tcp, 100 * MICROSECOND_NS));
    cr_assert(seen(&tcp, 30 * MICROSECOND_NS));
}

Test(twin, acknowledgements_without_payload_are_copied_but_not_counted_as_payload)
{
    struct forge_tcp tcp = segment();
    tcp.payload.n = 0;

    cr_assert_not(seen(&tcp, 0));
    cr_assert(seen(&tcp, 1));
    cr_assert_eq(twin_counts(twins)->copies, 1);
    cr_assert_eq(twin_counts(twins)->payload_copies, 0);
    cr_assert_eq(twin_counts(twins)->payload_packets, 0);
}

Test(twin, questions_over_udp_are_copied_and_different_ones_are_not)
{
    cr_assert_not(udp_seen("2001:db8::1", "question one", 0));
    cr_assert_not(udp_seen("2001:db8::1", "question two", 1));
    cr_assert_not(udp_seen("2001:db8::3", "question one", 2));
    cr_assert(udp_seen("2001:db8::1", "question one", 3));
}

Test(twin, errors_over_icmp_are_copied)
{
    struct forge_icmp icmp = { .ip = { .source = "10.0.0.9", .destination = "10.0.0.1", .id = 3 },
                               .type = 3,
                               .code = 1,
                               .payload = { "a quote", 7 } };
    forge_icmp(&forged, &icmp);
    struct packet a = one_decoded(forge_frame(&forged, 1, 0));
    icmp.code = 3;
    forge_icmp(&forged, &icmp);
    struct packet b = one_decoded(forge_frame(&forged, 2, 0));

    cr_assert_not(twin_seen(twins, &a));
    cr_assert_not(twin_seen(twins, &b));
    cr_assert(twin_seen(twins, &a));
}

Test(twin, fragments_and_arp_are_left_alone)
{
    struct forged whole;
    struct forge_tcp tcp = segment();
    forge_tcp(&whole, &tcp);
    forge_fragment(&forged, &whole, 0, 8, 1);
    struct packet fragment = one_decoded(forge_frame(&forged, 1, 0));
    forge_arp(&forged, &(struct forge_arp){ "10.0.0.1", "10.0.0.2", 1 });
    struct packet arp = one_decoded(forge_frame(&forged, 2, 0));

    cr_assert_not(twin_seen(twins, &fragment) || twin_seen(twins, &fragment));
    cr_assert_not(twin_seen(twins, &arp) || twin_seen(twins, &arp));
}

Test(twin, a_thousand_packets_between_do_not_hide_a_copy)
{
    struct forge_tcp tcp = segment();
    forge_tcp(&forged, &tcp);
    struct packet first = one_decoded(forge_frame(&forged, 1, 0)), other = first;
    size_t found = 0;
    for (uint32_t round = 0; round < 100; round++) {
        first.seq = 0x80000000 + round;
        first.time_ns = other.time_ns = (int64_t)round * 2 * MILLISECOND_NS;
        (void)twin_seen(twins, &first);
        for (uint32_t i = 0; i < 1000; i++) {
            other.seq = round * 1000 + i;
            (void)twin_seen(twins, &other);
        }
        found += twin_seen(twins, &first);
    }

    cr_assert_geq(found, 85);
}

Test(twin, closing_nothing_is_fine) { twins_close(NULL); }

#include "forge.h"
#include "one.h"

#include <criterion/criterion.h>
#include <string.h>

/* What is inside: a SYN of 192.0.2.1:40000 to 192.0.2.2:8013 with TTL 33, behind a tag or not. */
static struct forged inner, outer;
static uint8_t octets[4096];

static void inner_make(uint16_t vlan)
{
    forge_tcp(&inner, &(struct forge_tcp){ .ip = { .source = "192.0.2.1",
                                                   .destination = "192.0.2.2",
                                                   .ttl = 33,
                                                   .vlan = { vlan } },
                                           .source_port = 40000,
                                           .destination_port = 8013,
                                           .seq = 77,
                                           .flags = TCP_SYN });
}

static struct forge_octets joined(const void *head, size_t n, bool with_ethernet)
{
    size_t from = with_ethernet ? 0 : inner.ip;
    memcpy(octets, head, n);
    memcpy(octets + n, inner.octets + from, inner.n - from);
    return (struct forge_octets){ octets, n + inner.n - from };
}

static const struct forge_ip outside = { .source = "10.9.0.1", .destination = "10.9.0.2" };

static struct packet opened(struct decoder_counts *counts)
{
    struct frame frame = forge_frame(&outer, 1, 0);
    return one_decoded_with(&frame, counts);
}

static void assert_inner(const struct packet *p, const char *what)
{
    const uint8_t quad[4] = { 192, 0, 2, 1 };
    const struct address source = address_v4(quad);

    cr_assert_eq(p->kind, PACKET_TCP, "%s", what);
    cr_assert(address_equal(&p->source, &source), "%s", what);
    cr_assert_eq(p->source_port, 40000, "%s", what);
    cr_assert_eq(p->destination_port, 8013, "%s", what);
    cr_assert_eq(p->seq, 77, "%s", what);
    cr_assert_eq(p->ttl, 33, "%s", what);
    cr_assert_eq(p->flags, TCP_SYN, "%s", what);
    cr_assert_neq(p->flow_hash, 0, "%s", what);
}

Test(tunnel, what_ip_carries_is_taken_out)
{
    static const struct {
        const char *what;
        uint8_t protocol, n;
        uint8_t head[24];
        bool ethernet;
    } rows[] = {
        { "IP in IP, RFC 2003", 4, 0, { 0 }, false },
        { "GRE, RFC 2784", 47, 4, { 0, 0, 8, 0 }, false },
        { "with checksum", 47, 8, { 0x80, 0, 8, 0, 1, 2, 0, 0 }, false },
        { "with key and sequence, RFC 2890",
          47,
          12,
          { 0x30, 0, 8, 0, 0, 0, 0, 9, 0, 0, 0, 1 },
          false },
        { "Ethernet in it", 47, 4, { 0, 0, 0x65, 0x58 }, true },
        { "MPLS in it", 47, 8, { 0, 0, 0x88, 0x47, 0, 0, 0x11, 0x40 }, false },
        { "PPP, RFC 2637",
          47,
          18,
          { 0x30, 0x81, 0x88, 0x0b, 0, 0x2a, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0x00, 0x21 },
          false },
        { "ERSPAN I", 47, 4, { 0, 0, 0x88, 0xbe }, true },
        { "ERSPAN II",
          47,
          16,
          { 0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 0x64, 0, 1, 0, 0, 0, 0 },
          true },
        { "ERSPAN III",
          47,
          20,
          { 0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 0x64, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0 },
          true },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decoder_counts counts;
        inner_make(0);
        forge_ip(&outer, &outside, rows[i].protocol,
                 joined(rows[i].head, rows[i].n, rows[i].ethernet));

        struct packet p = opened(&counts);

        assert_inner(&p, rows[i].what);
        cr_assert_eq(p.has_mac, rows[i].ethernet, "%s", rows[i].what);
        cr_assert_eq(counts.opened, 1, "%s", rows[i].what);
        cr_assert_eq(counts.tunnelled, 0, "%s", rows[i].what);
    }
}

static void udp_make(uint16_t from, uint16_t to, struct forge_octets payload)
{
    forge_udp(&outer,
              &(struct forge_udp){
                  .ip = outside, .source_port = from, .destination_port = to, .payload = payload });
}

Test(tunnel, what_datagrams_carry_is_taken_out)
{
    static const struct {
        const char *what;
        uint16_t port;
        uint8_t n;
        uint8_t head[24];
        bool ethernet;
    } rows[] = {
        { "VXLAN, RFC 7348", 4789, 8, { 8, 0, 0, 0, 0, 0, 5, 0 }, true },
        { "on the older port", 8472, 8, { 8, 0, 0, 0, 0, 0, 5, 0 }, true },
        { "generic VXLAN, IPv4", 4790, 8, { 0x0c, 0, 0, 1, 0, 0, 5, 0 }, false },
        { "generic VXLAN, Ethernet", 4790, 8, { 0x0c, 0, 0, 3, 0, 0, 5, 0 }, true },
        { "GENEVE, RFC 8926", 6081, 8, { 0, 0, 0x65, 0x58, 0, 0, 5, 0 }, true },
        { "with an option", 6081, 12, { 1, 0, 0x65, 0x58, 0, 0, 5, 0, 1, 2, 3, 0 }, true },
        { "GTP-U, TS 29.281", 2152, 8, { 0x30, 255, 0, 40, 0, 0, 0, 1 }, false },
        { "with a sequence number", 2152, 12, { 0x32, 255, 0, 44, 0, 0, 0, 1, 0, 7, 0, 0 }, false },
        { "with an extension header",
          2152,
          16,
          { 0x34, 255, 0, 48, 0, 0, 0, 1, 0, 0, 0, 0x85, 1, 0, 9, 0 },
          false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decoder_counts counts;
        inner_make(0);
        udp_make(50000, rows[i].port, joined(rows[i].head, rows[i].n, rows[i].ethernet));

        struct packet p = opened(&counts);

        assert_inner(&p, rows[i].what);
        cr_assert_eq(counts.opened, 1, "%s", rows[i].what);
    }
}

Test(tunnel, the_tag_and_the_hardware_address_are_those_inside)
{
    static const uint8_t vxlan[] = { 8, 0, 0, 0, 0, 0, 5, 0 };
    struct decoder_counts counts;
    inner_make(8);
    udp_make(50000, 4789, joined(vxlan, sizeof vxlan, true));
    outer.octets[6 + 5] = 0x77;

    struct packet p = opened(&counts);

    assert_inner(&p, "tagged");
    cr_assert_eq(p.vlan, 8);
    cr_assert_eq(memcmp(p.mac_source, inner.octets + 6, 6), 0);
}

Test(tunnel, what_only_looks_like_one_stays_what_it_is)
{
    static const struct {
        const char *what;
        uint16_t from, to;
        uint8_t head[8];
    } rows[] = {
        { "no valid network number", 50000, 4789, { 0, 0, 0, 0, 0, 0, 5, 0 } },
        { "a reserved bit", 50000, 4789, { 0x88, 0, 0, 0, 0, 0, 5, 0 } },
        { "an answer to that port", 53, 4789, { 8, 0, 0, 0, 0, 0, 5, 0 } },
        { "another version", 50000, 6081, { 0x40, 0, 0x65, 0x58, 0, 0, 5, 0 } },
        { "no user's packet", 50000, 2152, { 0x30, 1, 0, 40, 0, 0, 0, 1 } },
        { "charging", 50000, 2152, { 0x20, 255, 0, 40, 0, 0, 0, 1 } },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decoder_counts counts;
        inner_make(0);
        udp_make(rows[i].from, rows[i].to, joined(rows[i].head, 8, true));

        struct packet p = opened(&counts);

        cr_assert_eq(p.kind, PACKET_UDP, "%s", rows[i].what);
        cr_assert_eq(p.destination_port, rows[i].to, "%s", rows[i].what);
        cr_assert_eq(bytes_on_wire(&p.payload), 8 + inner.n, "%s", rows[i].what);
        cr_assert(p.has_mac, "%s", rows[i].what);
        cr_assert_eq(counts.opened, 0, "%s", rows[i].what);
    }
}

Test(tunnel, gre_with_routing_or_an_unknown_type_stays_closed)
{
    static const uint8_t heads[][4] = { { 0x40, 0, 8, 0 }, { 0, 2, 8, 0 }, { 0, 0, 0x20, 0 } };

    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        struct decoder_counts counts;
        inner_make(0);
        forge_ip(&outer, &outside, 47, joined(heads[i], 4, false));

        struct packet p = opened(&counts);

        cr_assert_eq(p.kind, PACKET_OTHER);
        cr_assert_eq(p.ip_protocol, 47);
        cr_assert_eq(counts.tunnelled, 1);
    }
}

Test(tunnel, one_in_another_ends_somewhere)
{
    enum { DEPTH = 6 };
    static const uint8_t gre[] = { 0, 0, 8, 0 };
    struct decoder_counts counts;
    inner_make(0);
    for (int i = 0; i < DEPTH; i++) {
        forge_ip(&outer, &outside, 47, joined(gre, sizeof gre, false));
        inner = outer;
        struct packet p = opened(&counts);
        if (i < 4)
            assert_inner(&p, "within the bound");
        else
            cr_assert_eq(p.kind, PACKET_OTHER, "beyond the bound");
    }
}

Test(tunnel, a_cut_anywhere_is_survived)
{
    static const uint8_t head[] = { 0x34, 255, 0, 48, 0, 0, 0, 1, 0, 0, 0, 0x85, 1, 0, 9, 0 };
    inner_make(0);
    udp_make(50000, 2152, joined(head, sizeof head, false));

    for (size_t n = 0; n < outer.n; n++) {
        struct frame frame = forge_frame(&outer, 1, 0);
        frame.data = bytes_of(outer.octets, n, outer.n);
        struct packet p = one_decoded(frame);
        cr_assert(!p.malformed, "cut at %zu", n);
    }
}

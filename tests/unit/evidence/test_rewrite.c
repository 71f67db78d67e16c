#include "evidence/recertify.h"
#include "evidence/rewrite.h"
#include "forge.h"
#include "packet/packet.h"

#include <criterion/criterion.h>
#include <string.h>

enum { ETHERNET = 1, PPP = 9, PPPOE = 51 };

static const uint8_t key[MASK_KEY] = { 7 };
static const char *const kept[] = { NULL };
static struct scrubber scrubber;

static void open_scrubber(void)
{
    scrubber = (struct scrubber){ .mask = mask_open(key, kept), .names = true };
    cr_assert(scrubber.mask);
}

static void close_scrubber(void) { mask_close(scrubber.mask); }

TestSuite(rewrite, .init = open_scrubber, .fini = close_scrubber);

static void cut_payload(void *context, const struct rewrite_segment *segment)
{
    (void)context;
    memset(segment->payload, 0, segment->n);
}

static struct forged inner;

static void forge_inner(void)
{
    forge_tcp(&inner,
              &(struct forge_tcp){ .ip = { .source = "10.20.40.17", .destination = "10.0.0.10" },
                                   .source_port = 50001,
                                   .destination_port = 8013,
                                   .flags = TCP_ACK,
                                   .payload = { "secret", 6 } });
}

/* header, then the packet that was forged; what it decodes to when it is rewritten. */
static struct packet through(uint32_t link, const void *header, size_t n, bool with_ethernet)
{
    static uint8_t octets[512];
    static struct packet packet;
    struct rewriter r = { .scrubber = &scrubber, .payload = cut_payload };
    size_t from = with_ethernet ? 0 : inner.ip, whole = n + inner.n - from;
    struct frame frame = { .number = 1, .link = link };

    memcpy(octets, header, n);
    memcpy(octets + n, inner.octets + from, inner.n - from);
    frame.data = bytes_whole(octets, whole);
    rewrite_frame(&r, &frame, octets);
    struct decoder *decoder = decoder_open((struct hash_seed){ 0 });
    frame.data = bytes_whole(octets, whole);
    packet_decode(decoder, &frame, 1, &packet);
    decoder_close(decoder);
    return packet;
}

static void assert_redacted(struct packet p)
{
    struct address source, destination;
    address_parse("10.20.40.17", &source);
    address_parse("10.0.0.10", &destination);
    mask_address(scrubber.mask, &source);
    mask_address(scrubber.mask, &destination);

    cr_assert_eq(p.kind, PACKET_TCP);
    cr_assert(address_equal(&p.source, &source));
    cr_assert(address_equal(&p.destination, &destination));
    cr_assert_eq(p.destination_port, 8013);
    cr_assert_eq(p.payload.left, 6);
    cr_assert_arr_eq(p.payload.at, "\0\0\0\0\0\0", 6);
}

Test(rewrite, a_packet_behind_labels_of_mpls_is_found)
{
    static const uint8_t head[] = { 2, 0,    0,    0, 0, 2, 2, 0, 0, 0, 0,
                                    1, 0x88, 0x47, 0, 1, 0, 9, 0, 2, 1, 9 };
    forge_inner();

    assert_redacted(through(ETHERNET, head, sizeof head, false));
}

Test(rewrite, a_packet_in_ppp_is_found)
{
    static const uint8_t bare[] = { 0x21 }, framed[] = { 0xff, 3, 0, 0x21 };
    static const uint8_t session[] = { 0x11, 0, 0, 7, 0, 48, 0, 0x21 };
    forge_inner();

    assert_redacted(through(PPP, bare, sizeof bare, false));
    assert_redacted(through(PPP, framed, sizeof framed, false));
    assert_redacted(through(PPPOE, session, sizeof session, false));
}

Test(rewrite, who_logs_in_by_ppp_is_gone)
{
    uint8_t login[] = { 0xff, 3, 0xc0, 0x23, 1, 1, 0, 13, 4, 'j', 'a', 'n', 'e', 3, 'p', 'w', 'd' };
    struct rewriter r = { .scrubber = &scrubber, .payload = cut_payload };
    struct frame frame = { .link = PPP, .data = bytes_whole(login, sizeof login) };

    rewrite_frame(&r, &frame, login);

    for (size_t i = 4; i < sizeof login; i++)
        cr_assert_eq(login[i], 0);
}

/* GRE with a number, then the header of ERSPAN II, then the mirrored frame. */
Test(rewrite, a_mirrored_frame_in_erspan_is_found)
{
    uint8_t head[14 + 20 + 16] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0 };
    static const uint8_t gre[16] = { 0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 5, 0, 0 };
    struct forged outer;
    forge_inner();
    forge_ip(&outer, &(struct forge_ip){ .source = "192.0.2.1", .destination = "192.0.2.2" }, 47,
             (struct forge_octets){ inner.octets, inner.n + sizeof gre });
    memcpy(head, outer.octets, 34);
    memcpy(head + 34, gre, sizeof gre);

    assert_redacted(through(ETHERNET, head, sizeof head, true));
}

Test(rewrite, a_packet_behind_llc_and_snap_is_found)
{
    uint8_t head[] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0, 54, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0 };
    forge_inner();

    assert_redacted(through(ETHERNET, head, sizeof head, false));
}

Test(rewrite, strict_redaction_numbers_networks_anew_and_keeps_no_vendor)
{
    static const uint8_t vendor[6] = { 0x00, 0x50, 0x56, 1, 2, 3 };
    struct rewriter r = { .scrubber = &scrubber, .payload = cut_payload };
    struct forged f;
    mask_be_strict(scrubber.mask);
    scrubber.strict = true;
    forge_tcp(&f, &(struct forge_tcp){ .ip = { .source = "10.0.0.1",
                                               .destination = "10.0.0.2",
                                               .mac_source = vendor,
                                               .vlan = { 711 } },
                                       .flags = TCP_SYN });
    struct frame frame = forge_frame(&f, 1, 0);

    rewrite_frame(&r, &frame, f.octets);

    cr_assert_neq(memcmp(f.octets + 6, vendor, 3), 0);
    cr_assert_eq(f.octets[6] & 3, 2);
    cr_assert_eq(f.octets[14] << 8 | f.octets[15], 1);
}

/* ff02::1:ff00:1234 asks for whoever has these last octets. */
Test(rewrite, the_group_that_asks_for_a_neighbour_does_not_name_him)
{
    struct address group, twin;
    uint8_t mac[6] = { 0x33, 0x33, 0xff, 0, 0x12, 0x34 };
    address_parse("ff02::1:ff00:1234", &group);
    twin = group;

    mask_address(scrubber.mask, &group);
    mask_mac(scrubber.mask, mac);

    cr_assert_arr_eq(group.octet, twin.octet, 13);
    cr_assert_neq(memcmp(group.octet + 13, twin.octet + 13, 3), 0);
    cr_assert_arr_eq(mac + 3, group.octet + 13, 3);
}

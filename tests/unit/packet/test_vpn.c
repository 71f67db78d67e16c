#include "forge.h"
#include "one.h"

#include <criterion/criterion.h>
#include <string.h>

static struct forged forged;
static uint8_t payload[256];

static uint64_t sealed_in(uint16_t from, uint16_t to, size_t n)
{
    struct decoder_counts counts;
    forge_udp(&forged,
              &(struct forge_udp){ .ip = { .source = "10.0.0.1", .destination = "10.0.0.2" },
                                   .source_port = from,
                                   .destination_port = to,
                                   .payload = { payload, n } });
    struct frame frame = forge_frame(&forged, 7, 0);
    struct packet p = one_decoded_with(&frame, &counts);
    cr_assert_eq(p.kind, PACKET_UDP, "it stays a datagram");
    cr_assert_eq(counts.first_sealed, counts.sealed ? 7 : 0);
    return counts.sealed;
}

static void begin_with(const void *head, size_t n)
{
    memset(payload, 0x5a, sizeof payload);
    memcpy(payload, head, n);
}

Test(vpn, esp_is_sealed)
{
    struct decoder_counts counts;
    forge_ip(&forged, &(struct forge_ip){ .source = "10.0.0.1", .destination = "10.0.0.2" }, 50,
             (struct forge_octets){ payload, 60 });
    struct frame frame = forge_frame(&forged, 7, 0);

    (void)one_decoded_with(&frame, &counts);

    cr_assert_eq(counts.sealed, 1);
    cr_assert_eq(counts.tunnelled, 0);
    cr_assert_eq(counts.unknown_inside, 1);
}

Test(vpn, esp_in_udp_is_told_from_ike_and_keepalives)
{
    begin_with("\xc0\0\0\1", 4);
    cr_assert_eq(sealed_in(4500, 4500, 100), 1);
    cr_assert_eq(sealed_in(40000, 4500, 100), 1);
    cr_assert_eq(sealed_in(4501, 4501, 100), 0);
    cr_assert_eq(sealed_in(4500, 4500, 1), 0);
    begin_with("\0\0\0\0", 4); /* RFC 3948 section 2.2: the marker of IKE */
    cr_assert_eq(sealed_in(4500, 4500, 100), 0);
}

Test(vpn, wireguard_has_the_length_of_its_type)
{
    begin_with("\1\0\0\0", 4);
    cr_assert_eq(sealed_in(51820, 40000, 148), 1);
    cr_assert_eq(sealed_in(51820, 40000, 147), 0);
    begin_with("\2\0\0\0", 4);
    cr_assert_eq(sealed_in(51820, 40000, 92), 1);
    begin_with("\4\0\0\0", 4);
    cr_assert_eq(sealed_in(51820, 40000, 96), 1);
    cr_assert_eq(sealed_in(51820, 40000, 97), 0);
    begin_with("\4\0\1\0", 4);
    cr_assert_eq(sealed_in(51820, 40000, 96), 0);
}

Test(vpn, dtls_counts_on_the_ports_of_gateways_only)
{
    begin_with("\x17\xfe\xfd", 3);
    cr_assert_eq(sealed_in(40000, 10443, 90), 1);
    cr_assert_eq(sealed_in(443, 40000, 90), 1);
    cr_assert_eq(sealed_in(40000, 40002, 90), 0);
    begin_with("\x17\x03\x03", 3);
    cr_assert_eq(sealed_in(40000, 10443, 90), 0);
}

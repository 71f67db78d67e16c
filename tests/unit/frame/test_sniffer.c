/* The lines are those of public transcripts and of the layout that Fortinet documents. */
#include "frame/sniffer.h"

#include <criterion/criterion.h>
#include <string.h>

static struct head head;

static const char *from(void)
{
    static char text[ADDRESS_TEXT];
    return address_text(&head.from, text);
}

Test(sniffer, a_head_line_with_interface_and_direction_is_read)
{
    cr_assert(sniffer_head("0.957911 HUB1-VPN1_0 in 10.0.2.101.22 -> 10.0.1.101.49962: "
                           "psh 204303218 ack 3053437421 ",
                           &head));

    cr_assert(head.relative);
    cr_assert_eq(head.time_ns, 957911000);
    cr_assert_str_eq(head.interface, "HUB1-VPN1_0");
    cr_assert_eq(head.way, WAY_IN);
    cr_assert_eq(head.kind, HEAD_TCP);
    cr_assert_str_eq(from(), "10.0.2.101");
    cr_assert_eq(head.from_port, 22);
    cr_assert_eq(head.to_port, 49962);
    cr_assert(head.has_seq && head.has_ack);
    cr_assert_eq(head.seq, 204303218);
    cr_assert_eq(head.ack, 3053437421);
}

Test(sniffer, an_absolute_time_has_its_day)
{
    cr_assert(sniffer_head("2024-08-28 16:36:30.527027 port1 in 192.168.48.2.56662 -> "
                           "10.191.19.172.8443: syn 1919112407 ",
                           &head));

    cr_assert_not(head.relative);
    cr_assert_eq(head.time_ns, 1724862990527027000); /* date -u -d '2024-08-28 16:36:30' +%s */
    cr_assert_eq(head.flags, 0x02);
    cr_assert_not(head.has_ack);
}

Test(sniffer, a_syn_with_an_ack_is_a_syn_ack)
{
    cr_assert(sniffer_head("1.000001 port1 out 10.1.1.1.443 -> 10.1.1.2.50000: "
                           "syn 3263049518 ack 1919112408 ",
                           &head));

    cr_assert_eq(head.way, WAY_OUT);
    cr_assert_eq(head.flags, 0x12);
}

Test(sniffer, the_last_dot_of_an_ipv6_address_separates_the_port)
{
    cr_assert(sniffer_head("2.500000 port1 in fe80::1.546 -> ff02::c.1900: udp 146", &head));

    cr_assert_eq(head.kind, HEAD_UDP);
    cr_assert_str_eq(from(), "fe80::1");
    cr_assert_eq(head.from_port, 546);
    cr_assert_eq(head.to_port, 1900);
    cr_assert_eq(head.length, 146);
}

Test(sniffer, a_mac_address_comes_without_leading_zeros)
{
    static const uint8_t mac[6] = { 0x8b, 0x5b, 0x0e, 0x1c, 0x41, 0x14 };

    cr_assert(sniffer_head("3.100000 wan1 in arp reply 10.1.1.1 is-at 8b:5b:e:1c:41:14", &head));

    cr_assert_eq(head.kind, HEAD_ARP_REPLY);
    cr_assert_arr_eq(head.mac_from, mac, sizeof mac);
}

Test(sniffer, what_only_looks_like_a_head_line_is_none)
{
    static const char *const lines[] = {
        "",
        "interfaces=[any]",
        "filters=[port 8443]",
        "18 packets received by filter",
        "Using Original Sniffing Mode",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        cr_assert_not(sniffer_head(lines[i], &head), "%s", lines[i]);
}

Test(sniffer, the_ascii_column_of_a_short_row_is_no_octet)
{
    struct row_read row;

    cr_assert(sniffer_row("0x00b0\t 81d9                                   \tab cd", &row));

    cr_assert_eq(row.offset, 0xb0);
    cr_assert_eq(row.n, 2);
    cr_assert_eq(row.octet[0], 0x81);
    cr_assert_eq(row.octet[1], 0xd9);
}

Test(sniffer, a_full_row_has_sixteen_octets)
{
    struct row_read row;

    cr_assert(
        sniffer_row("0x0010\t 0009 0f09 c809 085b 0e1c 4114 0800 4510\t.......[..A...E.", &row));

    cr_assert_eq(row.offset, 0x10);
    cr_assert_eq(row.n, ROW_OCTETS);
    cr_assert_eq(row.octet[15], 0x10);
    cr_assert_not(row.broken);
}

Test(sniffer, what_a_terminal_shows_is_what_is_read)
{
    static const char line[] = "\x1b[K0x00xx\b\b10\r\r";
    char out[32];

    sniffer_clean((const uint8_t *)line, sizeof line - 1, out, sizeof out);

    cr_assert_str_eq(out, "0x0010");
}

Test(sniffer, a_line_longer_than_its_room_is_cut)
{
    char out[8];

    size_t n = sniffer_clean((const uint8_t *)"0123456789", 10, out, sizeof out);

    cr_assert_eq(n, sizeof out - 1);
    cr_assert_str_eq(out, "0123456");
}

#include "packet/icmp.h"

#include "packet/field.h"
#include "packet/ip.h"

#include <string.h>

enum { TCP = 6, UDP = 17 };
enum { ICMP_UNREACHABLE = 3, ICMP_FRAGMENTATION_NEEDED = 4, ICMP6_TOO_BIG = 2 };
enum { ICMP6_SOLICITATION = 135, ICMP6_ADVERTISEMENT = 136 };

/* Types that quote: RFC 792 and RFC 4443 sections 3.1 to 3.4. */
static bool is_error(uint8_t type, bool v6)
{
    if (v6)
        return type >= 1 && type <= 4;
    return (type >= 3 && type <= 5) || type == 11 || type == 12;
}

static bool quote_ip4(struct bytes *b, struct quote *q)
{
    uint8_t head[20];
    if (!bytes_copy(b, head, sizeof head))
        return false;
    size_t header = (size_t)(head[0] & 0x0f) * 4;
    q->ip_length = field_16(head + 2);
    q->ttl = head[8];
    q->ip_protocol = head[9];
    q->source = address_v4(head + 12);
    q->destination = address_v4(head + 16);
    bool begins = (field_16(head + 6) & 0x1fff) == 0;
    if (header < sizeof head || !begins)
        return false;
    bytes_skip(b, header - sizeof head);
    return bytes_ok(b);
}

static bool quote_ip6(struct bytes *b, struct quote *q)
{
    uint8_t head[40];
    if (!bytes_copy(b, head, sizeof head))
        return false;
    size_t length = field_16(head + 4) + sizeof head;
    q->ip_length = length < UINT16_MAX ? (uint16_t)length : UINT16_MAX;
    q->ip_protocol = head[6];
    q->ttl = head[7];
    memcpy(q->source.octet, head + 8, 16);
    memcpy(q->destination.octet, head + 24, 16);
    return ip6_skip_extensions(b, &q->ip_protocol);
}

static void quote_read(struct bytes b, bool v6, struct quote *q)
{
    if (bytes_peek(&b, 0) >> 4 != (v6 ? 6 : 4))
        return;
    bool fine = v6 ? quote_ip6(&b, q) : quote_ip4(&b, q);
    if (!fine || (q->ip_protocol != TCP && q->ip_protocol != UDP))
        return;
    q->source_port = bytes_u16(&b);
    q->destination_port = bytes_u16(&b);
    q->present = bytes_ok(&b);
    uint32_t seq = bytes_u32(&b);
    q->seq_present = q->ip_protocol == TCP && bytes_ok(&b);
    q->seq = q->seq_present ? seq : 0;
}

static uint32_t mtu_of(const uint8_t *head, bool v6)
{
    if (v6)
        return head[0] == ICMP6_TOO_BIG ? field_32(head + 4) : 0;
    bool needed = head[0] == ICMP_UNREACHABLE && head[1] == ICMP_FRAGMENTATION_NEEDED;
    return needed ? field_16(head + 6) : 0;
}

/* The link-layer address among the options (RFC 4861 section 4.6.1); else the frame's sender. */
static void neighbour_mac(struct bytes b, uint8_t wanted, struct packet *p)
{
    if (p->has_mac)
        memcpy(p->wanted_mac, p->mac_source, sizeof p->wanted_mac);
    while (bytes_ok(&b) && b.left) {
        uint8_t type = bytes_u8(&b);
        struct bytes option = bytes_take(&b, (uint64_t)bytes_u8(&b) * 8 - 2);
        if (type == wanted && option.left >= sizeof p->wanted_mac)
            (void)bytes_copy(&option, p->wanted_mac, sizeof p->wanted_mac);
    }
}

/* RFC 4861 sections 4.3 and 4.4; only the link itself carries it, so the hop limit is whole. */
static void neighbour_read(struct bytes b, struct packet *p)
{
    enum { SOLICITED = 0x40, OVERRIDE = 0x20, SOURCE_MAC = 1, TARGET_MAC = 2 };
    bool asks = p->icmp_type == ICMP6_SOLICITATION;
    uint8_t flags = bytes_u8(&b);
    bytes_skip(&b, 3);
    memset(p->wanted_mac, 0, sizeof p->wanted_mac);
    if (p->icmp_code || p->ttl != UINT8_MAX || !bytes_copy(&b, p->wanted.octet, 16))
        return;
    neighbour_mac(b, asks ? SOURCE_MAC : TARGET_MAC, p);
    p->wanted_mac_lasts = (flags & OVERRIDE) != 0;
    p->resolution = asks                ? RESOLUTION_ASK
                    : flags & SOLICITED ? RESOLUTION_ANSWER
                                        : RESOLUTION_ANNOUNCE;
}

void icmp_decode(bool v6, struct packet *p)
{
    struct bytes *b = &p->payload, neighbour = *b;
    uint8_t head[8] = { 0 };
    size_t have = b->left < sizeof head ? b->left : sizeof head;
    if (!bytes_copy(b, head, have) || have < 2)
        return;
    p->kind = PACKET_ICMP;
    p->icmp_type = head[0];
    p->icmp_code = head[1];
    p->checksum = field_16(head + 2);
    p->icmp_mtu = mtu_of(head, v6);
    p->quote = (struct quote){ 0 };
    if (have == sizeof head && is_error(p->icmp_type, v6))
        quote_read(*b, v6, &p->quote);
    bytes_skip(&neighbour, 4);
    if (v6 && (p->icmp_type == ICMP6_SOLICITATION || p->icmp_type == ICMP6_ADVERTISEMENT))
        neighbour_read(neighbour, p);
}

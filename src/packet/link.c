#include "packet/link.h"

#include "packet/field.h"

#include <string.h>

enum { /* LINKTYPE_ values, tcpdump.org/linktypes.html */
       LINK_NULL = 0,
       LINK_ETHERNET = 1,
       LINK_PPP = 9,
       LINK_RAW_BSD = 12,
       LINK_RAW_OPENBSD = 14,
       LINK_PPP_HDLC = 50,
       LINK_PPP_ETHER = 51,
       LINK_RAW = 101,
       LINK_CISCO_HDLC = 104,
       LINK_LOOP = 108,
       LINK_SLL = 113,
       LINK_RAW_IPV4 = 228,
       LINK_RAW_IPV6 = 229,
       LINK_SLL2 = 276,
};

enum { /* IEEE 802 numbers */
       TYPE_IPV4 = 0x0800,
       TYPE_ARP = 0x0806,
       TYPE_VLAN = 0x8100,
       TYPE_VLAN_OUTER = 0x88a8,
       TYPE_VLAN_OLD = 0x9100,
       TYPE_IPV6 = 0x86dd,
       TYPE_MPLS = 0x8847,
       TYPE_MPLS_MULTICAST = 0x8848,
       TYPE_PPPOE = 0x8864,
       LENGTH_LARGEST = 1500, /* a type field up to here is the 802.3 length */
};

enum { STACK_DEPTH = 16 }; /* tags or labels on one frame: more is an attack, not a network */

static enum link_inside inside_of(uint16_t type)
{
    switch (type) {
    case TYPE_IPV4:
        return LINK_IPV4;
    case TYPE_IPV6:
        return LINK_IPV6;
    case TYPE_ARP:
        return LINK_ARP;
    default:
        return LINK_NOTHING;
    }
}

/* The version is the first four bits of either header (RFC 791 section 3.1, RFC 8200 section 3). */
static enum link_inside raw_open(struct bytes *b)
{
    struct bytes ahead = *b;
    int version = bytes_u8(&ahead) >> 4;
    b->fault = ahead.fault;
    return version == 4 ? LINK_IPV4 : version == 6 ? LINK_IPV6 : LINK_NOTHING;
}

/* LLC with the IP SAP, or SNAP carrying an EtherType (RFC 1042; 0000f8 is the bridge tunnel). */
static enum link_inside llc_open(struct bytes *b)
{
    uint32_t sap = bytes_u24(b);
    if (sap == 0x060603)
        return LINK_IPV4;
    if (sap != 0xaaaa03)
        return LINK_NOTHING;
    uint32_t organisation = bytes_u24(b);
    uint16_t type = bytes_u16(b);
    return organisation == 0 || organisation == 0xf8 ? inside_of(type) : LINK_NOTHING;
}

/* RFC 3032 section 2.1: labels up to the bottom of the stack.  What follows is not named; only IP
 * begins with 4 or 6 by agreement (RFC 4928 section 3). */
static enum link_inside mpls_open(struct bytes *b)
{
    for (int labels = 0; labels < STACK_DEPTH; labels++) {
        uint32_t label = bytes_u32(b);
        if (!bytes_ok(b))
            return LINK_NOTHING;
        if (label & 0x100)
            return raw_open(b);
    }
    return LINK_NOTHING;
}

/* The protocol field, one or two octets wide (RFC 1661 section 2, 6.5). */
static enum link_inside ppp_open(struct bytes *b)
{
    unsigned protocol = bytes_u8(b);
    if ((protocol & 1) == 0)
        protocol = protocol << 8 | bytes_u8(b);
    if (!bytes_ok(b))
        return LINK_NOTHING;
    switch (protocol) {
    case 0x0021:
        return LINK_IPV4;
    case 0x0057:
        return LINK_IPV6;
    case 0x0281:
        return mpls_open(b);
    default:
        return LINK_NOTHING;
    }
}

/* RFC 2516 section 4: version and type 1, code 0 for a session, session id, length. */
static enum link_inside pppoe_open(struct bytes *b)
{
    uint16_t session = bytes_u16(b);
    bytes_skip(b, 2);
    uint16_t length = bytes_u16(b);
    if (!bytes_ok(b) || session != 0x1100)
        return LINK_NOTHING;
    (void)field_trim(b, length); /* Ethernet may have padded it */
    return ppp_open(b);
}

/* PPP with or without HDLC address and control (RFC 1662 section 3.1), or Cisco HDLC. */
static enum link_inside ppp_link_open(struct bytes *b)
{
    int address = bytes_peek(b, 0), control = bytes_peek(b, 1);
    bool cisco = (address == 0x0f || address == 0x8f) && control == 0;
    if (cisco || (address == 0xff && control == 0x03))
        bytes_skip(b, 2);
    return cisco ? inside_of(bytes_u16(b)) : ppp_open(b);
}

static bool is_vlan(uint16_t type)
{
    return type == TYPE_VLAN || type == TYPE_VLAN_OUTER || type == TYPE_VLAN_OLD;
}

static uint16_t vlan_skip(uint16_t type, struct bytes *b, struct packet *p)
{
    for (int tags = 0; is_vlan(type) && tags < STACK_DEPTH; tags++) {
        uint16_t tag = bytes_u16(b);
        type = bytes_u16(b);
        if (p->vlan == 0 && bytes_ok(b))
            p->vlan = (uint16_t)((tag & 0xfff) + 1);
    }
    return type;
}

static enum link_inside ethertype_open(uint16_t type, struct bytes *b, struct packet *p)
{
    if (type == TYPE_IPV4)
        return LINK_IPV4;
    if (is_vlan(type))
        type = vlan_skip(type, b, p);
    if (!bytes_ok(b))
        return LINK_NOTHING;
    if (type <= LENGTH_LARGEST) {
        (void)field_trim(b, type);
        return llc_open(b);
    }
    if (type == TYPE_MPLS || type == TYPE_MPLS_MULTICAST)
        return mpls_open(b);
    return type == TYPE_PPPOE ? pppoe_open(b) : inside_of(type);
}

static enum link_inside ethernet_open(struct bytes *b, struct packet *p)
{
    const uint8_t *head = field_block(b, 14);
    if (!head)
        return LINK_NOTHING;
    p->has_mac = true;
    memcpy(p->mac_destination, head, 6);
    memcpy(p->mac_source, head + 6, 6);
    return ethertype_open(field_16(head + 12), b, p);
}

/* In both cooked forms the protocol is an EtherType only under devices that have them; netlink,
 * GRE tunnels and 802.11 monitors put something else there. */
static enum link_inside cooked_open(uint16_t device, uint16_t type, struct bytes *b,
                                    struct packet *p)
{
    enum { NETLINK = 824, IPGRE = 778, WIFI = 801, WIFI_RADIOTAP = 803, NO_802_3 = 1, LLC = 4 };
    if (device == NETLINK || (device >= WIFI && device <= WIFI_RADIOTAP) || type == NO_802_3)
        return LINK_NOTHING;
    if (device == IPGRE && inside_of(type) == LINK_NOTHING)
        return LINK_NOTHING;
    if (type == LLC)
        return llc_open(b);
    return type > LENGTH_LARGEST ? ethertype_open(type, b, p) : LINK_NOTHING;
}

enum { COOKED_OUTGOING = 4 }; /* of the packet types, tcpdump.org/linktypes.html */

static enum link_inside sll_open(struct bytes *b, struct packet *p)
{
    const uint8_t *head = field_block(b, 16);
    if (!head)
        return LINK_NOTHING;
    p->outgoing = field_16(head) == COOKED_OUTGOING;
    return cooked_open(field_16(head + 2), field_16(head + 14), b, p);
}

static enum link_inside sll2_open(struct bytes *b, struct packet *p)
{
    const uint8_t *head = field_block(b, 20);
    if (!head)
        return LINK_NOTHING;
    p->outgoing = head[10] == COOKED_OUTGOING;
    return cooked_open(field_16(head + 8), field_16(head), b, p);
}

/* An address family in the byte order of the machine that captured (LOOP: in network order), and
 * with that machine's number for IPv6. */
static enum link_inside family_open(struct bytes *b)
{
    uint32_t family = bytes_u32(b);
    if (family > 0xffff)
        family = family >> 24 | (family >> 8 & 0xff00);
    switch (family) {
    case 2:
        return LINK_IPV4;
    case 10: /* Linux */
    case 23: /* Windows */
    case 24: /* NetBSD, OpenBSD, Npcap */
    case 28: /* FreeBSD */
    case 30: /* macOS */
        return LINK_IPV6;
    default:
        return LINK_NOTHING;
    }
}

enum link_inside link_open_type(uint16_t type, struct packet *p)
{
    return ethertype_open(type, &p->payload, p);
}

enum link_inside link_open(uint32_t link, struct packet *p)
{
    struct bytes *b = &p->payload;
    switch (link) {
    case LINK_ETHERNET:
        return ethernet_open(b, p);
    case LINK_SLL:
        return sll_open(b, p);
    case LINK_SLL2:
        return sll2_open(b, p);
    case LINK_NULL:
    case LINK_LOOP:
        return family_open(b);
    case LINK_RAW:
    case LINK_RAW_BSD:
    case LINK_RAW_OPENBSD:
        return raw_open(b);
    case LINK_RAW_IPV4:
        return LINK_IPV4;
    case LINK_RAW_IPV6:
        return LINK_IPV6;
    case LINK_PPP:
    case LINK_PPP_HDLC:
    case LINK_CISCO_HDLC:
        return ppp_link_open(b);
    case LINK_PPP_ETHER:
        return pppoe_open(b);
    default:
        return LINK_UNKNOWN;
    }
}

#include "packet/tunnel.h"

#include "packet/field.h"

enum { IPV4_IN_IP = 4, IPV6_IN_IP = 41, GRE = 47 };
enum { LINKTYPE_ETHERNET = 1, LINKTYPE_PPP = 9, LINKTYPE_RAW = 101 };
enum { /* IANA, the second VXLAN port is that of Linux before it */
       PORT_GTP_U = 2152,
       PORT_VXLAN = 4789,
       PORT_VXLAN_GPE = 4790,
       PORT_GENEVE = 6081,
       PORT_VXLAN_LINUX = 8472,
       PORT_RESERVED = 1024, /* servers below answer to any port, tunnels come from none of them */
};
enum { /* protocol types of GRE and GENEVE */
       TYPE_ETHERNET = 0x6558,
       TYPE_PPP = 0x880b,
       TYPE_ERSPAN = 0x88be,
       TYPE_ERSPAN_III = 0x22eb,
};

bool tunnel_is_datagram(const struct packet *p)
{
    switch (p->destination_port) {
    case PORT_GTP_U:
    case PORT_VXLAN:
    case PORT_VXLAN_GPE:
    case PORT_GENEVE:
    case PORT_VXLAN_LINUX:
        return p->source_port >= PORT_RESERVED;
    default:
        return false;
    }
}

/* ERSPAN II has a header of eight octets, announced by the sequence number of GRE; I has none. */
static enum link_inside erspan_open(bool has_header, struct packet *p)
{
    enum { VERSION_II = 1 };
    if (has_header) {
        const uint8_t *head = field_block(&p->payload, 8);
        if (!head || head[0] >> 4 != VERSION_II)
            return LINK_NOTHING;
    }
    return link_open(LINKTYPE_ETHERNET, p);
}

/* Twelve octets; the last bit of them tells of eight more. */
static enum link_inside erspan_iii_open(struct packet *p)
{
    enum { VERSION_III = 2 };
    const uint8_t *head = field_block(&p->payload, 12);
    if (!head || head[0] >> 4 != VERSION_III)
        return LINK_NOTHING;
    if (head[11] & 1)
        bytes_skip(&p->payload, 8);
    return link_open(LINKTYPE_ETHERNET, p);
}

static enum link_inside type_open(uint16_t type, struct packet *p)
{
    return type == TYPE_ETHERNET ? link_open(LINKTYPE_ETHERNET, p) : link_open_type(type, p);
}

/* RFC 2784 and 2890: flags, type, then what the flags announce. */
static enum link_inside gre_open(struct packet *p)
{
    enum { CHECKSUM = 0x8000, ROUTING = 0x4000, KEY = 0x2000, SEQUENCE = 0x1000 };
    enum { ACKNOWLEDGED = 0x0080, VERSION = 0x0007, PPTP = 1 };
    struct bytes *b = &p->payload;
    uint16_t flags = bytes_u16(b);
    uint16_t type = bytes_u16(b);
    bool pptp = (flags & VERSION) == PPTP && type == TYPE_PPP;
    if (flags & ROUTING || (flags & VERSION && !pptp))
        return LINK_NOTHING;
    if (flags & CHECKSUM)
        bytes_skip(b, 4);
    if (flags & KEY)
        bytes_skip(b, 4);
    if (flags & SEQUENCE)
        bytes_skip(b, 4);
    if (pptp && flags & ACKNOWLEDGED) /* RFC 2637 section 4.1 */
        bytes_skip(b, 4);
    if (!bytes_ok(b))
        return LINK_NOTHING;
    switch (type) {
    case TYPE_PPP:
        return link_open(LINKTYPE_PPP, p);
    case TYPE_ERSPAN:
        return erspan_open(flags & SEQUENCE, p);
    case TYPE_ERSPAN_III:
        return erspan_iii_open(p);
    default:
        return type_open(type, p);
    }
}

/* RFC 7348 section 5: only the bit that says that the network number is valid may be set. */
static enum link_inside vxlan_open(struct packet *p)
{
    enum { VALID = 0x08 };
    const uint8_t *head = field_block(&p->payload, 8);
    if (!head || head[0] != VALID || head[7] != 0)
        return LINK_NOTHING;
    return link_open(LINKTYPE_ETHERNET, p);
}

static enum link_inside vxlan_gpe_open(struct packet *p)
{
    enum { VALID = 0x08, NEXT = 0x04, KNOWN = 0x3d, IPV4 = 1, IPV6 = 2, ETHERNET = 3 };
    const uint8_t *head = field_block(&p->payload, 8);
    if (!head || (head[0] & (VALID | NEXT)) != (VALID | NEXT) || head[0] & ~KNOWN)
        return LINK_NOTHING;
    switch (head[3]) {
    case IPV4:
        return LINK_IPV4;
    case IPV6:
        return LINK_IPV6;
    case ETHERNET:
        return link_open(LINKTYPE_ETHERNET, p);
    default:
        return LINK_NOTHING;
    }
}

/* RFC 8926 section 3.4: version 0, the options in units of four octets. */
static enum link_inside geneve_open(struct packet *p)
{
    const uint8_t *head = field_block(&p->payload, 8);
    if (!head || head[0] >> 6 != 0 || head[1] & 0x3f || head[7] != 0)
        return LINK_NOTHING;
    bytes_skip(&p->payload, (size_t)(head[0] & 0x3f) * 4);
    return bytes_ok(&p->payload) ? type_open(field_16(head + 2), p) : LINK_NOTHING;
}

/* Each with its length in units of four octets first and the type of the next one last. */
static bool gtp_extensions_skip(struct bytes *b, uint8_t next)
{
    for (int i = 0; next && i < 8; i++) {
        size_t units = bytes_u8(b);
        if (!units)
            return false;
        bytes_skip(b, units * 4 - 2);
        next = bytes_u8(b);
        if (!bytes_ok(b))
            return false;
    }
    return next == 0;
}

/* TS 29.281 section 5.1: version 1, GTP (not its charging twin), a user's packet. */
static enum link_inside gtp_open(struct packet *p)
{
    enum { VERSION_AND_TYPE = 0xf0, VERSION_1_GTP = 0x30, LONG = 0x07, EXTENDED = 0x04 };
    enum { USER_PACKET = 255 };
    struct bytes *b = &p->payload;
    const uint8_t *head = field_block(b, 8);
    if (!head || (head[0] & VERSION_AND_TYPE) != VERSION_1_GTP || head[1] != USER_PACKET)
        return LINK_NOTHING;
    (void)field_trim(b, field_16(head + 2));
    if (head[0] & LONG) {
        const uint8_t *more = field_block(b, 4);
        if (!more || (head[0] & EXTENDED && !gtp_extensions_skip(b, more[3])))
            return LINK_NOTHING;
    }
    return link_open(LINKTYPE_RAW, p);
}

static enum link_inside datagram_open(uint16_t port, struct packet *p)
{
    switch (port) {
    case PORT_GTP_U:
        return gtp_open(p);
    case PORT_GENEVE:
        return geneve_open(p);
    case PORT_VXLAN_GPE:
        return vxlan_gpe_open(p);
    default:
        return vxlan_open(p);
    }
}

enum link_inside tunnel_open(struct packet *p)
{
    uint16_t port = p->destination_port;
    uint8_t protocol = p->ip_protocol;

    p->kind = PACKET_OTHER;
    p->source_port = p->destination_port = p->checksum = 0;
    p->vlan = 0;
    p->has_mac = p->header_cut = p->dont_fragment = false;
    p->ip_id = 0;
    switch (protocol) {
    case IPV4_IN_IP:
    case IPV6_IN_IP:
        return link_open(LINKTYPE_RAW, p);
    case GRE:
        return gre_open(p);
    default:
        return datagram_open(port, p);
    }
}

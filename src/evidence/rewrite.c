#include "evidence/rewrite.h"

#include <string.h>

enum {
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
    LINK_IPV4 = 228,
    LINK_IPV6 = 229,
    LINK_SLL2 = 276
};
enum {
    TYPE_IPV4 = 0x0800,
    TYPE_ARP = 0x0806,
    TYPE_VLAN = 0x8100,
    TYPE_IPV6 = 0x86dd,
    TYPE_QINQ = 0x88a8,
    TYPE_QINQ_OLD = 0x9100,
    TYPE_ETHERNET = 0x6558,
    TYPE_PPP = 0x880b,
    TYPE_MPLS = 0x8847,
    TYPE_MPLS_MULTICAST = 0x8848,
    TYPE_PPPOE = 0x8864,
    TYPE_ERSPAN = 0x88be,
    TYPE_ERSPAN_III = 0x22eb,
    LENGTH_LARGEST = 1500 /* a type up to here is the length of 802.3 */
};
enum {
    P_HOP = 0,
    P_ICMP = 1,
    P_IPIP = 4,
    P_TCP = 6,
    P_UDP = 17,
    P_IPV6 = 41,
    P_ROUTING = 43,
    P_FRAGMENT = 44,
    P_GRE = 47,
    P_ICMP6 = 58,
    P_OPTIONS = 60
};
enum {
    PORT_DNS = 53,
    PORT_RESERVED = 1024,
    PORT_GTP_U = 2152,
    PORT_VXLAN = 4789,
    PORT_VXLAN_GPE = 4790,
    PORT_GENEVE = 6081,
    PORT_VXLAN_LINUX = 8472
};
enum { NESTED = 6, STACK_DEPTH = 16 };

/* One pass over a frame. */
struct pass {
    const struct rewriter *r;
    uint64_t frame;
    unsigned depth;
    bool quoted; /* inside an ICMP error: headers, and no payload of anybody */
};

/* An IP packet being rewritten: what checksums need. */
struct ip {
    struct address source, destination; /* as captured */
    uint8_t *header;
    bool v4, whole, fragment; /* whole: captured to its end */
};

static uint16_t u16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }
static uint32_t u32(const uint8_t *p) { return (uint32_t)u16(p) << 16 | u16(p + 2); }

static void put_u16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void rewrite_type(struct pass *pass, uint16_t type, uint8_t *p, size_t n);
static void rewrite_ip(struct pass *pass, uint8_t *p, size_t n, bool wire_whole);
static void rewrite_ethernet(struct pass *pass, uint8_t *p, size_t n);
static void rewrite_ppp(struct pass *pass, uint8_t *p, size_t n);

/* ---- addresses ---- */

static void replace_v4(const struct pass *pass, uint8_t *p)
{
    struct address a = address_v4(p);

    if (!pass->r->scrubber->names)
        return;
    mask_address(pass->r->scrubber->mask, &a);
    memcpy(p, a.octet + 12, 4);
}

static void replace_v6(const struct pass *pass, uint8_t *p)
{
    struct address a;

    if (!pass->r->scrubber->names)
        return;
    memcpy(a.octet, p, 16);
    mask_address(pass->r->scrubber->mask, &a);
    memcpy(p, a.octet, 16);
}

static void replace_mac(const struct pass *pass, uint8_t *p)
{
    if (pass->r->scrubber->names)
        mask_mac(pass->r->scrubber->mask, p);
}

static void rewrite_vlan(const struct pass *pass, uint8_t *tag)
{
    uint16_t was = u16(tag);

    put_u16(tag, (uint16_t)((was & 0xf000) | mask_vlan(pass->r->scrubber->mask, was & 0xfff)));
}

/* ---- checksums (RFC 1071) ---- */

static uint32_t add(uint32_t sum, const uint8_t *p, size_t n)
{
    for (; n > 1; p += 2, n -= 2)
        sum += u16(p);
    if (n)
        sum += (uint32_t)p[0] << 8;
    return (sum & 0xffff) + (sum >> 16);
}

static uint16_t finish(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

/* Of a transport segment with its pseudo-header; 0xffff when the checksum in it is right. */
static uint16_t transport_sum(const struct ip *ip, uint8_t protocol, const uint8_t *p, size_t n)
{
    uint32_t sum = ip->v4 ? add(0, ip->header + 12, 8) : add(0, ip->header + 8, 32);

    if (protocol == P_ICMP)
        sum = 0;
    else
        sum += protocol + (uint32_t)(n >> 16) + (uint32_t)(n & 0xffff);
    return finish(add(finish(sum), p, n));
}

static void set_sum(const struct ip *ip, uint8_t protocol, uint8_t *p, size_t n, size_t at,
                    bool right)
{
    put_u16(p + at, 0);
    uint16_t sum = (uint16_t)~transport_sum(ip, protocol, p, n);
    if (!sum && protocol == P_UDP)
        sum = 0xffff;
    put_u16(p + at, right ? sum : (uint16_t)(sum + 1));
}

/* ---- transport ---- */

static void scrub_tcp(struct pass *pass, const struct ip *ip, uint8_t *p, size_t n)
{
    size_t header = n > 12 ? (size_t)(p[12] >> 4) * 4 : n;

    if (header < 20 || header > n) {
        if (n > 20)
            memset(p + 20, 0, n - 20);
        return;
    }
    struct rewrite_segment segment = { .source = ip->source,
                                       .destination = ip->destination,
                                       .source_port = u16(p),
                                       .destination_port = u16(p + 2),
                                       .seq = u32(p + 4),
                                       .syn = p[13] & 2,
                                       .frame = pass->frame,
                                       .payload = p + header,
                                       .n = n - header };
    if (pass->quoted || ip->fragment)
        memset(segment.payload, 0, segment.n);
    else if (segment.n)
        pass->r->payload(pass->r->context, &segment);
}

/* ---- tunnels in datagrams: as packet/tunnel.c opens them ---- */

static void scrub_geneve(struct pass *pass, uint8_t *p, size_t n)
{
    size_t header = 8 + (size_t)(p[0] & 0x3f) * 4;

    if (header >= n) {
        memset(p + 8, 0, n - 8);
        return;
    }
    memset(p + 8, 0, header - 8);
    rewrite_type(pass, u16(p + 2), p + header, n - header);
}

/* Headers behind the first stay as long as it takes to find the packet. */
static void scrub_gtp(struct pass *pass, uint8_t *p, size_t n)
{
    size_t at = p[0] & 7 ? 12 : 8;
    uint8_t next = p[0] & 4 && n >= 12 ? p[11] : 0;

    for (int i = 0; next && i < 8 && at < n && p[at]; i++) {
        size_t length = (size_t)p[at] * 4;
        if (at + length > n)
            break;
        next = p[at + length - 1];
        memset(p + at + 1, 0, length - 2);
        at += length;
    }
    if (next || at >= n || p[1] != 255)
        memset(p + 8, 0, n - 8);
    else
        rewrite_ip(pass, p + at, n - at, true);
}

static void scrub_vxlan_gpe(struct pass *pass, uint8_t *p, size_t n)
{
    if (p[3] == 3)
        rewrite_ethernet(pass, p + 8, n - 8);
    else
        rewrite_ip(pass, p + 8, n - 8, true);
}

/* False when this is no tunnel. */
static bool scrub_tunnel(struct pass *pass, uint16_t from, uint16_t to, uint8_t *p, size_t n)
{
    if (from < PORT_RESERVED || n <= 8)
        return false;
    switch (to) {
    case PORT_VXLAN:
    case PORT_VXLAN_LINUX:
        rewrite_ethernet(pass, p + 8, n - 8);
        return true;
    case PORT_VXLAN_GPE:
        scrub_vxlan_gpe(pass, p, n);
        return true;
    case PORT_GENEVE:
        scrub_geneve(pass, p, n);
        return true;
    case PORT_GTP_U:
        scrub_gtp(pass, p, n);
        return true;
    default:
        return false;
    }
}

static void scrub_udp(struct pass *pass, const struct ip *ip, uint8_t *p, size_t n)
{
    if (n <= 8)
        return;
    bool dns = u16(p) == PORT_DNS || u16(p + 2) == PORT_DNS;
    if (pass->quoted || ip->fragment)
        memset(p + 8, 0, n - 8);
    else if (dns)
        scrub_dns(pass->r->scrubber, p + 8, n - 8);
    else if (!scrub_tunnel(pass, u16(p), u16(p + 2), p + 8, n - 8))
        memset(p + 8, 0, n - 8);
}

static bool quotes(const struct ip *ip, uint8_t type)
{
    return ip->v4 ? type == 3 || type == 4 || type == 5 || type == 11 || type == 12
                  : type && type < 5;
}

/* Neighbour discovery carries addresses of both kinds (RFC 4861 section 4). */
static void scrub_neighbour(struct pass *pass, uint8_t *p, size_t n)
{
    size_t at = p[0] == 133 ? 8 : p[0] == 134 ? 16 : 24;

    if ((p[0] == 135 || p[0] == 136) && n >= 24)
        replace_v6(pass, p + 8);
    while (at + 8 <= n && p[at + 1]) {
        size_t length = (size_t)p[at + 1] * 8;
        if ((p[at] == 1 || p[at] == 2) && length == 8)
            replace_mac(pass, p + at + 2);
        else if (at + length <= n)
            memset(p + at + 2, 0, length - 2);
        at += length;
    }
    if (at < n)
        memset(p + at, 0, n - at);
}

static void scrub_icmp(struct pass *pass, const struct ip *ip, uint8_t *p, size_t n)
{
    if (n <= 8)
        return;
    if (quotes(ip, p[0])) {
        bool before = pass->quoted;
        pass->quoted = true;
        rewrite_ip(pass, p + 8, n - 8, false);
        pass->quoted = before;
    } else if (!ip->v4 && p[0] >= 133 && p[0] <= 136) {
        scrub_neighbour(pass, p, n);
    } else {
        memset(p + 8, 0, n - 8);
    }
}

/* A mirrored frame; the VLAN of its port stands in the header of II and III. */
static void scrub_erspan(struct pass *pass, size_t header, uint8_t *p, size_t n)
{
    if (header >= n) {
        memset(p, 0, n);
        return;
    }
    if (header)
        rewrite_vlan(pass, p);
    if (header == 12 && p[11] & 1)
        header += 8;
    if (header < n)
        rewrite_ethernet(pass, p + header, n - header);
}

/* RFC 2784, 2890 and, with an acknowledgement, 2637. */
static void scrub_gre(struct pass *pass, uint8_t *p, size_t n)
{
    size_t header = 4;

    if (n < 4)
        return;
    uint16_t type = u16(p + 2);
    bool pptp = type == TYPE_PPP && (p[1] & 7) == 1, numbered = p[0] & 0x10;
    header += (p[0] & 0x80 ? 4U : 0U) + (p[0] & 0x20 ? 4U : 0U) + (numbered ? 4U : 0U) +
              (pptp && p[1] & 0x80 ? 4U : 0U);
    if (header >= n)
        return;
    p += header;
    n -= header;
    if (type == TYPE_PPP)
        rewrite_ppp(pass, p, n);
    else if (type == TYPE_ERSPAN)
        scrub_erspan(pass, numbered ? 8 : 0, p, n);
    else if (type == TYPE_ERSPAN_III)
        scrub_erspan(pass, 12, p, n);
    else
        rewrite_type(pass, type, p, n);
}

static size_t sum_place(uint8_t protocol)
{
    switch (protocol) {
    case P_TCP:
        return 16;
    case P_UDP:
        return 6;
    default:
        return 2;
    }
}

/* The checksum is looked at before anything changes, while the addresses are still those it was
 * made with, and made again afterwards. */
static void rewrite_transport(struct pass *pass, struct ip *ip, uint8_t protocol, uint8_t *p,
                              size_t n, void (*replace)(struct pass *, const struct ip *))
{
    size_t at = sum_place(protocol);
    bool summed =
        protocol == P_TCP || protocol == P_UDP || protocol == P_ICMP || protocol == P_ICMP6;
    bool there = summed && n >= at + 2 && !ip->fragment;
    bool none = there && protocol == P_UDP && !u16(p + at);
    bool right = there && ip->whole && transport_sum(ip, protocol, p, n) == 0xffff;

    switch (protocol) {
    case P_TCP:
        scrub_tcp(pass, ip, p, n);
        break;
    case P_UDP:
        scrub_udp(pass, ip, p, n);
        break;
    case P_ICMP:
    case P_ICMP6:
        scrub_icmp(pass, ip, p, n);
        break;
    case P_GRE:
        scrub_gre(pass, p, n);
        break;
    case P_IPIP:
    case P_IPV6:
        rewrite_ip(pass, p, n, ip->whole);
        break;
    default:
        memset(p, 0, n);
    }
    replace(pass, ip);
    if (there && !none)
        set_sum(ip, protocol, p, n, at, right);
}

/* ---- IP ---- */

static void replace_both_v4(struct pass *pass, const struct ip *ip)
{
    replace_v4(pass, ip->header + 12);
    replace_v4(pass, ip->header + 16);
}

static void replace_both_v6(struct pass *pass, const struct ip *ip)
{
    replace_v6(pass, ip->header + 8);
    replace_v6(pass, ip->header + 24);
}

static void sum_header(uint8_t *p, size_t header, bool right)
{
    put_u16(p + 10, 0);
    uint16_t sum = (uint16_t)~finish(add(0, p, header));
    put_u16(p + 10, right ? sum : (uint16_t)(sum + 1));
}

static void rewrite_v4(struct pass *pass, uint8_t *p, size_t n, bool wire_whole)
{
    size_t header = (size_t)(p[0] & 15) * 4, length = u16(p + 2);
    struct ip ip = { .source = address_v4(p + 12),
                     .destination = address_v4(p + 16),
                     .header = p,
                     .v4 = true,
                     .fragment = u16(p + 6) & 0x3fff };

    if (header < 20 || header > n) {
        memset(p + 1, 0, n - 1);
        return;
    }
    bool right = finish(add(0, p, header)) == 0xffff;
    memset(p + 20, 1, header - 20); /* options: as many of the kind that says nothing */
    size_t end = length >= header && length <= n ? length : n;
    ip.whole = wire_whole && (length <= n || length == 0);
    if (u16(p + 6) & 0x1fff) {
        memset(p + header, 0, end - header);
        replace_both_v4(pass, &ip);
    } else {
        rewrite_transport(pass, &ip, p[9], p + header, end - header, replace_both_v4);
    }
    memset(p + end, 0, n - end);
    sum_header(p, header, right);
}

/* What comes behind the extension headers, and where; routing headers hold addresses. */
static size_t skip_extensions(uint8_t *p, size_t n, uint8_t *protocol, struct ip *ip)
{
    size_t at = 40;

    while (n - at >= 8) {
        size_t length = *protocol == P_FRAGMENT ? 8 : ((size_t)p[at + 1] + 1) * 8;
        if (*protocol != P_HOP && *protocol != P_ROUTING && *protocol != P_OPTIONS &&
            *protocol != P_FRAGMENT)
            return at;
        if (length > n - at)
            return n;
        if (*protocol == P_FRAGMENT)
            ip->fragment = u16(p + at + 2) & 0xfff9;
        else if (*protocol == P_ROUTING)
            memset(p + at + 4, 0, length - 4);
        *protocol = p[at];
        at += length;
    }
    return at;
}

static void rewrite_v6(struct pass *pass, uint8_t *p, size_t n, bool wire_whole)
{
    uint8_t protocol = p[6];
    size_t length = 40 + (size_t)u16(p + 4);
    struct ip ip = { .header = p, .whole = wire_whole && length <= n };

    memcpy(ip.source.octet, p + 8, 16);
    memcpy(ip.destination.octet, p + 24, 16);
    size_t end = length <= n && length > 40 ? length : n;
    size_t at = skip_extensions(p, end, &protocol, &ip);
    if (at < end)
        rewrite_transport(pass, &ip, protocol, p + at, end - at, replace_both_v6);
    else
        replace_both_v6(pass, &ip);
    memset(p + end, 0, n - end);
}

static void rewrite_ip(struct pass *pass, uint8_t *p, size_t n, bool wire_whole)
{
    if (++pass->depth <= NESTED && n >= 20 && p[0] >> 4 == 4)
        rewrite_v4(pass, p, n, wire_whole);
    else if (pass->depth <= NESTED && n >= 40 && p[0] >> 4 == 6)
        rewrite_v6(pass, p, n, wire_whole);
    else
        memset(p, 0, n);
    pass->depth--;
}

/* ---- links ---- */

static void rewrite_arp(struct pass *pass, uint8_t *p, size_t n)
{
    if (n < 28 || p[4] != 6 || p[5] != 4) {
        memset(p, 0, n);
        return;
    }
    replace_mac(pass, p + 8);
    replace_v4(pass, p + 14);
    replace_mac(pass, p + 18);
    replace_v4(pass, p + 24);
    memset(p + 28, 0, n - 28);
}

/* Up to the bottom of the stack; only IP begins with 4 or 6 (RFC 3032, RFC 4928). */
static void rewrite_mpls(struct pass *pass, uint8_t *p, size_t n)
{
    for (int labels = 0; n > 4 && labels < STACK_DEPTH; labels++) {
        bool last = p[2] & 1;
        p += 4;
        n -= 4;
        if (last) {
            rewrite_ip(pass, p, n, true);
            return;
        }
    }
    memset(p, 0, n);
}

/* The protocol, one or two octets wide (RFC 1661 section 2). */
static void rewrite_ppp(struct pass *pass, uint8_t *p, size_t n)
{
    size_t at = n && p[0] & 1 ? 1 : 2;

    if (n <= at)
        return;
    uint16_t protocol = at == 1 ? p[0] : u16(p);
    if (protocol == 0x0021 || protocol == 0x0057)
        rewrite_ip(pass, p + at, n - at, true);
    else if (protocol == 0x0281)
        rewrite_mpls(pass, p + at, n - at);
    else
        memset(p + at, 0, n - at); /* who logs in, and more */
}

/* RFC 2516 section 4. */
static void rewrite_pppoe(struct pass *pass, uint8_t *p, size_t n)
{
    if (n < 8 || u16(p) != 0x1100) {
        memset(p, 0, n);
        return;
    }
    size_t length = u16(p + 4), end = length < n - 6 ? 6 + length : n;
    rewrite_ppp(pass, p + 6, end - 6);
    memset(p + end, 0, n - end);
}

static void rewrite_ppp_link(struct pass *pass, uint8_t *p, size_t n)
{
    bool cisco = n > 4 && (p[0] == 0x0f || p[0] == 0x8f) && !p[1];

    if (cisco)
        rewrite_type(pass, u16(p + 2), p + 4, n - 4);
    else if (n > 2 && p[0] == 0xff && p[1] == 3)
        rewrite_ppp(pass, p + 2, n - 2);
    else
        rewrite_ppp(pass, p, n);
}

/* The SAP of IP, or SNAP with a type (RFC 1042). */
static void rewrite_llc(struct pass *pass, uint8_t *p, size_t n)
{
    if (n > 3 && p[0] == 6 && p[1] == 6 && p[2] == 3)
        rewrite_ip(pass, p + 3, n - 3, true);
    else if (n > 8 && u16(p) == 0xaaaa && p[2] == 3 && u16(p + 6) > LENGTH_LARGEST)
        rewrite_type(pass, u16(p + 6), p + 8, n - 8);
    else
        memset(p, 0, n);
}

static void rewrite_type(struct pass *pass, uint16_t type, uint8_t *p, size_t n)
{
    while ((type == TYPE_VLAN || type == TYPE_QINQ || type == TYPE_QINQ_OLD) && n >= 4) {
        rewrite_vlan(pass, p);
        type = u16(p + 2);
        p += 4;
        n -= 4;
    }
    if (type == TYPE_IPV4 || type == TYPE_IPV6)
        rewrite_ip(pass, p, n, true);
    else if (type == TYPE_ARP)
        rewrite_arp(pass, p, n);
    else if (type == TYPE_ETHERNET)
        rewrite_ethernet(pass, p, n);
    else if (type == TYPE_MPLS || type == TYPE_MPLS_MULTICAST)
        rewrite_mpls(pass, p, n);
    else if (type == TYPE_PPPOE)
        rewrite_pppoe(pass, p, n);
    else if (type <= LENGTH_LARGEST && type < n) {
        rewrite_llc(pass, p, type);
        memset(p + type, 0, n - type);
    } else if (type <= LENGTH_LARGEST)
        rewrite_llc(pass, p, n);
    else
        memset(p, 0, n);
}

static void rewrite_ethernet(struct pass *pass, uint8_t *p, size_t n)
{
    if (n < 14) {
        memset(p, 0, n);
        return;
    }
    replace_mac(pass, p);
    replace_mac(pass, p + 6);
    rewrite_type(pass, u16(p + 12), p + 14, n - 14);
}

static void rewrite_protocol(struct pass *pass, uint16_t type, uint8_t *p, size_t n)
{
    enum { LLC = 4 };

    if (type == LLC)
        rewrite_llc(pass, p, n);
    else if (type > LENGTH_LARGEST)
        rewrite_type(pass, type, p, n);
    else
        memset(p, 0, n);
}

static void rewrite_cooked(struct pass *pass, uint8_t *p, size_t n)
{
    if (n < 16) {
        memset(p, 0, n);
        return;
    }
    if (u16(p + 4) == 6)
        replace_mac(pass, p + 6);
    else
        memset(p + 6, 0, 8);
    rewrite_protocol(pass, u16(p + 14), p + 16, n - 16);
}

static void rewrite_cooked2(struct pass *pass, uint8_t *p, size_t n)
{
    if (n < 20) {
        memset(p, 0, n);
        return;
    }
    if (p[11] == 6)
        replace_mac(pass, p + 12);
    else
        memset(p + 12, 0, 8);
    rewrite_protocol(pass, u16(p), p + 20, n - 20);
}

void rewrite_frame(const struct rewriter *r, const struct frame *frame, uint8_t *data)
{
    struct pass pass = { .r = r, .frame = frame->number };
    size_t n = frame->data.left;

    switch (frame->link) {
    case LINK_ETHERNET:
        rewrite_ethernet(&pass, data, n);
        return;
    case LINK_SLL:
        rewrite_cooked(&pass, data, n);
        return;
    case LINK_SLL2:
        rewrite_cooked2(&pass, data, n);
        return;
    case LINK_NULL:
    case LINK_LOOP:
        if (n > 4)
            rewrite_ip(&pass, data + 4, n - 4, true);
        return;
    case LINK_PPP:
    case LINK_PPP_HDLC:
    case LINK_CISCO_HDLC:
        rewrite_ppp_link(&pass, data, n);
        return;
    case LINK_PPP_ETHER:
        rewrite_pppoe(&pass, data, n);
        return;
    case LINK_RAW:
    case LINK_RAW_BSD:
    case LINK_RAW_OPENBSD:
    case LINK_IPV4:
    case LINK_IPV6:
        rewrite_ip(&pass, data, n, true);
        return;
    default:
        memset(data, 0, n);
    }
}

#include "forge/forge.h"

#include <assert.h>
#include <string.h>

enum { ICMP = 1, TCP = 6, UDP = 17, FRAGMENT = 44, ICMPV6 = 58 };

static const uint8_t mac_one[6] = { 2, 0, 0, 0, 0, 1 }, mac_two[6] = { 2, 0, 0, 0, 0, 2 };

static void set_16(uint8_t *at, size_t v)
{
    at[0] = (uint8_t)(v >> 8);
    at[1] = (uint8_t)v;
}

static void set_32(uint8_t *at, uint32_t v)
{
    set_16(at, v >> 16);
    set_16(at + 2, v & 0xffff);
}

/* n octets at the end of the frame, zeroed. */
static uint8_t *extend(struct forged *f, size_t n)
{
    assert(f->n + n <= FORGE_LARGEST);
    uint8_t *at = f->octets + f->n;
    memset(at, 0, n);
    f->n += n;
    return at;
}

static void append(struct forged *f, struct forge_octets o)
{
    if (o.n)
        memcpy(extend(f, o.n), o.at, o.n);
}

static uint32_t sum_16(uint32_t sum, const uint8_t *at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum += i % 2 ? at[i] : (uint32_t)at[i] << 8;
    return sum;
}

/* RFC 1071: the one's complement of the one's complement sum. */
static uint16_t sum_end(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static struct address address_of(const char *text)
{
    struct address a;
    bool parsed = text && address_parse(text, &a);
    assert(parsed);
    return a;
}

static bool is_ipv4(const struct forge_ip *ip)
{
    struct address a = address_of(ip->source);
    return address_is_ipv4(&a);
}

static void ethernet_begin(struct forged *f, const struct forge_ip *ip, uint16_t type)
{
    f->n = 0;
    uint8_t *head = extend(f, 14);
    memcpy(head, ip->mac_destination ? ip->mac_destination : mac_two, 6);
    memcpy(head + 6, ip->mac_source ? ip->mac_source : mac_one, 6);
    uint8_t *place = head + 12;
    for (size_t i = 0; i < 4 && ip->vlan[i]; i++) {
        bool inner = i == 3 || ip->vlan[i + 1] == 0;
        set_16(place, inner ? 0x8100 : 0x88a8);
        uint8_t *tag = extend(f, 4);
        set_16(tag, ip->vlan[i] - 1u);
        place = tag + 2;
    }
    set_16(place, type);
}

static void ip4_begin(struct forged *f, const struct forge_ip *ip, uint8_t protocol)
{
    struct address from = address_of(ip->source), to = address_of(ip->destination);
    uint8_t *head = extend(f, 20);
    head[0] = (uint8_t)(0x45 + ip->options.n / 4);
    head[1] = (uint8_t)(ip->dscp << 2);
    set_16(head + 4, ip->id);
    head[6] = ip->dont_fragment ? 0x40 : 0;
    head[8] = ip->ttl ? ip->ttl : 64;
    head[9] = protocol;
    memcpy(head + 12, from.octet + 12, 4);
    memcpy(head + 16, to.octet + 12, 4);
    append(f, ip->options);
}

static void ip6_begin(struct forged *f, const struct forge_ip *ip, uint8_t protocol)
{
    struct address from = address_of(ip->source), to = address_of(ip->destination);
    uint8_t *head = extend(f, 40);
    set_16(head, (size_t)0x6000 | (size_t)ip->dscp << 6);
    head[6] = ip->options.n ? ip->first_extension : protocol;
    head[7] = ip->ttl ? ip->ttl : 64;
    memcpy(head + 8, from.octet, 16);
    memcpy(head + 24, to.octet, 16);
    append(f, ip->options);
}

static void ip_begin(struct forged *f, const struct forge_ip *ip, uint8_t protocol)
{
    bool v4 = is_ipv4(ip);
    ethernet_begin(f, ip, v4 ? 0x0800 : 0x86dd);
    f->ip = f->n;
    if (v4)
        ip4_begin(f, ip, protocol);
    else
        ip6_begin(f, ip, protocol);
    f->transport = f->payload = f->n;
}

/* The lengths, once everything is in the frame, and the checksum of an IPv4 header. */
static void ip_end(struct forged *f)
{
    uint8_t *head = f->octets + f->ip;
    size_t length = f->n - f->ip;
    if (head[0] >> 4 == 6) {
        set_16(head + 4, length - 40);
        return;
    }
    set_16(head + 2, length);
    set_16(head + 10, 0);
    set_16(head + 10, sum_end(sum_16(0, head, (size_t)(head[0] & 0x0f) * 4)));
}

/* Over the pseudo-header (RFC 9293 section 3.1, RFC 8200 section 8.1), into the two octets at
 * `place` of the transport header. */
static void transport_end(struct forged *f, uint8_t protocol, size_t place)
{
    const uint8_t *head = f->octets + f->ip;
    uint8_t *transport = f->octets + f->transport;
    size_t length = f->n - f->transport;
    uint32_t sum = (uint32_t)length + protocol;
    if (protocol == ICMP)
        sum = 0;
    else
        sum = head[0] >> 4 == 6 ? sum_16(sum, head + 8, 32) : sum_16(sum, head + 12, 8);
    set_16(transport + place, sum_end(sum_16(sum, transport, length)));
    ip_end(f);
}

void forge_tcp(struct forged *out, const struct forge_tcp *tcp)
{
    size_t options = (tcp->options.n + 3) / 4 * 4;
    assert(options <= 40);
    ip_begin(out, &tcp->ip, TCP);
    uint8_t *head = extend(out, 20 + options);
    set_16(head, tcp->source_port);
    set_16(head + 2, tcp->destination_port);
    set_32(head + 4, tcp->seq);
    set_32(head + 8, tcp->ack);
    head[12] = (uint8_t)((20 + options) / 4 << 4);
    head[13] = tcp->flags;
    set_16(head + 14, tcp->window);
    if (tcp->options.n)
        memcpy(head + 20, tcp->options.at, tcp->options.n);
    out->payload = out->n;
    append(out, tcp->payload);
    transport_end(out, TCP, 16);
}

void forge_udp(struct forged *out, const struct forge_udp *udp)
{
    ip_begin(out, &udp->ip, UDP);
    uint8_t *head = extend(out, 8);
    set_16(head, udp->source_port);
    set_16(head + 2, udp->destination_port);
    set_16(head + 4, 8 + udp->payload.n);
    out->payload = out->n;
    append(out, udp->payload);
    transport_end(out, UDP, 6);
}

void forge_icmp(struct forged *out, const struct forge_icmp *icmp)
{
    uint8_t protocol = is_ipv4(&icmp->ip) ? ICMP : ICMPV6;
    ip_begin(out, &icmp->ip, protocol);
    uint8_t *head = extend(out, 8);
    head[0] = icmp->type;
    head[1] = icmp->code;
    set_32(head + 4, icmp->rest);
    out->payload = out->n;
    append(out, icmp->payload);
    transport_end(out, protocol, 2);
}

void forge_arp(struct forged *out, const struct forge_arp *arp)
{
    struct address sender = address_of(arp->sender), target = address_of(arp->target);
    ethernet_begin(out, &(struct forge_ip){ 0 }, 0x0806);
    out->ip = out->transport = out->n;
    uint8_t *message = extend(out, 28);
    set_16(message, 1);
    set_16(message + 2, 0x0800);
    set_16(message + 4, 0x0604);
    set_16(message + 6, arp->operation);
    memcpy(message + 8, mac_one, 6);
    memcpy(message + 14, sender.octet + 12, 4);
    memcpy(message + 24, target.octet + 12, 4);
    out->payload = out->n;
}

void forge_ip(struct forged *out, const struct forge_ip *ip, uint8_t protocol,
              struct forge_octets payload)
{
    ip_begin(out, ip, protocol);
    append(out, payload);
    ip_end(out);
}

/* IPv4 says it in its header, IPv6 in a header of its own behind it. */
static void fragment_mark(struct forged *f, size_t from, bool more, uint32_t id)
{
    uint8_t *head = f->octets + f->ip;
    if (head[0] >> 4 == 4) {
        set_16(head + 4, id & 0xffff);
        set_16(head + 6, from / 8 | (more ? 0x2000 : 0));
        return;
    }
    uint8_t *fragment = extend(f, 8);
    fragment[0] = head[6];
    head[6] = FRAGMENT;
    set_16(fragment + 2, from | (more ? 1 : 0));
    set_32(fragment + 4, id);
}

void forge_fragment(struct forged *out, const struct forged *whole, size_t from, size_t to,
                    uint32_t id)
{
    size_t length = whole->n - whole->transport;
    bool more = to < length;
    size_t end = more ? to : length;
    assert(from % 8 == 0 && from <= end && out != whole);
    *out = (struct forged){ .n = whole->transport, .ip = whole->ip };
    memcpy(out->octets, whole->octets, whole->transport);
    fragment_mark(out, from, more, id);
    out->transport = out->payload = out->n;
    append(out, (struct forge_octets){ whole->octets + whole->transport + from, end - from });
    ip_end(out);
}

struct forge_octets forge_inside(const struct forged *f)
{
    return (struct forge_octets){ f->octets + f->ip, f->n - f->ip };
}

struct frame forge_frame(const struct forged *f, uint64_t number, int64_t time_ns)
{
    return forge_frame_cut(f, number, time_ns, f->n);
}

struct frame forge_frame_cut(const struct forged *f, uint64_t number, int64_t time_ns,
                             size_t snap_length)
{
    size_t captured = snap_length < f->n ? snap_length : f->n;
    return (struct frame){
        .number = number, .time_ns = time_ns, .data = bytes_of(f->octets, captured, f->n), .link = 1
    };
}

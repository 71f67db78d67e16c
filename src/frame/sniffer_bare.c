/* sniffer_bare.c - frames for packets of which the text holds no octets (verbosity 1 and 4).
 *
 * The head line tells addresses, ports, flags and numbers, and not how much was sent; of a plain
 * acknowledgement not even where the sender stood.  Both show in the packets that follow: where
 * the same side goes on, or up to where the other acknowledges.  Nothing else is made up: the
 * frame ends where the knowledge ends, as if a snap length had cut it there, before window and
 * checksum.  TTL and identification are 0, which no rule compares. */
#include "frame/sniffer.h"

#include <string.h>

enum { TCP = 6, UDP = 17, FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };
enum { IPV4 = 0x0800, IPV6 = 0x86dd, ARP = 0x0806, TCP_KNOWN = 14, TCP_HEADER = 20, ARP_SIZE = 28 };
enum { PAYLOAD_LARGEST = 65000 };

static void put_16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void put_32(uint8_t *p, uint32_t v)
{
    put_16(p, v >> 16);
    put_16(p + 2, v & 0xffff);
}

void sniffer_cooked(uint16_t type, uint8_t out[COOKED_HEADER])
{
    memset(out, 0, COOKED_HEADER);
    out[3] = 1; /* ARPHRD_ETHER, and no address */
    put_16(out + 14, type);
}

static bool after(uint32_t a, uint32_t b) { return (int32_t)(a - b) > 0; }

static const struct head *ahead(const struct bare *bare, size_t i)
{
    return &bare->ring[(bare->first + i) % LOOK_AHEAD];
}

static bool same_way(const struct head *a, const struct head *b)
{
    return b->kind == HEAD_TCP && a->from_port == b->from_port && a->to_port == b->to_port &&
           address_equal(&a->from, &b->from) && address_equal(&a->to, &b->to);
}

static bool other_way(const struct head *a, const struct head *b)
{
    return b->kind == HEAD_TCP && a->from_port == b->to_port && a->to_port == b->from_port &&
           address_equal(&a->from, &b->to) && address_equal(&a->to, &b->from);
}

static struct numbers *numbers_of(struct bare *bare, const struct address *from, uint16_t from_port,
                                  const struct address *to, uint16_t to_port)
{
    struct numbers key = { .from = *from, .to = *to, .from_port = from_port, .to_port = to_port };
    uint32_t hash = 2166136261U ^ from_port;
    hash = hash * 16777619U ^ to_port;
    for (size_t i = 0; i < sizeof from->octet; i++)
        hash = ((hash * 16777619U) ^ from->octet[i]) * 16777619U ^ to->octet[i];
    struct numbers *place = &bare->numbers[hash % NUMBERS_KEPT];
    if (place->from_port != from_port || place->to_port != to_port ||
        !address_equal(&place->from, from) || !address_equal(&place->to, to))
        *place = key; /* a newer connection takes the place */
    return place;
}

/* Where a sender stands that does not say so. */
static uint32_t seq_of(const struct bare *bare, const struct head *h, const struct numbers *own,
                       const struct numbers *peer)
{
    if (h->has_seq)
        return h->seq;
    if (own->has_next)
        return own->next;
    if (peer->has_acked)
        return peer->acked;
    for (size_t i = 1; i < bare->n; i++) {
        const struct head *later = ahead(bare, i);
        if (same_way(h, later) && later->has_seq)
            return later->seq;
        if (other_way(h, later) && later->has_ack)
            return later->ack;
    }
    return 0;
}

/* Up to where the first later packet says that the sender has got; `seq` when none says. */
static uint32_t reached(const struct bare *bare, const struct head *h, uint32_t seq)
{
    for (size_t i = 1; i < bare->n; i++) {
        const struct head *later = ahead(bare, i);
        if (same_way(h, later) && (later->has_seq || later->flags & SYN)) {
            if (later->flags & SYN || (!h->has_seq && !after(later->seq, seq)))
                return seq;
            if (after(later->seq, seq))
                return later->seq;
        } else if (other_way(h, later) && later->has_ack && after(later->ack, seq)) {
            return later->ack;
        }
    }
    return seq;
}

static uint32_t payload_of(const struct bare *bare, const struct head *h, uint32_t seq,
                           const struct numbers *own)
{
    if (h->flags & (SYN | RST))
        return 0;
    uint32_t n = reached(bare, h, seq) - seq;
    if (n == 0 && own->has_next && after(own->next, seq))
        n = own->next - seq; /* sent before, to there */
    if (h->flags & FIN && n)
        n--;
    if (n > PAYLOAD_LARGEST)
        n = 0;
    return n ? n : (h->flags & PSH) != 0; /* one octet at least, or it would not be pushed */
}

static size_t ip_put(const struct head *h, size_t payload, uint8_t *p)
{
    if (address_is_ipv4(&h->from)) {
        p[0] = 0x45;
        put_16(p + 2, (uint32_t)(20 + payload));
        p[9] = h->protocol;
        memcpy(p + 12, h->from.octet + 12, 4);
        memcpy(p + 16, h->to.octet + 12, 4);
        return 20;
    }
    p[0] = 0x60;
    put_16(p + 4, (uint32_t)payload);
    p[6] = h->protocol;
    memcpy(p + 8, h->from.octet, 16);
    memcpy(p + 24, h->to.octet, 16);
    return 40;
}

static size_t tcp_put(struct bare *bare, const struct head *h, uint8_t *p, size_t *payload)
{
    struct numbers *peer = numbers_of(bare, &h->to, h->to_port, &h->from, h->from_port);
    struct numbers known_peer = *peer;
    struct numbers *own = numbers_of(bare, &h->from, h->from_port, &h->to, h->to_port);
    uint32_t seq = seq_of(bare, h, own, &known_peer);
    *payload = payload_of(bare, h, seq, own);
    uint32_t next = seq + (uint32_t)*payload + ((h->flags & (SYN | FIN)) != 0);
    if (!(h->flags & RST) && (!own->has_next || h->flags & SYN || after(next, own->next)))
        own->next = next;
    own->has_next |= !(h->flags & RST);
    own->acked = h->has_ack ? h->ack : own->acked;
    own->has_acked |= h->has_ack;
    put_16(p, h->from_port);
    put_16(p + 2, h->to_port);
    put_32(p + 4, seq);
    put_32(p + 8, h->ack);
    p[12] = (TCP_HEADER / 4) << 4;
    p[13] = h->flags;
    return TCP_KNOWN;
}

static size_t udp_put(const struct head *h, uint8_t *p)
{
    put_16(p, h->from_port);
    put_16(p + 2, h->to_port);
    put_16(p + 4, h->length + 8);
    return 8;
}

/* RFC 826: what is not said stays zero. */
static size_t arp_put(const struct head *h, uint8_t *p)
{
    static const uint8_t fixed[] = { 0, 1, 8, 0, 6, 4, 0 };
    memcpy(p, fixed, sizeof fixed);
    p[7] = h->kind == HEAD_ARP_ASK ? 1 : 2;
    memcpy(p + 8, h->mac_from, 6);
    memcpy(p + 14, h->from.octet + 12, 4);
    memcpy(p + 24, h->to.octet + 12, 4);
    return ARP_SIZE;
}

static size_t transport_put(struct bare *bare, const struct head *h, uint8_t *p, size_t *wire)
{
    size_t payload = 0, n = 0;
    if (h->kind == HEAD_TCP) {
        n = tcp_put(bare, h, p, &payload);
        *wire = TCP_HEADER + payload;
    } else if (h->kind == HEAD_UDP && h->length <= PAYLOAD_LARGEST) {
        n = udp_put(h, p);
        *wire = n + h->length;
    } else {
        *wire = 8; /* no transport header is shorter */
    }
    return n;
}

size_t bare_frame(struct bare *bare, uint8_t out[BARE_LARGEST], size_t *on_wire)
{
    struct head h = *ahead(bare, 0);
    uint8_t *p = out + COOKED_HEADER, transport[ARP_SIZE] = { 0 };
    size_t wire = 0;
    bool arp = h.kind == HEAD_ARP_ASK || h.kind == HEAD_ARP_REPLY;

    memset(out, 0, BARE_LARGEST);
    sniffer_cooked(arp                        ? ARP
                   : h.kind == HEAD_OTHER     ? 0
                   : address_is_ipv4(&h.from) ? IPV4
                                              : IPV6,
                   out);
    *on_wire = COOKED_HEADER;
    size_t n = 0;
    if (arp) {
        n = wire = arp_put(&h, p);
    } else if (h.kind != HEAD_OTHER) {
        size_t m = transport_put(bare, &h, transport, &wire);
        n = ip_put(&h, wire, p);
        wire += n;
        memcpy(p + n, transport, m);
        n += m;
    }
    *on_wire += wire;
    bare->first = (bare->first + 1) % LOOK_AHEAD;
    bare->n--;
    return COOKED_HEADER + n;
}

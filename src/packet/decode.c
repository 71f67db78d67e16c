#include "packet/field.h"
#include "packet/fragment.h"
#include "packet/icmp.h"
#include "packet/ip.h"
#include "packet/link.h"
#include "packet/packet.h"
#include "packet/tcp.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { ICMP = 1, TCP = 6, UDP = 17, ICMPV6 = 58 };

struct decoder {
    struct hash_seed seed;
    struct fragments *fragments;
    struct decoder_counts counts;
};

struct decoder *decoder_open(struct hash_seed seed)
{
    struct decoder *d = calloc(1, sizeof *d);
    struct fragments *fragments = fragments_open(seed);
    if (!d || !fragments) {
        free(d);
        fragments_close(fragments);
        return NULL;
    }
    d->seed = seed;
    d->fragments = fragments;
    return d;
}

void decoder_close(struct decoder *decoder)
{
    if (!decoder)
        return;
    fragments_close(decoder->fragments);
    free(decoder);
}

const struct decoder_counts *decoder_counts(const struct decoder *decoder)
{
    return &decoder->counts;
}

struct key_end {
    uint64_t high, low;
    uint16_t port;
};

static struct key_end key_end_of(const struct address *a, uint16_t port)
{
    return (struct key_end){ field_64(a->octet), field_64(a->octet + 8), port };
}

/* As memcmp over the address and then the port: addresses were read big-endian. */
static bool key_end_before(const struct key_end *a, const struct key_end *b)
{
    if (a->high != b->high)
        return a->high < b->high;
    return a->low != b->low ? a->low < b->low : a->port < b->port;
}

/* Two independent products, so that the processor need not wait for one to begin the other. */
static void flow_hash_set(struct packet *p, struct hash_seed seed)
{
    struct key_end from = key_end_of(&p->source, p->source_port);
    struct key_end to = key_end_of(&p->destination, p->destination_port);
    p->swapped = key_end_before(&to, &from);
    struct key_end first = p->swapped ? to : from, second = p->swapped ? from : to;
    uint64_t h = hash_fold(first.high ^ seed.a, first.low ^ seed.b);
    uint64_t g = hash_fold(second.high ^ seed.b, second.low ^ ~seed.a);
    uint64_t ports = (uint64_t)first.port << 32 | (uint32_t)second.port << 16 | p->ip_protocol;
    p->flow_hash = hash_mix(h ^ g, ports, seed);
}

static void transport_decode(struct decoder *d, struct datagram *g, bool v6, struct packet *p)
{
    if (p->ip_protocol == TCP)
        tcp_decode(&g->body, g->missing, p);
    else if (p->ip_protocol == UDP)
        udp_decode(&g->body, g->missing, p);
    else if (p->ip_protocol == (v6 ? ICMPV6 : ICMP))
        icmp_decode(&g->body, v6, p);
    else if (ip_is_tunnel(p->ip_protocol)) {
        d->counts.unknown_inside++;
        d->counts.tunnelled++;
    }
    if (p->kind == PACKET_TCP || p->kind == PACKET_UDP)
        flow_hash_set(p, d->seed);
}

/* True when this fragment completed its datagram, which g then describes. */
static bool datagram_gather(struct decoder *d, struct datagram *g, struct packet *p)
{
    struct bytes whole;
    d->counts.fragments++;
    enum fragment_answer answer = fragments_add(d->fragments, &g->fragment, p, &whole);
    p->fragment = answer != FRAGMENT_WHOLE;
    p->malformed = answer == FRAGMENT_REFUSED;
    if (p->fragment)
        return false;
    p->reassembled = true;
    d->counts.datagrams_reassembled++;
    size_t length = p->ip_length - bytes_on_wire(&g->fragment.body) + bytes_on_wire(&whole);
    p->ip_length = length < UINT16_MAX ? (uint16_t)length : UINT16_MAX;
    *g = (struct datagram){ .body = whole };
    return ip_open_inner(g, p);
}

static void ip_decode(struct decoder *d, struct bytes *b, bool v6, struct packet *p)
{
    struct datagram g;
    if (!(v6 ? ip6_open(b, p, &g) : ip4_open(b, p, &g)))
        return;
    if (g.is_fragment && !datagram_gather(d, &g, p))
        return;
    transport_decode(d, &g, v6, p);
}

/* RFC 826: hardware and protocol type, their lengths, operation, sender and target. */
static void arp_decode(struct bytes *b, struct packet *p)
{
    uint8_t message[28];
    p->kind = PACKET_ARP;
    if (!bytes_copy(b, message, sizeof message))
        return;
    if (field_16(message + 2) != 0x0800 || field_16(message + 4) != 0x0604)
        return;
    p->source = address_v4(message + 14);
    p->destination = address_v4(message + 24);
}

/* The payload and most of the options are written by whoever sets the kind. */
static void packet_begin(const struct frame *frame, struct packet *p)
{
    memset(p, 0, offsetof(struct packet, options.sack_left));
    p->quote.present = false;
    p->frame = frame->number;
    p->time_ns = frame->time_ns;
    p->interface = frame->interface;
    p->cut = frame->data.clipped != 0;
    p->payload.at = frame->data.at;
}

static void frame_decode(struct decoder *d, const struct frame *frame, struct packet *p)
{
    struct bytes b = frame->data;
    packet_begin(frame, p);
    switch (link_open(frame->link, &b, p)) {
    case LINK_IPV4:
        ip_decode(d, &b, false, p);
        break;
    case LINK_IPV6:
        ip_decode(d, &b, true, p);
        break;
    case LINK_ARP:
        arp_decode(&b, p);
        break;
    case LINK_NOTHING:
        p->malformed = b.fault == BYTES_SHORT;
        d->counts.unknown_inside += b.fault == BYTES_FINE;
        break;
    case LINK_UNKNOWN:
        if (d->counts.unknown_link++ == 0)
            d->counts.first_unknown_link = frame->link;
        break;
    }
    d->counts.malformed += p->malformed;
    d->counts.cut += p->cut;
}

void packet_decode(struct decoder *decoder, const struct frame *frames, size_t n,
                   struct packet *out)
{
    assert(n <= PACKET_BATCH);
    fragments_begin_batch(decoder->fragments);
    for (size_t i = 0; i < n; i++)
        frame_decode(decoder, &frames[i], &out[i]);
    decoder->counts.frames += n;
}

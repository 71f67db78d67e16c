#include "packet/field.h"
#include "packet/fragment.h"
#include "packet/icmp.h"
#include "packet/ip.h"
#include "packet/key.h"
#include "packet/link.h"
#include "packet/packet.h"
#include "packet/tcp.h"
#include "packet/tunnel.h"
#include "packet/usual.h"
#include "packet/vpn.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { ICMP = 1, TCP = 6, UDP = 17, ESP = 50, ICMPV6 = 58 };

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

/* As memcmp over the address and then the port. */
static bool key_is_swapped(const struct packet *p)
{
    const uint8_t *from = p->source.octet, *to = p->destination.octet;
    uint64_t from_high = field_64(from), to_high = field_64(to);
    if (from_high != to_high)
        return to_high < from_high;
    uint64_t from_low = field_64(from + 8), to_low = field_64(to + 8);
    return from_low != to_low ? to_low < from_low : p->destination_port < p->source_port;
}

/* Two products that do not wait for each other, then one of both. */
static uint64_t key_of_ipv6(const struct packet *p, struct hash_seed seed)
{
    const uint8_t *first = p->swapped ? p->destination.octet : p->source.octet;
    const uint8_t *second = p->swapped ? p->source.octet : p->destination.octet;
    uint32_t ports = p->swapped ? (uint32_t)p->destination_port << 16 | p->source_port
                                : (uint32_t)p->source_port << 16 | p->destination_port;
    uint64_t h = hash_fold(hash_load64(first) ^ seed.a, hash_load64(first + 8) ^ seed.b);
    uint64_t g = hash_fold(hash_load64(second) ^ seed.b, hash_load64(second + 8) ^ ~seed.a);
    return hash_mix(h ^ g, (uint64_t)ports << 8 | p->ip_protocol, seed);
}

void packet_set_key(struct packet *p, struct hash_seed seed)
{
    if (address_is_ipv4(&p->source) && address_is_ipv4(&p->destination)) {
        p->flow_hash =
            key_of_ipv4(field_32(p->source.octet + 12), field_32(p->destination.octet + 12),
                        p->source_port, p->destination_port, p->ip_protocol, seed, &p->swapped);
        return;
    }
    p->swapped = key_is_swapped(p);
    p->flow_hash = key_of_ipv6(p, seed);
}

static void inside_decode(struct decoder *d, enum link_inside inside, unsigned depth,
                          struct packet *p);

/* The packet in a tunnel takes the place of the one around it; without any in it, nothing changes.
 */
static bool tunnel_decode(struct decoder *d, unsigned depth, struct packet *p)
{
    struct packet outer = *p;
    enum link_inside inside = depth < TUNNELS_DEEPEST ? tunnel_open(p) : LINK_NOTHING;
    if (inside == LINK_NOTHING || inside == LINK_UNKNOWN) {
        *p = outer;
        return false;
    }
    d->counts.opened += depth == 0;
    p->outgoing = false; /* that was the tunnel's packet */
    inside_decode(d, inside, depth + 1, p);
    return true;
}

static void sealed_note(struct decoder_counts *counts, const struct packet *p)
{
    if (counts->sealed++ == 0)
        counts->first_sealed = p->frame;
    counts->last_sealed = p->frame;
}

static void transport_decode(struct decoder *d, size_t missing, bool v6, unsigned depth,
                             struct packet *p)
{
    if (p->ip_protocol == TCP) {
        tcp_decode(missing, p);
    } else if (p->ip_protocol == UDP) {
        udp_decode(missing, p);
        if (p->kind == PACKET_UDP && tunnel_is_datagram(p) && tunnel_decode(d, depth, p))
            return;
        if (p->kind == PACKET_UDP && vpn_is_sealed(p))
            sealed_note(&d->counts, p);
    } else if (p->ip_protocol == (v6 ? ICMPV6 : ICMP)) {
        icmp_decode(v6, p);
    } else if (p->ip_protocol == ESP) {
        d->counts.unknown_inside++;
        sealed_note(&d->counts, p);
    } else if (ip_is_tunnel(p->ip_protocol)) {
        if (tunnel_decode(d, depth, p))
            return;
        d->counts.unknown_inside++;
        d->counts.tunnelled++;
    }
    if (p->kind == PACKET_TCP || p->kind == PACKET_UDP)
        packet_set_key(p, d->seed);
}

/* True when this fragment completed its datagram, of which p then tells. */
static bool datagram_gather(struct decoder *d, struct datagram *g, struct packet *p)
{
    d->counts.fragments++;
    p->payload.clipped += g->missing; /* a fragment's place is fixed by what it promises */
    enum fragment_answer answer = fragments_add(d->fragments, &g->fragment, p);
    p->fragment = answer != FRAGMENT_WHOLE;
    p->malformed = answer == FRAGMENT_REFUSED;
    if (p->fragment)
        return false;
    p->reassembled = true;
    d->counts.datagrams_reassembled++;
    size_t length = g->header + bytes_on_wire(&p->payload);
    p->ip_length = length < UINT16_MAX ? (uint16_t)length : UINT16_MAX;
    *g = (struct datagram){ 0 };
    return ip_open_inner(p, g);
}

static void ip_decode(struct decoder *d, bool v6, unsigned depth, struct packet *p)
{
    struct datagram g;
    if (!(v6 ? ip6_open(p, &g) : ip4_open(p, &g)))
        return;
    /* Fragments within fragments: their octets lie where the others are gathered. */
    if (g.is_fragment && p->reassembled) {
        p->fragment = true;
        return;
    }
    if (g.is_fragment && !datagram_gather(d, &g, p))
        return;
    transport_decode(d, g.missing, v6, depth, p);
}

enum { ARP_ASK = 1, ARP_ANSWER = 2 };

/* RFC 826: hardware and protocol type, their lengths, operation, sender and target. */
static void arp_decode(struct packet *p)
{
    const uint8_t *message = field_block(&p->payload, 28);
    p->kind = PACKET_ARP;
    if (!message || field_16(message + 2) != 0x0800 || field_16(message + 4) != 0x0604)
        return;
    p->source = address_v4(message + 14);
    p->destination = address_v4(message + 24);
    uint16_t operation = field_16(message + 6);
    bool about_itself = address_equal(&p->source, &p->destination);
    memcpy(p->wanted_mac, message + 8, sizeof p->wanted_mac);
    p->wanted_mac_lasts = true;
    p->wanted = operation == ARP_ASK && !about_itself ? p->destination : p->source;
    if (operation == ARP_ASK || operation == ARP_ANSWER)
        p->resolution = about_itself           ? RESOLUTION_ANNOUNCE
                        : operation == ARP_ASK ? RESOLUTION_ASK
                                               : RESOLUTION_ANSWER;
}

/* Up to the SACK blocks, in two pieces small enough for compilers to clear in place: one call for
 * the whole costs as much as the rest of the decoding. */
static void packet_clear(struct packet *p)
{
    enum {
        BEGIN = offsetof(struct packet, flow_hash),
        MIDDLE = offsetof(struct packet, source),
        END = offsetof(struct packet, options.sack_left)
    };
    memset((uint8_t *)p + BEGIN, 0, MIDDLE - BEGIN);
    memset((uint8_t *)p + MIDDLE, 0, END - MIDDLE);
    p->quote.present = false;
}

static void packet_begin(const struct frame *frame, struct packet *p)
{
    packet_clear(p);
    p->frame = frame->number;
    p->time_ns = frame->time_ns;
    p->interface = frame->interface;
}

static void packet_end(struct decoder *d, struct packet *p)
{
    p->payload.fault = BYTES_FINE;
    if (p->kind != PACKET_TCP && p->kind != PACKET_UDP)
        p->payload.left = p->payload.clipped = 0;
    d->counts.malformed += p->malformed;
    d->counts.cut += p->cut;
}

static void inside_decode(struct decoder *d, enum link_inside inside, unsigned depth,
                          struct packet *p)
{
    if (inside == LINK_ARP)
        arp_decode(p);
    else
        ip_decode(d, inside == LINK_IPV6, depth, p);
}

void layers_decode(struct decoder *d, const struct frame *frame, struct packet *p)
{
    p->cut = frame->data.clipped != 0;
    p->payload = frame->data; /* each layer takes its header off */
    enum link_inside inside = link_open(frame->link, p);
    switch (inside) {
    case LINK_IPV4:
    case LINK_IPV6:
    case LINK_ARP:
        inside_decode(d, inside, 0, p);
        break;
    case LINK_NOTHING:
        p->malformed = p->payload.fault == BYTES_SHORT;
        d->counts.unknown_inside += p->payload.fault == BYTES_FINE;
        break;
    case LINK_UNKNOWN:
        if (d->counts.unknown_link++ == 0)
            d->counts.first_unknown_link = frame->link;
        break;
    }
    packet_end(d, p);
}

void packet_decode(struct decoder *decoder, const struct frame *frames, size_t n,
                   struct packet *out)
{
    assert(n <= PACKET_BATCH);
    fragments_begin_batch(decoder->fragments);
    for (size_t i = 0; i < n; i++) {
        packet_begin(&frames[i], &out[i]);
        if (!usual_decode(&frames[i], decoder->seed, &out[i]))
            layers_decode(decoder, &frames[i], &out[i]);
    }
    decoder->counts.frames += n;
}

/* wire.h - packets for flow tests: one client, one server, numbers relative to each side's ISN.
 *
 * A `struct wire` is the capture: it counts frames and moves time on, and hands each packet to a
 * flow table of its own.  Sequence numbers are given as offsets from the sender's ISN,
 * acknowledgements as offsets from the receiver's, so that 1 is the first octet after the SYN. */
#pragma once

#include "flow/flow.h"

#include <criterion/criterion.h>
#include <string.h>

#define MS     INT64_C(1000000)
#define SECOND INT64_C(1000000000)

static const struct hash_seed wire_seed = { 0x452821e638d01377, 0xbe5466cf34e90c6c };
static const uint16_t wire_server_ports[] = { 8013, 443, 0 };

struct wire {
    struct flows *flows;
    uint64_t frame;
    int64_t now_ns;
    uint32_t isn[SIDES];
    uint16_t port[SIDES];
    uint16_t window;
    enum side from; /* answered by the table for the newest packet */
};

static inline struct wire wire_open_with(size_t memory_bytes)
{
    struct flow_limits limits = { .memory_bytes = memory_bytes,
                                  .largest_step_ns = 60 * SECOND,
                                  .server_ports = wire_server_ports };
    struct wire w = { .flows = flows_open(&limits, wire_seed),
                      .now_ns = 1000 * SECOND,
                      .isn = { 1000, 5000 },
                      .port = { 50001, 8013 },
                      .window = 500 };
    cr_assert_not_null(w.flows);
    return w;
}

static inline struct wire wire_open(void) { return wire_open_with(64 << 20); }

static inline struct address wire_address(enum side side)
{
    static const uint8_t quads[SIDES][4] = { { 10, 20, 40, 17 }, { 10, 0, 0, 10 } };
    return address_v4(quads[side]);
}

static inline struct packet wire_bare(struct wire *w, enum side from)
{
    enum side to = side_other(from);
    return (struct packet){ .frame = ++w->frame,
                            .time_ns = w->now_ns,
                            .kind = PACKET_TCP,
                            .ip_protocol = 6,
                            .ttl = from == CLIENT ? 64 : 60,
                            .ip_id = (uint16_t)w->frame,
                            .has_mac = true,
                            .mac_source = { 2, 0, 0, 0, 0, (uint8_t)from },
                            .source = wire_address(from),
                            .destination = wire_address(to),
                            .source_port = w->port[from],
                            .destination_port = w->port[to],
                            .window = w->window,
                            .payload = bytes_whole("", 0) };
}

static inline struct packet wire_segment(struct wire *w, enum side from, uint8_t flags,
                                         uint32_t seq, uint32_t ack, size_t length)
{
    static const uint8_t zeroes[70000];
    struct packet p = wire_bare(w, from);
    p.flags = flags;
    p.seq = w->isn[from] + seq;
    p.ack = flags & TCP_ACK ? w->isn[side_other(from)] + ack : 0;
    p.payload = bytes_whole(zeroes, length);
    if (flags & TCP_SYN)
        p.options.mss = 1460;
    return p;
}

static inline struct flow *wire_take(struct wire *w, struct packet *p)
{
    packet_set_key(p, wire_seed);
    flows_prefetch(w->flows, p, 1);
    return flow_accept(w->flows, p, &w->from);
}

/* One packet, a millisecond after the one before. */
static inline struct flow *wire_send(struct wire *w, enum side from, uint8_t flags, uint32_t seq,
                                     uint32_t ack, size_t length)
{
    w->now_ns += MS;
    struct packet p = wire_segment(w, from, flags, seq, ack, length);
    return wire_take(w, &p);
}

/* SYN, SYN-ACK, ACK. */
static inline struct flow *wire_handshake(struct wire *w)
{
    wire_send(w, CLIENT, TCP_SYN, 0, 0, 0);
    wire_send(w, SERVER, TCP_SYN | TCP_ACK, 0, 1, 0);
    return wire_send(w, CLIENT, TCP_ACK, 1, 1, 0);
}

static inline unsigned wire_logged(const struct flow *flow, enum event_kind kind, enum side from)
{
    unsigned n = 0;
    for (uint16_t i = 0; flow->more && i < flow->more->log.n; i++)
        n += flow->more->log.event[i].kind == kind && flow->more->log.event[i].from == from;
    return n;
}

/* handshake.h - the opening and closing of a TCP connection as a bystander sees them.
 *
 * What it is: rows (state, sender, kind of segment) -> next state, after RFC 9293 section 3.10.7. A
 * pair nobody listed is unexpected and keeps the state.  Numbers are looked at before the rows are
 * asked: a segment that its receiver would not accept moves nothing.
 * Ownership: a turn lives for one packet. */
#pragma once

#include "flow/table.h"

enum segment {
    SEGMENT_SYN,
    SEGMENT_SYNACK,
    SEGMENT_ACK,   /* data too; a FIN that was seen before */
    SEGMENT_PROOF, /* an ACK that shows that the peer's last step of the opening arrived */
    SEGMENT_FIN,
    SEGMENT_RST,
    SEGMENT_BARE, /* no flag that means anything */
    SEGMENTS,
};

/* One packet and what it meets. */
struct turn {
    struct flows *flows;
    struct flow *flow;
    struct flow_more *more; /* never NULL: without memory a scratch that nobody reads */
    const struct packet *packet;
    uint32_t length; /* payload octets on the wire */
    enum side from;
    bool first_of_side;
};

static inline struct half *turn_half(const struct turn *t) { return &t->flow->half[t->from]; }
static inline struct half *turn_peer(const struct turn *t)
{
    return &t->flow->half[side_other(t->from)];
}
static inline struct half_more *turn_half_more(const struct turn *t)
{
    return &t->more->half[t->from];
}
static inline struct half_more *turn_peer_more(const struct turn *t)
{
    return &t->more->half[side_other(t->from)];
}

static inline struct event turn_event(const struct turn *t, enum event_kind kind)
{
    return event_of(t->packet, kind, t->from);
}

/* Logs the packet as an event of this kind, unless `most` of that kind and side are there already;
 * answers the event. */
struct event turn_log(const struct turn *t, enum event_kind kind, unsigned most);

static inline bool is_opening_state(uint8_t state)
{
    return state == TCP_SYN_SENT || state == TCP_SYN_CROSSED || state == TCP_SYN_ANSWERED;
}

/* How the side's IP writes its packets: what a reset is compared with. */
static inline void style_note(struct half_more *half, const struct packet *p)
{
    if (half->style_known &&
        (half->dscp_own != p->dscp || half->dont_fragment_own != p->dont_fragment))
        half->style_varies = true;
    half->style_known = true;
    half->dscp_own = p->dscp;
    half->dont_fragment_own = p->dont_fragment;
}

/* octets.c: payload, acknowledgement and window of the packet. */
void octets_take(const struct turn *t);
void all_acked_note(const struct turn *t);

/* steady.c: the time since the flow's packet before, payload that is new, and its length. */
void gap_note(const struct flow *flow, struct flow_more *more, const struct packet *packet,
              enum side from);
void data_note(struct flows *flows, struct flow *flow, struct flow_more *more,
               const struct packet *packet, enum side from);
void largest_note(struct flow *flow, struct flow_more *more, enum side from, uint32_t length);

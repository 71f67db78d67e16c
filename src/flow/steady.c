/* steady.c - the usual packet: in the middle of a transfer, the next octets in order or an
 * acknowledgement alone, and nothing else to it.
 *
 * Most packets of most connections are such.  What is done here is what handshake_take and
 * octets_take come to for them, without the questions that are known to be answered with no. */
#include "flow/handshake.h"

enum { DATA_LOGGED = 8 };

void gap_note(const struct flow *flow, struct flow_more *more, const struct packet *p,
              enum side from)
{
    if (p->time_ns <= flow->last_ns)
        return;
    int64_t gap = (int64_t)((uint64_t)p->time_ns - (uint64_t)flow->last_ns);
    if (gap > more->longest_gap_ns) {
        more->longest_gap_ns = gap;
        more->longest_gap = event_of(p, EVENT_DATA, from);
    }
}

void largest_note(struct flow *flow, struct flow_more *more, enum side from, uint32_t length)
{
    struct half_more *half = &more->half[from];
    uint16_t mss = more->mss[side_other(from)];
    if (length <= half->largest)
        return;
    half->largest = length;
    if (mss && length > mss)
        flow->half[from].flags |= HALF_LARGE;
}

void data_note(struct flows *flows, struct flow *flow, struct flow_more *more,
               const struct packet *p, enum side from)
{
    struct half_more *half = &more->half[from];
    struct event event = event_of(p, EVENT_DATA, from);
    if (half->n_data < DATA_LOGGED)
        log_add(flows, flow, &event);
    if (half->n_data++ == 0 && !half->first_data.frame) {
        half->first_data = event;
        half->ttl_data = p->ttl;
        half->ip_id_own = half->ip_id_own ? half->ip_id_own : p->ip_id;
        style_note(half, p);
    }
    half->last_data = more->progress = event;
}

static bool is_plain(const struct packet *p)
{
    enum { OPENS_OR_ENDS = TCP_SYN | TCP_FIN | TCP_RST };
    return (p->flags & (OPENS_OR_ENDS | TCP_ACK)) == TCP_ACK && p->window && !p->options.n_sack &&
           !p->payload.clipped && !p->header_cut;
}

/* Do both ends go on where they stood? */
static bool is_next(const struct half *half, const struct half *peer, const struct packet *p)
{
    enum { GONE = HALF_RST | HALF_FIN, KNOWN = HALF_SEEN | HALF_ACKED };
    return p->seq == half->next && (half->flags & (HALF_SEEN | GONE)) == HALF_SEEN &&
           (peer->flags & KNOWN) == KNOWN && p->ack - peer->acked <= peer->next - peer->acked;
}

static bool is_usual(const struct flow *flow, const struct packet *p, enum side from)
{
    const struct flow_more *more = flow->more;
    return more && (flow->state == TCP_OPEN || flow->state == TCP_MIDSTREAM) && is_plain(p) &&
           is_next(&flow->half[from], &flow->half[side_other(from)], p) &&
           !(more->watched[CLIENT] | more->watched[SERVER]);
}

/* Apart, so that a turn is made only for it. */
static __attribute__((noinline)) void first_all_acked(struct flows *flows, struct flow *flow,
                                                      const struct packet *p, enum side from)
{
    struct turn t = { .flows = flows, .flow = flow, .more = flow->more, .packet = p, .from = from };
    all_acked_note(&t);
}

static inline void ack_note(struct flows *flows, struct flow *flow, const struct packet *p,
                            enum side from)
{
    struct half *peer = &flow->half[side_other(from)];
    if (peer->acked == p->ack)
        return;
    peer->acked = p->ack;
    if (peer->flags & HALF_DATA && peer->acked == peer->next &&
        !flow->more->all_acked[side_other(from)])
        first_all_acked(flows, flow, p, from);
}

bool steady_take(struct flows *flows, struct flow *flow, const struct packet *p, enum side from)
{
    struct half *half = &flow->half[from];
    uint32_t length = (uint32_t)p->payload.left;
    if (!is_usual(flow, p, from))
        return false;
    gap_note(flow, flow->more, p, from);
    ack_note(flows, flow, p, from);
    half->packets++;
    half->window = p->window;
    if (length) {
        half->flags |= HALF_DATA;
        half->next += length;
        half->bytes += length;
        flows->counts.data_bytes += length;
        largest_note(flow, flow->more, from, length);
        data_note(flows, flow, flow->more, p, from);
    }
    return true;
}

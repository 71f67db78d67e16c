#include "flow/handshake.h"

#include <stddef.h>
#include <string.h>

enum { AGAIN_LOGGED = 12, ODD_LOGGED = 4 };

/* Packets that a capture shows in the wrong order are this close together. */
#define REORDER_NS INT64_C(3000000)

/* ---- rows ---- */

/* clang-format off */
/* 0 (TCP_NEW) is no row: nothing leads back there. */
static const uint8_t rows[TCP_STATES][SIDES][SEGMENTS] = {
    /* RFC 9293 3.10.7.1, and what a capture that begins later shows */
    [TCP_NEW][CLIENT][SEGMENT_SYN]             = TCP_SYN_SENT,
    [TCP_NEW][SERVER][SEGMENT_SYNACK]          = TCP_SYN_ANSWERED,
    [TCP_NEW][CLIENT][SEGMENT_ACK]             = TCP_MIDSTREAM,
    [TCP_NEW][SERVER][SEGMENT_ACK]             = TCP_MIDSTREAM,
    [TCP_NEW][CLIENT][SEGMENT_FIN]             = TCP_MIDSTREAM,
    [TCP_NEW][SERVER][SEGMENT_FIN]             = TCP_MIDSTREAM,
    [TCP_NEW][CLIENT][SEGMENT_RST]             = TCP_MIDSTREAM,
    [TCP_NEW][SERVER][SEGMENT_RST]             = TCP_MIDSTREAM,
    [TCP_NEW][CLIENT][SEGMENT_BARE]            = TCP_MIDSTREAM,
    [TCP_NEW][SERVER][SEGMENT_BARE]            = TCP_MIDSTREAM,

    /* 3.10.7.3 SYN-SENT; an ACK of the client tells of a SYN-ACK that was not captured */
    [TCP_SYN_SENT][CLIENT][SEGMENT_SYN]        = TCP_SYN_SENT,
    [TCP_SYN_SENT][CLIENT][SEGMENT_ACK]        = TCP_OPEN,
    [TCP_SYN_SENT][CLIENT][SEGMENT_FIN]        = TCP_CLOSING,
    [TCP_SYN_SENT][CLIENT][SEGMENT_RST]        = TCP_RESET,
    [TCP_SYN_SENT][SERVER][SEGMENT_SYN]        = TCP_SYN_CROSSED,
    [TCP_SYN_SENT][SERVER][SEGMENT_SYNACK]     = TCP_SYN_ANSWERED,
    [TCP_SYN_SENT][SERVER][SEGMENT_ACK]        = TCP_SYN_ANSWERED,
    [TCP_SYN_SENT][SERVER][SEGMENT_PROOF]      = TCP_OPEN,
    [TCP_SYN_SENT][SERVER][SEGMENT_FIN]        = TCP_CLOSING,
    [TCP_SYN_SENT][SERVER][SEGMENT_RST]        = TCP_REFUSED,

    /* 3.5 figure 7: simultaneous open */
    [TCP_SYN_CROSSED][CLIENT][SEGMENT_SYN]     = TCP_SYN_CROSSED,
    [TCP_SYN_CROSSED][SERVER][SEGMENT_SYN]     = TCP_SYN_CROSSED,
    [TCP_SYN_CROSSED][CLIENT][SEGMENT_SYNACK]  = TCP_SYN_ANSWERED,
    [TCP_SYN_CROSSED][SERVER][SEGMENT_SYNACK]  = TCP_SYN_ANSWERED,
    [TCP_SYN_CROSSED][CLIENT][SEGMENT_ACK]     = TCP_OPEN,
    [TCP_SYN_CROSSED][SERVER][SEGMENT_ACK]     = TCP_OPEN,
    [TCP_SYN_CROSSED][SERVER][SEGMENT_PROOF]   = TCP_OPEN,
    [TCP_SYN_CROSSED][CLIENT][SEGMENT_FIN]     = TCP_CLOSING,
    [TCP_SYN_CROSSED][SERVER][SEGMENT_FIN]     = TCP_CLOSING,
    [TCP_SYN_CROSSED][CLIENT][SEGMENT_RST]     = TCP_RESET,
    [TCP_SYN_CROSSED][SERVER][SEGMENT_RST]     = TCP_RESET,

    /* 3.10.7.4 SYN-RECEIVED, as both ends together */
    [TCP_SYN_ANSWERED][CLIENT][SEGMENT_SYN]    = TCP_SYN_ANSWERED,
    [TCP_SYN_ANSWERED][SERVER][SEGMENT_SYN]    = TCP_SYN_ANSWERED,
    [TCP_SYN_ANSWERED][CLIENT][SEGMENT_SYNACK] = TCP_OPEN,
    [TCP_SYN_ANSWERED][SERVER][SEGMENT_SYNACK] = TCP_SYN_ANSWERED,
    [TCP_SYN_ANSWERED][CLIENT][SEGMENT_ACK]    = TCP_OPEN,
    [TCP_SYN_ANSWERED][SERVER][SEGMENT_ACK]    = TCP_SYN_ANSWERED,
    [TCP_SYN_ANSWERED][SERVER][SEGMENT_PROOF]  = TCP_OPEN,
    [TCP_SYN_ANSWERED][CLIENT][SEGMENT_FIN]    = TCP_CLOSING,
    [TCP_SYN_ANSWERED][SERVER][SEGMENT_FIN]    = TCP_CLOSING,
    [TCP_SYN_ANSWERED][CLIENT][SEGMENT_RST]    = TCP_RESET,
    [TCP_SYN_ANSWERED][SERVER][SEGMENT_RST]    = TCP_RESET,

    /* ESTABLISHED at both ends */
    [TCP_OPEN][CLIENT][SEGMENT_SYN]            = TCP_OPEN,
    [TCP_OPEN][SERVER][SEGMENT_SYNACK]         = TCP_OPEN,
    [TCP_OPEN][CLIENT][SEGMENT_SYNACK]         = TCP_OPEN,
    [TCP_OPEN][CLIENT][SEGMENT_ACK]            = TCP_OPEN,
    [TCP_OPEN][SERVER][SEGMENT_ACK]            = TCP_OPEN,
    [TCP_OPEN][SERVER][SEGMENT_PROOF]          = TCP_OPEN,
    [TCP_OPEN][CLIENT][SEGMENT_FIN]            = TCP_CLOSING,
    [TCP_OPEN][SERVER][SEGMENT_FIN]            = TCP_CLOSING,
    [TCP_OPEN][CLIENT][SEGMENT_RST]            = TCP_RESET,
    [TCP_OPEN][SERVER][SEGMENT_RST]            = TCP_RESET,

    /* the opening was captured out of order */
    [TCP_MIDSTREAM][CLIENT][SEGMENT_SYN]       = TCP_SYN_SENT,
    [TCP_MIDSTREAM][SERVER][SEGMENT_SYNACK]    = TCP_OPEN,
    [TCP_MIDSTREAM][CLIENT][SEGMENT_ACK]       = TCP_MIDSTREAM,
    [TCP_MIDSTREAM][SERVER][SEGMENT_ACK]       = TCP_MIDSTREAM,
    [TCP_MIDSTREAM][CLIENT][SEGMENT_FIN]       = TCP_CLOSING,
    [TCP_MIDSTREAM][SERVER][SEGMENT_FIN]       = TCP_CLOSING,
    [TCP_MIDSTREAM][CLIENT][SEGMENT_RST]       = TCP_RESET,
    [TCP_MIDSTREAM][SERVER][SEGMENT_RST]       = TCP_RESET,

    /* some stacks try the same SYN again after a refusal (R4: one attempt) */
    [TCP_REFUSED][CLIENT][SEGMENT_SYN]         = TCP_REFUSED,
    [TCP_REFUSED][SERVER][SEGMENT_SYNACK]      = TCP_SYN_ANSWERED,
    [TCP_REFUSED][CLIENT][SEGMENT_RST]         = TCP_REFUSED,
    [TCP_REFUSED][SERVER][SEGMENT_RST]         = TCP_REFUSED,

    /* FIN-WAIT and CLOSE-WAIT: the other side may go on for long */
    [TCP_CLOSING][SERVER][SEGMENT_SYNACK]      = TCP_CLOSING,
    [TCP_CLOSING][CLIENT][SEGMENT_ACK]         = TCP_CLOSING,
    [TCP_CLOSING][SERVER][SEGMENT_ACK]         = TCP_CLOSING,
    [TCP_CLOSING][CLIENT][SEGMENT_FIN]         = TCP_CLOSED,
    [TCP_CLOSING][SERVER][SEGMENT_FIN]         = TCP_CLOSED,
    [TCP_CLOSING][CLIENT][SEGMENT_RST]         = TCP_RESET,
    [TCP_CLOSING][SERVER][SEGMENT_RST]         = TCP_RESET,

    /* late packets belong to what is over */
    [TCP_CLOSED][CLIENT][SEGMENT_ACK]          = TCP_CLOSED,
    [TCP_CLOSED][SERVER][SEGMENT_ACK]          = TCP_CLOSED,
    [TCP_CLOSED][CLIENT][SEGMENT_RST]          = TCP_CLOSED,
    [TCP_CLOSED][SERVER][SEGMENT_RST]          = TCP_CLOSED,
    [TCP_RESET][CLIENT][SEGMENT_ACK]           = TCP_RESET,
    [TCP_RESET][SERVER][SEGMENT_ACK]           = TCP_RESET,
    [TCP_RESET][CLIENT][SEGMENT_FIN]           = TCP_RESET,
    [TCP_RESET][SERVER][SEGMENT_FIN]           = TCP_RESET,
    [TCP_RESET][CLIENT][SEGMENT_RST]           = TCP_RESET,
    [TCP_RESET][SERVER][SEGMENT_RST]           = TCP_RESET,
};
/* clang-format on */

static enum segment segment_of(uint8_t flags)
{
    if (flags & TCP_RST)
        return SEGMENT_RST;
    if (flags & TCP_SYN)
        return flags & TCP_ACK ? SEGMENT_SYNACK : SEGMENT_SYN;
    if (flags & TCP_FIN)
        return SEGMENT_FIN;
    return flags & TCP_ACK ? SEGMENT_ACK : SEGMENT_BARE;
}

int tcp_row_next(enum tcp_state now, enum side from, uint8_t flags)
{
    uint8_t next = rows[now][from][segment_of(flags)];
    return next ? next : -1;
}

const char *tcp_state_name(enum tcp_state state)
{
    static const char *const names[TCP_STATES] = {
        [TCP_NEW] = "new",
        [TCP_SYN_SENT] = "syn_sent",
        [TCP_SYN_CROSSED] = "syn_crossed",
        [TCP_SYN_ANSWERED] = "syn_answered",
        [TCP_OPEN] = "open",
        [TCP_MIDSTREAM] = "midstream",
        [TCP_REFUSED] = "refused",
        [TCP_CLOSING] = "closing",
        [TCP_CLOSED] = "closed",
        [TCP_RESET] = "reset",
    };
    return names[state];
}

/* ---- the first SYN ---- */

/* What a lone SYN said, where the numbers of the silent server would be. */
struct kept_syn {
    uint32_t length; /* payload octets (RFC 7413) */
    uint16_t mss, ip_id;
    uint8_t mac[6];
    uint8_t window_scale;
    uint8_t sack_permitted : 1, timestamps : 1, malformed : 1;
};

_Static_assert(sizeof(struct kept_syn) <= offsetof(struct half, bytes), "fits the unused numbers");

void handshake_keep_syn(struct flow *flow, const struct packet *p)
{
    struct kept_syn kept = { .length = (uint32_t)bytes_on_wire(&p->payload),
                             .mss = p->options.mss,
                             .ip_id = p->ip_id,
                             .window_scale = p->options.window_scale,
                             .sack_permitted = p->options.sack_permitted,
                             .timestamps = p->options.timestamps,
                             .malformed = p->options.malformed };
    if (p->has_mac)
        memcpy(kept.mac, p->mac_source, sizeof kept.mac);
    memcpy(&flow->half[SERVER], &kept, sizeof kept);
}

void handshake_recall_syn(struct flow *flow, struct flow_more *more)
{
    struct kept_syn kept;
    struct half_more *half = &more->half[CLIENT];
    memcpy(&kept, &flow->half[SERVER], sizeof kept);
    memset(&flow->half[SERVER], 0, sizeof kept);
    half->syn_options.mss = more->mss[CLIENT] = kept.mss;
    half->syn_options.window_scale = kept.window_scale;
    half->syn_options.sack_permitted = kept.sack_permitted;
    half->syn_options.timestamps = kept.timestamps;
    half->syn_options.malformed = kept.malformed;
    half->ip_id_syn = kept.ip_id;
    half->ttl_syn = flow->half[CLIENT].ttl;
    memcpy(half->mac, kept.mac, sizeof kept.mac);
    half->first_syn = (struct event){ .frame = flow->first_frame,
                                      .time_ns = flow->first_ns,
                                      .length = kept.length,
                                      .kind = EVENT_SYN,
                                      .from = CLIENT };
    half->last_syn = more->progress = half->first_syn;
    if (kept.length) {
        half->n_data = 1;
        half->largest = kept.length;
        half->first_data = half->last_data = half->first_syn;
    }
}

/* The whole of what a half-open flow knows: no memory but its record. */
static void lone_syn_take(struct flows *flows, struct flow *flow, const struct packet *p)
{
    struct half *half = &flow->half[CLIENT];
    uint32_t length = (uint32_t)bytes_on_wire(&p->payload);
    half->isn = p->seq;
    half->want = p->seq + 1;
    half->next = p->seq + 1 + length;
    half->bytes = length;
    half->packets = 1;
    half->window = p->window;
    half->ttl = p->ttl;
    half->flags = HALF_SYN | HALF_SEEN | (length ? HALF_DATA : 0);
    flow->n_syn = 1;
    flow->state = TCP_SYN_SENT;
    flows->counts.data_bytes += length;
    handshake_keep_syn(flow, p);
}

/* ---- one connection or another ---- */

static bool is_close(int64_t a, int64_t b)
{
    return (a < b ? (uint64_t)b - (uint64_t)a : (uint64_t)a - (uint64_t)b) < (uint64_t)REORDER_NS;
}

/* Joined without a SYN a moment ago: is this the SYN of the same connection, captured late? */
static bool is_late_opening(const struct flow *flow, const struct packet *p, enum side from)
{
    const struct half *half = &flow->half[from];
    if (!is_close(p->time_ns, flow->first_ns))
        return false;
    if (half->flags & HALF_SEEN)
        return half->next - (p->seq + 1) < UINT16_MAX;
    return half->flags & HALF_ACKED && half->acked == p->seq + 1;
}

static bool syn_begins_another(const struct flow *flow, const struct packet *p, enum side from)
{
    const struct half *half = &flow->half[from];
    if (half->flags & HALF_SYN)
        return half->isn != p->seq;
    if (flow->state == TCP_SYN_SENT)
        return false; /* simultaneous open */
    /* It acknowledged first and sends its own SYN now: RFC 9293 figure 7 in another order. */
    if (flow->state == TCP_SYN_ANSWERED && from == SERVER)
        return false;
    if (flow->state == TCP_SYN_ANSWERED)
        return half->isn != p->seq; /* known from the SYN-ACK that was captured before it */
    return !is_late_opening(flow, p, from);
}

/* Does an acknowledgement fit what the other side sent by its SYN (RFC 9293 section 3.10.7.3)? */
static bool ack_fits_opening(const struct flow *flow, const struct packet *p, enum side from)
{
    const struct half *peer = &flow->half[side_other(from)];
    if (!(p->flags & TCP_ACK))
        return false;
    if (!(peer->flags & HALF_SYN))
        return true;
    return p->ack - (peer->isn + 1) <= peer->next - (peer->isn + 1);
}

static bool synack_begins_another(const struct flow *flow, const struct packet *p, enum side from)
{
    const struct half *half = &flow->half[from], *peer = &flow->half[side_other(from)];
    if (half->flags & HALF_SYN && half->isn == p->seq)
        return false;
    if (peer->flags & HALF_SYN) {
        /* Over after it was answered: the SYN of a later connection was not captured. */
        bool over = flow->state == TCP_CLOSED || flow->state == TCP_RESET;
        return over && half->flags & HALF_SYN && !ack_fits_opening(flow, p, from);
    }
    if (flow->role == ROLE_SYNACK)
        return peer->isn + 1 != p->ack;
    return !is_late_opening(flow, p, from);
}

bool handshake_begins_another(const struct flow *flow, const struct packet *packet, enum side from)
{
    if ((packet->flags & (TCP_SYN | TCP_RST)) != TCP_SYN)
        return false;
    if (packet->flags & TCP_ACK)
        return synack_begins_another(flow, packet, from);
    return syn_begins_another(flow, packet, from);
}

/* ---- openings ---- */

static struct syn_options options_of(const struct packet *p)
{
    return (struct syn_options){ .mss = p->options.mss,
                                 .window_scale = p->options.window_scale,
                                 .sack_permitted = p->options.sack_permitted,
                                 .timestamps = p->options.timestamps,
                                 .malformed = p->options.malformed };
}

static void opening_first(struct turn *t, enum event_kind kind)
{
    const struct packet *p = t->packet;
    struct half *half = turn_half(t);
    struct half_more *more = turn_half_more(t);
    bool late = t->flow->state == TCP_MIDSTREAM && !t->first_of_side;
    half->isn = p->seq;
    if (!late) {
        half->want = p->seq + 1;
        half->next = p->seq + 1 + t->length;
    }
    half->flags |= HALF_SYN;
    more->syn_options = options_of(p);
    t->more->mss[t->from] = p->options.mss;
    more->ip_id_syn = p->ip_id;
    more->ttl_syn = p->ttl;
    style_note(more, p);
    more->first_syn = more->last_syn = t->more->progress = turn_log(t, kind, 1);
    if (t->length) {
        half->flags |= HALF_DATA;
        more->n_data = 1;
        more->first_data = more->last_data = more->first_syn;
    }
}

/* The same SYN on its other side of the recording router, changed there, so that it is no copy in
 * the strict sense; nobody repeats a SYN within a millisecond. */
static bool syn_leg_take(struct turn *t)
{
    enum { LEG_NS = 1000000 };
    struct half_more *more = turn_half_more(t);
    struct syn_options here = options_of(t->packet);
    int64_t later_ns = t->packet->time_ns - more->first_syn.time_ns;

    if (t->packet->ttl == more->ttl_syn || later_ns < 0 || later_ns > LEG_NS)
        return false;
    more->leg_frame = t->packet->frame;
    more->leg_changed |= here.mss != more->syn_options.mss ||
                         here.window_scale != more->syn_options.window_scale ||
                         here.sack_permitted != more->syn_options.sack_permitted ||
                         here.timestamps != more->syn_options.timestamps;
    return true;
}

static void syn_take(struct turn *t)
{
    if (turn_half(t)->flags & HALF_SYN && syn_leg_take(t))
        return;
    if (!(turn_half(t)->flags & HALF_SYN)) {
        opening_first(t, EVENT_SYN);
        t->flow->n_syn += t->from == CLIENT;
        return;
    }
    t->flow->n_syn += t->from == CLIENT;
    turn_half_more(t)->last_syn = turn_log(t, EVENT_SYN_AGAIN, AGAIN_LOGGED);
}

/* The client's numbers are known from the answer when its SYN was not captured. */
static void synack_tells_of_syn(struct turn *t)
{
    struct half *peer = turn_peer(t);
    if (!(peer->flags & (HALF_SYN | HALF_SEEN))) {
        peer->isn = t->packet->ack - 1;
        peer->want = t->packet->ack;
    }
}

/* Sent again for an earlier attempt from the same port, whose SYN had another number. */
static bool synack_is_late(const struct turn *t)
{
    const struct flow *older = flow_older(t->flows, t->flow);
    return older && older->port[CLIENT] == t->flow->port[CLIENT] &&
           older->half[CLIENT].flags & HALF_SYN && t->packet->ack == older->half[CLIENT].isn + 1;
}

static void synack_take(struct turn *t)
{
    struct half *half = turn_half(t);
    if (!ack_fits_opening(t->flow, t->packet, t->from)) {
        if (synack_is_late(t))
            return;
        struct event event = turn_log(t, EVENT_SYNACK_BAD, ODD_LOGGED);
        if (!t->more->synack_bad.frame)
            t->more->synack_bad = event;
    } else if (!(half->flags & HALF_SYN)) {
        opening_first(t, EVENT_SYNACK);
        synack_tells_of_syn(t);
    } else if (half->isn == t->packet->seq && syn_leg_take(t)) {
        return;
    } else if (half->isn == t->packet->seq) {
        turn_half_more(t)->last_syn = turn_log(t, EVENT_SYNACK_AGAIN, AGAIN_LOGGED);
    } else {
        turn_half_more(t)->n_syn_other++;
        turn_half_more(t)->other_isn = t->packet->seq;
        turn_log(t, EVENT_SYNACK_OTHER, ODD_LOGGED);
    }
}

/* ---- endings ---- */

static struct ending_packet ending_of(const struct turn *t)
{
    const struct packet *p = t->packet;
    struct ending_packet ending = { .frame = p->frame,
                                    .time_ns = p->time_ns,
                                    .seq = p->seq,
                                    .ack = p->ack,
                                    .expected_seq = turn_half(t)->next,
                                    .ip_id = p->ip_id,
                                    .window = p->window,
                                    .ttl = p->ttl,
                                    .flags = p->flags,
                                    .state_before = t->flow->state,
                                    .timestamps = p->options.timestamps,
                                    .dscp = p->dscp,
                                    .dont_fragment = p->dont_fragment };
    if (p->time_ns > t->flow->last_ns)
        ending.gap_ns = (int64_t)((uint64_t)p->time_ns - (uint64_t)t->flow->last_ns);
    if (p->has_mac)
        memcpy(ending.mac, p->mac_source, sizeof ending.mac);
    return ending;
}

/* A host resets once; a device that cannot see which number will fit tries several. */
static void rst_step_note(struct half_more *more, const struct packet *p)
{
    static const uint64_t at_once_ns = 1000000000;
    bool at_once = p->time_ns >= more->rst.time_ns &&
                   (uint64_t)p->time_ns - (uint64_t)more->rst.time_ns < at_once_ns;
    uint32_t apart = p->seq - more->rst.seq;

    apart = apart < UINT32_MAX / 2 ? apart : 0 - apart;
    if (more->rst.flags & p->flags & TCP_ACK && at_once &&
        more->last_data.frame < more->rst.frame && apart > more->rst_step)
        more->rst_step = apart;
}

static void rst_take(struct turn *t)
{
    struct half_more *more = turn_half_more(t);
    if (!more->rst.frame)
        more->rst = ending_of(t);
    else
        rst_step_note(more, t->packet);
    more->rst_ttl_varies |= more->rst.ttl != t->packet->ttl;
    more->n_rst++;
    turn_half(t)->flags |= HALF_RST;
    turn_log(t, EVENT_RST, ODD_LOGGED);
}

static void fin_take(struct turn *t)
{
    struct half_more *more = turn_half_more(t);
    if (turn_half(t)->flags & HALF_FIN)
        return;
    more->fin = ending_of(t);
    turn_half(t)->flags |= HALF_FIN;
}

/* Behind the payload that it may carry, which is an event of its own. */
static void fin_log(const struct turn *t)
{
    struct event event = turn_event(t, EVENT_FIN);
    if (turn_half_more(t)->fin.frame != t->packet->frame)
        return;
    event.length = 0;
    log_add(t->flows, t->flow, &event);
    t->more->progress = event;
}

/* ---- the step ---- */

/* What the rows are asked: SEGMENTS when its receiver would not accept it. */
static enum segment segment_in_syn_sent(struct turn *t, enum segment segment)
{
    const struct packet *p = t->packet;
    if (t->from == CLIENT) {
        bool after_syn = p->seq - (turn_half(t)->isn + 1) < UINT32_C(1) << 30;
        /* It turns down an answer to something else, and goes on waiting for its own. */
        bool turns_down = t->more->ack_instead.frame || t->more->synack_bad.frame;
        if (segment == SEGMENT_RST)
            return turns_down ? SEGMENTS : segment;
        return segment == SEGMENT_SYN || after_syn ? segment : SEGMENTS;
    }
    /* After a SYN-ACK that does not fit an ACK tells of no better one. */
    if (segment == SEGMENT_ACK && t->more->synack_bad.frame)
        return SEGMENTS;
    if (segment == SEGMENT_SYN || ack_fits_opening(t->flow, p, t->from))
        return segment;
    if (segment == SEGMENT_ACK && !t->length) {
        struct event event = turn_log(t, EVENT_ACK_INSTEAD, ODD_LOGGED);
        if (!t->more->ack_instead.frame)
            t->more->ack_instead = event;
    }
    return SEGMENTS;
}

/* Of two answers with different numbers the client's ACK says which it took. */
static void answer_choose(struct turn *t)
{
    struct half *peer = turn_peer(t);
    const struct half_more *more = turn_peer_more(t);
    uint32_t isn = t->packet->ack - 1;
    if (!more->n_syn_other || isn == peer->isn || isn != more->other_isn)
        return;
    peer->isn = isn;
    peer->next = peer->want = isn + 1;
}

static enum segment segment_in_syn_answered(struct turn *t, enum segment segment)
{
    const struct half *peer = turn_peer(t);
    if (t->from == CLIENT && t->packet->flags & TCP_ACK)
        answer_choose(t);
    if (segment != SEGMENT_ACK)
        return segment;
    if (t->from == CLIENT)
        return peer->flags & HALF_SYN && seq_before(t->packet->ack, peer->isn + 1) ? SEGMENTS
                                                                                   : segment;
    uint32_t syn_end = peer->isn + 1 + turn_peer_more(t)->first_syn.length;
    return seq_after(t->packet->ack, syn_end) ? SEGMENT_PROOF : segment;
}

static enum segment segment_accepted(struct turn *t)
{
    enum segment segment = segment_of(t->packet->flags);
    if (segment == SEGMENT_FIN && turn_half_more(t)->fin.frame != t->packet->frame)
        segment = SEGMENT_ACK;
    if (t->flow->state == TCP_SYN_SENT)
        return segment_in_syn_sent(t, segment);
    if (t->flow->state == TCP_SYN_ANSWERED)
        return segment_in_syn_answered(t, segment);
    if (t->flow->state == TCP_REFUSED && segment == SEGMENT_SYNACK &&
        !ack_fits_opening(t->flow, t->packet, t->from))
        return SEGMENTS;
    return segment;
}

/* From SYN to the ACK of its answer, both ways once, as seen from here. */
static int64_t opening_rtt(const struct turn *t)
{
    const struct half_more *client = &t->more->half[CLIENT], *server = &t->more->half[SERVER];
    if (!client->first_syn.frame || !server->first_syn.frame)
        return 0;
    int64_t answered = server->first_syn.time_ns;
    int64_t asked =
        client->last_syn.time_ns <= answered ? client->last_syn.time_ns : client->first_syn.time_ns;
    int64_t there, back, both;
    if (__builtin_sub_overflow(answered, asked, &there) ||
        __builtin_sub_overflow(t->packet->time_ns, server->last_syn.time_ns, &back) ||
        __builtin_add_overflow(there, back, &both))
        return 0;
    return there >= 0 && back >= 0 ? both : 0;
}

/* Resets that the opening survived end nothing; the log keeps them. */
static void resets_forget(struct turn *t)
{
    for (enum side side = CLIENT; side < SIDES; side++) {
        t->flow->half[side].flags &= (uint8_t)~HALF_RST;
        t->more->half[side].rst = (struct ending_packet){ 0 };
    }
}

static void state_step(struct turn *t)
{
    struct flow *flow = t->flow;
    uint8_t before = flow->state;
    enum segment segment = segment_accepted(t);
    uint8_t next = segment < SEGMENTS ? rows[before][t->from][segment] : 0;
    if (!next)
        return;
    flow->state = next;
    if (is_opening_state(before) && next == TCP_OPEN)
        resets_forget(t);
    bool opened = is_opening_state(before) && (next == TCP_OPEN || next == TCP_CLOSING);
    if (opened && t->from == CLIENT && !t->more->established.frame) {
        t->more->established = t->more->progress = turn_log(t, EVENT_ACK, 1);
        t->more->rtt_ns = opening_rtt(t);
    }
}

static void segment_take(struct turn *t)
{
    uint8_t flags = t->packet->flags;
    if (flags & TCP_RST)
        rst_take(t);
    else if (flags & TCP_SYN && flags & TCP_ACK)
        synack_take(t);
    else if (flags & TCP_SYN)
        syn_take(t);
    else if (flags & TCP_FIN)
        fin_take(t);
    state_step(t);
}

/* ---- every packet ---- */

static void side_appears(struct turn *t)
{
    struct half *half = turn_half(t);
    const struct packet *p = t->packet;
    /* A reset's number need not be one of the connection. */
    if ((half->flags & (HALF_RST | HALF_SYN | HALF_DATA | HALF_FIN)) == HALF_RST &&
        !(p->flags & TCP_RST))
        half->next = half->want = p->seq;
    t->first_of_side = !(half->flags & HALF_SEEN);
    if (!t->first_of_side)
        return;
    half->flags |= HALF_SEEN;
    half->next = half->want = p->seq;
    half->ttl = p->ttl;
    if (p->has_mac)
        memcpy(turn_half_more(t)->mac, p->mac_source, sizeof p->mac_source);
    if (turn_peer(t)->flags & HALF_SEEN)
        t->flows->counts.one_sided_tcp--;
}

/* The opening of a flow that was joined a moment ago comes late: now it is known who is who. */
static void roles_from_late_opening(struct turn *t)
{
    uint8_t flags = t->packet->flags;
    if (t->flow->role >= ROLE_SYNACK || (flags & (TCP_SYN | TCP_RST)) != TCP_SYN ||
        t->flow->session) /* which has begun to read by the roles it was given */
        return;
    enum side sender = flags & TCP_ACK ? SERVER : CLIENT;
    enum role_source role = flags & TCP_ACK ? ROLE_SYNACK : ROLE_SYN;
    if (t->from != sender)
        flow_swap_roles(t->flow, role);
    t->from = sender;
    t->flow->role = (uint8_t)role;
    t->flows->counts.midstream--;
    t->flows->counts.with_syn++;
}

static struct flow_more *more_or_scratch(struct flows *flows, struct flow *flow)
{
    struct flow_more *more = flow_more(flows, flow);
    if (more)
        return more;
    memset(&flows->scratch, 0, sizeof flows->scratch);
    return &flows->scratch;
}

/* Does this side anything but send in order and have it acknowledged? */
static bool is_watched(const struct half_more *more)
{
    return more->again_count || more->n_keepalive_unanswered || more->sack_hole.frame ||
           more->zero_since_ns;
}

static void watched_set(struct turn *t)
{
    for (enum side side = CLIENT; side < SIDES; side++)
        t->more->watched[side] = is_watched(&t->more->half[side]);
}

enum { OPENS_OR_ENDS = TCP_SYN | TCP_FIN | TCP_RST };

static bool is_steady(const struct flow *flow, const struct packet *p)
{
    return (flow->state == TCP_OPEN || flow->state == TCP_MIDSTREAM) && !(p->flags & OPENS_OR_ENDS);
}

static void packet_take(struct turn *t)
{
    roles_from_late_opening(t);
    if (t->flow->state == TCP_NEW && !(t->packet->flags & TCP_SYN))
        t->flow->state = TCP_MIDSTREAM;
    side_appears(t);
    if (!is_steady(t->flow, t->packet))
        segment_take(t);
    octets_take(t);
    if (t->packet->flags & TCP_FIN)
        fin_log(t);
    turn_peer_more(t)->n_keepalive_unanswered = 0;
    if (t->packet->payload.clipped)
        turn_half_more(t)->cut_packets++;
    watched_set(t);
}

static void packet_count(const struct turn *t)
{
    struct half *half = turn_half(t);
    half->packets++;
    half->bytes += t->length;
    half->window = t->packet->window;
    t->flows->counts.data_bytes += t->length;
}

static bool lone_take(struct flows *flows, struct flow *flow, const struct packet *packet,
                      enum side from)
{
    if (flow->state > TCP_SYN_SENT)
        return false;
    if (flow->state == TCP_NEW && segment_of(packet->flags) == SEGMENT_SYN) {
        lone_syn_take(flows, flow, packet);
        return true;
    }
    return syn_again_keep(flows, flow, packet, from);
}

enum side handshake_take(struct flows *flows, struct flow *flow, const struct packet *packet,
                         enum side from)
{
    struct turn t = { .flows = flows,
                      .flow = flow,
                      .packet = packet,
                      .length = (uint32_t)bytes_on_wire(&packet->payload),
                      .from = from };
    if (lone_take(flows, flow, packet, from))
        return from;
    t.more = more_or_scratch(flows, flow);
    gap_note(flow, t.more, packet, from);
    packet_take(&t);
    packet_count(&t);
    return t.from;
}

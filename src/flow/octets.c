#include "flow/handshake.h"

enum { AGAIN_LOGGED = 12, ODD_LOGGED = 4 };

/* A capture shows packets out of order by no more than this. */
#define REORDER_NS INT64_C(3000000)

/* No window is larger (RFC 7323 section 2.3): beyond it the capture has lost the thread. */
#define WINDOW_MOST (UINT32_C(1) << 30)

/* An acknowledgement further ahead of what was captured is of another connection's numbers (two
 * answers to one SYN, a device that rewrites them), not of lost packets. */
#define UNSEEN_MOST (UINT32_C(1) << 24)

static bool is_soon(const struct turn *t, int64_t then_ns)
{
    uint64_t since = (uint64_t)t->packet->time_ns - (uint64_t)then_ns;
    return since < (uint64_t)REORDER_NS || -since < (uint64_t)REORDER_NS;
}

static bool range_holds(const struct seq_range *range, uint32_t seq)
{
    return seq - range->from < range->to - range->from;
}

/* Takes [from, to) away, where it touches an end. */
static void range_shrink(struct seq_range *range, uint32_t from, uint32_t to)
{
    if (from == range->from)
        range->from = seq_before(to, range->to) ? to : range->to;
    else if (!seq_before(to, range->to))
        range->to = from;
}

/* ---- acknowledgements ---- */

/* The peer has octets that the capture does not.  They may still come: at once, captured in the
 * wrong order, or repeated because the acknowledgement was lost. */
static void unseen_add(const struct turn *t, uint32_t n)
{
    struct half *peer = turn_peer(t);
    struct half_more *more = turn_peer_more(t);
    struct event event = turn_log(t, EVENT_UNSEEN, 1);
    if (!more->unseen.frame)
        more->unseen = event;
    more->unseen_bytes += n;
    more->unseen_range = (struct seq_range){ peer->next, t->packet->ack, t->packet->time_ns };
    t->flows->counts.unseen_bytes += n;
    peer->next = t->packet->ack;
}

static void unseen_take_back(const struct turn *t, uint32_t from, uint32_t to)
{
    struct half_more *more = turn_half_more(t);
    struct seq_range *range = &more->unseen_range;
    uint64_t n = seq_before(to, range->to) ? to - from : range->to - from;
    n = n < more->unseen_bytes ? n : more->unseen_bytes;
    range_shrink(range, from, to);
    more->unseen_bytes -= n;
    n = n < t->flows->counts.unseen_bytes ? n : t->flows->counts.unseen_bytes;
    t->flows->counts.unseen_bytes -= n;
    if (more->unseen_bytes == 0) {
        log_remove(&t->more->log, EVENT_UNSEEN, side_other(t->from), more->unseen.frame);
        more->unseen = (struct event){ 0 };
    }
}

/* The peer of a side that was never captured acknowledges it nevertheless. */
static bool is_newly_acked(const struct half *peer, uint32_t ack)
{
    if (!(peer->flags & HALF_ACKED))
        return true;
    return seq_after(ack, peer->acked) && ack - peer->acked < WINDOW_MOST;
}

/* The peer's octets so far are acknowledged, for the first time? */
void all_acked_note(const struct turn *t)
{
    enum side peer = side_other(t->from);
    if (t->more->all_acked[peer])
        return;
    t->more->all_acked[peer] = true;
    if (!(t->packet->flags & TCP_RST) && !turn_half_more(t)->ip_id_own)
        turn_half_more(t)->ip_id_own = t->packet->ip_id;
    struct event event = turn_event(t, EVENT_DATA_ACKED); /* the first, so that none is logged */
    event.length = 0; /* it has nothing to do with the payload that it comes with */
    log_add(t->flows, t->flow, &event);
}

static void acked_advance(const struct turn *t)
{
    struct half *peer = turn_peer(t);
    struct half_more *more = turn_peer_more(t);
    uint32_t ack = t->packet->ack;
    peer->acked = ack;
    peer->flags |= HALF_ACKED;
    if (more->again_count && seq_before(more->again_seq, ack))
        more->again_count = 0;
    if (more->sack_hole.frame && seq_before(more->sack_hole_seq, ack))
        more->sack_hole = (struct event){ 0 };
    if (peer->flags & HALF_DATA && !seq_before(ack, peer->next))
        all_acked_note(t);
}

/* RFC 2018: a block that begins behind the acknowledgement leaves a hole before it (one before it
 * is a duplicate that is reported, RFC 2883). */
static void sack_take(const struct turn *t)
{
    const struct packet *p = t->packet;
    struct half_more *more = turn_peer_more(t);
    bool hole = false;
    for (uint8_t i = 0; i < p->options.n_sack; i++) {
        uint32_t ahead = p->options.sack_left[i] - p->ack;
        hole = hole || (ahead > 0 && ahead < WINDOW_MOST);
    }
    if (!hole)
        return;
    bool another = !more->sack_hole.frame || more->sack_hole_seq != p->ack;
    more->sack_hole_seq = p->ack;
    more->sack_hole =
        another ? turn_log(t, EVENT_SACK_HOLE, ODD_LOGGED) : turn_event(t, EVENT_SACK_HOLE);
}

/* Is the last that the packet acknowledges a FIN, which is no octet of payload? */
static bool ends_with_fin(const struct turn *t)
{
    const struct ending_packet *fin = &turn_peer_more(t)->fin;
    return fin->frame && t->packet->ack == fin->seq + 1;
}

static void ack_take(const struct turn *t)
{
    struct half *peer = turn_peer(t);
    uint32_t ack = t->packet->ack;
    if (peer->flags & HALF_SEEN) {
        uint32_t ahead = ack - peer->next;
        if (ahead > UNSEEN_MOST && ahead < -WINDOW_MOST)
            return; /* nothing that was ever sent */
        bool joined = t->first_of_side && flow_is_midstream(t->flow);
        bool fin_only = ahead == 1 && ends_with_fin(t);
        if (ahead && ahead <= UNSEEN_MOST && (joined || fin_only))
            peer->next = ack;
        else if (ahead && ahead <= UNSEEN_MOST)
            unseen_add(t, ahead - ends_with_fin(t));
    }
    if (is_newly_acked(peer, ack))
        acked_advance(t);
    if (t->packet->options.n_sack)
        sack_take(t);
}

/* ---- payload ---- */

static void data_new(const struct turn *t)
{
    data_note(t->flows, t->flow, t->more, t->packet, t->from);
}

static void hole_add(const struct turn *t, uint32_t from, uint32_t to)
{
    struct half_more *more = turn_half_more(t);
    more->hole[more->next_hole] = (struct seq_range){ from, to, t->packet->time_ns };
    more->next_hole = (uint8_t)((more->next_hole + 1) % HALF_HOLES);
}

static struct seq_range *hole_find(const struct turn *t, uint32_t seq)
{
    struct half_more *more = turn_half_more(t);
    for (size_t i = 0; i < HALF_HOLES; i++)
        if (range_holds(&more->hole[i], seq))
            return &more->hole[i];
    return NULL;
}

/* The first start that is still unacknowledged is what a sender's timer repeats; a later one, sent
 * again meanwhile, does not displace it. */
static void again_note(const struct turn *t, uint32_t start, const struct event *event)
{
    const struct half *half = turn_half(t);
    struct half_more *more = turn_half_more(t);
    if (half->flags & HALF_ACKED && seq_before(start, half->acked))
        return;
    if (!more->again_count || seq_before(start, more->again_seq)) {
        more->again_seq = start;
        more->again_count = 0;
        more->again_first = *event;
    } else if (start != more->again_seq) {
        return;
    }
    more->again_count++;
    more->again_length = t->length;
    more->again_last = *event;
}

static void data_again(const struct turn *t, uint32_t start)
{
    struct half_more *more = turn_half_more(t);
    bool logged = more->n_again++ < AGAIN_LOGGED;
    struct event event = turn_event(t, EVENT_DATA_AGAIN);
    if (logged)
        log_add(t->flows, t->flow, &event);
    again_note(t, start, &event);
}

static void keepalive_take(const struct turn *t)
{
    struct half_more *more = turn_half_more(t);
    more->n_keepalive++;
    more->n_keepalive_unanswered++;
    turn_log(t, EVENT_KEEPALIVE, ODD_LOGGED);
}

/* New to the capture, though later octets (or their acknowledgement) were seen at that time: out of
 * order when that is a moment ago, else repeated after a loss before the capture point. */
static void late_take(const struct turn *t, int64_t then_ns)
{
    struct half_more *more = turn_half_more(t);
    bool soon = is_soon(t, then_ns);
    more->n_reordered += soon;
    more->n_again += !soon;
    more->n_filled += !soon;
    data_new(t);
}

/* Payload that begins before what the side was already seen to send. */
static void data_below(const struct turn *t, uint32_t start, uint32_t end)
{
    struct half_more *more = turn_half_more(t);
    struct seq_range *hole = hole_find(t, start);
    if (range_holds(&more->unseen_range, start)) {
        late_take(t, more->unseen_range.time_ns);
        unseen_take_back(t, start, end);
    } else if (t->length == 1 && turn_peer_more(t)->zero_since_ns) {
        keepalive_take(t); /* probes a closed window, RFC 9293 section 3.8.6.1 */
    } else if (hole) {
        late_take(t, hole->time_ns);
        range_shrink(hole, start, end);
    } else {
        data_again(t, start);
    }
}

/* RFC 1122 section 4.2.3.6: the octet before the next one, with nothing on the way. */
static bool is_keepalive(const struct turn *t)
{
    const struct half *half = turn_half(t);
    if (t->length > 1 || t->first_of_side || t->packet->seq != half->next - 1 ||
        t->packet->flags & (TCP_FIN | TCP_SYN) || is_opening_state(t->flow->state))
        return false;
    return !(half->flags & HALF_ACKED) || half->acked == half->next;
}

static void data_take(const struct turn *t)
{
    struct half *half = turn_half(t);
    uint32_t start = t->packet->seq, end = start + t->length;
    uint32_t ahead = start - half->next;
    bool lost = ahead >= WINDOW_MOST && ahead < -WINDOW_MOST;
    half->flags |= HALF_DATA;
    largest_note(t->flow, t->more, t->from, t->length);
    if (lost) {
        half->next = end;
        data_new(t);
        return;
    }
    if (ahead >= -WINDOW_MOST) {
        data_below(t, start, end);
    } else {
        if (ahead)
            hole_add(t, half->next, start);
        data_new(t);
    }
    if (seq_after(end, half->next)) {
        half->next = end;
        t->more->progress = turn_event(t, EVENT_DATA);
    }
}

/* A FIN takes a number of its own, behind the payload.  Behind octets that were not captured it
 * moves nothing: whether they are lost to the capture, its acknowledgement will tell. */
static void fin_advance(const struct turn *t)
{
    struct half *half = turn_half(t);
    uint32_t after = t->packet->seq + t->length + 1;
    if (seq_after(after, half->next) && !seq_after(t->packet->seq, half->next))
        half->next = after;
}

/* ---- windows ---- */

static void window_take(const struct turn *t)
{
    struct half_more *more = turn_half_more(t);
    int64_t now = t->packet->time_ns ? t->packet->time_ns : 1;
    if (t->packet->window == 0 && !more->zero_since_ns) {
        struct event event = turn_log(t, EVENT_ZERO_WINDOW, ODD_LOGGED);
        more->zero_since_ns = now;
        if (!more->zero_window.frame)
            more->zero_window = event;
    } else if (t->packet->window && more->zero_since_ns) {
        int64_t closed;
        if (__builtin_sub_overflow(now, more->zero_since_ns, &closed))
            closed = 0;
        if (closed > more->zero_longest_ns)
            more->zero_longest_ns = closed;
        more->zero_since_ns = 0;
    }
}

void octets_take(const struct turn *t)
{
    uint8_t flags = t->packet->flags;
    if (flags & TCP_RST)
        return;
    if (flags & TCP_SYN) {
        if (turn_half(t)->isn == t->packet->seq && flags & TCP_ACK)
            ack_take(t);
        return;
    }
    if (flags & TCP_ACK)
        ack_take(t);
    if (is_keepalive(t))
        keepalive_take(t);
    else if (t->length)
        data_take(t);
    if (flags & TCP_FIN)
        fin_advance(t);
    if (!t->packet->header_cut)
        window_take(t);
}

/* again.c - repeats of a SYN that nobody answers, in a few octets each.
 *
 * A flood, a scan or a dead server leaves many flows of which nothing else is known.  What struct
 * flow_more would say of them follows from the times of the repeats alone, so that it is made when
 * something else happens, or for as long as somebody looks. */
#include "flow/handshake.h"

enum { KEPT = 9, DELTA = 5 }; /* with the block's header 128 octets */

struct syns {
    uint8_t n;
    uint8_t again[KEPT][2 * DELTA]; /* frame and time, since the flow's first */
};

static void delta_put(uint8_t *p, uint64_t v)
{
    for (int i = 0; i < DELTA; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static uint64_t delta_get(const uint8_t *p)
{
    uint64_t v = 0;
    for (int i = 0; i < DELTA; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

/* The same SYN, bare, with nothing about it that would have to be remembered. */
static bool is_plain_repeat(const struct flow *flow, const struct packet *p, enum side from)
{
    const struct half *half = &flow->half[CLIENT];
    return flow->state == TCP_SYN_SENT && !flow->more && !flow->session && from == CLIENT &&
           (p->flags & (TCP_SYN | TCP_ACK | TCP_FIN | TCP_RST)) == TCP_SYN && p->seq == half->isn &&
           !(half->flags & HALF_DATA) && bytes_on_wire(&p->payload) == 0 && p->window &&
           !p->header_cut && !p->options.n_sack && p->ttl == half->ttl;
}

bool syn_again_keep(struct flows *flows, struct flow *flow, const struct packet *p, enum side from)
{
    if (!is_plain_repeat(flow, p, from) || p->time_ns < flow->first_ns)
        return false;
    uint64_t frames = p->frame - flow->first_frame;
    uint64_t after_ns = (uint64_t)p->time_ns - (uint64_t)flow->first_ns;
    if (frames >> (8 * DELTA) || after_ns >> (8 * DELTA))
        return false;
    if (!flow->syns)
        flow->syns = arena_zalloc(&flow->arena, flows->pool, sizeof *flow->syns);
    if (!flow->syns || flow->syns->n == KEPT)
        return false;
    uint8_t *again = flow->syns->again[flow->syns->n++];
    delta_put(again, frames);
    delta_put(again + DELTA, after_ns);
    flow->n_syn++;
    flow->half[CLIENT].packets++;
    flow->half[CLIENT].window = p->window;
    return true;
}

void syn_again_replay(struct flows *flows, struct flow *flow)
{
    const struct syns *syns = flow->syns;
    const struct flow now = *flow;
    struct packet p = { .kind = PACKET_TCP,
                        .flags = TCP_SYN,
                        .seq = flow->half[CLIENT].isn,
                        .window = flow->half[CLIENT].window,
                        .ttl = flow->half[CLIENT].ttl,
                        .payload = bytes_whole(NULL, 0) };

    if (!syns)
        return;
    flow->syns = NULL;
    flow->n_syn = flow->half[CLIENT].packets = 1;
    flow->last_ns = flow->first_ns;
    flow->last_frame = flow->first_frame;
    for (unsigned i = 0; i < syns->n; i++) {
        p.frame = flow->first_frame + delta_get(syns->again[i]);
        p.time_ns = flow->first_ns + (int64_t)delta_get(syns->again[i] + DELTA);
        (void)handshake_take(flows, flow, &p, CLIENT);
        flow->last_ns = p.time_ns;
        flow->last_frame = p.frame;
    }
    flow->last_ns = now.last_ns;
    flow->last_frame = now.last_frame;
}

bool flow_unfold(struct flows *flows, struct flow *flow, struct flow *kept)
{
    if (!flow->syns)
        return false;
    *kept = *flow;
    flow->arena = (struct arena){ 0 };
    (void)flow_more(flows, flow);
    return true;
}

void flow_fold(struct flows *flows, struct flow *flow, struct flow *kept)
{
    uint8_t flags = flow->flags;
    if (flags & FLOW_PINNED) {
        arena_release(&kept->arena, flows->pool);
        return;
    }
    arena_release(&flow->arena, flows->pool);
    *flow = *kept;
    flow->flags = flags;
}

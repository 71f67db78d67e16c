#include "flow/handshake.h"
#include "wire.h"

/* One step of a transfer: sender, numbers from each ISN, payload. */
struct step {
    enum side from;
    uint32_t seq, ack;
    size_t length;
};

static const struct step steps[] = {
    { CLIENT, 1, 1, 300 },       { SERVER, 1, 301, 0 },       { SERVER, 1, 301, 1400 },
    { SERVER, 1401, 301, 1600 }, { CLIENT, 301, 1401, 0 },    { CLIENT, 301, 3001, 0 },
    { CLIENT, 301, 3001, 10 },   { SERVER, 3001, 311, 20 },   { CLIENT, 311, 3021, 0 },
    { SERVER, 3021, 311, 1 },    { CLIENT, 311, 3022, 40 },   { SERVER, 3022, 351, 0 },
    { SERVER, 3022, 351, 5 },    { SERVER, 3027, 351, 5 },    { SERVER, 3032, 351, 5 },
    { SERVER, 3037, 351, 5 },    { SERVER, 3042, 351, 5 },    { SERVER, 3047, 351, 5 },
    { CLIENT, 351, 3037, 0 },    { CLIENT, 351, 3052, 1000 }, { CLIENT, 1351, 3052, 1 },
};

/* As flow_accept does, but for the way that is taken. */
static bool taken(struct wire *w, struct flow *flow, const struct step *s, bool short_way)
{
    w->now_ns += (int64_t)(1 + s->length % 7) * MS;
    struct packet p = wire_segment(w, s->from, TCP_ACK, s->seq, s->ack, s->length);
    bool steady = short_way && steady_take(w->flows, flow, &p, s->from);
    if (!steady)
        handshake_take(w->flows, flow, &p, s->from);
    flow->last_ns = p.time_ns;
    flow->last_frame = p.frame;
    return steady;
}

static void assert_alike(const struct flow *a, const struct flow *b)
{
    const struct log *x = &a->more->log, *y = &b->more->log;

    cr_assert_arr_eq(a->half, b->half, sizeof a->half);
    cr_assert_arr_eq(a->more->half, b->more->half, sizeof a->more->half);
    cr_assert_arr_eq(&a->more->progress, &b->more->progress, sizeof a->more->progress);
    cr_assert_arr_eq(&a->more->longest_gap, &b->more->longest_gap, sizeof a->more->longest_gap);
    cr_assert_eq(a->more->longest_gap_ns, b->more->longest_gap_ns);
    cr_assert_arr_eq(a->more->all_acked, b->more->all_acked, sizeof a->more->all_acked);
    cr_assert_eq(x->n, y->n);
    cr_assert_arr_eq(x->event, y->event, x->n * sizeof *x->event);
}

Test(steady, the_short_way_of_a_transfer_ends_where_the_long_one_does)
{
    struct wire a = wire_open(), b = wire_open();
    struct flow *quick = wire_handshake(&a), *slow = wire_handshake(&b);

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        cr_assert(taken(&a, quick, &steps[i], true), "step %zu", i);
        taken(&b, slow, &steps[i], false);
        assert_alike(quick, slow);
    }
    cr_assert_eq(flows_counts(a.flows)->data_bytes, flows_counts(b.flows)->data_bytes);
    flows_close(a.flows);
    flows_close(b.flows);
}

Test(steady, what_is_out_of_order_or_more_than_a_transfer_takes_the_long_way)
{
    struct wire w = wire_open();
    struct flow *flow = wire_handshake(&w);
    struct packet next = wire_segment(&w, CLIENT, TCP_ACK, 1, 1, 10);
    struct packet odd[] = { next, next, next, next, next, next, next };

    odd[0].seq++;
    odd[1].ack++;
    odd[2].flags |= TCP_FIN;
    odd[3].flags = 0;
    odd[4].window = 0;
    odd[5].options.n_sack = 1;
    odd[6].payload.clipped = 1;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        cr_assert_not(steady_take(w.flows, flow, &odd[i], CLIENT), "packet %zu", i);
    cr_assert(steady_take(w.flows, flow, &next, CLIENT));
    flows_close(w.flows);
}

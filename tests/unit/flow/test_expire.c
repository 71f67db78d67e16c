#include "wire.h"

/* Three quarters of a MiB hold 3754 records beside an index of 64 KiB; above 3345 of them more than
 * 90 % are in use, above 3550 more than 95 %. */
enum { CEILING = 1 << 20, MANY = 3450 };

static struct flow *syn_of(struct wire *w, uint32_t i)
{
    w->port[CLIENT] = (uint16_t)(1024 + i);
    return wire_send(w, CLIENT, TCP_SYN, 0, 0, 0);
}

static struct flow *expired_soon(struct flows *flows)
{
    struct flow *flow = NULL;
    for (int i = 0; !flow && i < 100; i++)
        flow = flow_expired(flows);
    return flow;
}

Test(expire, nothing_is_given_up_while_there_is_room)
{
    struct wire w = wire_open_with(CEILING);
    for (uint32_t i = 0; i < 1000; i++)
        syn_of(&w, i);
    w.now_ns += 100000 * SECOND;
    syn_of(&w, 1000);

    cr_assert_null(expired_soon(w.flows));

    flows_close(w.flows);
}

Test(expire, what_is_over_goes_first_and_was_not_evicted)
{
    struct wire w = wire_open_with(CEILING);
    for (uint32_t i = 0; i < MANY; i++)
        syn_of(&w, i);
    w.port[CLIENT] = 1024 + 1500;
    wire_send(&w, SERVER, TCP_RST | TCP_ACK, 0, 1, 0);

    struct flow *flow = expired_soon(w.flows);

    cr_assert_not_null(flow);
    cr_assert_eq(flow->port[CLIENT], 1024 + 1500);
    cr_assert_eq(flow->flags & FLOW_EVICTED, 0);
    cr_assert_eq(flows_counts(w.flows)->evicted, 0);
    flow_release(w.flows, flow);
    cr_assert_null(expired_soon(w.flows));
    flows_close(w.flows);
}

Test(expire, half_open_flows_go_once_they_are_idle_for_a_minute)
{
    struct wire w = wire_open_with(CEILING);
    for (uint32_t i = 0; i < MANY; i++)
        syn_of(&w, i);
    cr_assert_null(expired_soon(w.flows));
    for (uint32_t i = 0; i < 9; i++) { /* the table's clock makes no larger steps */
        w.now_ns += 20 * SECOND;
        syn_of(&w, MANY + i);
    }

    struct flow *flow = expired_soon(w.flows);

    cr_assert_not_null(flow);
    cr_assert_lt(flow->port[CLIENT], 1024 + MANY);
    cr_assert(flow->flags & FLOW_EVICTED);
    cr_assert_eq(flows_counts(w.flows)->evicted, 1);
    flows_close(w.flows);
}

Test(expire, a_jump_of_the_clock_makes_nothing_old)
{
    struct wire w = wire_open_with(CEILING);
    for (int i = 0; i < 9; i++) { /* a past that flows could be older than */
        w.now_ns += 20 * SECOND;
        syn_of(&w, 0);
    }
    for (uint32_t i = 0; i < MANY; i++)
        syn_of(&w, i);
    w.now_ns += 1000000 * SECOND;
    syn_of(&w, MANY);

    cr_assert_null(expired_soon(w.flows));

    flows_close(w.flows);
}

Test(expire, a_flood_is_given_up_before_it_fills_the_table)
{
    struct wire w = wire_open_with(CEILING);
    w.port[CLIENT] = 1;
    struct flow *real = wire_handshake(&w);

    for (uint32_t i = 0; i < 60000; i++) {
        syn_of(&w, i);
        if (i % 64)
            continue;
        for (struct flow *flow; (flow = flow_expired(w.flows)) != NULL;) {
            cr_assert_neq(flow, real);
            flow_release(w.flows, flow);
        }
    }

    cr_assert_eq(flows_counts(w.flows)->refused, 0);
    cr_assert_gt(flows_counts(w.flows)->evicted, 50000);
    cr_assert_leq(flows_memory(w.flows), CEILING);
    flows_close(w.flows);
}

Test(expire, pinned_flows_stay)
{
    struct wire w = wire_open_with(CEILING);
    for (uint32_t i = 0; i < 3700; i++)
        syn_of(&w, i)->flags |= FLOW_PINNED;

    cr_assert_null(expired_soon(w.flows));

    flows_close(w.flows);
}

Test(expire, full_arenas_press_as_full_records_do)
{
    struct wire w = wire_open_with(4 << 20);
    for (uint32_t i = 0; i < 1450; i++) {
        w.port[CLIENT] = (uint16_t)(2000 + i);
        wire_handshake(&w);
        wire_send(&w, CLIENT, TCP_RST, 1, 0, 0);
    }

    struct flow *flow = expired_soon(w.flows);

    cr_assert_not_null(flow);
    cr_assert_eq(flow->state, TCP_RESET);
    flows_close(w.flows);
}

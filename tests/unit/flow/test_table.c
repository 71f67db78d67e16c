#include "wire.h"

/* The i-th of many clients sends one SYN. */
static struct flow *syn_of(struct wire *w, uint32_t i)
{
    struct packet p = wire_segment(w, CLIENT, TCP_SYN, 0, 0, 0);
    p.source = address_v4((uint8_t[4]){ 172, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i });
    return wire_take(w, &p);
}

static struct flow *udp_send(struct wire *w, uint16_t source, uint16_t destination, size_t length)
{
    struct packet p = wire_bare(w, CLIENT);
    p.kind = PACKET_UDP;
    p.ip_protocol = 17;
    p.source_port = source;
    p.destination_port = destination;
    p.payload = bytes_whole("0123456789", length);
    return wire_take(w, &p);
}

Test(table, both_directions_find_the_same_flow)
{
    struct wire w = wire_open();
    struct flow *flow = wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);
    cr_assert_eq(w.from, CLIENT);

    struct flow *answered = wire_send(&w, SERVER, TCP_SYN | TCP_ACK, 0, 1, 0);

    cr_assert_eq(answered, flow);
    cr_assert_eq(w.from, SERVER);
    cr_assert_eq(flow->port[CLIENT], 50001);
    cr_assert_eq(flow->port[SERVER], 8013);
    cr_assert_eq(flow->half[SERVER].packets, 1);
    flows_close(w.flows);
}

Test(table, another_port_protocol_or_address_is_another_flow)
{
    struct wire w = wire_open();
    struct flow *flow = wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);
    w.port[CLIENT]++;
    struct flow *other_port = wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);
    struct flow *udp = udp_send(&w, 50001, 8013, 3);
    struct flow *other_address = syn_of(&w, 1);

    cr_assert_neq(flow, other_port);
    cr_assert_neq(flow, udp);
    cr_assert_neq(other_port, other_address);
    cr_assert_eq(flows_counts(w.flows)->open, 4);
    flows_close(w.flows);
}

Test(table, a_host_that_talks_to_itself_on_one_port_is_its_own_client)
{
    struct wire w = wire_open();
    struct packet p = wire_segment(&w, CLIENT, TCP_SYN, 0, 0, 0);
    p.destination = p.source;
    p.destination_port = p.source_port;

    struct flow *flow = wire_take(&w, &p);

    cr_assert_not_null(flow);
    cr_assert_eq(w.from, CLIENT);
    cr_assert_eq(wire_take(&w, &p), flow);
    flows_close(w.flows);
}

Test(table, many_flows_are_all_found_again_after_growing_and_releasing)
{
    enum { MANY = 20000 };
    static struct flow *made[MANY];
    struct wire w = wire_open();
    for (uint32_t i = 0; i < MANY; i++)
        made[i] = syn_of(&w, i);

    for (uint32_t i = 0; i < MANY; i += 3)
        flow_release(w.flows, made[i]);

    cr_assert_eq(flows_counts(w.flows)->open, MANY - (MANY + 2) / 3);
    for (uint32_t i = 0; i < MANY; i++)
        if (i % 3)
            cr_assert_eq(syn_of(&w, i), made[i], "%u", i);
    cr_assert_eq(flows_counts(w.flows)->made, MANY);
    flows_close(w.flows);
}

Test(table, a_half_open_flow_costs_its_record_and_its_slot)
{
    struct wire w = wire_open();
    for (uint32_t i = 0; i < 30000; i++)
        syn_of(&w, i);

    cr_assert_eq(pool_used(flows_pool(w.flows)), 0);
    cr_assert_leq(flows_memory(w.flows), 30000 * (192 + 24));
    flows_close(w.flows);
}

Test(table, what_finds_no_room_is_refused_and_counted)
{
    struct wire w = wire_open_with(1 << 20);
    uint32_t refused = 0;

    for (uint32_t i = 0; i < 10000; i++)
        refused += syn_of(&w, i) == NULL;

    cr_assert_gt(refused, 0);
    cr_assert_eq(flows_counts(w.flows)->refused, refused);
    cr_assert_eq(flows_counts(w.flows)->open, 10000 - refused);
    cr_assert_leq(flows_memory(w.flows), 1 << 20);
    flows_close(w.flows);
}

Test(table, records_arenas_and_index_stay_under_the_ceiling_together)
{
    struct wire w = wire_open_with(2 << 20);

    for (uint32_t i = 0; i < 5000; i++) {
        w.port[CLIENT] = (uint16_t)(10000 + i);
        wire_handshake(&w);
    }

    cr_assert_leq(flows_memory(w.flows), 2 << 20);
    cr_assert_gt(pool_refusals(flows_pool(w.flows)), 0);
    flows_close(w.flows);
}

Test(table, without_a_syn_the_profile_or_else_the_lower_port_names_the_server)
{
    struct wire w = wire_open();
    w.port[CLIENT] = 443;
    w.port[SERVER] = 80;
    struct flow *profile = wire_send(&w, CLIENT, TCP_ACK, 1, 1, 0);
    cr_assert_eq(profile->port[SERVER], 443);
    cr_assert_eq(profile->role, ROLE_PROFILE);

    w.port[CLIENT] = 1000;
    w.port[SERVER] = 2000;
    struct flow *lower = wire_send(&w, CLIENT, TCP_ACK, 1, 1, 0);

    cr_assert_eq(lower->port[SERVER], 1000);
    cr_assert_eq(lower->role, ROLE_PORT);
    cr_assert_eq(w.from, SERVER);
    flows_close(w.flows);
}

Test(table, the_first_to_speak_udp_is_the_client_unless_it_speaks_from_a_known_port)
{
    struct wire w = wire_open();

    struct flow *plain = udp_send(&w, 700, 600, 4);
    struct flow *dns = udp_send(&w, 53, 40000, 4);

    cr_assert_eq(plain->port[CLIENT], 700);
    cr_assert_eq(dns->port[SERVER], 53);
    cr_assert_eq(dns->half[SERVER].bytes, 4);
    cr_assert_null(dns->more);
    cr_assert_eq(flows_counts(w.flows)->udp_packets, 2);
    flows_close(w.flows);
}

Test(table, changing_roles_turns_everything_round)
{
    struct wire w = wire_open();
    w.port[CLIENT] = 100;
    w.port[SERVER] = 200;
    wire_send(&w, CLIENT, TCP_ACK, 1, 1, 10);
    struct flow *flow = wire_send(&w, SERVER, TCP_ACK, 1, 11, 20);
    cr_assert_eq(flow->port[SERVER], 100);

    flow_swap_roles(flow, ROLE_HELLO);

    cr_assert_eq(flow->port[CLIENT], 100);
    struct address client = wire_address(CLIENT);
    cr_assert(address_equal(&flow->address[CLIENT], &client));
    cr_assert_eq(flow->half[CLIENT].bytes, 10);
    cr_assert_eq(flow->more->half[SERVER].last_data.length, 20);
    cr_assert_eq(flow->more->half[SERVER].last_data.from, SERVER);
    cr_assert_eq(flow->more->progress.from, SERVER);
    cr_assert_eq(flow->role, ROLE_HELLO);
    cr_assert_eq(wire_logged(flow, EVENT_DATA, CLIENT), 1);
    cr_assert_eq(flow->more->log.event[0].from, CLIENT);
    cr_assert_eq(wire_send(&w, CLIENT, TCP_ACK, 11, 21, 5), flow);
    cr_assert_eq(w.from, CLIENT);
    cr_assert_eq(flow->half[CLIENT].bytes, 15);
    flows_close(w.flows);
}

Test(table, a_walk_meets_every_flow_once_and_stops)
{
    struct wire w = wire_open();
    for (uint32_t i = 0; i < 100; i++)
        syn_of(&w, i);
    uint32_t cursor = 0, n = 0;
    uint64_t before = 0;

    for (struct flow *flow; (flow = flows_next(w.flows, &cursor)) != NULL; n++) {
        cr_assert_gt(flow->first_frame, before);
        before = flow->first_frame;
    }

    cr_assert_eq(n, 100);
    cr_assert_null(flows_next(w.flows, &cursor));
    flows_close(w.flows);
}

Test(table, an_earlier_flow_that_was_released_is_not_taken_for_its_successor)
{
    struct wire w = wire_open();
    struct flow *first = wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);
    w.isn[CLIENT]++;
    struct flow *second = wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);
    cr_assert_eq(flow_older(w.flows, second), first);

    flow_release(w.flows, first);

    cr_assert_null(flow_older(w.flows, second));
    syn_of(&w, 7); /* takes its place */
    cr_assert_null(flow_older(w.flows, second));
    cr_assert_eq(wire_send(&w, SERVER, TCP_SYN | TCP_ACK, 0, 1, 0), second);
    flows_close(w.flows);
}

Test(table, at_the_end_what_is_pinned_stays_and_everything_else_goes)
{
    enum { PORTION = 1 << 15 /* records that lie together */, MANY = 2 * PORTION + 1 };
    struct wire w = wire_open();
    struct flow *pinned = syn_of(&w, 0), was, *flow;
    for (uint32_t i = 1; i < MANY; i++)
        syn_of(&w, i);
    pinned->flags |= FLOW_PINNED;
    was = *pinned;
    uint32_t cursor = 0, n = 0;

    flows_close_index(w.flows);

    while (flows_next(w.flows, &cursor))
        n++;
    cr_assert_eq(n, MANY, "sealed: all are still there");
    flows_forget(w.flows);
    cr_assert_arr_eq(pinned, &was, sizeof was);
    cursor = n = 0;
    while ((flow = flows_next(w.flows, &cursor)) != NULL && ++n)
        cr_assert_lt(flow->self, PORTION, "not in the portion of the pinned one");
    cr_assert_eq(n, PORTION);
    cr_assert_eq(flows_counts(w.flows)->made, MANY);
    flows_close(w.flows);
}

Test(table, the_capture_clock_may_jump_and_is_told_on)
{
    struct wire w = wire_open();
    wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);
    w.now_ns -= SECOND / 2; /* two interfaces */
    wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);
    cr_assert_eq(flows_counts(w.flows)->backward_steps, 0);

    w.now_ns -= 100 * SECOND;
    wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);
    w.now_ns += 30 * 3600 * SECOND;
    wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);

    const struct flow_counts *counts = flows_counts(w.flows);
    cr_assert_eq(counts->backward_steps, 1);
    cr_assert_eq(counts->forward_jumps, 1);
    cr_assert_eq(counts->first_jump_frame, 3);
    cr_assert_eq(counts->first_ns, 1000 * SECOND + MS);
    cr_assert_eq(counts->last_ns, w.now_ns);
    cr_assert_eq(counts->last_frame, 4);
    flows_close(w.flows);
}

Test(table, a_leap_of_half_a_day_breaks_the_recording)
{
    struct wire w = wire_open();
    wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);
    w.now_ns -= 100 * SECOND; /* a clock that was set */
    wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);
    cr_assert_eq(flows_counts(w.flows)->n_breaks, 0);
    int64_t before = w.now_ns;
    w.now_ns += 400 * 24 * 3600 * SECOND;
    wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);
    w.now_ns -= 300 * 24 * 3600 * SECOND;
    wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);

    const struct flow_counts *counts = flows_counts(w.flows);
    cr_assert_eq(counts->n_breaks, 2);
    cr_assert_eq(counts->breaks[0].frame, 3);
    cr_assert_eq(counts->breaks[0].before_ns, before);
    cr_assert_eq(counts->breaks[1].frame, 4);
    for (int i = 0; i < CLOCK_BREAKS; i++) {
        w.now_ns += (i % 2 ? -1 : 1) * 24 * 3600 * SECOND;
        wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);
    }
    cr_assert_eq(counts->n_breaks, CLOCK_BREAKS + 2);
    flows_close(w.flows);
}

Test(table, what_was_not_watched_breaks_the_recording_however_short)
{
    struct wire w = wire_open();
    wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);
    flows_break(w.flows, w.now_ns + MS);
    wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);
    int64_t since = w.now_ns;
    w.now_ns += SECOND;
    wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);
    flows_break(w.flows, since); /* not all of it, while packets came */
    wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);
    wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);

    const struct flow_counts *counts = flows_counts(w.flows);
    cr_assert_eq(counts->n_breaks, 2);
    cr_assert_eq(counts->breaks[0].frame, 2);
    cr_assert_not(counts->breaks[0].partly);
    cr_assert_eq(counts->breaks[1].frame, 4);
    cr_assert(counts->breaks[1].partly);
    cr_assert_eq(counts->breaks[1].before_ns, since);
    cr_assert_eq(counts->backward_steps + counts->forward_jumps, 0);
    flows_close(w.flows);
}

Test(table, times_at_the_ends_of_the_range_are_survived)
{
    struct wire w = wire_open();
    const int64_t times[] = { INT64_MIN, INT64_MAX, 0, INT64_MIN, 1, INT64_MAX };

    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        w.now_ns = times[i];
        struct packet p = wire_segment(&w, i % 2 ? SERVER : CLIENT, TCP_ACK, 1, 1, i);
        wire_take(&w, &p);
    }

    cr_assert_eq(flows_counts(w.flows)->open, 1);
    flows_close(w.flows);
}

Test(table, other_packets_are_counted_and_have_no_flow)
{
    struct wire w = wire_open();
    struct packet arp = wire_bare(&w, CLIENT);
    arp.kind = PACKET_ARP;

    cr_assert_null(flow_accept(w.flows, &arp, &w.from));

    cr_assert_eq(flows_counts(w.flows)->other_packets, 1);
    flows_close(w.flows);
}

#include "wire.h"

/* The exchanges of RFC 9293: figures 6 (three-way handshake), 7 (simultaneous open), 12 and 13
 * (closing), section 3.10.7 (resets), and what a capture shows that begins late or lacks packets.
 * S = SYN, SA = SYN and ACK, A = ACK, F = FIN and ACK, R = RST, - = no flag; c and s send. */
static const char *const paths[] = {
    /* figure 6, then figure 12: the client closes first */
    "cS:syn_sent sSA:syn_answered cA:open sA:open cA:open cF:closing sA:closing cA:closing "
    "sF:closed cA:closed sA:closed cR:closed sR:closed",
    /* the server closes first, half-close */
    "cS:syn_sent sSA:syn_answered cA:open sF:closing cA:closing cF:closed",
    /* retries of either side are the same attempt; a lost ACK */
    "cS:syn_sent cS:syn_sent sSA:syn_answered sSA:syn_answered cS:syn_answered cA:open sSA:open "
    "cS:open cF:closing sSA:closing",
    /* figure 7, with SYN-ACKs of both and with ACKs alone, and broken off */
    "cS:syn_sent sS:syn_crossed cS:syn_crossed sS:syn_crossed sSA:syn_answered cSA:open cSA:open",
    "cS:syn_sent sS:syn_crossed cSA:syn_answered sS:syn_answered sSA:syn_answered cA:open",
    "cS:syn_sent sS:syn_crossed cA:open",
    "cS:syn_sent sS:syn_crossed sA:open",
    "cS:syn_sent sS:syn_crossed cF:closing",
    "cS:syn_sent sS:syn_crossed sF:closing",
    "cS:syn_sent sS:syn_crossed cR:reset",
    "cS:syn_sent sS:syn_crossed sR:reset",
    /* 3.10.7.3: refused; the same SYN is tried again and answered */
    "cS:syn_sent sR:refused cS:refused sR:refused cR:refused sSA:syn_answered sA:syn_answered",
    /* broken off in each phase */
    "cS:syn_sent cR:reset cA:reset sA:reset cF:reset sF:reset cR:reset sR:reset",
    "cS:syn_sent sSA:syn_answered cR:reset",
    "cS:syn_sent sSA:syn_answered sR:reset",
    "cS:syn_sent sSA:syn_answered cF:closing cR:reset",
    "cS:syn_sent sSA:syn_answered sF:closing sR:reset",
    "cS:syn_sent sSA:syn_answered cA:open cR:reset",
    "cS:syn_sent sSA:syn_answered cA:open sR:reset",
    /* the SYN-ACK, or more, was not captured */
    "cS:syn_sent cA:open",
    "cS:syn_sent cF:closing",
    "cS:syn_sent sA:syn_answered cA:open",
    "cS:syn_sent sF:closing",
    "sSA:syn_answered cA:open",
    /* joined late */
    "cA:midstream sA:midstream cA:midstream cF:closing",
    "sA:midstream sF:closing",
    "cF:midstream cR:reset",
    "sF:midstream sR:reset",
    "cR:midstream",
    "sR:midstream",
    "c-:midstream",
    "s-:midstream",
    /* the opening was captured behind a later packet */
    "cA:midstream cS:syn_sent",
    "cA:midstream sSA:open",
};

static uint8_t flags_of(const char *step)
{
    switch (step[1]) {
    case 'S':
        return step[2] == 'A' ? TCP_SYN | TCP_ACK : TCP_SYN;
    case 'A':
        return TCP_ACK;
    case 'F':
        return TCP_FIN | TCP_ACK;
    case 'R':
        return TCP_RST;
    default:
        return 0;
    }
}

static int state_named(const char *name, size_t n)
{
    for (int state = 0; state < TCP_STATES; state++)
        if (strlen(tcp_state_name(state)) == n && strncmp(tcp_state_name(state), name, n) == 0)
            return state;
    return -1;
}

static bool walked[TCP_STATES][SIDES][256];

static void path_walk(const char *path)
{
    enum tcp_state now = TCP_NEW;
    for (const char *step = path; *step; step += strspn(step, " ")) {
        enum side from = step[0] == 'c' ? CLIENT : SERVER;
        const char *name = strchr(step, ':') + 1;
        size_t n = strcspn(name, " ");

        int next = tcp_row_next(now, from, flags_of(step));

        cr_assert_eq(next, state_named(name, n), "%s at %s: %d", path, step, next);
        walked[now][from][flags_of(step)] = true;
        now = (enum tcp_state)next;
        step = name + n;
    }
}

Test(handshake, the_rows_follow_the_exchanges_of_rfc_9293_and_nothing_else)
{
    static const uint8_t kinds[] = { TCP_SYN,           TCP_SYN | TCP_ACK, TCP_ACK,
                                     TCP_FIN | TCP_ACK, TCP_RST,           0 };

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        path_walk(paths[i]);

    for (enum tcp_state now = 0; now < TCP_STATES; now++)
        for (enum side from = CLIENT; from < SIDES; from++)
            for (size_t k = 0; k < sizeof kinds; k++)
                cr_expect_eq(tcp_row_next(now, from, kinds[k]) != -1, walked[now][from][kinds[k]],
                             "%s, %s, flags %02x", tcp_state_name(now), side_name(from), kinds[k]);
}

Test(handshake, a_lone_syn_allocates_nothing)
{
    struct wire w = wire_open();

    struct flow *flow = wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);

    cr_assert_eq(flow->state, TCP_SYN_SENT);
    cr_assert_null(flow->more);
    cr_assert_eq(pool_used(flows_pool(w.flows)), 0);
    cr_assert_eq(flow->half[CLIENT].next, 1001);
    cr_assert_eq(flow->half[SERVER].flags, 0);
    flows_close(w.flows);
}

Test(handshake, what_the_first_syn_said_is_there_when_something_answers)
{
    struct wire w = wire_open();
    struct packet syn = wire_segment(&w, CLIENT, TCP_SYN, 0, 0, 0);
    syn.options = (struct tcp_options){
        .mss = 1380, .window_scale = 8, .sack_permitted = true, .timestamps = true
    };
    wire_take(&w, &syn);

    struct flow *flow = wire_send(&w, SERVER, TCP_SYN | TCP_ACK, 0, 1, 0);

    const struct half_more *client = &flow->more->half[CLIENT];
    cr_assert_eq(client->syn_options.mss, 1380);
    cr_assert_eq(client->syn_options.window_scale, 8);
    cr_assert(client->syn_options.sack_permitted && client->syn_options.timestamps);
    cr_assert_eq(client->ip_id_syn, 1);
    cr_assert_eq(client->ttl_syn, 64);
    cr_assert_arr_eq(client->mac, syn.mac_source, 6);
    cr_assert_eq(client->first_syn.frame, 1);
    cr_assert_eq(flow->more->half[SERVER].syn_options.mss, 1460);
    cr_assert_eq(flow->half[SERVER].isn, 5000);
    cr_assert_eq(wire_logged(flow, EVENT_SYN, CLIENT), 1);
    cr_assert_eq(wire_logged(flow, EVENT_SYNACK, SERVER), 1);
    flows_close(w.flows);
}

Test(handshake, the_third_packet_establishes_and_gives_the_round_trip)
{
    struct wire w = wire_open();

    struct flow *flow = wire_handshake(&w);

    cr_assert_eq(flow->state, TCP_OPEN);
    cr_assert_eq(flow->role, ROLE_SYN);
    cr_assert_eq(flow->more->established.frame, 3);
    cr_assert_eq(flow->more->rtt_ns, 2 * MS);
    cr_assert_eq(flow->more->progress.frame, 3);
    cr_assert_eq(flows_counts(w.flows)->one_sided_tcp, 0);
    flows_close(w.flows);
}

Test(handshake, four_syns_with_one_number_are_one_attempt)
{
    struct wire w = wire_open();
    struct flow *flow = NULL, kept;

    for (int i = 0; i < 4; i++)
        flow = wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);

    cr_assert_eq(flow->n_syn, 4);
    cr_assert_eq(flow->state, TCP_SYN_SENT);
    cr_assert_eq(flows_counts(w.flows)->made, 1);
    cr_assert(flow_unfold(w.flows, flow, &kept));
    cr_assert_eq(wire_logged(flow, EVENT_SYN_AGAIN, CLIENT), 3);
    cr_assert_eq(flow->more->half[CLIENT].last_syn.frame, 4);
    flows_close(w.flows);
}

Test(handshake, syns_that_nobody_answers_cost_few_octets_however_often_they_are_looked_at)
{
    enum { HALF_OPEN = 192 + 128 };
    struct wire w = wire_open();
    struct flow *flow = NULL, kept;
    size_t before = flows_memory(w.flows);

    for (int i = 0; i < 8; i++)
        flow = wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);
    for (int i = 0; i < 3; i++) {
        cr_assert(flow_unfold(w.flows, flow, &kept));
        cr_assert_eq(wire_logged(flow, EVENT_SYN_AGAIN, CLIENT), 7);
        flow_fold(w.flows, flow, &kept);
    }

    cr_assert_eq(flow->n_syn, 8);
    cr_assert_eq(flow->last_frame, 8);
    cr_assert_leq(flows_memory(w.flows) - before, HALF_OPEN);
    flows_close(w.flows);
}

Test(handshake, an_answer_brings_the_repeats_back_for_good)
{
    struct wire w = wire_open();
    struct flow *flow = NULL, kept;
    for (int i = 0; i < 3; i++)
        flow = wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);

    wire_send(&w, SERVER, TCP_SYN | TCP_ACK, 0, 1, 0);

    cr_assert_not(flow_unfold(w.flows, flow, &kept));
    cr_assert_eq(flow->state, TCP_SYN_ANSWERED);
    cr_assert_eq(flow->n_syn, 3);
    cr_assert_eq(flow->half[CLIENT].packets, 3);
    cr_assert_eq(flow->more->log.n, 4);
    for (unsigned i = 0; i < 4; i++)
        cr_assert_eq(flow->more->log.event[i].frame, i + 1);
    flows_close(w.flows);
}

Test(handshake, a_syn_with_another_number_is_another_attempt_in_every_state)
{
    struct wire w = wire_open();
    struct flow *first = wire_handshake(&w);
    w.isn[CLIENT] = 900000;

    struct flow *second = wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);
    w.isn[CLIENT] = 990000;
    struct flow *third = wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);

    cr_assert_neq(first, second);
    cr_assert_neq(second, third);
    cr_assert(first->flags & FLOW_SUCCEEDED);
    cr_assert_eq(flow_older(w.flows, third), second);
    cr_assert_eq(flow_older(w.flows, second), first);
    cr_assert_eq(wire_send(&w, SERVER, TCP_SYN | TCP_ACK, 0, 1, 0), third);
    flows_close(w.flows);
}

Test(handshake, a_reset_that_acknowledges_the_syn_refuses_it)
{
    struct wire w = wire_open();
    wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);

    struct flow *flow = wire_send(&w, SERVER, TCP_RST | TCP_ACK, 0 - w.isn[SERVER], 1, 0);

    cr_assert_eq(flow->state, TCP_REFUSED);
    const struct ending_packet *rst = &flow->more->half[SERVER].rst;
    cr_assert_eq(rst->frame, 2);
    cr_assert_eq(rst->state_before, TCP_SYN_SENT);
    cr_assert_eq(rst->seq, 0);
    cr_assert_eq(rst->ttl, 60);
    cr_assert_eq(rst->gap_ns, MS);
    flows_close(w.flows);
}

Test(handshake, a_reset_that_acknowledges_something_else_refuses_nothing)
{
    struct wire w = wire_open();
    wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);

    struct flow *flow = wire_send(&w, SERVER, TCP_RST | TCP_ACK, 0, 77, 0);

    cr_assert_eq(flow->state, TCP_SYN_SENT);
    cr_assert_eq(flow->more->half[SERVER].n_rst, 1);
    flows_close(w.flows);
}

Test(handshake, an_attempt_refused_once_may_succeed_with_the_same_syn)
{
    struct wire w = wire_open();
    wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);
    wire_send(&w, SERVER, TCP_RST | TCP_ACK, 0 - w.isn[SERVER], 1, 0);

    struct flow *flow = wire_handshake(&w);

    cr_assert_eq(flow->state, TCP_OPEN);
    cr_assert_eq(flows_counts(w.flows)->made, 1);
    cr_assert_eq(flow->half[SERVER].flags & HALF_RST, 0);
    cr_assert_eq(flow->more->half[SERVER].rst.frame, 0);
    cr_assert_eq(wire_logged(flow, EVENT_RST, SERVER), 1);
    flows_close(w.flows);
}

Test(handshake, a_challenge_ack_and_its_reset_leave_the_attempt_open)
{
    struct wire w = wire_open();
    wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);
    wire_send(&w, SERVER, TCP_ACK, 40, 900000, 0); /* RFC 5961 section 4 */
    struct flow *flow = wire_send(&w, CLIENT, TCP_RST, 900000, 0, 0);

    cr_assert_eq(flow->state, TCP_SYN_SENT);
    cr_assert_eq(flow->more->ack_instead.frame, 2);

    flow = wire_handshake(&w);

    cr_assert_eq(flow->state, TCP_OPEN);
    cr_assert_eq(flow->half[CLIENT].flags & HALF_RST, 0);
    flows_close(w.flows);
}

Test(handshake, a_synack_for_another_number_is_evidence_and_no_answer)
{
    struct wire w = wire_open();
    wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);

    struct flow *flow = wire_send(&w, SERVER, TCP_SYN | TCP_ACK, 0, 1001, 0);
    wire_send(&w, CLIENT, TCP_RST, 1001, 0, 0);
    wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);
    wire_send(&w, SERVER, TCP_SYN | TCP_ACK, 0, 1001, 0);

    cr_assert_eq(flow->state, TCP_SYN_SENT);
    cr_assert_eq(flow->more->synack_bad.frame, 2);
    cr_assert_eq(flows_counts(w.flows)->made, 1);
    cr_assert_eq(wire_logged(flow, EVENT_SYNACK_BAD, SERVER), 2);
    flows_close(w.flows);
}

Test(handshake, a_late_synack_answers_the_attempt_before_and_is_no_fault_of_this_one)
{
    struct wire w = wire_open();
    wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);
    wire_send(&w, SERVER, TCP_SYN | TCP_ACK, 0, 1, 0);
    wire_send(&w, CLIENT, TCP_SYN, 7000, 0, 0);

    struct flow *flow = wire_send(&w, SERVER, TCP_SYN | TCP_ACK, 0, 1, 0);

    cr_assert_eq(flows_counts(w.flows)->made, 2);
    cr_assert_eq(flow->state, TCP_SYN_SENT);
    cr_assert_eq(flow->more->synack_bad.frame, 0);
    wire_send(&w, SERVER, TCP_SYN | TCP_ACK, 0, 99, 0);
    cr_assert_eq(flow->more->synack_bad.frame, 5);
    flows_close(w.flows);
}

Test(handshake, a_server_may_acknowledge_first_and_send_its_syn_later)
{
    struct wire w = wire_open();
    wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);
    wire_send(&w, SERVER, TCP_ACK, 3000, 1, 0);
    wire_send(&w, SERVER, TCP_SYN, 0, 0, 0);
    wire_send(&w, CLIENT, TCP_SYN | TCP_ACK, 0, 1, 0);
    struct flow *flow = wire_send(&w, SERVER, TCP_ACK, 1, 1, 0);

    cr_assert_eq(flows_counts(w.flows)->made, 1);
    cr_assert_eq(w.from, SERVER);
    cr_assert_eq(flow->state, TCP_OPEN);
    flows_close(w.flows);
}

Test(handshake, a_synack_may_acknowledge_data_in_the_syn)
{
    struct wire w = wire_open(); /* RFC 7413 */
    wire_send(&w, CLIENT, TCP_SYN, 0, 0, 100);

    struct flow *flow = wire_send(&w, SERVER, TCP_SYN | TCP_ACK, 0, 101, 0);

    cr_assert_eq(flow->state, TCP_SYN_ANSWERED);
    cr_assert_eq(flow->more->synack_bad.frame, 0);
    cr_assert_eq(flow->more->half[CLIENT].n_data, 1);
    flows_close(w.flows);
}

Test(handshake, of_two_different_answers_the_clients_ack_chooses)
{
    struct wire w = wire_open();
    wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);
    wire_send(&w, SERVER, TCP_SYN | TCP_ACK, 0, 1, 0);
    w.isn[SERVER] = 700000000;
    wire_send(&w, SERVER, TCP_SYN | TCP_ACK, 0, 1, 0);

    struct flow *flow = wire_send(&w, CLIENT, TCP_ACK, 1, 1, 0);

    cr_assert_eq(flow->state, TCP_OPEN);
    cr_assert_eq(flow->half[SERVER].isn, 700000000);
    cr_assert_eq(flow->more->half[SERVER].n_syn_other, 1);
    cr_assert_eq(flow->more->half[SERVER].unseen_bytes, 0);
    flows_close(w.flows);
}

Test(handshake, a_repeated_synack_is_counted_as_such)
{
    struct wire w = wire_open();
    wire_handshake(&w);

    struct flow *flow = wire_send(&w, SERVER, TCP_SYN | TCP_ACK, 0, 1, 0);

    cr_assert_eq(flow->state, TCP_OPEN);
    cr_assert_eq(wire_logged(flow, EVENT_SYNACK_AGAIN, SERVER), 1);
    cr_assert_eq(flow->more->half[SERVER].n_again, 0);
    flows_close(w.flows);
}

Test(handshake, both_sides_may_open_at_once)
{
    struct wire w = wire_open();
    wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);
    wire_send(&w, SERVER, TCP_SYN, 0, 0, 0);
    wire_send(&w, CLIENT, TCP_SYN | TCP_ACK, 0, 1, 0);

    struct flow *flow = wire_send(&w, SERVER, TCP_SYN | TCP_ACK, 0, 1, 0);
    wire_send(&w, CLIENT, TCP_ACK, 1, 1, 0);

    cr_assert_eq(flow->state, TCP_OPEN);
    cr_assert_eq(flows_counts(w.flows)->made, 1);
    cr_assert_eq(flow->half[SERVER].isn, 5000);
    flows_close(w.flows);
}

Test(handshake, a_client_whose_peer_was_not_captured_still_opens)
{
    struct wire w = wire_open();
    wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);

    struct flow *flow = wire_send(&w, CLIENT, TCP_ACK, 1, 1, 0);

    cr_assert_eq(flow->state, TCP_OPEN);
    cr_assert_not(flow_both_seen(flow));
    cr_assert(flow->half[SERVER].flags & HALF_ACKED);
    cr_assert_eq(flows_counts(w.flows)->one_sided_tcp, 1);
    flows_close(w.flows);
}

Test(handshake, a_server_whose_client_was_not_captured_opens_by_what_it_acknowledges)
{
    struct wire w = wire_open();
    wire_send(&w, SERVER, TCP_SYN | TCP_ACK, 0, 1, 0);
    struct flow *flow = wire_send(&w, SERVER, TCP_ACK, 1, 1, 0);
    cr_assert_eq(flow->state, TCP_SYN_ANSWERED);

    wire_send(&w, SERVER, TCP_ACK, 1, 251, 0);

    cr_assert_eq(flow->state, TCP_OPEN);
    cr_assert_eq(flow->role, ROLE_SYNACK);
    cr_assert_eq(flow->port[SERVER], 8013);
    flows_close(w.flows);
}

Test(handshake, a_fin_of_each_side_closes_and_late_packets_still_belong)
{
    struct wire w = wire_open();
    struct flow *flow = wire_handshake(&w);
    wire_send(&w, CLIENT, TCP_FIN | TCP_ACK, 1, 1, 20);
    cr_assert_eq(flow->state, TCP_CLOSING);
    wire_send(&w, CLIENT, TCP_FIN | TCP_ACK, 1, 1, 20);
    cr_assert_eq(flow->state, TCP_CLOSING);
    wire_send(&w, SERVER, TCP_FIN | TCP_ACK, 1, 22, 0);

    struct flow *late = wire_send(&w, CLIENT, TCP_RST, 22, 0, 0);

    cr_assert_eq(late, flow);
    cr_assert_eq(flow->state, TCP_CLOSED);
    cr_assert_eq(flow->more->half[CLIENT].fin.frame, 4);
    cr_assert_eq(flow->more->half[CLIENT].fin.expected_seq, 1001);
    cr_assert_eq(flow->half[CLIENT].next, 1022);
    cr_assert_eq(flow->more->half[CLIENT].rst.state_before, TCP_CLOSED);
    flows_close(w.flows);
}

Test(handshake, the_end_behind_payload_is_logged_behind_it)
{
    struct wire w = wire_open();
    wire_handshake(&w);

    struct flow *flow = wire_send(&w, CLIENT, TCP_FIN | TCP_ACK, 1, 1, 20);

    const struct log *log = &flow->more->log;
    cr_assert_eq(log->event[log->n - 2].kind, EVENT_DATA);
    cr_assert_eq(log->event[log->n - 2].length, 20);
    cr_assert_eq(log->event[log->n - 1].kind, EVENT_FIN);
    cr_assert_eq(log->event[log->n - 1].length, 0);
    flows_close(w.flows);
}

Test(handshake, a_lone_packet_of_any_kind_joins_midstream)
{
    static const uint8_t kinds[] = { TCP_ACK, TCP_RST, TCP_FIN | TCP_ACK, 0 };
    for (size_t i = 0; i < sizeof kinds; i++) {
        struct wire w = wire_open();

        struct flow *flow = wire_send(&w, CLIENT, kinds[i], 1, 1, 0);

        cr_assert(flow_is_midstream(flow));
        cr_assert_eq(flows_counts(w.flows)->midstream, 1);
        flows_close(w.flows);
    }
}

Test(handshake, a_syn_captured_behind_its_answer_is_taken_in)
{
    struct wire w = wire_open();
    wire_send(&w, SERVER, TCP_SYN | TCP_ACK, 0, 1, 0);

    struct flow *flow = wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);
    wire_send(&w, CLIENT, TCP_ACK, 1, 1, 0);

    cr_assert_eq(flows_counts(w.flows)->made, 1);
    cr_assert_eq(flow->state, TCP_OPEN);
    cr_assert_eq(flow->n_syn, 1);
    cr_assert(flow->half[CLIENT].flags & HALF_SYN);
    flows_close(w.flows);
}

Test(handshake, a_syn_captured_behind_the_first_data_tells_who_the_client_is)
{
    struct wire w = wire_open();
    w.port[CLIENT] = 80; /* by its port it would be the server */
    w.port[SERVER] = 9000;
    struct flow *flow = wire_send(&w, CLIENT, TCP_ACK, 1, 1, 10);
    cr_assert_eq(flow->port[SERVER], 80);
    struct packet syn = wire_segment(&w, CLIENT, TCP_SYN, 0, 0, 0);

    cr_assert_eq(wire_take(&w, &syn), flow);

    cr_assert_eq(w.from, CLIENT);
    cr_assert_eq(flow->port[CLIENT], 80);
    cr_assert_eq(flow->role, ROLE_SYN);
    cr_assert_eq(flow->half[CLIENT].next, 1011);
    cr_assert_eq(flows_counts(w.flows)->midstream, 0);
    cr_assert_eq(flows_counts(w.flows)->with_syn, 1);
    flows_close(w.flows);
}

Test(handshake, facts_are_kept_in_the_record_when_the_arena_is_full)
{
    struct wire w = wire_open();
    struct flow *flow = wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);
    pool_lower(flows_pool(w.flows), 0);

    wire_send(&w, SERVER, TCP_SYN | TCP_ACK, 0, 1, 0);
    wire_send(&w, CLIENT, TCP_ACK, 1, 1, 100);

    cr_assert_null(flow->more);
    cr_assert(flow->flags & FLOW_NO_MEMORY);
    cr_assert_eq(flow->state, TCP_OPEN);
    cr_assert_eq(flow->half[CLIENT].next, 1101);
    cr_assert_eq(flow->half[CLIENT].bytes, 100);
    flows_close(w.flows);
}

Test(handshake, memory_that_comes_back_does_not_disturb_a_flow_on_its_way)
{
    struct wire w = wire_open();
    struct flow *flow = wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);
    pool_lower(flows_pool(w.flows), 0);
    wire_send(&w, SERVER, TCP_SYN | TCP_ACK, 0, 1, 0);
    wire_send(&w, CLIENT, TCP_ACK, 1, 1, 0);
    cr_assert_null(flow->more);
    pool_lower(flows_pool(w.flows), 1 << 20);

    wire_send(&w, SERVER, TCP_ACK, 1, 1, 50);

    cr_assert_not_null(flow->more);
    cr_assert_eq(flow->half[SERVER].isn, 5000);
    cr_assert_eq(flow->half[SERVER].next, 5051);
    flows_close(w.flows);
}

/* A connection brought to a phase, and what a reset of either side makes of it. */
struct phase {
    const char *steps; /* as in the paths above */
    enum tcp_state before, after[SIDES];
};

static const struct phase phases[] = {
    { "cS", TCP_SYN_SENT, { TCP_RESET, TCP_REFUSED } },
    { "cS sS", TCP_SYN_CROSSED, { TCP_RESET, TCP_RESET } },
    { "cS sSA", TCP_SYN_ANSWERED, { TCP_RESET, TCP_RESET } },
    { "cS sSA cA", TCP_OPEN, { TCP_RESET, TCP_RESET } },
    { "cA sA", TCP_MIDSTREAM, { TCP_RESET, TCP_RESET } },
    { "cS sSA cA cF", TCP_CLOSING, { TCP_RESET, TCP_RESET } },
    { "cS sSA cA sF", TCP_CLOSING, { TCP_RESET, TCP_RESET } },
    { "cS sSA cA cF sF", TCP_CLOSED, { TCP_CLOSED, TCP_CLOSED } },
};

/* Sends the steps; answers the next sequence number of each side. */
static struct flow *phase_reach(struct wire *w, const char *steps, uint32_t next[SIDES])
{
    struct flow *flow = NULL;
    for (const char *step = steps; *step; step += strcspn(step, " "), step += strspn(step, " ")) {
        enum side from = step[0] == 'c' ? CLIENT : SERVER;
        uint8_t flags = flags_of(step);
        flow = wire_send(w, from, flags, next[from], next[side_other(from)], 0);
        next[from] += (flags & (TCP_SYN | TCP_FIN)) != 0;
    }
    return flow;
}

Test(handshake, a_reset_in_each_phase_is_kept_with_its_sender_and_the_phase)
{
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++)
        for (enum side from = CLIENT; from < SIDES; from++) {
            const struct phase *phase = &phases[i];
            bool refusal = phase->after[from] == TCP_REFUSED;
            uint32_t next[SIDES] = { strchr(phase->steps, 'S') == NULL,
                                     strchr(phase->steps, 'S') == NULL };
            struct wire w = wire_open();
            struct flow *flow = phase_reach(&w, phase->steps, next);
            cr_assert_eq(flow->state, phase->before, "%s", phase->steps);

            wire_send(&w, from, TCP_RST | (refusal ? TCP_ACK : 0), next[from], 1, 0);

            const struct half_more *half = flow->more->half;
            cr_expect_eq(flow->state, phase->after[from], "%s, %s: %s", phase->steps,
                         side_name(from), tcp_state_name(flow->state));
            cr_expect_eq(half[from].rst.frame, w.frame, "%s, %s", phase->steps, side_name(from));
            cr_expect_eq(half[from].rst.state_before, phase->before, "%s", phase->steps);
            cr_expect_eq(half[side_other(from)].rst.frame, 0, "%s", phase->steps);
            cr_expect(flow->half[from].flags & HALF_RST);
            flows_close(w.flows);
        }
}

Test(handshake, a_synack_that_is_never_acknowledged_leaves_it_half_open)
{
    struct wire w = wire_open();
    wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);

    struct flow *flow = NULL;
    for (int i = 0; i < 4; i++)
        flow = wire_send(&w, SERVER, TCP_SYN | TCP_ACK, 0, 1, 0);

    cr_assert_eq(flow->state, TCP_SYN_ANSWERED);
    cr_assert_eq(flow->more->established.frame, 0);
    cr_assert_eq(wire_logged(flow, EVENT_SYNACK, SERVER), 1);
    cr_assert_eq(wire_logged(flow, EVENT_SYNACK_AGAIN, SERVER), 3);
    cr_assert_eq(flow->half[CLIENT].packets, 1);
    flows_close(w.flows);
}

/* RFC 9293 section 3.5.1, figure 9: the client lost its memory, the server did not. */
Test(handshake, a_half_open_connection_is_discovered_and_given_up_for_a_new_one)
{
    struct wire w = wire_open();
    struct flow *old = wire_handshake(&w);
    uint32_t old_isn = w.isn[CLIENT];
    w.isn[CLIENT] = 77000;
    struct flow *flow = wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);

    wire_send(&w, SERVER, TCP_ACK, 1, old_isn + 1 - w.isn[CLIENT], 0);
    struct packet reset = wire_segment(&w, CLIENT, TCP_RST, 0, 0, 0);
    reset.seq = old_isn + 1;
    wire_take(&w, &reset);

    cr_assert_neq(flow, old);
    cr_assert_eq(old->state, TCP_OPEN);
    cr_assert_eq(flow->state, TCP_SYN_SENT);
    cr_assert_eq(flow->more->ack_instead.frame, 5);
    w.isn[SERVER] = 300;
    cr_assert_eq(wire_handshake(&w), flow);
    cr_assert_eq(flow->state, TCP_OPEN);
    flows_close(w.flows);
}

/* A SYN seen on both sides of a router that clamps, `later` ns apart, with a TTL of `ttl` there. */
static struct flow *two_legs(struct wire *w, int64_t later_ns, uint8_t ttl, uint16_t mss)
{
    struct packet p = wire_segment(w, CLIENT, TCP_SYN, 0, 0, 0);
    wire_take(w, &p);
    w->now_ns += later_ns;
    p = wire_segment(w, CLIENT, TCP_SYN, 0, 0, 0);
    p.ttl = ttl;
    p.options.mss = mss;
    wire_take(w, &p);
    p = wire_segment(w, SERVER, TCP_SYN | TCP_ACK, 0, 1, 0);
    return wire_take(w, &p);
}

Test(handshake, a_syn_on_the_other_side_of_a_router_is_no_repeat)
{
    static const struct {
        int64_t later_ns;
        uint8_t ttl;
        uint16_t mss;
        uint32_t n_syn;
        bool changed;
    } cases[] = {
        { MS / 10, 63, 1360, 1, true },
        { MS / 10, 63, 1460, 1, false },
        { MS / 10, 64, 1360, 2, false },
        { SECOND, 63, 1360, 2, false },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wire w = wire_open();
        struct flow *flow = two_legs(&w, cases[i].later_ns, cases[i].ttl, cases[i].mss);

        cr_assert_eq(flow->n_syn, cases[i].n_syn, "case %zu", i);
        cr_assert_eq(flow->more->half[CLIENT].leg_changed, cases[i].changed, "case %zu", i);
        cr_assert_eq(flow->more->half[CLIENT].syn_options.mss, 1460);
        flows_close(w.flows);
    }
}

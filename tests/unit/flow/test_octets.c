#include "wire.h"

Test(octets, payload_moves_the_next_octet_and_its_acknowledgement_follows)
{
    struct wire w = wire_open();
    wire_handshake(&w);
    wire_send(&w, CLIENT, TCP_ACK, 1, 1, 250);

    struct flow *flow = wire_send(&w, SERVER, TCP_ACK, 1, 251, 0);

    const struct half_more *client = &flow->more->half[CLIENT];
    cr_assert_eq(flow->half[CLIENT].next, 1251);
    cr_assert_eq(flow->half[CLIENT].acked, 1251);
    cr_assert_eq(client->n_data, 1);
    cr_assert_eq(client->first_data.frame, 4);
    cr_assert(flow->more->all_acked[CLIENT] && !flow->more->all_acked[SERVER]);
    cr_assert_eq(flow->more->progress.frame, 4);
    cr_assert_eq(wire_logged(flow, EVENT_DATA, CLIENT), 1);
    cr_assert_eq(wire_logged(flow, EVENT_DATA_ACKED, SERVER), 1);
    flows_close(w.flows);
}

Test(octets, a_long_transfer_is_counted_and_not_logged)
{
    struct wire w = wire_open();
    struct flow *flow = wire_handshake(&w);

    for (uint32_t i = 0; i < 100; i++) {
        wire_send(&w, SERVER, TCP_ACK, 1 + i * 1000, 1, 1000);
        wire_send(&w, CLIENT, TCP_ACK, 1, 1 + (i + 1) * 1000, 0);
    }

    const struct half_more *server = &flow->more->half[SERVER];
    cr_assert_eq(server->n_data, 100);
    cr_assert_eq(server->n_again, 0);
    cr_assert_eq(flow->half[SERVER].bytes, 100000);
    cr_assert_eq(flow->half[SERVER].next, 105001);
    cr_assert_eq(flow->half[SERVER].acked, 105001);
    cr_assert_eq(flow->half[CLIENT].packets, 102);
    cr_assert_eq(server->last_data.frame, 202);
    cr_assert_eq(flow->more->progress.frame, 202);
    cr_assert_eq(wire_logged(flow, EVENT_DATA, SERVER), 8);
    cr_assert_eq(flows_counts(w.flows)->data_bytes, 100000);
    cr_assert_eq(flows_counts(w.flows)->unseen_bytes, 0);
    flows_close(w.flows);
}

Test(octets, repeats_of_what_nobody_acknowledges_are_counted_until_somebody_does)
{
    struct wire w = wire_open();
    struct flow *flow = wire_handshake(&w);
    wire_send(&w, CLIENT, TCP_ACK, 1, 1, 250);
    for (int i = 0; i < 3; i++) {
        w.now_ns += SECOND;
        wire_send(&w, CLIENT, TCP_ACK, 1, 1, 250);
    }
    const struct half_more *client = &flow->more->half[CLIENT];
    cr_assert_eq(client->again_count, 3);
    cr_assert_eq(client->again_seq, 1001);
    cr_assert_eq(client->again_length, 250);
    cr_assert_eq(client->again_first.frame, 5);
    cr_assert_eq(client->again_last.frame, 7);
    cr_assert_eq(client->n_again, 3);
    cr_assert_eq(client->n_data, 1);

    wire_send(&w, SERVER, TCP_ACK, 1, 251, 0);

    cr_assert_eq(client->again_count, 0);
    cr_assert_eq(client->n_again, 3);
    flows_close(w.flows);
}

Test(octets, the_first_unacknowledged_start_counts_whatever_is_repeated_beside_it)
{
    struct wire w = wire_open();
    struct flow *flow = wire_handshake(&w);
    wire_send(&w, CLIENT, TCP_ACK, 1, 1, 1448);
    wire_send(&w, CLIENT, TCP_ACK, 1449, 1, 600);
    w.now_ns += SECOND;
    wire_send(&w, CLIENT, TCP_ACK, 1449, 1, 600); /* tail loss probe, RFC 8985 section 7 */
    wire_send(&w, CLIENT, TCP_ACK, 1, 1, 1448);
    wire_send(&w, CLIENT, TCP_ACK, 1449, 1, 600);

    wire_send(&w, CLIENT, TCP_ACK, 1, 1, 1448);

    cr_assert_eq(flow->more->half[CLIENT].again_seq, 1001);
    cr_assert_eq(flow->more->half[CLIENT].again_count, 2);
    cr_assert_eq(flow->more->half[CLIENT].n_again, 4);
    flows_close(w.flows);
}

Test(octets, a_repeat_of_what_was_acknowledged_starts_no_count)
{
    struct wire w = wire_open();
    struct flow *flow = wire_handshake(&w);
    wire_send(&w, CLIENT, TCP_ACK, 1, 1, 250);
    wire_send(&w, SERVER, TCP_ACK, 1, 251, 0);

    wire_send(&w, CLIENT, TCP_ACK, 1, 1, 250);

    cr_assert_eq(flow->more->half[CLIENT].n_again, 1);
    cr_assert_eq(flow->more->half[CLIENT].again_count, 0);
    flows_close(w.flows);
}

Test(octets, a_keepalive_is_no_repeat_and_is_answered_by_any_packet)
{
    struct wire w = wire_open();
    struct flow *flow = wire_handshake(&w);
    wire_send(&w, CLIENT, TCP_ACK, 1, 1, 40);
    wire_send(&w, SERVER, TCP_ACK, 1, 41, 0);

    wire_send(&w, CLIENT, TCP_ACK, 40, 1, 0);
    wire_send(&w, CLIENT, TCP_ACK, 40, 1, 1); /* with one octet of garbage, RFC 1122 4.2.3.6 */
    const struct half_more *client = &flow->more->half[CLIENT];
    cr_assert_eq(client->n_keepalive_unanswered, 2);
    wire_send(&w, SERVER, TCP_ACK, 1, 41, 0);

    cr_assert_eq(client->n_keepalive, 2);
    cr_assert_eq(client->n_keepalive_unanswered, 0);
    cr_assert_eq(client->n_again, 0);
    cr_assert_eq(flow->half[CLIENT].next, 1041);
    flows_close(w.flows);
}

Test(octets, one_octet_sent_again_before_it_was_acknowledged_is_a_repeat)
{
    struct wire w = wire_open();
    struct flow *flow = wire_handshake(&w);
    wire_send(&w, CLIENT, TCP_ACK, 1, 1, 1);

    wire_send(&w, CLIENT, TCP_ACK, 1, 1, 1);

    cr_assert_eq(flow->more->half[CLIENT].n_again, 1);
    cr_assert_eq(flow->more->half[CLIENT].n_keepalive, 0);
    flows_close(w.flows);
}

Test(octets, octets_acknowledged_and_never_captured_are_counted)
{
    struct wire w = wire_open();
    struct flow *flow = wire_handshake(&w);
    wire_send(&w, CLIENT, TCP_ACK, 1, 1, 100);

    wire_send(&w, CLIENT, TCP_ACK, 101, 1449, 0);
    wire_send(&w, SERVER, TCP_ACK, 1449, 101, 50);

    const struct half_more *server = &flow->more->half[SERVER];
    cr_assert_eq(server->unseen_bytes, 1448);
    cr_assert_eq(server->unseen.frame, 5);
    cr_assert_eq(server->n_data, 1);
    cr_assert_eq(flows_counts(w.flows)->unseen_bytes, 1448);
    cr_assert_eq(wire_logged(flow, EVENT_UNSEEN, CLIENT), 1);
    flows_close(w.flows);
}

Test(octets, a_fin_behind_octets_that_were_not_captured_does_not_hide_them)
{
    struct wire w = wire_open();
    struct flow *flow = wire_handshake(&w);
    wire_send(&w, CLIENT, TCP_ACK, 1, 1, 100);

    wire_send(&w, SERVER, TCP_ACK | TCP_FIN, 2903, 101, 0);
    cr_assert_eq(flow->half[SERVER].next, 5001);
    wire_send(&w, CLIENT, TCP_ACK, 101, 2904, 0);

    cr_assert_eq(flow->more->half[SERVER].unseen_bytes, 2902);
    cr_assert_eq(flow->half[SERVER].next, 5000 + 2904);
    flows_close(w.flows);
}

Test(octets, a_fin_captured_before_its_data_hides_nothing)
{
    struct wire w = wire_open();
    struct flow *flow = wire_handshake(&w);

    wire_send(&w, SERVER, TCP_ACK | TCP_FIN, 101, 1, 0);
    wire_send(&w, SERVER, TCP_ACK, 1, 1, 100);
    wire_send(&w, CLIENT, TCP_ACK, 1, 102, 0);

    cr_assert_eq(flow->more->half[SERVER].unseen_bytes, 0);
    cr_assert_eq(flow->half[SERVER].next, 5102);
    flows_close(w.flows);
}

Test(octets, an_acknowledgement_captured_before_its_data_accuses_nobody)
{
    struct wire w = wire_open();
    struct flow *flow = wire_handshake(&w);
    wire_send(&w, CLIENT, TCP_ACK, 1, 2897, 0);

    wire_send(&w, SERVER, TCP_ACK, 1, 1, 1448);
    wire_send(&w, SERVER, TCP_ACK, 1449, 1, 1448);

    const struct half_more *server = &flow->more->half[SERVER];
    cr_assert_eq(server->unseen_bytes, 0);
    cr_assert_eq(server->unseen.frame, 0);
    cr_assert_eq(server->n_reordered, 2);
    cr_assert_eq(server->n_data, 2);
    cr_assert_eq(server->n_again, 0);
    cr_assert_eq(wire_logged(flow, EVENT_UNSEEN, CLIENT), 0);
    cr_assert_eq(flows_counts(w.flows)->unseen_bytes, 0);
    flows_close(w.flows);
}

Test(octets, an_acknowledgement_far_ahead_is_of_other_numbers)
{
    struct wire w = wire_open();
    struct flow *flow = wire_handshake(&w);

    wire_send(&w, CLIENT, TCP_ACK, 1, 400000000, 0);
    wire_send(&w, CLIENT, TCP_ACK, 1, 0x90000000, 0);

    cr_assert_eq(flow->more->half[SERVER].unseen_bytes, 0);
    cr_assert_eq(flow->half[SERVER].next, 5001);
    flows_close(w.flows);
}

Test(octets, joining_late_the_first_acknowledgement_only_tells_where_the_peer_is)
{
    struct wire w = wire_open();
    wire_send(&w, SERVER, TCP_ACK, 1000, 1, 100);

    struct flow *flow = wire_send(&w, CLIENT, TCP_ACK, 1, 5000, 0);

    cr_assert_eq(flow->more->half[SERVER].unseen_bytes, 0);
    cr_assert_eq(flow->half[SERVER].next, 10000);
    flows_close(w.flows);
}

Test(octets, a_hole_filled_at_once_is_reordering_and_later_a_loss_before_the_capture)
{
    for (int late = 0; late < 2; late++) {
        struct wire w = wire_open();
        struct flow *flow = wire_handshake(&w);
        wire_send(&w, SERVER, TCP_ACK, 1449, 1, 500);
        w.now_ns += late * 200 * MS;

        wire_send(&w, SERVER, TCP_ACK, 1, 1, 1448);

        const struct half_more *server = &flow->more->half[SERVER];
        cr_assert_eq(server->n_data, 2);
        cr_assert_eq(server->n_reordered, late ? 0 : 1);
        cr_assert_eq(server->n_filled, late ? 1 : 0);
        cr_assert_eq(server->n_again, late ? 1 : 0);
        cr_assert_eq(flow->half[SERVER].next, 6949);
        flows_close(w.flows);
    }
}

Test(octets, a_selective_acknowledgement_shows_a_hole_until_it_is_filled)
{
    struct wire w = wire_open();
    struct flow *flow = wire_handshake(&w);
    wire_send(&w, SERVER, TCP_ACK, 1449, 1, 500);
    struct packet sack = wire_segment(&w, CLIENT, TCP_ACK, 1, 1, 0);
    sack.options.n_sack = 1; /* RFC 2018 */
    sack.options.sack_left[0] = 5000 + 1449;
    sack.options.sack_right[0] = 5000 + 1949;

    wire_take(&w, &sack);

    const struct half_more *server = &flow->more->half[SERVER];
    cr_assert_eq(server->sack_hole.frame, sack.frame);
    cr_assert_eq(server->sack_hole_seq, 5001);
    cr_assert_eq(wire_logged(flow, EVENT_SACK_HOLE, CLIENT), 1);

    wire_send(&w, SERVER, TCP_ACK, 1, 1, 1448);
    wire_send(&w, CLIENT, TCP_ACK, 1, 1949, 0);

    cr_assert_eq(server->sack_hole.frame, 0);
    flows_close(w.flows);
}

Test(octets, a_reported_duplicate_is_no_hole)
{
    struct wire w = wire_open();
    struct flow *flow = wire_handshake(&w);
    wire_send(&w, SERVER, TCP_ACK, 1, 1, 1448);
    struct packet dsack = wire_segment(&w, CLIENT, TCP_ACK, 1, 1449, 0);
    dsack.options.n_sack = 1; /* RFC 2883 */
    dsack.options.sack_left[0] = 5000 + 1;
    dsack.options.sack_right[0] = 5000 + 1449;

    wire_take(&w, &dsack);

    cr_assert_eq(flow->more->half[SERVER].sack_hole.frame, 0);
    flows_close(w.flows);
}

Test(octets, a_closed_window_is_timed_and_its_probes_are_no_repeats)
{
    struct wire w = wire_open();
    struct flow *flow = wire_handshake(&w);
    wire_send(&w, SERVER, TCP_ACK, 1, 1, 1000);
    w.window = 0;
    wire_send(&w, CLIENT, TCP_ACK, 1, 1001, 0);
    w.window = 500;
    wire_send(&w, SERVER, TCP_ACK, 1001, 1, 1);
    wire_send(&w, SERVER, TCP_ACK, 1001, 1, 1);
    w.now_ns += 2 * SECOND;

    wire_send(&w, CLIENT, TCP_ACK, 1, 1002, 0);

    const struct half_more *client = &flow->more->half[CLIENT];
    cr_assert_eq(client->zero_window.frame, 5);
    cr_assert_eq(client->zero_longest_ns, 2 * SECOND + 3 * MS);
    cr_assert_eq(client->zero_since_ns, 0);
    cr_assert_eq(flow->more->half[SERVER].n_again, 0);
    flows_close(w.flows);
}

Test(octets, the_window_of_a_reset_says_nothing)
{
    struct wire w = wire_open();
    struct flow *flow = wire_handshake(&w);
    w.window = 0;

    wire_send(&w, SERVER, TCP_RST, 1, 0, 0);

    cr_assert_eq(flow->more->half[SERVER].zero_window.frame, 0);
    flows_close(w.flows);
}

Test(octets, sequence_numbers_wrap)
{
    struct wire w = wire_open();
    w.isn[CLIENT] = UINT32_MAX - 500;
    struct flow *flow = wire_handshake(&w);

    for (uint32_t i = 0; i < 20; i++) {
        wire_send(&w, CLIENT, TCP_ACK, 1 + i * 100, 1, 100);
        wire_send(&w, SERVER, TCP_ACK, 1, 1 + (i + 1) * 100, 0);
    }
    wire_send(&w, CLIENT, TCP_ACK, 1901, 1, 100);

    const struct half_more *client = &flow->more->half[CLIENT];
    cr_assert_eq(flow->half[CLIENT].next, (uint32_t)(UINT32_MAX - 500 + 2001));
    cr_assert_eq(client->n_data, 20);
    cr_assert_eq(client->n_again, 1);
    cr_assert_eq(client->unseen_bytes, 0);
    flows_close(w.flows);
}

Test(octets, a_segment_above_the_peers_maximum_tells_of_offload)
{
    struct wire w = wire_open();
    struct flow *flow = wire_handshake(&w);
    wire_send(&w, SERVER, TCP_ACK, 1, 1, 1460);
    cr_assert_eq(flow->half[SERVER].flags & HALF_LARGE, 0);

    wire_send(&w, SERVER, TCP_ACK, 1461, 1, 65000);

    cr_assert(flow->half[SERVER].flags & HALF_LARGE);
    cr_assert_eq(flow->more->half[SERVER].largest, 65000);
    flows_close(w.flows);
}

Test(octets, the_longest_silence_is_known_by_the_packet_that_ended_it)
{
    struct wire w = wire_open();
    struct flow *flow = wire_handshake(&w);
    w.now_ns += 70 * SECOND;

    wire_send(&w, SERVER, TCP_RST, 1, 0, 0);
    w.now_ns += SECOND;
    wire_send(&w, CLIENT, TCP_ACK, 1, 1, 0);

    cr_assert_eq(flow->more->longest_gap_ns, 70 * SECOND + MS);
    cr_assert_eq(flow->more->longest_gap.frame, 4);
    cr_assert_eq(flow->more->half[SERVER].rst.gap_ns, 70 * SECOND + MS);
    flows_close(w.flows);
}

Test(octets, a_number_out_of_all_bounds_does_not_stop_the_counting)
{
    struct wire w = wire_open();
    struct flow *flow = wire_handshake(&w);

    wire_send(&w, CLIENT, TCP_ACK, 0x80000000, 1, 100);
    wire_send(&w, CLIENT, TCP_ACK, 0x80000064, 1, 100);

    cr_assert_eq(flow->half[CLIENT].next, 1000 + 0x800000c8);
    cr_assert_eq(flow->more->half[CLIENT].n_data, 2);
    flows_close(w.flows);
}

Test(octets, cut_payload_counts_in_full_and_is_noted)
{
    struct wire w = wire_open();
    struct flow *flow = wire_handshake(&w);
    struct packet p = wire_segment(&w, CLIENT, TCP_ACK, 1, 1, 0);
    p.payload = bytes_of("abc", 3, 1000);
    p.cut = true;

    wire_take(&w, &p);

    cr_assert_eq(flow->half[CLIENT].bytes, 1000);
    cr_assert_eq(flow->half[CLIENT].next, 2001);
    cr_assert_eq(flow->more->half[CLIENT].cut_packets, 1);
    flows_close(w.flows);
}

Test(octets, the_log_is_bounded_and_keeps_room_for_the_end)
{
    struct wire w = wire_open();
    struct flow *flow = wire_handshake(&w);
    for (uint32_t i = 0; i < 40; i++)
        for (int again = 0; again < 3; again++) {
            wire_send(&w, CLIENT, TCP_ACK, 1 + i * 10, 1 + i * 10, 10);
            wire_send(&w, SERVER, TCP_ACK, 1 + i * 10, 1 + i * 10, 10);
        }
    wire_send(&w, SERVER, TCP_RST, 401, 0, 0);

    const struct log *log = &flow->more->log;
    cr_assert_leq(log->n, LOG_MAX);
    cr_assert_eq(log->event[log->n - 1].kind, EVENT_RST);
    cr_assert_eq(wire_logged(flow, EVENT_DATA_AGAIN, CLIENT), 12);
    for (uint16_t i = 1; i < log->n; i++)
        cr_assert_leq(log->event[i - 1].frame, log->event[i].frame);
    flows_close(w.flows);
}

/* ---- the short way for the usual packet ---- */

static uint32_t random_below(uint64_t *state, uint32_t n)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((*state >> 33) % n);
}

static void events_are_equal(const struct event *a, const struct event *b)
{
    cr_assert_eq(a->frame, b->frame);
    cr_assert_eq(a->time_ns, b->time_ns);
    cr_assert_eq(a->length, b->length);
    cr_assert_eq(a->kind, b->kind);
    cr_assert_eq(a->from, b->from);
}

static void flows_are_equal(const struct flow *a, const struct flow *b)
{
    const struct flow_more *x = a->more, *y = b->more;
    cr_assert_eq(a->state, b->state);
    cr_assert_eq(a->last_ns, b->last_ns);
    cr_assert_arr_eq(a->half, b->half, sizeof a->half);
    events_are_equal(&x->progress, &y->progress);
    events_are_equal(&x->longest_gap, &y->longest_gap);
    cr_assert_arr_eq(x->half, y->half, sizeof x->half);
    cr_assert_eq(x->log.n, y->log.n);
    for (uint16_t i = 0; i < x->log.n; i++)
        events_are_equal(&x->log.event[i], &y->log.event[i]);
}

/* A watched connection goes the long way: its packets must leave it as those of another that goes
 * whichever way fits. */
static void watch(struct flow *flow)
{
    if (flow && flow->more)
        flow->more->watched[CLIENT] = true;
}

Test(octets, the_short_way_leaves_what_the_long_way_leaves)
{
    uint64_t random = 1;

    for (unsigned run = 0; run < 300; run++) {
        struct wire a = wire_open(), b = wire_open();
        struct flow *x = wire_handshake(&a), *y = wire_handshake(&b);
        uint32_t sent[SIDES] = { 1, 1 };
        for (unsigned i = 0; i < 40; i++) {
            enum side from = (enum side)random_below(&random, 2), to = side_other(from);
            uint32_t odd = random_below(&random, 12), length = random_below(&random, 3) * 500;
            uint32_t seq = sent[from] - (odd == 0 ? 500 : odd == 1 ? 1 : 0) + (odd == 2 ? 500 : 0);
            uint32_t ack = sent[to] - (odd == 3 ? 1 : 0) + (odd == 4 ? 700 : 0);
            uint8_t flags = odd == 5 && i > 30 ? TCP_ACK | TCP_FIN : TCP_ACK;
            a.window = b.window = odd == 6 ? 0 : 500;
            watch(y);
            x = wire_send(&a, from, flags, seq, ack, length);
            y = wire_send(&b, from, flags, seq, ack, length);
            cr_assert_eq(x == NULL, y == NULL);
            if (!x)
                break;
            flows_are_equal(x, y);
            sent[from] = odd < 3 ? sent[from] : sent[from] + length;
        }
        flows_close(a.flows);
        flows_close(b.flows);
    }
}

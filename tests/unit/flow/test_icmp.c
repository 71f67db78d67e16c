#include "wire.h"

/* An ICMP error from a router about a packet of `from` with this sequence number (from its ISN). */
static struct packet error_about(struct wire *w, enum side from, uint8_t type, uint8_t code,
                                 uint32_t seq)
{
    w->now_ns += MS;
    struct packet p = wire_bare(w, side_other(from));
    p.kind = PACKET_ICMP;
    p.ip_protocol = 1;
    p.source = address_v4((const uint8_t[4]){ 192, 0, 2, 1 });
    p.source_port = p.destination_port = 0;
    p.icmp_type = type;
    p.icmp_code = code;
    p.quote = (struct quote){ .present = true,
                              .ip_protocol = 6,
                              .ttl = 63,
                              .source = wire_address(from),
                              .destination = wire_address(side_other(from)),
                              .source_port = w->port[from],
                              .destination_port = w->port[side_other(from)],
                              .seq = w->isn[from] + seq,
                              .seq_present = true };
    return p;
}

Test(icmp, an_error_joins_the_flow_it_quotes)
{
    struct wire w = wire_open();
    struct flow *flow = wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);
    struct packet error = error_about(&w, CLIENT, 3, 13, 0);

    struct flow *joined = flow_accept(w.flows, &error, &w.from);

    cr_assert_eq(joined, flow);
    const struct icmp_note *note = &flow->more->icmp;
    cr_assert_eq(note->frame, 2);
    cr_assert_eq(note->type, 3);
    cr_assert_eq(note->code, 13);
    cr_assert_eq(note->ttl, 60);
    cr_assert_eq(note->quoted_ttl, 63);
    cr_assert_eq(note->quoted_from, CLIENT);
    cr_assert_eq(note->state_before, TCP_SYN_SENT);
    cr_assert(note->seq_plausible);
    cr_assert(address_equal(&note->sender, &error.source));
    cr_assert_eq(flow->state, TCP_SYN_SENT);
    cr_assert_eq(flow->more->half[CLIENT].syn_options.mss, 1460);
    cr_assert_eq(wire_logged(flow, EVENT_ICMP, CLIENT), 1);
    flows_close(w.flows);
}

Test(icmp, a_number_the_connection_never_used_is_told_apart_and_gives_way)
{
    struct wire w = wire_open();
    struct flow *flow = wire_handshake(&w);
    struct packet forged = error_about(&w, CLIENT, 3, 1, 50000000);
    struct packet real = error_about(&w, CLIENT, 3, 0, 1);

    flow_accept(w.flows, &forged, &w.from);
    cr_assert_not(flow->more->icmp.seq_plausible);
    flow_accept(w.flows, &real, &w.from);

    cr_assert(flow->more->icmp.seq_plausible);
    cr_assert_eq(flow->more->icmp.code, 0);
    cr_assert_eq(flow->more->n_icmp, 2);
    flows_close(w.flows);
}

Test(icmp, packet_too_big_of_both_versions_is_kept_apart)
{
    struct wire w = wire_open();
    struct flow *flow = wire_handshake(&w);
    wire_send(&w, SERVER, TCP_ACK, 1, 1, 1460);
    struct packet error = error_about(&w, SERVER, 3, 4, 1);
    error.icmp_mtu = 1400;

    flow_accept(w.flows, &error, &w.from);

    cr_assert_eq(w.from, SERVER);
    cr_assert_eq(flow->more->too_big.mtu, 1400);
    cr_assert_eq(flow->more->too_big.quoted_from, SERVER);
    cr_assert_eq(flow->more->icmp.frame, 0);

    struct packet six = error_about(&w, SERVER, 2, 0, 1);
    six.source.octet[0] = 0x20; /* RFC 4443 section 3.2 */
    flow->more->too_big.frame = 0;
    flow_accept(w.flows, &six, &w.from);
    cr_assert_eq(flow->more->too_big.frame, six.frame);
    flows_close(w.flows);
}

Test(icmp, a_late_error_finds_the_earlier_connection_on_the_same_ports)
{
    struct wire w = wire_open();
    struct flow *first = wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);
    struct packet late = error_about(&w, CLIENT, 3, 1, 0);
    w.isn[CLIENT] = 800000000;
    struct flow *second = wire_send(&w, CLIENT, TCP_SYN, 0, 0, 0);

    cr_assert_eq(flow_accept(w.flows, &late, &w.from), first);

    cr_assert_null(second->more);
    flows_close(w.flows);
}

Test(icmp, an_error_about_nobody_we_know_has_no_flow)
{
    struct wire w = wire_open();
    struct packet error = error_about(&w, CLIENT, 3, 3, 0);

    cr_assert_null(flow_accept(w.flows, &error, &w.from));
    error.quote.present = false;
    cr_assert_null(flow_accept(w.flows, &error, &w.from));

    cr_assert_eq(flows_counts(w.flows)->open, 0);
    flows_close(w.flows);
}

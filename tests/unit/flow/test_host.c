#include "flow/host.h"
#include "wire.h"

static struct flow *noted_send(struct wire *w, struct hosts *hosts, enum side from, uint8_t flags,
                               uint32_t seq, uint32_t ack, size_t length)
{
    w->now_ns += MS;
    struct packet p = wire_segment(w, from, flags, seq, ack, length);
    struct flow *flow = wire_take(w, &p);
    if (host_wants(flow, &p, w->from))
        host_note(hosts, flow, &p, w->from);
    return flow;
}

static const struct host *host_at(const struct hosts *hosts, enum side side)
{
    struct address address = wire_address(side);
    return host_find(hosts, &address);
}

Test(host, who_only_sends_syns_does_not_exist)
{
    struct wire w = wire_open();
    struct hosts *hosts = hosts_open(100);

    noted_send(&w, hosts, CLIENT, TCP_SYN, 0, 0, 0);

    cr_assert_null(host_at(hosts, CLIENT));
    cr_assert_null(host_at(hosts, SERVER));
    hosts_close(hosts);
    flows_close(w.flows);
}

Test(host, an_answer_tells_of_both_and_of_the_port)
{
    struct wire w = wire_open();
    struct hosts *hosts = hosts_open(100);
    noted_send(&w, hosts, CLIENT, TCP_SYN, 0, 0, 0);

    noted_send(&w, hosts, SERVER, TCP_SYN | TCP_ACK, 0, 1, 0);
    noted_send(&w, hosts, SERVER, TCP_SYN | TCP_ACK, 0, 1, 0);

    const struct host *server = host_at(hosts, SERVER), *client = host_at(hosts, CLIENT);
    cr_assert_eq(server->sent_frame, 3);
    cr_assert_eq(server->ttl, 60);
    cr_assert_eq(server->ttl_frame, 2);
    cr_assert(server->has_mac);
    const struct host_port *port = host_port(server, 8013);
    cr_assert_eq(port->answered, 1);
    cr_assert_eq(port->answered_frame, 3);
    cr_assert_eq(port->refused, 0);
    cr_assert_eq(client->received_frame, 3);
    cr_assert_eq(client->sent_frame, 0);
    hosts_close(hosts);
    flows_close(w.flows);
}

Test(host, a_refusal_counts_for_its_port_and_teaches_no_ttl)
{
    struct wire w = wire_open();
    struct hosts *hosts = hosts_open(100);
    noted_send(&w, hosts, CLIENT, TCP_SYN, 0, 0, 0);

    noted_send(&w, hosts, SERVER, TCP_RST | TCP_ACK, 0, 1, 0);

    const struct host *server = host_at(hosts, SERVER);
    cr_assert_eq(server->ttl, 0);
    cr_assert_eq(host_port(server, 8013)->refused, 1);
    cr_assert_eq(host_port(server, 8013)->refused_ttl, 60);
    cr_assert_eq(host_port(server, 8013)->refused_frame, 2);
    cr_assert_null(host_port(server, 443));
    hosts_close(hosts);
    flows_close(w.flows);
}

Test(host, a_reset_after_the_opening_is_no_refusal)
{
    struct wire w = wire_open();
    struct hosts *hosts = hosts_open(100);
    noted_send(&w, hosts, CLIENT, TCP_SYN, 0, 0, 0);
    noted_send(&w, hosts, SERVER, TCP_SYN | TCP_ACK, 0, 1, 0);
    noted_send(&w, hosts, CLIENT, TCP_ACK, 1, 1, 0);

    noted_send(&w, hosts, SERVER, TCP_RST, 1, 0, 0);

    cr_assert_eq(host_port(host_at(hosts, SERVER), 8013)->refused, 0);
    cr_assert_eq(host_at(hosts, CLIENT)->sent_frame, 3);
    hosts_close(hosts);
    flows_close(w.flows);
}

Test(host, packets_of_one_host_that_disagree_on_the_ttl_are_told)
{
    struct wire w = wire_open();
    struct hosts *hosts = hosts_open(100);
    noted_send(&w, hosts, CLIENT, TCP_SYN, 0, 0, 0);
    noted_send(&w, hosts, SERVER, TCP_SYN | TCP_ACK, 0, 1, 0);
    struct packet p = wire_segment(&w, SERVER, TCP_ACK, 1, 1, 10);
    p.ttl = 61;

    struct flow *flow = wire_take(&w, &p);
    host_note(hosts, flow, &p, w.from);

    cr_assert(host_at(hosts, SERVER)->ttl_varies);
    cr_assert_eq(host_at(hosts, SERVER)->ttl, 60);
    hosts_close(hosts);
    flows_close(w.flows);
}

Test(host, an_answering_port_displaces_one_that_only_refused)
{
    struct wire w = wire_open();
    struct hosts *hosts = hosts_open(100);
    for (uint16_t port = 1; port <= HOST_PORTS + 5; port++) {
        w.port[SERVER] = port;
        noted_send(&w, hosts, CLIENT, TCP_SYN, 0, 0, 0);
        noted_send(&w, hosts, SERVER, TCP_RST | TCP_ACK, 0, 1, 0);
    }
    w.port[SERVER] = 8013;
    noted_send(&w, hosts, CLIENT, TCP_SYN, 0, 0, 0);

    noted_send(&w, hosts, SERVER, TCP_SYN | TCP_ACK, 0, 1, 0);

    const struct host *server = host_at(hosts, SERVER);
    cr_assert_eq(server->n_ports, HOST_PORTS);
    cr_assert_eq(host_port(server, 8013)->answered, 1);
    hosts_close(hosts);
    flows_close(w.flows);
}

Test(host, a_flood_under_false_names_that_is_answered_leaves_room_for_others)
{
    struct wire w = wire_open();
    struct hosts *hosts = hosts_open(100);
    for (uint32_t i = 0; i < 1000; i++) {
        struct packet syn = wire_segment(&w, CLIENT, TCP_SYN, 0, 0, 0);
        syn.source = address_v4((uint8_t[4]){ 172, 16, (uint8_t)(i >> 8), (uint8_t)i });
        wire_take(&w, &syn);
        struct packet answer = wire_segment(&w, SERVER, TCP_SYN | TCP_ACK, 0, 1, 0);
        answer.destination = syn.source;
        struct flow *flow = wire_take(&w, &answer);
        host_note(hosts, flow, &answer, w.from);
    }

    wire_handshake(&w);
    noted_send(&w, hosts, CLIENT, TCP_ACK, 1, 1, 10);

    cr_assert_not_null(host_at(hosts, CLIENT));
    hosts_close(hosts);
    flows_close(w.flows);
}

Test(host, bulk_is_not_wanted)
{
    struct wire w = wire_open();
    struct flow *flow = wire_handshake(&w);
    for (uint32_t i = 0; i < 5; i++)
        wire_send(&w, CLIENT, TCP_ACK, 1 + i * 10, 1, 10);
    struct packet p = wire_segment(&w, CLIENT, TCP_ACK, 51, 1, 10);

    cr_assert_not(host_wants(flow, &p, CLIENT));
    p.flags |= TCP_RST;
    cr_assert(host_wants(flow, &p, CLIENT));
    flows_close(w.flows);
}

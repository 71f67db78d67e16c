#include "../tls/recorded.h"
#include "base/hash.h"
#include "forge.h"
#include "packet/packet.h"
#include "session/dissector.h"

#include <criterion/criterion.h>
#include <string.h>

/* One client and one server whose segments run through decoder, flow and session. */
struct line {
    struct decoder *decoder;
    struct flows *flows;
    struct session_world world;
    struct profile profile;
    uint16_t port; /* of the server */
    uint32_t seq[SIDES];
    uint64_t n;
    int64_t time_ns;
    struct flow *flow;
};

static void line_open(struct line *l, uint16_t port)
{
    struct hash_seed seed = { 1, 3 };
    static const uint16_t ports[] = { 443, 8013, 53, 0 };
    struct flow_limits limits = { .memory_bytes = 64 << 20,
                                  .largest_step_ns = 60000000000,
                                  .server_ports = ports };

    *l = (struct line){ .port = port, .seq = { 1000, 5000 }, .time_ns = 1000000000 };
    l->decoder = decoder_open(seed);
    l->flows = flows_open(&limits, seed);
    l->world.flows = l->flows;
    l->world.pool = flows_pool(l->flows);
    l->world.certs = cert_store_open(1 << 20);
    l->world.names = names_open();
    l->world.profile = &l->profile;
}

static void line_close(struct line *l)
{
    cert_store_close(l->world.certs);
    names_close(l->world.names);
    flows_close(l->flows);
    decoder_close(l->decoder);
}

static void segment(struct line *l, enum side from, uint32_t seq, uint8_t flags,
                    const void *payload, size_t n)
{
    static struct forged f;
    struct packet packet;
    enum side sender = CLIENT;
    bool client = from == CLIENT;

    forge_tcp(&f, &(struct forge_tcp){ .ip = { .source = client ? "10.20.40.17" : "10.0.0.10",
                                               .destination = client ? "10.0.0.10" : "10.20.40.17",
                                               .id = (uint16_t)++l->n },
                                       .source_port = client ? 50000 : l->port,
                                       .destination_port = client ? l->port : 50000,
                                       .seq = seq,
                                       .ack = flags & TCP_ACK ? l->seq[side_other(from)] : 0,
                                       .window = 64000,
                                       .flags = flags,
                                       .payload = { payload, n } });
    l->time_ns += 1000000;
    struct frame frame = forge_frame(&f, l->n, l->time_ns);
    packet_decode(l->decoder, &frame, 1, &packet);
    l->flow = flow_accept(l->flows, &packet, &sender);
    cr_assert_not_null(l->flow);
    if (n)
        session_advance(&l->world, l->flow, &packet, sender);
}

static void handshake(struct line *l)
{
    segment(l, CLIENT, l->seq[CLIENT]++, TCP_SYN, NULL, 0);
    segment(l, SERVER, l->seq[SERVER]++, TCP_SYN | TCP_ACK, NULL, 0);
    segment(l, CLIENT, l->seq[CLIENT], TCP_ACK, NULL, 0);
}

static void say(struct line *l, enum side from, const void *payload, size_t n)
{
    segment(l, from, l->seq[from], TCP_ACK | TCP_PSH, payload, n);
    l->seq[from] += (uint32_t)n;
}

static void say_text(struct line *l, enum side from, const char *text)
{
    say(l, from, text, strlen(text));
}

/* RFC 8446 section 4.1.2, smallest form: TLS 1.2, one suite, server_name "ems.example". */
static const uint8_t hello[] = {
    0x16, 0x03, 0x01, 0x00, 0x43, 0x01, 0x00, 0x00, 0x3f, 0x03, 0x03, 1,    2,    3,    4,
    5,    6,    7,    8,    9,    10,   11,   12,   13,   14,   15,   16,   17,   18,   19,
    20,   21,   22,   23,   24,   25,   26,   27,   28,   29,   30,   31,   32,   0x00, 0x00,
    0x02, 0xc0, 0x2f, 0x01, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x10, 0x00, 0x0e, 0x00, 0x00,
    0x0b, 'e',  'm',  's',  '.',  'e',  'x',  'a',  'm',  'p',  'l',  'e',
};

Test(advance, tls_is_found_by_its_octets_on_any_port)
{
    struct line l;
    line_open(&l, 4711);

    handshake(&l);
    say(&l, CLIENT, hello, sizeof hello);

    cr_assert_not_null(l.flow->session->tls);
    cr_assert_str_eq(l.flow->session->protocol, "tls");
    cr_assert_str_eq(l.flow->session->server_name, "ems.example");
    line_close(&l);
}

Test(advance, a_hello_in_segments_of_one_octet_is_joined)
{
    struct line l;
    line_open(&l, 8013);

    handshake(&l);
    for (size_t i = 0; i < sizeof hello; i++)
        say(&l, CLIENT, hello + i, 1);

    cr_assert_str_eq(l.flow->session->server_name, "ems.example");
    line_close(&l);
}

Test(advance, a_hello_whose_halves_come_in_the_wrong_order_is_joined)
{
    struct line l;
    line_open(&l, 8013);
    size_t half = sizeof hello / 2;

    handshake(&l);
    segment(&l, CLIENT, l.seq[CLIENT] + (uint32_t)half, TCP_ACK, hello + half, sizeof hello - half);
    segment(&l, CLIENT, l.seq[CLIENT], TCP_ACK, hello, half);

    cr_assert_str_eq(l.flow->session->server_name, "ems.example");
    line_close(&l);
}

Test(advance, an_upgrade_to_tls_is_found_behind_plain_text)
{
    struct line l;
    line_open(&l, 25);

    handshake(&l);
    say_text(&l, SERVER, "220 mail ESMTP\r\n");
    say_text(&l, CLIENT, "EHLO endpoint\r\n");
    say_text(&l, SERVER, "250 STARTTLS\r\n");
    say_text(&l, CLIENT, "STARTTLS\r\n");
    say_text(&l, SERVER, "220 go ahead\r\n");
    say(&l, CLIENT, hello, sizeof hello);

    cr_assert_not_null(l.flow->session->tls);
    cr_assert_str_eq(l.flow->session->opening[SERVER].line, "220 mail ESMTP");
    line_close(&l);
}

/* "S" for yes is also how SSH begins: it is left to see, and passed over when TLS follows. */
Test(advance, an_answer_of_one_octet_before_the_upgrade_is_no_part_of_tls)
{
    static const uint8_t request[] = { 0, 0, 0, 8, 4, 210, 22, 47 }; /* PostgreSQL, SSLRequest */
    static const uint8_t answer[] = { 0x16, 0x03, 0x03, 0x00, 0x04, 0x0e, 0, 0, 0 };
    struct line l;
    line_open(&l, 5432);

    handshake(&l);
    say(&l, CLIENT, request, sizeof request);
    say_text(&l, SERVER, "S");
    say(&l, CLIENT, hello, sizeof hello);
    say(&l, SERVER, answer, sizeof answer);

    const struct session *s = l.flow->session;
    cr_assert_not_null(s->tls);
    cr_assert_not_null(s->tls->hello);
    cr_assert_eq(s->tls_offset[SERVER], 1);
    cr_assert_not(s->tls->half[SERVER].alien);
    cr_assert_eq(s->tls->half[SERVER].n_records, 1);
    line_close(&l);
}

Test(advance, plain_http_on_a_tls_port_is_kept_as_it_was_said)
{
    struct line l;
    line_open(&l, 8013);

    handshake(&l);
    say(&l, CLIENT, hello, sizeof hello);
    say_text(&l, SERVER, "HTTP/1.1 400 Bad Request\r\n\r\n");

    const struct opening *server = &l.flow->session->opening[SERVER];
    cr_assert_eq(server->http_status, 400);
    cr_assert_str_eq(server->line, "HTTP/1.1 400 Bad Request");
    line_close(&l);
}

Test(advance, a_hello_from_the_side_taken_for_the_server_turns_the_roles)
{
    struct line l;
    line_open(&l, 61000); /* the client's port is the lower one: a wrong guess mid-stream */

    say(&l, CLIENT, hello, sizeof hello);

    cr_assert_eq(l.flow->port[SERVER], 61000);
    cr_assert_str_eq(l.flow->session->server_name, "ems.example");
    line_close(&l);
}

Test(advance, escape_codes_in_a_first_line_are_spelled_out)
{
    struct line l;
    line_open(&l, 8013);

    handshake(&l);
    say_text(&l, CLIENT, "\033]0;gotcha\007 GET /\r\n");
    say_text(&l, SERVER, "HTTP/1.1 200 \u202eKO\r\n");

    cr_assert_str_eq(l.flow->session->opening[CLIENT].line, "");
    cr_assert_str_eq(l.flow->session->opening[SERVER].line, "HTTP/1.1 200 \\u202eKO");
    line_close(&l);
}

Test(advance, dns_over_tcp_on_53_makes_a_lookup)
{
    struct line l;
    line_open(&l, 53);
    static const char wire[] = "\0\x22\x12\x34\1\0\0\1\0\0\0\0\0\0\3ems\4corp\7example\0\0\1\0\1";

    handshake(&l);
    say(&l, CLIENT, wire, 10);
    say(&l, CLIENT, wire + 10, sizeof wire - 11);

    cr_assert_eq(names_lookups(l.world.names), 1);
    cr_assert_str_eq(l.flow->session->protocol, "dns");
    line_close(&l);
}

Test(advance, octets_that_never_come_are_a_gap_and_the_rest_is_still_read)
{
    struct line l;
    line_open(&l, 25);

    handshake(&l);
    say_text(&l, SERVER, "220 mail ESMTP\r\n");
    l.seq[CLIENT] += 17; /* lost by the capture, acknowledged by the server */
    say(&l, CLIENT, hello, sizeof hello);
    say_text(&l, SERVER, "250 ok\r\n");
    session_end(&l.world, l.flow);

    cr_assert_eq(l.flow->session->gave_up[CLIENT], 17);
    cr_assert_not_null(l.flow->session->tls);
    line_close(&l);
}

Test(advance, a_plain_answer_in_pieces_is_kept_as_one_line)
{
    struct line l;
    line_open(&l, 8013);

    handshake(&l);
    say(&l, CLIENT, hello, sizeof hello);
    say_text(&l, SERVER, "HTT");
    say_text(&l, SERVER, "P/1.1 40");
    say_text(&l, SERVER, "0 Bad Request\r\n\r\n");

    cr_assert_eq(l.flow->session->opening[SERVER].http_status, 400);
    line_close(&l);
}

Test(advance, a_plain_answer_that_stops_in_its_first_line_is_read_at_the_end)
{
    struct line l;
    line_open(&l, 8013);

    handshake(&l);
    say(&l, CLIENT, hello, sizeof hello);
    say_text(&l, SERVER, "SSH-2.0");
    session_end(&l.world, l.flow);

    cr_assert_str_eq(l.flow->session->opening[SERVER].line, "SSH-2.0");
    cr_assert(l.flow->session->tls->half[SERVER].alien);
    line_close(&l);
}

Test(advance, the_header_of_a_load_balancer_is_passed_over)
{
    struct line l;
    line_open(&l, 8013);
    uint8_t first[128];
    static const char proxy[] = "PROXY TCP4 10.20.40.17 10.0.0.10 50000 8013\r\n";
    memcpy(first, proxy, sizeof proxy - 1);
    memcpy(first + sizeof proxy - 1, hello, sizeof hello);

    handshake(&l);
    say(&l, CLIENT, first, sizeof proxy - 1 + sizeof hello);

    cr_assert_str_eq(l.flow->session->server_name, "ems.example");
    line_close(&l);
}

Test(advance, the_binary_header_of_a_load_balancer_is_passed_over)
{
    struct line l;
    line_open(&l, 8013);
    uint8_t first[128];
    static const char proxy[] = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x0a\x14\x28\x11\x0a\0\0\x0a"
                                "\xc3\x50\x1f\x4d";
    memcpy(first, proxy, sizeof proxy - 1);
    memcpy(first + sizeof proxy - 1, hello, sizeof hello);

    handshake(&l);
    say(&l, CLIENT, first, sizeof proxy - 1 + sizeof hello);

    cr_assert_str_eq(l.flow->session->server_name, "ems.example");
    line_close(&l);
}

/* The flights of a recorded TLS 1.2 handshake with certificates of both sides. */
static void full12(struct line *l)
{
    say(l, CLIENT, full12_client, 228);
    say(l, SERVER, full12_server, 839);
    say(l, CLIENT, full12_client + 228, 702);
    say(l, SERVER, full12_server + 839, 754);
}

Test(advance, certificates_of_both_sides_are_kept_with_their_facts)
{
    struct line l;
    line_open(&l, 8013);

    handshake(&l);
    full12(&l);

    const struct session *s = l.flow->session;
    cr_assert_eq(s->tls->state, TLS_UP);
    cr_assert_eq(s->n_chain[SERVER], 1);
    cr_assert_eq(s->n_chain[CLIENT], 1);
    cr_assert_eq(s->chain[CLIENT][0], s->chain[SERVER][0]); /* both showed the same one */
    cr_assert_str_eq(cert_facts(s->chain[SERVER][0])->subject_cn, "ems.corp.example");
    cr_assert_not(s->chain_cut[SERVER]);
    line_close(&l);
}

/* Record and handshake header, length of the list, and two entries that are no more than octets. */
static const uint8_t chain[] = { 0x16, 0x03, 0x03, 0x00, 0x10, 0x0b, 0x00, 0x00, 0x0c, 0x00, 0x00,
                                 0x09, 0x00, 0x00, 0x02, 'a',  'b',  0x00, 0x00, 0x01, 'c' };

Test(advance, a_chain_is_kept_in_the_order_in_which_it_was_sent)
{
    struct line l;
    line_open(&l, 8013);

    handshake(&l);
    say(&l, CLIENT, full12_client, 228);
    say(&l, SERVER, full12_server, 70); /* its hello */
    say(&l, SERVER, chain, sizeof chain);

    const struct session *s = l.flow->session;
    cr_assert_eq(s->n_chain[SERVER], 2);
    cr_assert_eq(cert_der(s->chain[SERVER][0]).left, 2);
    cr_assert_eq(cert_der(s->chain[SERVER][1]).at[0], 'c');
    line_close(&l);
}

Test(advance, an_acknowledgement_beyond_a_hole_ends_the_waiting_for_it)
{
    struct line l;
    line_open(&l, 25);

    handshake(&l);
    say_text(&l, SERVER, "220 mail ESMTP\r\n");
    l.seq[CLIENT] += 17; /* the capture never shows them */
    say(&l, CLIENT, hello, sizeof hello);
    cr_assert_null(l.flow->session->tls);
    say_text(&l, SERVER, "250 ok\r\n");
    say_text(&l, SERVER, "220 go\r\n");

    cr_assert_not_null(l.flow->session->tls);
    cr_assert_eq(l.flow->session->gave_up[CLIENT], 17);
    line_close(&l);
}

Test(advance, behind_the_handshake_no_payload_is_kept)
{
    static const uint8_t header[] = { 0x17, 0x03, 0x03, 0x40, 0x00 };
    static const uint8_t body[1000];
    struct line l;
    line_open(&l, 8013);
    handshake(&l);
    full12(&l);
    say(&l, CLIENT, header, sizeof header);
    size_t before = pool_used(l.world.pool);

    for (uint32_t i = 15; i > 0; i--) /* the body backwards; its first octets never come */
        segment(&l, CLIENT, l.seq[CLIENT] + 1000 * i, TCP_ACK, body, sizeof body);

    const struct session *s = l.flow->session;
    cr_assert_null(s->stream[CLIENT].stash);
    cr_assert_eq(pool_used(l.world.pool), before);
    cr_assert_eq(s->gave_up[CLIENT], 0);
    l.seq[CLIENT] += 0x4000;
    say(&l, CLIENT, header, sizeof header);
    cr_assert_eq(s->tls->half[CLIENT].n_application, 2);
    cr_assert_eq(s->tls->half[CLIENT].application_bytes, 2 * 0x4000);
    line_close(&l);
}

Test(dissector, the_default_profile_names_the_dissectors_of_its_ports)
{
    struct profile profile;
    struct failure failure;
    uint16_t port;

    cr_assert(profile_open_default(&profile, &failure));
    cr_assert(dissectors_known(&profile, &port), "%u", port);
    for (size_t i = 0; i < profile.n_services; i++) {
        port = profile.service[i].port;
        cr_expect_eq(dissector_for_port(&profile, port), dissector_for_port(NULL, port), "%u",
                     port);
    }
}

Test(dissector, a_profile_decides_what_a_port_speaks)
{
    struct profile profile = { .n_services = 1,
                               .service = { { .port = 7025, .dissector = "smtp" } } };
    uint16_t port;

    cr_assert_eq(dissector_for_port(&profile, 7025), dissector_named("smtp"));
    cr_assert_null(dissector_for_port(NULL, 7025));
    strcpy(profile.service[0].dissector, "esmtp");
    cr_assert_not(dissectors_known(&profile, &port));
    cr_assert_eq(port, 7025);
    cr_assert_null(dissector_for_port(&profile, 7025));
}

#include "scenario.h"

static struct scenario s;

/* ---- silence after the ClientHello
 * ------------------------------------------------------------------------ */

Test(handshake, a_greeting_repeated_and_never_acknowledged)
{
    opened(&s);
    hello(&s, 20);
    unacked(&s, CLIENT);
    again(&s, CLIENT, 300);
    again(&s, CLIENT, 900);

    assert_primary(&s, 9000, F_TCP_CLIENTHELLO_UNANSWERED);
    cr_assert_eq(s.verdict.primary.fact, CERTAIN);
    cr_assert_eq(s.verdict.primary.n_frames, 3);
    cr_assert_eq(s.verdict.stage[STAGE_TCP], TOKEN_OK);
    cr_assert_eq(s.verdict.stage[STAGE_TLS], TOKEN_DROP);
    over(&s);
}

Test(handshake, a_greeting_taken_and_not_answered)
{
    opened(&s);
    hello(&s, 20);
    fin(&s, CLIENT, 8000);

    assert_primary(&s, 9000, F_TCP_CLIENTHELLO_ACKED_NO_REPLY);
    cr_assert_eq(s.verdict.primary.cause, POSSIBLE);
    cr_assert_eq(s.verdict.stage[STAGE_TLS], TOKEN_TIMEOUT);
    over(&s);
}

Test(handshake, a_client_that_waits_briefly_gave_up_itself)
{
    opened(&s);
    hello(&s, 20);
    fin(&s, CLIENT, 1200);

    assert_primary(&s, 9000, F_TLS_CLIENT_CLOSED_MIDWAY);
    over(&s);
}

Test(handshake, a_client_that_resets_while_waiting_briefly)
{
    opened(&s);
    hello(&s, 20);
    rst(&s, CLIENT, 1200);

    assert_primary(&s, 9000, F_TCP_RESET_BY_CLIENT);
    cr_assert_eq(s.verdict.primary.cause, POSSIBLE);
    over(&s);
}

/* The same client exchanges data with the same service on another connection. */
static void works_elsewhere(void)
{
    struct scenario other;

    up12(&other);
    data12(&other, CLIENT, 60, 60);
    data12(&other, SERVER, 60, 70);
    served_note((struct served *)s.scene.served, &other.flow);
    over(&other);
}

Test(handshake, a_client_that_leaves_before_an_answer_is_due_and_works_elsewhere_had_one_too_many)
{
    for (int reset = 0; reset < 2; reset++) {
        opened(&s);
        works_elsewhere();
        hello(&s, 20);
        if (reset)
            rst(&s, CLIENT, 57);
        else
            fin(&s, CLIENT, 57);
        assert_primary(&s, 9000, reset ? F_TCP_RESET_BY_CLIENT : F_TLS_CLIENT_CLOSED_MIDWAY);
        cr_assert_eq(s.verdict.primary.severity, SEVERITY_INFO);
        cr_assert_eq(s.verdict.primary.owner, OWNER_NONE);
        over(&s);
    }
    opened(&s); /* nothing works elsewhere */
    hello(&s, 20);
    fin(&s, CLIENT, 57);
    assert_primary(&s, 9000, F_TLS_CLIENT_CLOSED_MIDWAY);
    cr_assert_eq(s.verdict.primary.severity, SEVERITY_ERROR);
    over(&s);

    opened(&s); /* it waited */
    works_elsewhere();
    hello(&s, 20);
    fin(&s, CLIENT, 2000);
    assert_primary(&s, 9000, F_TLS_CLIENT_CLOSED_MIDWAY);
    cr_assert_eq(s.verdict.primary.severity, SEVERITY_ERROR);
    over(&s);
}

Test(handshake, a_full_segment_that_vanishes_while_smaller_ones_pass)
{
    struct scenario small;
    opened(&s);
    up13(&small);
    sealed(&small, CLIENT, 60, 60);
    sealed(&small, SERVER, 60, 70);
    fin(&small, CLIENT, 80);
    served_note((struct served *)s.scene.served, &small.flow);
    over(&small);
    hello(&s, 20);
    s.more.half[CLIENT].last_data.length = MSS;
    s.flow.half[CLIENT].next = CLIENT_ISN + 1 + MSS;
    s.flow.half[CLIENT].acked = CLIENT_ISN + 1;
    again(&s, CLIENT, 300);

    assert_primary(&s, 9000, F_TCP_MTU_BLACKHOLE_CLIENTHELLO);
    over(&s);
}

Test(handshake, without_a_smaller_example_size_is_no_reason)
{
    opened(&s);
    hello(&s, 20);
    s.more.half[CLIENT].last_data.length = MSS;
    s.flow.half[CLIENT].next = CLIENT_ISN + 1 + MSS;
    s.flow.half[CLIENT].acked = CLIENT_ISN + 1;
    again(&s, CLIENT, 300);

    assert_primary(&s, 9000, F_TCP_CLIENTHELLO_UNANSWERED);
    over(&s);
}

Test(handshake, the_second_segment_of_a_greeting_is_not_taken)
{
    opened(&s);
    payload(&s, CLIENT, MSS, 19);
    hello(&s, 20);
    unacked(&s, CLIENT);
    again(&s, CLIENT, 300);

    assert_primary(&s, 9000, F_TCP_CLIENTHELLO_SPLIT_DROPPED);
    cr_assert_eq(s.verdict.primary.fact, POSSIBLE);
    over(&s);
}

Test(handshake, large_packets_of_the_server_vanish)
{
    opened(&s);
    hello(&s, 20);
    payload(&s, SERVER, 200, 30);
    s.more.half[SERVER].sack_hole = packet_of(&s, CLIENT, EVENT_SACK_HOLE, 31, 0);
    fin(&s, CLIENT, 8000);

    assert_primary(&s, 9000, F_TCP_MTU_BLACKHOLE_SERVER_FLIGHT);
    cr_assert(has_frame(&s.verdict.primary, s.more.half[SERVER].sack_hole.frame));
    over(&s);
}

Test(handshake, near_the_server_full_segments_are_repeated)
{
    opened(&s);
    hello(&s, 20);
    server_hello(&s, 0x0304, 30);
    s.more.half[SERVER].last_data.length = MSS;
    again(&s, SERVER, 300);
    again(&s, SERVER, 900);
    again(&s, SERVER, 2000);

    assert_primary(&s, 9000, F_TCP_MTU_BLACKHOLE_SERVER_FLIGHT);
    over(&s);
}

Test(handshake, offload_at_the_capturing_host_makes_sizes_useless)
{
    opened(&s);
    hello(&s, 20);
    server_hello(&s, 0x0304, 30);
    s.more.half[SERVER].last_data.length = 4 * MSS;
    s.flow.half[SERVER].flags |= HALF_LARGE;
    again(&s, SERVER, 300);
    again(&s, SERVER, 900);

    cr_assert_neq(judged(&s, 9000)->primary.id, F_TCP_MTU_BLACKHOLE_SERVER_FLIGHT);
    over(&s);
}

static void too_big(uint32_t mtu)
{
    opened(&s);
    hello(&s, 20);
    s.more.half[CLIENT].last_data.length = 1448;
    s.flow.half[CLIENT].next = CLIENT_ISN + 1 + 1448;
    s.flow.half[CLIENT].acked = CLIENT_ISN + 1;
    s.more.too_big = (struct icmp_note){ .frame = ++s.frame,
                                         .time_ns = when(21),
                                         .quoted_from = CLIENT,
                                         .type = 3,
                                         .code = 4,
                                         .mtu = mtu,
                                         .seq_plausible = true };
    again(&s, CLIENT, 300);
    again(&s, CLIENT, 900);
}

Test(handshake, a_request_for_smaller_packets_that_is_ignored)
{
    too_big(1300);

    assert_primary(&s, 9000, F_ICMP_FRAG_NEEDED_IGNORED);
    cr_assert(has_frame(&s.verdict.primary, s.more.too_big.frame));
    over(&s);
}

Test(handshake, repeats_that_fit_the_named_size_are_no_disobedience)
{
    too_big(1500);

    assert_primary(&s, 9000, F_TCP_CLIENTHELLO_UNANSWERED);
    over(&s);
}

Test(handshake, a_server_that_starts_and_never_finishes)
{
    opened(&s);
    hello(&s, 20);
    server_hello(&s, 0x0304, 30);
    fin(&s, CLIENT, 7000);

    assert_primary(&s, 9000, F_TLS_SERVER_STALLED);
    over(&s);
}

/* ---- ends in the middle
 * ---------------------------------------------------------------------------------- */

Test(handshake, a_server_that_closes_without_a_word)
{
    opened(&s);
    hello(&s, 20);
    fin(&s, SERVER, 30);

    assert_primary(&s, 9000, F_TLS_SERVER_SILENT);
    cr_assert_eq(s.verdict.stage[STAGE_TLS], TOKEN_CLOSED);
    over(&s);
}

Test(handshake, a_server_that_closes_in_the_middle)
{
    for (int old = 0; old < 2; old++) {
        opened(&s);
        hello(&s, 20);
        server_hello(&s, old ? 0x0303 : 0x0304, 30);
        fin(&s, SERVER, 40);

        assert_primary(&s, 9000, F_TLS_SERVER_CLOSED_MIDWAY);
        over(&s);
    }
}

Test(handshake, a_server_that_takes_back_its_hello_with_a_hidden_alert)
{
    opened(&s);
    hello(&s, 20);
    server_hello(&s, 0x0304, 30);
    sealed(&s, SERVER, 19, 31);
    fin(&s, SERVER, 32);

    assert_primary(&s, 9000, F_TLS_SERVER_CLOSED_MIDWAY);
    over(&s);
}

Test(handshake, a_client_that_leaves_before_the_certificate)
{
    opened(&s);
    hello(&s, 20);
    server_hello(&s, 0x0304, 30);
    fin(&s, CLIENT, 40);

    assert_primary(&s, 9000, F_TLS_CLIENT_CLOSED_MIDWAY);
    over(&s);
}

Test(handshake, a_retry_that_leads_nowhere)
{
    opened(&s);
    hello(&s, 20);
    payload(&s, SERVER, 93, 30);
    s.tls.retry = (struct tls_server_hello){ .at = stamp(&s), .present = true };
    s.tls.state = TLS_RETRY;
    fin(&s, CLIENT, 40);

    assert_primary(&s, 9000, F_TLS_HRR_LOOP_OR_FAIL);
    over(&s);
}

Test(handshake, a_retry_that_succeeds_is_healthy)
{
    up13(&s);
    s.tls.retry = (struct tls_server_hello){ .present = true };
    s.tls.n_retries = 1;
    sealed(&s, CLIENT, 60, 60);
    sealed(&s, SERVER, 60, 70);
    fin(&s, CLIENT, 80);

    assert_primary(&s, 9000, F_OK_TLS_ESTABLISHED_CLOSED_CLEAN);
    over(&s);
}

/* ---- plain text
 * --------------------------------------------------------------------------------------- */

static void speak(enum side side, const char *line, uint16_t status, int ms)
{
    payload(&s, side, 40, ms);
    struct opening *o = &s.session.opening[side];
    *o = (struct opening){ .n = 16, .at = stamp(&s), .line = line, .http_status = status };
    memcpy(o->octets, line, strlen(line) < 16 ? strlen(line) : 16);
}

Test(handshake, a_client_in_plain_text_on_a_tls_port)
{
    opened(&s);
    speak(CLIENT, "GET / HTTP/1.1", 0, 20);
    speak(SERVER, "HTTP/1.1 400 Bad Request", 400, 30);
    fin(&s, SERVER, 31);

    assert_primary(&s, 9000, F_TLS_NOT_TLS_CLIENT_PLAINTEXT);
    cr_assert_eq(s.verdict.stage[STAGE_TLS], TOKEN_FAIL);
    over(&s);
}

Test(handshake, a_client_in_plain_text_that_is_served_works)
{
    opened(&s);
    speak(CLIENT, "GET / HTTP/1.1", 0, 20);
    speak(SERVER, "HTTP/1.1 200 OK", 200, 30);
    fin(&s, CLIENT, 31);

    assert_primary(&s, 9000, F_TLS_NOT_TLS_CLIENT_PLAINTEXT);
    cr_assert_eq(s.verdict.primary.severity, SEVERITY_WARNING);
    over(&s);
}

Test(handshake, a_connect_request_is_no_client_in_plain_text)
{
    opened(&s);
    speak(CLIENT, "CONNECT ems:8013 HTTP/1.1", 0, 20);
    fin(&s, CLIENT, 31);

    cr_assert_neq(judged(&s, 9000)->primary.id, F_TLS_NOT_TLS_CLIENT_PLAINTEXT);
    over(&s);
}

Test(handshake, a_server_that_answers_a_proxy_header_ahead_of_tls_with_http)
{
    opened(&s);
    hello(&s, 20);
    memset(&s.session.opening[CLIENT], 0, sizeof s.session.opening[CLIENT]);
    s.session.opening[CLIENT].line = "";
    s.session.tls_offset[CLIENT] = 46;
    speak(SERVER, "HTTP/1.1 400 Bad Request", 400, 30);
    fin(&s, SERVER, 31);

    assert_primary(&s, 9000, F_TLS_NOT_TLS_CLIENT_PLAINTEXT);
    cr_assert_eq(s.verdict.primary.owner, OWNER_CLIENT);
    over(&s);
}

Test(handshake, a_proxy_header_whose_end_was_cut_is_no_upgrade)
{
    opened(&s);
    speak(CLIENT, "PROXY TCP4 10.20.40.17 10.0.0.10 50001 80", 0, 20);
    speak(SERVER, "HTTP/1.1 400 Bad Request", 400, 30);
    fin(&s, SERVER, 31);
    hello(&s, 40);
    memcpy(s.session.opening[CLIENT].octets, "PROXY TCP4 10.20", 16);
    s.session.tls_offset[CLIENT] = 46;

    assert_primary(&s, 9000, F_TLS_NOT_TLS_CLIENT_PLAINTEXT);
    over(&s);
}

Test(handshake, a_server_that_says_nothing_behind_a_proxy_header_is_not_blamed)
{
    opened(&s);
    hello(&s, 20);
    memset(&s.session.opening[CLIENT], 0, sizeof s.session.opening[CLIENT]);
    s.session.opening[CLIENT].line = "";
    s.session.tls_offset[CLIENT] = 46;
    fin(&s, SERVER, 31);

    assert_primary(&s, 9000, F_TLS_SERVER_SILENT);
    cr_assert_eq(s.verdict.primary.owner, OWNER_UNKNOWN);
    over(&s);
}

Test(handshake, a_server_that_answers_tls_with_http)
{
    opened(&s);
    hello(&s, 20);
    speak(SERVER, "HTTP/1.1 400 Bad Request", 400, 30);
    fin(&s, SERVER, 31);
    assert_primary(&s, 9000, F_TLS_NOT_TLS_HTTP_400);
    over(&s);

    opened(&s);
    hello(&s, 20);
    speak(SERVER, "HTTP/1.1 302 Found", 302, 30);
    fin(&s, SERVER, 31);
    assert_primary(&s, 9000, F_TLS_NOT_TLS_SERVER_PLAINTEXT);
    over(&s);
}

Test(handshake, a_server_that_speaks_first_in_plain_text_on_a_tls_port)
{
    opened(&s);
    speak(SERVER, "SSH-2.0-OpenSSH", 0, 20);
    fin(&s, CLIENT, 40);

    assert_primary(&s, 9000, F_TLS_NOT_TLS_SERVER_PLAINTEXT);
    s.more.half[SERVER].unseen_bytes = 1448; /* it may be the middle of something else */
    cr_assert_neq(judged(&s, 9000)->primary.id, F_TLS_NOT_TLS_SERVER_PLAINTEXT);
    over(&s);
}

Test(handshake, plain_text_where_it_belongs_is_fine)
{
    opened(&s);
    s.flow.port[SERVER] = 22;
    speak(SERVER, "SSH-2.0-OpenSSH", 0, 20);
    speak(CLIENT, "SSH-2.0-Client", 0, 30);
    fin(&s, CLIENT, 40);

    assert_primary(&s, 9000, F_OK_TCP_NO_TLS);
    cr_assert_eq(s.verdict.stage[STAGE_APP], TOKEN_OK);
    cr_assert_eq(s.verdict.stage[STAGE_TLS], TOKEN_NOT_TRIED);
    over(&s);
}

/* CONNECT to a proxy, then a ClientHello on the same connection. */
static void hello_through_proxy(void)
{
    opened(&s);
    s.flow.port[SERVER] = 3128;
    speak(CLIENT, "CONNECT ems:8013 HTTP/1.1", 0, 20);
    struct opening asked = s.session.opening[CLIENT];
    speak(SERVER, "HTTP/1.1 200 Connection established", 200, 30);
    hello(&s, 40);
    s.session.opening[CLIENT] = asked;
    s.session.tls_offset[CLIENT] = s.session.tls_offset[SERVER] = 40;
}

Test(handshake, plain_text_before_an_upgrade_is_not_the_answer_to_the_greeting)
{
    hello_through_proxy();
    rst(&s, SERVER, 60);
    assert_primary(&s, 9000, F_TCP_RESET_AFTER_CLIENTHELLO);
    over(&s);

    hello_through_proxy();
    fin(&s, SERVER, 60);
    assert_primary(&s, 9000, F_TLS_SERVER_SILENT);
    over(&s);

    hello_through_proxy();
    assert_primary(&s, 9000, F_TCP_CLIENTHELLO_ACKED_NO_REPLY);
    over(&s);
}

Test(handshake, plain_text_after_an_upgrade_is_no_tls)
{
    hello_through_proxy();
    uint64_t frame = payload(&s, SERVER, 60, 60);
    s.tls.half[SERVER].alien = s.tls.half[SERVER].lost = true;
    fin(&s, SERVER, 61);

    assert_primary(&s, 9000, F_TLS_NOT_TLS_SERVER_PLAINTEXT);
    cr_assert(has_frame(&s.verdict.primary, frame));
    over(&s);
}

Test(handshake, who_was_heard_only_by_acknowledgements_may_have_spoken_tls)
{
    opened(&s);
    s.more.half[CLIENT].unseen_bytes = 300;
    s.more.half[SERVER].unseen_bytes = 4000;
    fin(&s, CLIENT, 90);
    assert_primary(&s, 9000, F_CANNOT_TELL_CAPTURE_LOSS);
    cr_assert_eq(s.verdict.stage[STAGE_APP], TOKEN_UNSEEN);
    over(&s);

    opened(&s);
    s.flow.port[SERVER] = 80;
    speak(CLIENT, "GET / HTTP/1.1", 0, 20);
    s.more.half[SERVER].unseen_bytes = 2902;
    fin(&s, SERVER, 90);
    assert_primary(&s, 9000, F_CANNOT_TELL_CAPTURE_LOSS);
    over(&s);
}

Test(handshake, a_failure_without_tls_says_nothing_of_tls)
{
    opened(&s);
    s.flow.port[SERVER] = 80;
    speak(CLIENT, "GET / HTTP/1.1", 0, 20);
    fin(&s, SERVER, 90);

    assert_primary(&s, 9000, F_APP_CLOSED_WITHOUT_REPLY);
    cr_assert_eq(s.verdict.stage[STAGE_TCP], TOKEN_OK);
    cr_assert_eq(s.verdict.stage[STAGE_TLS], TOKEN_NOT_TRIED);
    cr_assert_eq(s.verdict.stage[STAGE_CERT], TOKEN_NOT_TRIED);
    cr_assert_eq(s.verdict.stage[STAGE_APP], TOKEN_CLOSED);
    over(&s);
}

/* ---- readable alerts
 * ---------------------------------------------------------------------------------- */

enum phase {
    AFTER_HELLO,
    AFTER_HELLO_12,
    AFTER_FLIGHT_12,
    AFTER_FLIGHT_13,
    ASKED_EMPTY,
    ASKED_SENT
};

static void reach(enum phase phase)
{
    opened(&s);
    hello(&s, 20);
    switch (phase) {
    case AFTER_HELLO:
        break;
    case AFTER_HELLO_12:
        server_hello(&s, 0x0303, 30);
        break;
    case AFTER_FLIGHT_12:
        flight12(&s, 30);
        break;
    case AFTER_FLIGHT_13:
        server_hello(&s, 0x0304, 30);
        flight13(&s, 30);
        break;
    case ASKED_EMPTY:
    case ASKED_SENT:
        flight12(&s, 30);
        request12(&s);
        payload(&s, CLIENT, 300, 40);
        s.tls.certificate[CLIENT] = stamp(&s);
        s.tls.n_certificates[CLIENT] = phase == ASKED_SENT;
        s.tls.state = TLS_CLIENT_SEALED;
        break;
    }
}

/* A key that was given to both sides beforehand may differ: nobody has to have changed anything. */
Test(handshake, a_pre_shared_key_that_differs_blames_nobody)
{
    reach(AFTER_HELLO);
    s.hello.psk = true;
    alert(&s, SERVER, 47, 100);
    fin(&s, SERVER, 101);
    assert_primary(&s, 9000, F_TLS_EXTENSION_PROBLEM);
    cr_assert_eq(s.verdict.primary.owner, OWNER_UNKNOWN);
    over(&s);

    for (int i = 0; i < 2; i++) {
        reach(AFTER_HELLO_12);
        s.tls.server_hello.suite = i ? 0x00a9 : 0xc030; /* TLS_PSK_WITH_AES_256_GCM_SHA384 */
        alert(&s, SERVER, 20, 100);
        fin(&s, SERVER, 101);
        assert_primary(&s, 9000, F_TLS_RECORD_CORRUPT);
        cr_assert_eq(s.verdict.primary.owner, i ? OWNER_UNKNOWN : OWNER_MIDDLEBOX);
        over(&s);
    }
}

Test(handshake, alerts_mean_what_their_sender_and_place_say)
{
    static const struct {
        enum phase phase;
        enum side from;
        uint8_t code;
        enum finding_id id;
        enum owner owner;
    } rows[] = {
        { AFTER_HELLO, SERVER, 70, F_TLS_VERSION_NONE_COMMON, OWNER_UNKNOWN },
        { AFTER_HELLO, SERVER, 86, F_TLS_VERSION_FALLBACK_REJECTED, OWNER_CLIENT },
        { AFTER_HELLO, SERVER, 112, F_TLS_SNI_UNRECOGNIZED, OWNER_SERVER },
        { AFTER_HELLO, SERVER, 120, F_TLS_ALPN_NONE_COMMON, OWNER_MIDDLEBOX },
        { AFTER_HELLO, SERVER, 40, F_TLS_HANDSHAKE_FAILURE, OWNER_UNKNOWN },
        { AFTER_HELLO, SERVER, 71, F_TLS_HANDSHAKE_FAILURE, OWNER_UNKNOWN },
        { AFTER_HELLO, SERVER, 47, F_TLS_EXTENSION_PROBLEM, OWNER_MIDDLEBOX },
        { AFTER_HELLO, SERVER, 109, F_TLS_EXTENSION_PROBLEM, OWNER_MIDDLEBOX },
        { AFTER_HELLO, SERVER, 110, F_TLS_EXTENSION_PROBLEM, OWNER_MIDDLEBOX },
        { AFTER_HELLO, SERVER, 49, F_TLS_SERVER_ACCESS_DENIED, OWNER_MIDDLEBOX },
        { AFTER_HELLO, SERVER, 80, F_TLS_SERVER_INTERNAL_ERROR, OWNER_SERVER },
        { AFTER_HELLO, SERVER, 50, F_TLS_DECODE_ERROR, OWNER_MIDDLEBOX },
        { AFTER_HELLO, SERVER, 10, F_TLS_HANDSHAKE_FAILURE, OWNER_UNKNOWN },
        /* without a request the same numbers are not about a client certificate (rule R6) */
        { AFTER_HELLO, SERVER, 42, F_TLS_HANDSHAKE_FAILURE, OWNER_UNKNOWN },
        { AFTER_HELLO, SERVER, 48, F_TLS_HANDSHAKE_FAILURE, OWNER_UNKNOWN },
        { AFTER_HELLO_12, SERVER, 45, F_TLS_HANDSHAKE_FAILURE, OWNER_UNKNOWN },
        { AFTER_FLIGHT_12, CLIENT, 48, F_TLS_CERT_REJECTED_BY_CLIENT_UNKNOWN_CA, OWNER_UNKNOWN },
        { AFTER_FLIGHT_13, CLIENT, 48, F_TLS_CERT_REJECTED_BY_CLIENT_UNKNOWN_CA, OWNER_UNKNOWN },
        { AFTER_FLIGHT_13, CLIENT, 45, F_TLS_CERT_REJECTED_BY_CLIENT_EXPIRED, OWNER_SERVER },
        { AFTER_FLIGHT_12, CLIENT, 44, F_TLS_CERT_REJECTED_BY_CLIENT_REVOKED, OWNER_SERVER },
        { AFTER_FLIGHT_12, CLIENT, 42, F_TLS_CERT_REJECTED_BY_CLIENT_BAD_CERTIFICATE,
          OWNER_UNKNOWN },
        { AFTER_FLIGHT_12, CLIENT, 43, F_TLS_CERT_REJECTED_BY_CLIENT_UNSUPPORTED, OWNER_UNKNOWN },
        { AFTER_FLIGHT_12, CLIENT, 46, F_TLS_CERT_REJECTED_BY_CLIENT_UNKNOWN, OWNER_UNKNOWN },
        { AFTER_FLIGHT_12, CLIENT, 51, F_TLS_SIGNATURE_INVALID, OWNER_UNKNOWN },
        { AFTER_FLIGHT_12, CLIENT, 20, F_TLS_RECORD_CORRUPT, OWNER_MIDDLEBOX },
        { AFTER_HELLO_12, CLIENT, 70, F_TLS_VERSION_SERVER_CHOSE_UNACCEPTABLE, OWNER_MIDDLEBOX },
        { AFTER_FLIGHT_12, CLIENT, 47, F_TLS_EXTENSION_PROBLEM, OWNER_MIDDLEBOX },
        { ASKED_EMPTY, SERVER, 40, F_TLS_CLIENTCERT_REQUIRED, OWNER_CLIENT },
        { ASKED_EMPTY, SERVER, 42, F_TLS_CLIENTCERT_REQUIRED, OWNER_CLIENT },
        { ASKED_EMPTY, SERVER, 50, F_TLS_CLIENTCERT_REQUIRED, OWNER_CLIENT },
        { ASKED_SENT, SERVER, 116, F_TLS_CLIENTCERT_REQUIRED, OWNER_CLIENT },
        { ASKED_SENT, SERVER, 48, F_TLS_CLIENTCERT_REJECTED_UNKNOWN_CA, OWNER_CLIENT },
        { ASKED_SENT, SERVER, 45, F_TLS_CLIENTCERT_REJECTED_EXPIRED, OWNER_CLIENT },
        { ASKED_SENT, SERVER, 44, F_TLS_CLIENTCERT_REJECTED_REVOKED, OWNER_SERVER },
        { ASKED_SENT, SERVER, 42, F_TLS_CLIENTCERT_REJECTED_BAD, OWNER_CLIENT },
        { ASKED_SENT, SERVER, 43, F_TLS_CLIENTCERT_REJECTED_BAD, OWNER_CLIENT },
        { ASKED_SENT, SERVER, 46, F_TLS_CLIENTCERT_REJECTED_UNKNOWN, OWNER_CLIENT },
        { ASKED_SENT, SERVER, 49, F_TLS_CLIENTCERT_ACCESS_DENIED, OWNER_SERVER },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        reach(rows[i].phase);
        uint64_t frame = alert(&s, rows[i].from, rows[i].code, 100);
        rst(&s, rows[i].from, 101); /* the echo of the alert is not blamed */

        assert_primary(&s, 9000, rows[i].id);
        cr_assert(has_frame(&s.verdict.primary, frame), "alert %u", rows[i].code);
        cr_assert_eq(s.verdict.primary.owner, rows[i].owner, "alert %u", rows[i].code);
        cr_assert_not_null(s.verdict.alert);
        over(&s);
    }
}

Test(handshake, a_warning_is_no_end)
{
    up12(&s);
    s.tls.alerts = s.alerts;
    s.alerts[s.tls.n_alerts++] =
        (struct tls_alert){ .at = { 6, when(25) }, .from = SERVER, .level = 1, .code = 112 };
    data12(&s, CLIENT, 100, 60);
    data12(&s, SERVER, 100, 70);
    fin(&s, CLIENT, 80);

    assert_primary(&s, 9000, F_OK_TLS_ESTABLISHED_CLOSED_CLEAN);
    over(&s);
}

Test(handshake, an_older_offer_alone_makes_the_client_act)
{
    opened(&s);
    hello(&s, 20);
    s.hello.versions = bytes_whole(NULL, 0);
    s.hello.legacy_version = 0x0301;
    alert(&s, SERVER, 70, 30);
    fin(&s, SERVER, 31);

    assert_primary(&s, 9000, F_TLS_VERSION_NONE_COMMON);
    cr_assert_eq(s.verdict.primary.owner, OWNER_CLIENT);
    cr_assert_neq(s.verdict.primary.owner_reason[0], '\0');
    const struct raised *old = noticed(&s.verdict, F_TLS_VERSION_LEGACY_ONLY);
    cr_assert_not_null(old);
    cr_assert_eq(old->severity, SEVERITY_WARNING);
    over(&s);
}

Test(handshake, a_lowered_version_that_the_client_notices)
{
    reach(AFTER_FLIGHT_12);
    s.tls.server_hello.downgrade = TLS_MARK_12;
    alert(&s, CLIENT, 47, 40);

    assert_primary(&s, 9000, F_TLS_VERSION_DOWNGRADE_DETECTED);
    cr_assert_eq(s.verdict.primary.cause, CERTAIN);
    over(&s);
}

Test(handshake, a_complaint_about_what_was_not_captured_has_no_reason)
{
    reach(AFTER_FLIGHT_12);
    s.tls.server_hello.cut = true;
    alert(&s, CLIENT, 47, 40);
    assert_primary(&s, 9000, F_CANNOT_TELL_TRUNCATED);
    over(&s);

    reach(AFTER_HELLO);
    s.flow.half[SERVER].flags = HALF_ACKED;
    alert(&s, CLIENT, 70, 40);
    assert_primary(&s, 9000, F_CANNOT_TELL_ONE_SIDED);
    over(&s);
}

Test(handshake, a_version_that_was_not_offered)
{
    static const uint8_t only13[] = { 0x03, 0x04 };
    reach(AFTER_FLIGHT_12);
    s.hello.versions = bytes_whole(only13, sizeof only13);
    alert(&s, CLIENT, 47, 40);

    assert_primary(&s, 9000, F_TLS_VERSION_SERVER_CHOSE_UNACCEPTABLE);
    over(&s);
}

Test(handshake, a_missing_name_counts_only_when_the_server_asks_for_one)
{
    opened(&s);
    hello(&s, 20);
    s.hello.server_name = bytes_whole(NULL, 0);
    s.session.server_name = "";
    alert(&s, SERVER, 112, 30);
    assert_primary(&s, 9000, F_TLS_SNI_MISSING);
    over(&s);

    opened(&s);
    hello(&s, 20);
    s.hello.server_name = bytes_whole(NULL, 0);
    s.session.server_name = "";
    alert(&s, SERVER, 40, 30);
    assert_primary(&s, 9000, F_TLS_HANDSHAKE_FAILURE);
    over(&s);
}

Test(handshake, a_name_that_was_cut_away_is_neither_missing_nor_unknown)
{
    opened(&s);
    hello(&s, 20);
    s.hello.server_name = bytes_whole(NULL, 0);
    s.hello.cut = true;
    s.session.server_name = "";
    alert(&s, SERVER, 112, 30);
    assert_primary(&s, 9000, F_TLS_HANDSHAKE_FAILURE);
    over(&s);

    opened(&s);
    hello(&s, 20);
    s.hello.cut = true;
    alert(&s, SERVER, 112, 30);
    assert_primary(&s, 9000, F_TLS_SNI_UNRECOGNIZED);
    over(&s);
}

/* Another connection shows what the server chooses. */
static void serve(uint16_t suite, uint16_t group)
{
    struct scenario other;
    up13(&other);
    other.tls.server_hello.suite = suite;
    other.tls.server_hello.group = group;
    sealed(&other, CLIENT, 60, 60);
    sealed(&other, SERVER, 60, 70);
    fin(&other, CLIENT, 80);
    served_note((struct served *)s.scene.served, &other.flow);
    over(&other);
}

Test(handshake, lists_that_are_seen_not_to_overlap_name_the_reason)
{
    static const uint8_t few[] = { 0x13, 0x01 };
    opened(&s);
    serve(0x1302, 0x1d);
    hello(&s, 20);
    s.hello.suites = bytes_whole(few, sizeof few);
    alert(&s, SERVER, 40, 30);
    assert_primary(&s, 9000, F_TLS_CIPHER_NONE_COMMON);
    cr_assert_eq(s.verdict.primary.cause, PROBABLE);
    over(&s);

    static const uint8_t other_group[] = { 0x00, 0x1e };
    opened(&s);
    serve(0x1302, 0x1d);
    hello(&s, 20);
    s.hello.groups = bytes_whole(other_group, sizeof other_group);
    alert(&s, SERVER, 40, 30);
    assert_primary(&s, 9000, F_TLS_GROUP_NONE_COMMON);
    over(&s);

    opened(&s);
    serve(0x1302, 0x1d);
    hello(&s, 20);
    alert(&s, SERVER, 40, 30);
    assert_primary(&s, 9000, F_TLS_HANDSHAKE_FAILURE);
    over(&s);
}

Test(handshake, an_impossible_record_header_is_damage)
{
    opened(&s);
    hello(&s, 20);
    flight12(&s, 30);
    s.tls.half[SERVER].alien = true;
    s.tls.half[SERVER].last = stamp(&s);
    fin(&s, CLIENT, 40);

    assert_primary(&s, 9000, F_TLS_RECORD_CORRUPT);
    over(&s);
}

Test(handshake, what_the_capture_cut_or_lost_is_not_judged)
{
    opened(&s);
    hello(&s, 20);
    server_hello(&s, 0x0303, 30);
    s.tls.server_hello.cut = true;
    s.session.clipped[SERVER] = true;
    sealed(&s, CLIENT, 24, 40);
    s.tls.half[CLIENT].n_application = s.tls.half[SERVER].n_application = 1;
    fin(&s, CLIENT, 41);
    assert_primary(&s, 9000, F_CANNOT_TELL_TRUNCATED);
    over(&s);

    opened(&s);
    hello(&s, 20);
    s.more.half[SERVER].unseen_bytes = 1448;
    s.session.gave_up[SERVER] = 1448;
    rst(&s, CLIENT, 41);
    assert_primary(&s, 9000, F_CANNOT_TELL_CAPTURE_LOSS);
    over(&s);
}

Test(handshake, octets_that_decide_and_were_not_captured_accuse_nobody)
{
    static const enum side sides[] = { CLIENT, SERVER };

    for (int i = 0; i < 2; i++) {
        opened(&s);
        hello(&s, 20);
        flight12(&s, 30);
        s.more.half[CLIENT].unseen_bytes = 7; /* an alert, for all we know */
        if (sides[i] == CLIENT)
            rst(&s, CLIENT, 50);
        else
            fin(&s, SERVER, 50);
        assert_primary(&s, 9000, F_CANNOT_TELL_CAPTURE_LOSS);
        over(&s);
    }
}

Test(handshake, a_server_that_closes_behind_a_hole_may_have_finished_its_part)
{
    opened(&s);
    hello(&s, 20);
    server_hello(&s, 0x0303, 30);
    s.session.gave_up[SERVER] = 2742;
    fin(&s, SERVER, 50);

    assert_primary(&s, 9000, F_CANNOT_TELL_CAPTURE_LOSS);
    over(&s);
}

Test(handshake, what_nobody_takes_and_nobody_repeats_went_on_outside_the_capture)
{
    opened(&s);
    hello(&s, 20);
    server_hello(&s, 0x0303, 30);
    unacked(&s, SERVER);
    assert_primary(&s, 20000, F_CANNOT_TELL_CAPTURE_LOSS);
    cr_assert_eq(s.verdict.primary.fact, PROBABLE);
    over(&s);

    opened(&s);
    hello(&s, 20);
    server_hello(&s, 0x0303, 30);
    unacked(&s, SERVER);
    assert_primary(&s, 2000, F_INFO_INCOMPLETE_IN_PROGRESS);
    over(&s);
}

Test(handshake, a_client_certificate_cut_away_is_not_a_missing_one)
{
    reach(ASKED_EMPTY);
    message(&s, CLIENT, TLS_CERTIFICATE);
    s.messages[0].length = 812;
    s.messages[0].cut = true;
    alert(&s, SERVER, 42, 100);
    assert_primary(&s, 9000, F_TLS_CLIENTCERT_REJECTED_BAD);
    over(&s);

    reach(ASKED_EMPTY);
    message(&s, CLIENT, TLS_CERTIFICATE);
    s.messages[0].length = 3;
    alert(&s, SERVER, 42, 100);
    assert_primary(&s, 9000, F_TLS_CLIENTCERT_REQUIRED);
    over(&s);
}

Test(handshake, a_reason_given_counts_though_nobody_closes)
{
    opened(&s);
    hello(&s, 20);
    server_hello(&s, 0x0303, 30);
    alert(&s, SERVER, 80, 40);

    assert_primary(&s, 20000, F_TLS_SERVER_INTERNAL_ERROR);
    over(&s);
}

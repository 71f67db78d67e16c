#include "scenario.h"
#include "verdict/blame.h"

static struct scenario s;

/* ---- healthy ends, and those that only look bad
 * ---------------------------------------------------------------------- */

static void exchange13(void)
{
    up13(&s);
    sealed(&s, CLIENT, 60, 60);
    sealed(&s, SERVER, 60, 70);
}

static void exchange12(void)
{
    up12(&s);
    data12(&s, CLIENT, 60, 60);
    data12(&s, SERVER, 60, 70);
}

Test(ending, data_both_ways_and_still_open)
{
    exchange13();

    assert_primary(&s, 100, F_OK_TLS_ESTABLISHED);
    cr_assert_eq(s.verdict.primary.owner, OWNER_NONE);
    cr_assert_eq(s.verdict.stage[STAGE_TLS], TOKEN_OK);
    cr_assert_eq(s.verdict.stage[STAGE_CERT], TOKEN_DERIVED);
    cr_assert_eq(s.verdict.stage[STAGE_APP], TOKEN_OK);
    cr_assert_eq(s.verdict.failed_stage, ATTEMPT_STAGES);
    over(&s);
}

Test(ending, a_visible_certificate_that_was_accepted_is_ok_and_not_derived)
{
    exchange12();

    assert_primary(&s, 100, F_OK_TLS_ESTABLISHED);
    cr_assert_eq(s.verdict.stage[STAGE_CERT], TOKEN_OK);
    over(&s);
}

Test(ending, a_close_by_either_side_after_data_is_clean)
{
    for (enum side side = CLIENT; side < SIDES; side++) {
        exchange13();
        fin(&s, side, 100);
        fin(&s, side_other(side), 101);

        assert_primary(&s, 5000, F_OK_TLS_ESTABLISHED_CLOSED_CLEAN);
        over(&s);
    }
}

static bool also(enum finding_id id)
{
    for (unsigned i = 0; i < s.verdict.n_also; i++)
        if (s.verdict.also[i].id == id)
            return true;
    return false;
}

/* Of the newest verdict. */
#define assert_noted(which, expected) \
    cr_assert_eq(also(which), (expected), "%s", finding_of(which)->id)

Test(ending, a_side_that_never_closes_its_end_is_noted_after_half_a_minute)
{
    for (int late = 0; late < 2; late++) {
        exchange13();
        fin(&s, CLIENT, 100);

        (void)judged(&s, late ? 31000 : 20000);
        assert_noted(F_TCP_HALF_CLOSED_HANG, late);
        over(&s);
    }
}

Test(ending, no_end_is_missing_while_the_other_side_still_sends_or_is_silent_altogether)
{
    exchange13();
    fin(&s, CLIENT, 100);
    sealed(&s, SERVER, 500, 25000);
    (void)judged(&s, 31000);
    assert_noted(F_TCP_HALF_CLOSED_HANG, false);
    over(&s);

    exchange13();
    fin(&s, CLIENT, 100);
    s.flow.half[CLIENT].acked--; /* nobody took the FIN */
    (void)judged(&s, 31000);
    assert_noted(F_TCP_HALF_CLOSED_HANG, false);
    over(&s);
}

Test(ending, heavy_loss_needs_many_repeats_and_a_share)
{
    static const struct {
        uint32_t data, again;
        bool heavy;
    } rows[] = { { 480, 20, true }, { 481, 19, false }, { 400, 60, false }, { 2000, 60, false } };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        exchange13();
        s.more.half[SERVER].n_data = rows[i].data;
        s.more.half[SERVER].n_again = rows[i].again;

        (void)judged(&s, 31000);
        assert_noted(F_TCP_RETRANSMIT_HEAVY, rows[i].heavy);
        over(&s);
    }
}

Test(ending, a_syn_ack_at_once_from_elsewhere_suggests_a_proxy)
{
    static const struct {
        uint8_t ttl;
        int answer_ms;
        bool suspected;
    } rows[] = { { 60, 200, true }, { 63, 200, false }, { 60, 25, false } };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        exchange13();
        s.more.half[SERVER].ttl_data = rows[i].ttl;
        s.more.half[SERVER].first_data.time_ns =
            s.more.half[CLIENT].first_data.time_ns + MS(rows[i].answer_ms);

        (void)judged(&s, 31000);
        assert_noted(F_TCP_SYN_PROXY_SUSPECTED, rows[i].suspected);
        over(&s);
    }
}

Test(ending, who_accepts_at_once_and_near_asks_somebody_further_away)
{
    static const struct {
        uint8_t ttl, other_port;
        int answer_ms;
        bool suspected;
    } rows[] = {
        { 63, 60, 60, true },  /* the SYN-ACK took 10 ms from one hop; another port is four away */
        { 63, 63, 60, false }, /* nobody is nearer */
        { 60, 63, 60, false }, /* it is further away than others */
        { 63, 60, 18, false }, /* the answer comes as soon as it can */
        { 63, 127, 60, false } /* one place, other initial values */
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        exchange13();
        seen_elsewhere(&s, rows[i].other_port, 0);
        s.more.half[SERVER].ttl_syn = s.more.half[SERVER].ttl_data = rows[i].ttl;
        s.more.half[SERVER].first_data.time_ns =
            s.more.half[CLIENT].first_data.time_ns + MS(rows[i].answer_ms);

        (void)judged(&s, 31000);
        assert_noted(F_PROXY_TRANSPARENT_SUSPECTED, rows[i].suspected);
        over(&s);
    }
}

Test(ending, a_half_close_is_clean)
{
    exchange13();
    fin(&s, CLIENT, 100);
    sealed(&s, SERVER, 500, 200);
    sealed(&s, SERVER, 500, 300);
    fin(&s, SERVER, 400);

    assert_primary(&s, 5000, F_OK_TLS_ESTABLISHED_CLOSED_CLEAN);
    over(&s);
}

Test(ending, a_reset_after_the_close_is_harmless)
{
    exchange13();
    fin(&s, CLIENT, 100);
    sealed(&s, SERVER, 19, 101);
    rst(&s, CLIENT, 102);

    assert_primary(&s, 5000, F_OK_CLOSED_AFTER_DATA_RST);
    over(&s);
}

Test(ending, a_reset_after_close_notify_is_harmless)
{
    exchange13();
    sealed(&s, CLIENT, 19, 100);
    rst(&s, CLIENT, 101);
    assert_primary(&s, 5000, F_OK_CLOSED_AFTER_DATA_RST);
    over(&s);

    exchange12();
    s.tls.alerts = s.alerts;
    payload(&s, CLIENT, 31, 100);
    s.alerts[s.tls.n_alerts++] =
        (struct tls_alert){ .at = stamp(&s), .from = CLIENT, .encrypted = true, .length = 26 };
    rst(&s, CLIENT, 101);
    assert_primary(&s, 5000, F_OK_CLOSED_AFTER_DATA_RST);
    over(&s);
}

Test(ending, retransmissions_that_were_acknowledged_are_no_fault)
{
    exchange13();
    s.more.half[CLIENT].n_again = 5;
    s.more.half[SERVER].n_again = 9;
    fin(&s, CLIENT, 20000);

    assert_primary(&s, 30000, F_OK_TLS_ESTABLISHED_CLOSED_CLEAN);
    over(&s);
}

Test(ending, answered_keep_alives_are_no_fault)
{
    exchange13();
    s.more.half[CLIENT].n_keepalive = 20;

    assert_primary(&s, 600000, F_OK_TLS_ESTABLISHED);
    over(&s);
}

Test(ending, a_closed_window_is_a_warning_about_its_side)
{
    exchange13();
    s.more.half[CLIENT].zero_longest_ns = MS(3000);
    s.more.half[CLIENT].zero_window = s.more.half[CLIENT].last_data;

    assert_primary(&s, 5000, F_OK_TLS_ESTABLISHED);
    const struct raised *r = noticed(&s.verdict, F_TCP_ZERO_WINDOW);
    cr_assert_not_null(r);
    cr_assert_eq(r->owner, OWNER_CLIENT);
    assert_sound(r);
    over(&s);
}

Test(ending, a_large_download_cut_by_the_end_of_the_capture_is_healthy)
{
    exchange13();
    for (int i = 0; i < 8; i++)
        sealed(&s, SERVER, 16401, 80 + i);
    s.more.half[SERVER].zero_since_ns = when(90);
    s.more.half[SERVER].again_count = 1;
    s.more.half[SERVER].again_first = s.more.half[SERVER].again_last =
        s.more.half[SERVER].last_data;

    assert_primary(&s, 95, F_OK_TLS_ESTABLISHED);
    over(&s);
}

Test(ending, regular_small_exchanges_are_a_long_lived_connection)
{
    up13(&s);
    for (int i = 1; i <= 4; i++) {
        sealed(&s, CLIENT, 40, i * 2000);
        sealed(&s, SERVER, 40, i * 2000 + 10);
    }

    assert_primary(&s, 9000, F_OK_TLS_LONG_LIVED);
    over(&s);
}

Test(ending, a_handshake_without_data_is_no_failure)
{
    for (int reset = 0; reset < 2; reset++) {
        up13(&s);
        if (reset)
            rst(&s, CLIENT, 100);
        else
            fin(&s, CLIENT, 100);
        assert_primary(&s, 5000, F_OK_TLS_NO_DATA);
        over(&s);
    }
    up12(&s);
    fin(&s, CLIENT, 100);
    assert_primary(&s, 5000, F_OK_TLS_NO_DATA);
    over(&s);
}

Test(ending, a_last_flight_that_the_server_did_not_take_is_no_success)
{
    opened(&s);
    hello(&s, 20);
    flight12(&s, 30);
    finished12(&s, CLIENT, 40);
    assert_primary(&s, 4500, F_INFO_INCOMPLETE_IN_PROGRESS);
    over(&s);

    opened(&s);
    hello(&s, 20);
    server_hello(&s, 0x0304, 30);
    flight13(&s, 30);
    sealed(&s, CLIENT, 69, 40);
    unacked(&s, CLIENT);
    fin(&s, CLIENT, 60);
    s.flow.half[CLIENT].acked -= 75;
    assert_primary(&s, 9000, F_CANNOT_TELL_ENCRYPTED_REASON);
    over(&s);
}

Test(ending, a_server_without_tickets_that_closes_an_idle_connection)
{
    opened(&s);
    hello(&s, 20);
    server_hello(&s, 0x0304, 30);
    flight13(&s, 30);
    sealed(&s, CLIENT, 69, 40);
    sealed(&s, SERVER, 19, 2000);
    fin(&s, SERVER, 2000);

    assert_primary(&s, 5000, F_OK_TLS_NO_DATA);
    over(&s);
}

Test(ending, a_resumed_session_is_a_note)
{
    exchange13();
    s.tls.server_hello.psk = true;
    fin(&s, CLIENT, 100);

    assert_primary(&s, 5000, F_OK_TLS_ESTABLISHED_CLOSED_CLEAN);
    cr_assert_not_null(noticed(&s.verdict, F_OK_TLS_RESUMED));
    over(&s);
}

Test(ending, a_clean_end_is_settled_and_a_failure_is_not)
{
    exchange13();
    fin(&s, CLIENT, 100);
    fin(&s, SERVER, 101);
    cr_assert(verdict_is_settled(judged(&s, 5000)));
    over(&s);

    opened(&s);
    hello(&s, 20);
    alert(&s, SERVER, 40, 30);
    fin(&s, SERVER, 31);
    cr_assert_not(verdict_is_settled(judged(&s, 5000)), "others may tell more about it");
    over(&s);
}

/* ---- TLS 1.3 by lengths
 * --------------------------------------------------------------------------------- */

static void flight(bool asking)
{
    opened(&s);
    hello(&s, 20);
    server_hello(&s, 0x0304, 30);
    if (asking)
        flight13_asking(&s, 30);
    else
        flight13(&s, 30);
}

Test(ending, an_alert_size_record_in_place_of_the_final_flight)
{
    flight(false);
    uint64_t frame = sealed(&s, CLIENT, 19, 40);
    fin(&s, CLIENT, 41);

    assert_primary(&s, 5000, F_TLS_CERT_REJECTED_BY_CLIENT_ENCRYPTED);
    cr_assert_eq(s.verdict.primary.fact, PROBABLE);
    cr_assert(has_frame(&s.verdict.primary, frame));
    cr_assert_eq(s.verdict.stage[STAGE_TLS], TOKEN_OK);
    cr_assert_eq(s.verdict.stage[STAGE_CERT], TOKEN_REJECT);
    cr_assert_eq(s.verdict.stage[STAGE_APP], TOKEN_NOT_REACHED);
    over(&s);
}

Test(ending, after_a_resumption_no_certificate_can_be_refused)
{
    opened(&s);
    hello(&s, 20);
    server_hello(&s, 0x0304, 30);
    s.tls.server_hello.psk = true;
    sealed(&s, SERVER, 23, 30);
    sealed(&s, SERVER, 69, 30);
    sealed(&s, CLIENT, 19, 40);
    fin(&s, CLIENT, 41);
    assert_primary(&s, 5000, F_CANNOT_TELL_ENCRYPTED_REASON);
    over(&s);

    opened(&s);
    hello(&s, 20);
    server_hello(&s, 0x0304, 30);
    s.tls.server_hello.psk = true;
    sealed(&s, SERVER, 23, 30);
    sealed(&s, SERVER, 69, 30);
    fin(&s, CLIENT, 41);
    assert_primary(&s, 5000, F_CANNOT_TELL_ENCRYPTED_REASON);
    over(&s);
}

Test(ending, a_bare_close_after_the_servers_flight_is_possibly_a_refusal)
{
    for (int reset = 0; reset < 2; reset++) {
        flight(false);
        if (reset)
            rst(&s, CLIENT, 41);
        else
            fin(&s, CLIENT, 41);
        assert_primary(&s, 5000, F_TLS_CERT_REJECTED_BY_CLIENT_SILENT_CLOSE);
        cr_assert_eq(s.verdict.primary.fact, POSSIBLE);
        over(&s);
    }
    opened(&s);
    hello(&s, 20);
    flight12(&s, 30);
    fin(&s, CLIENT, 41);
    assert_primary(&s, 5000, F_TLS_CERT_REJECTED_BY_CLIENT_SILENT_CLOSE);
    over(&s);
}

Test(ending, a_client_that_paused_before_it_left_may_have_had_any_reason)
{
    opened(&s);
    hello(&s, 20);
    flight12(&s, 30);
    rst(&s, CLIENT, 1340);
    assert_primary(&s, 5000, F_TCP_RESET_BY_CLIENT);
    over(&s);

    opened(&s);
    hello(&s, 20);
    flight12(&s, 30);
    fin(&s, CLIENT, 1340);
    assert_primary(&s, 5000, F_TLS_CLIENT_CLOSED_MIDWAY);
    over(&s);

    flight(false);
    fin(&s, CLIENT, 1340);
    assert_primary(&s, 5000, F_CANNOT_TELL_ENCRYPTED_REASON);
    over(&s);
}

/* A health check of a load balancer names nobody, and wants no more than an answer. */
Test(ending, who_named_nobody_and_left_with_the_whole_answer_is_not_accused)
{
    for (int reset = 0; reset < 2; reset++)
        for (int named = 0; named < 2; named++)
            for (int paused = 0; paused < 2; paused++) {
                int64_t ms = paused ? 1340 : 41;
                opened(&s);
                hello(&s, 20);
                if (!named)
                    s.hello.server_name = bytes_whole("", 0);
                flight12(&s, 30);
                if (reset)
                    rst(&s, CLIENT, ms);
                else
                    fin(&s, CLIENT, ms);
                bool probe = !named && !paused;
                if (!named)
                    assert_primary(&s, 5000,
                                   reset ? F_TCP_RESET_BY_CLIENT : F_TLS_CLIENT_CLOSED_MIDWAY);
                else
                    judged(&s, 5000);
                cr_assert_eq(s.verdict.primary.severity == SEVERITY_QUALITY, probe);
                over(&s);
            }
}

Test(ending, who_closed_before_the_certificate_came_did_not_refuse_it)
{
    opened(&s);
    hello(&s, 20);
    fin(&s, CLIENT, 25);
    flight12(&s, 30);
    assert_primary(&s, 5000, F_TLS_CLIENT_CLOSED_MIDWAY);
    over(&s);

    opened(&s);
    hello(&s, 20);
    fin(&s, CLIENT, 25);
    server_hello(&s, 0x0304, 30);
    flight13(&s, 30);
    assert_primary(&s, 5000, F_TLS_CLIENT_CLOSED_MIDWAY);
    over(&s);

    flight(false);
    fin(&s, CLIENT, 41);
    sealed(&s, SERVER, 19, 42); /* the server's answer to the close */
    assert_primary(&s, 5000, F_TLS_CERT_REJECTED_BY_CLIENT_SILENT_CLOSE);
    over(&s);
}

Test(ending, without_a_name_a_bare_close_tells_nothing)
{
    flight(false);
    s.hello.server_name = bytes_whole(NULL, 0);
    fin(&s, CLIENT, 41);

    assert_primary(&s, 5000, F_CANNOT_TELL_ENCRYPTED_REASON);
    over(&s);
}

Test(ending, an_alert_size_record_of_the_server_after_a_client_certificate)
{
    flight(true);
    sealed(&s, CLIENT, 25, 40);
    sealed(&s, CLIENT, 69, 40);
    sealed(&s, SERVER, 19, 60);
    fin(&s, SERVER, 61);

    assert_primary(&s, 5000, F_TLS_CLIENTCERT_REJECTED_ENCRYPTED);
    cr_assert_eq(s.verdict.primary.fact, PROBABLE);
    const struct raised *none = noticed(&s.verdict, F_TLS_CLIENTCERT_NONE_SENT);
    cr_assert_not_null(none);
    cr_assert_eq(none->fact, PROBABLE);
    over(&s);
}

Test(ending, without_a_request_the_same_record_has_no_reason)
{
    flight(false);
    sealed(&s, CLIENT, 69, 40);
    sealed(&s, SERVER, 19, 60);
    fin(&s, SERVER, 61);
    assert_primary(&s, 5000, F_CANNOT_TELL_ENCRYPTED_REASON);
    over(&s);

    flight(false);
    sealed(&s, CLIENT, 69, 40);
    sealed(&s, CLIENT, 100, 41);
    sealed(&s, SERVER, 19, 60);
    fin(&s, SERVER, 61);
    assert_primary(&s, 5000, F_APP_CLOSED_WITHOUT_REPLY);
    over(&s);
}

/* The reply may be what the client acknowledges and the capture does not have. */
Test(ending, no_reply_is_missed_where_octets_of_the_server_are)
{
    flight(false);
    sealed(&s, CLIENT, 69, 40);
    sealed(&s, CLIENT, 100, 41);
    fin(&s, SERVER, 61);
    assert_primary(&s, 5000, F_APP_CLOSED_WITHOUT_REPLY);
    s.more.half[SERVER].unseen_bytes = 1448;
    assert_primary(&s, 5000, F_CANNOT_TELL_CAPTURE_LOSS);
    over(&s);
}

Test(ending, a_missing_client_certificate_that_the_server_accepts_is_a_note)
{
    flight(true);
    sealed(&s, CLIENT, 25, 40);
    sealed(&s, CLIENT, 69, 40);
    sealed(&s, SERVER, 250, 60);
    sealed(&s, CLIENT, 60, 70);
    sealed(&s, SERVER, 60, 80);
    fin(&s, CLIENT, 90);

    assert_primary(&s, 5000, F_OK_TLS_ESTABLISHED_CLOSED_CLEAN);
    cr_assert_not_null(noticed(&s.verdict, F_TLS_CLIENTCERT_NONE_SENT));
    over(&s);
}

Test(ending, a_late_reset_after_a_client_certificate)
{
    flight(true);
    sealed(&s, CLIENT, 900, 40);
    sealed(&s, CLIENT, 281, 40);
    sealed(&s, CLIENT, 69, 40);
    sealed(&s, CLIENT, 100, 45);
    rst(&s, SERVER, 60);

    assert_primary(&s, 5000, F_TLS_CLIENTCERT_LATE_FAILURE);
    over(&s);
}

Test(ending, a_server_that_closes_right_after_the_final_flight_without_a_record)
{
    flight(false);
    sealed(&s, CLIENT, 69, 40);
    fin(&s, SERVER, 60);

    assert_primary(&s, 5000, F_CANNOT_TELL_ENCRYPTED_REASON);
    over(&s);
}

Test(ending, a_server_that_closes_after_the_request)
{
    up12(&s);
    data12(&s, CLIENT, 60, 60);
    fin(&s, SERVER, 100);

    assert_primary(&s, 5000, F_APP_CLOSED_WITHOUT_REPLY);
    cr_assert_eq(s.verdict.stage[STAGE_APP], TOKEN_CLOSED);
    over(&s);
}

static void request_before_the_tickets(void)
{
    opened(&s);
    hello(&s, 20);
    server_hello(&s, 0x0304, 30);
    flight13(&s, 30);
    sealed(&s, CLIENT, 69, 40);
    sealed(&s, CLIENT, 60, 41);
    sealed(&s, SERVER, 250, 50);
    sealed(&s, SERVER, 250, 51);
}

Test(ending, what_may_be_tickets_is_no_answer_when_the_server_closes)
{
    request_before_the_tickets();
    fin(&s, SERVER, 5000);

    assert_primary(&s, 9000, F_CANNOT_TELL_ENCRYPTED_REASON);
    over(&s);
}

Test(ending, what_may_be_tickets_is_an_answer_to_a_client_that_leaves_at_once)
{
    static const struct {
        int left_ms;
        enum finding_id id;
    } rows[] = { { 60, F_OK_TLS_ESTABLISHED_CLOSED_CLEAN },
                 { 20000, F_CANNOT_TELL_ENCRYPTED_REASON } };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        request_before_the_tickets();
        sealed(&s, CLIENT, 19, rows[i].left_ms);
        sealed(&s, SERVER, 19, rows[i].left_ms + 1);
        fin(&s, SERVER, rows[i].left_ms + 2); /* first, and only in answer */

        assert_primary(&s, 25000, rows[i].id);
        over(&s);
    }
}

Test(ending, what_may_be_tickets_makes_an_open_connection_possibly_work)
{
    request_before_the_tickets();

    assert_primary(&s, 9000, F_OK_TLS_ESTABLISHED);
    cr_assert_eq(s.verdict.primary.fact, POSSIBLE);
    over(&s);
}

Test(ending, a_goodbye_of_the_server_instead_of_a_reply)
{
    up13(&s);
    sealed(&s, CLIENT, 60, 60);
    sealed(&s, SERVER, 19, 5000);
    sealed(&s, CLIENT, 19, 5001);
    fin(&s, CLIENT, 5002);

    assert_primary(&s, 9000, F_APP_CLOSED_WITHOUT_REPLY);
    cr_assert_eq(s.verdict.primary.fact, PROBABLE);
    over(&s);

    up12(&s);
    data12(&s, CLIENT, 60, 60);
    alert(&s, SERVER, 0, 5000);
    s.alerts[0].encrypted = true;
    fin(&s, CLIENT, 5002);

    assert_primary(&s, 9000, F_APP_CLOSED_WITHOUT_REPLY);
    cr_assert_eq(s.verdict.primary.fact, CERTAIN);
    over(&s);
}

Test(ending, a_client_that_says_goodbye_first_does_not_blame_the_server)
{
    up12(&s);
    data12(&s, CLIENT, 60, 60);
    alert(&s, CLIENT, 0, 5000);
    s.alerts[0].encrypted = true;
    fin(&s, CLIENT, 5002);

    assert_primary(&s, 9000, F_CANNOT_TELL_ENCRYPTED_REASON);
    over(&s);
}

/* TLS 1.2: a sealed record of this type, which is no application data. */
static void sealed12(enum side from, uint8_t type, int ms)
{
    struct tls_half *half = &s.tls.half[from];

    sealed(&s, from, 40, ms);
    half->sealed_list[half->n_sealed - 1].type = type;
    half->sealed_last = half->sealed_list[half->n_sealed - 1];
}

Test(ending, a_second_handshake_after_the_request_that_the_server_ends)
{
    static const struct {
        uint8_t reply; /* of the client: 0 none */
        enum side leaver;
        bool answered;
        enum finding_id id;
    } rows[] = {
        { TLS_HANDSHAKE, SERVER, false, F_TLS_CLIENTCERT_RENEGOTIATION_FAIL },
        { TLS_ALERT, SERVER, false, F_TLS_CLIENTCERT_RENEGOTIATION_FAIL },
        { 0, SERVER, false, F_APP_CLOSED_WITHOUT_REPLY },
        { TLS_HANDSHAKE, SERVER, true, F_OK_TLS_ESTABLISHED_CLOSED_CLEAN },
        { TLS_HANDSHAKE, CLIENT, false, F_CANNOT_TELL_ENCRYPTED_REASON },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        up12(&s);
        data12(&s, CLIENT, 60, 60);
        s.tls.half[CLIENT].n_sealed = 0; /* application data has no place in the list */
        sealed12(SERVER, TLS_HANDSHAKE, 70);
        if (rows[i].reply)
            sealed12(CLIENT, rows[i].reply, 80);
        if (rows[i].answered)
            data12(&s, SERVER, 60, 90);
        fin(&s, rows[i].leaver, 100);

        assert_primary(&s, 9000, rows[i].id);
        over(&s);
    }
}

Test(ending, a_second_handshake_of_the_client_that_the_server_declines)
{
    static const struct {
        uint8_t first, reply; /* of the server: 0 none */
        bool answered;
        enum finding_id id;
    } rows[] = {
        { TLS_HANDSHAKE, TLS_ALERT, false, F_TLS_CLIENTCERT_RENEGOTIATION_FAIL },
        { TLS_HANDSHAKE, 0, false, F_OK_TLS_ESTABLISHED_CLOSED_CLEAN },
        { TLS_HANDSHAKE, TLS_ALERT, true, F_OK_TLS_ESTABLISHED_CLOSED_CLEAN },
        { TLS_ALERT, TLS_ALERT, false, F_OK_TLS_ESTABLISHED_CLOSED_CLEAN },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        up12(&s);
        data12(&s, CLIENT, 60, 60);
        data12(&s, SERVER, 60, 65);
        s.tls.half[CLIENT].n_sealed = s.tls.half[SERVER].n_sealed = 0;
        sealed12(CLIENT, rows[i].first, 70);
        if (rows[i].reply)
            sealed12(SERVER, rows[i].reply, 80);
        if (rows[i].answered)
            data12(&s, SERVER, 60, 90);
        fin(&s, CLIENT, 100);

        assert_primary(&s, 9000, rows[i].id);
        over(&s);
    }
}

Test(ending, an_answer_that_the_client_no_longer_wanted)
{
    static const struct {
        int left_ms, answered_ms;
        enum finding_id id;
    } rows[] = {
        { 3000, 2000, F_OK_CLOSED_AFTER_DATA_RST },
        { 3000, 5000, F_CANNOT_TELL_ENCRYPTED_REASON },
        { 31000, 35000, F_APP_NO_REPLY_TIMEOUT },
    };

    for (size_t i = 0; i < 2 * sizeof rows / sizeof *rows; i++) {
        int left_ms = rows[i / 2].left_ms, answered_ms = rows[i / 2].answered_ms;
        bool modern = i % 2;
        (modern ? up13 : up12)(&s);
        (modern ? (void)sealed(&s, CLIENT, 60, 60) : data12(&s, CLIENT, 60, 60));
        s.tls.half[CLIENT].first_application = stamp(&s);
        if (answered_ms > left_ms)
            fin(&s, CLIENT, left_ms);
        (modern ? (void)sealed(&s, SERVER, 60, answered_ms) : data12(&s, SERVER, 60, answered_ms));
        s.tls.half[SERVER].first_application = stamp(&s);
        if (answered_ms < left_ms)
            fin(&s, CLIENT, left_ms);
        rst(&s, CLIENT, 36000);

        assert_primary(&s, 40000, rows[i / 2].id);
        over(&s);
    }
}

Test(ending, a_request_without_a_reply_for_half_a_minute)
{
    up12(&s);
    data12(&s, CLIENT, 60, 60);
    fin(&s, CLIENT, 31000);

    assert_primary(&s, 35000, F_APP_NO_REPLY_TIMEOUT);
    cr_assert_eq(s.verdict.stage[STAGE_APP], TOKEN_TIMEOUT);
    over(&s);
}

Test(ending, a_slow_server_is_no_failure_while_the_client_waits)
{
    up12(&s);
    data12(&s, CLIENT, 60, 60);

    assert_primary(&s, 20000, F_INFO_INCOMPLETE_IN_PROGRESS);
    over(&s);
}

/* ---- resets
 * ---------------------------------------------------------------------------------------- */

Test(ending, a_reset_after_the_greeting_with_the_servers_ttl)
{
    opened(&s);
    hello(&s, 20);
    rst(&s, SERVER, 30);

    assert_primary(&s, 5000, F_TCP_RESET_AFTER_CLIENTHELLO);
    cr_assert_eq(s.verdict.primary.owner, OWNER_SERVER);
    cr_assert_eq(s.verdict.primary.cause, POSSIBLE);
    cr_assert_eq(s.verdict.stage[STAGE_TLS], TOKEN_RST);
    over(&s);
}

Test(ending, a_reset_with_another_ttl_was_forged)
{
    opened(&s);
    hello(&s, 20);
    rst(&s, SERVER, 30);
    s.more.half[SERVER].rst.ttl = 64;

    assert_primary(&s, 5000, F_TCP_RESET_INJECTED);
    cr_assert_eq(s.verdict.primary.fact, PROBABLE);
    cr_assert_eq(s.verdict.primary.owner, OWNER_MIDDLEBOX);
    cr_assert_neq(s.verdict.primary.owner_reason[0], '\0');
    over(&s);
}

Test(ending, another_initial_ttl_at_the_same_distance_forges_nothing)
{
    opened(&s);
    hello(&s, 20);
    rst(&s, SERVER, 30);
    s.more.half[SERVER].rst.ttl = 127; /* 63 is one hop as well */

    assert_primary(&s, 5000, F_TCP_RESET_AFTER_CLIENTHELLO);
    cr_assert_eq(s.verdict.primary.owner, OWNER_UNKNOWN);
    over(&s);
}

/* Linux' SYNPROXY announces a window of 0 until the server has answered as well. */
Test(ending, a_reset_from_behind_the_answer_to_the_syn_is_not_forged)
{
    static const struct {
        uint8_t ttl;
        bool window_closed;
        enum finding_id id;
    } rows[] = { { 62, true, F_TCP_ACCEPT_THEN_RESET },
                 { 62, false, F_TCP_RESET_INJECTED },
                 { 64, true, F_TCP_RESET_INJECTED } };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        opened(&s);
        if (rows[i].window_closed)
            s.more.half[SERVER].zero_window = s.more.half[SERVER].first_syn;
        rst(&s, SERVER, 30);
        s.more.half[SERVER].rst.ttl = rows[i].ttl;

        assert_primary(&s, 5000, rows[i].id);
        over(&s);
    }
}

Test(ending, packets_of_one_address_that_disagree_prove_nothing)
{
    opened(&s);
    hello(&s, 20);
    rst(&s, SERVER, 30);
    s.more.half[SERVER].rst.ttl = 64;
    s.more.half[SERVER].ttl_data = 60;

    assert_primary(&s, 5000, F_TCP_RESET_AFTER_CLIENTHELLO);
    cr_assert_eq(s.verdict.primary.owner, OWNER_UNKNOWN);
    over(&s);
}

Test(ending, data_behind_a_reset_shows_that_it_was_forged)
{
    opened(&s);
    hello(&s, 20);
    rst(&s, SERVER, 30);
    payload(&s, SERVER, 1400, 35);

    judged(&s, 5000);
    cr_assert_eq(s.verdict.primary.id, F_TCP_RESET_INJECTED);
    over(&s);
}

Test(ending, one_weak_sign_is_not_enough)
{
    exchange13();
    s.more.half[CLIENT].syn_options.timestamps = s.more.half[SERVER].syn_options.timestamps = true;
    rst(&s, SERVER, 100); /* without them */

    assert_primary(&s, 5000, F_TCP_RESET_BY_SERVER);
    cr_assert_eq(s.verdict.primary.fact, CERTAIN);
    over(&s);
}

/* Written unlike the server writes: as many of the three signs as asked for. */
static struct raised odd_reset(unsigned signs)
{
    exchange13();
    s.more.half[CLIENT].syn_options.timestamps = s.more.half[SERVER].syn_options.timestamps = true;
    s.more.half[SERVER].ip_id_own = 4711;
    rst(&s, SERVER, 100);
    struct ending_packet *r = &s.more.half[SERVER].rst;
    r->timestamps = signs < 1;
    r->window = signs < 2 ? 500 : 0;
    r->ip_id = signs < 3 ? 4712 : 0;
    struct raised raised = judged(&s, 5000)->primary;
    over(&s);
    return raised;
}

Test(ending, three_weak_signs_make_a_forgery_possible)
{
    struct raised r = odd_reset(3);

    cr_assert_eq(r.id, F_TCP_RESET_INJECTED);
    cr_assert_eq(r.fact, POSSIBLE);
    cr_assert_not_null(strstr(r.owner_reason, "timestamps"));
    cr_assert_not_null(strstr(r.owner_reason, "window"));
}

Test(ending, two_weak_signs_leave_nobody_to_blame)
{
    struct raised r = odd_reset(2);

    cr_assert_eq(r.id, F_TCP_RESET_BY_SERVER);
    cr_assert_eq(r.fact, PROBABLE);
    cr_assert_eq(r.owner, OWNER_UNKNOWN);
    cr_assert_eq(odd_reset(1).owner, OWNER_SERVER);
}

Test(ending, a_bare_reset_is_an_answer_and_blames_nobody)
{
    for (int pause = 0; pause < 2; pause++) {
        exchange13();
        rst(&s, SERVER, pause ? 70 + 3600000 : 100);
        s.more.half[SERVER].rst.flags = TCP_RST;

        cr_assert_eq(judged(&s, 3700000)->primary.owner, OWNER_UNKNOWN);
        cr_assert_neq(s.verdict.primary.id, F_TCP_RESET_INJECTED);
        over(&s);
    }
}

Test(ending, a_bare_reset_behind_the_servers_flight_rejects_nothing)
{
    opened(&s);
    hello(&s, 20);
    server_hello(&s, 0x0304, 30);
    flight13(&s, 30);
    rst(&s, CLIENT, 40);
    s.more.half[CLIENT].rst.flags = TCP_RST;

    assert_primary(&s, 5000, F_TCP_RESET_BY_CLIENT);
    cr_assert_eq(s.verdict.primary.owner, OWNER_UNKNOWN);
    over(&s);
}

/* Recorded inside a router: what passes is seen twice. */
static struct raised inside_router(bool both_sides)
{
    exchange13();
    s.scene.payload_packets = 100;
    s.scene.copies = s.scene.payload_copies = s.scene.ttl_steps = 50;
    rst(&s, SERVER, 100);
    s.more.half[SERVER].rst_ttl_varies = both_sides;
    struct raised r = judged(&s, 5000)->primary;
    over(&s);
    return r;
}

Test(ending, a_reset_that_only_leaves_the_recording_router_was_made_there)
{
    cr_assert_eq(inside_router(false).id, F_TCP_RESET_INJECTED);
    cr_assert_eq(inside_router(true).id, F_TCP_RESET_BY_SERVER);
}

/* A reset 2 ms after the greeting, where `n` answers of the server took 20 ms at least. */
static unsigned hurried(uint32_t n)
{
    opened(&s);
    hello(&s, 20);
    rst(&s, SERVER, 22);
    seen_elsewhere(&s, 63, 0);
    struct host *host = (struct host *)host_find(s.scene.hosts, &s.flow.address[SERVER]);
    host->n_answers = n;
    host->answer_ns = MS(20);
    struct raised r = judged(&s, 5000)->primary;
    over(&s);
    return r.owner;
}

Test(ending, a_reset_sooner_than_the_server_ever_answered_does_not_blame_it)
{
    cr_assert_eq(hurried(2), OWNER_UNKNOWN);
    cr_assert_eq(hurried(1), OWNER_SERVER); /* it may have waited for ARP */
}

Test(ending, a_bare_reset_after_that_of_the_other_side_answers_it)
{
    exchange13();
    rst(&s, SERVER, 100);
    rst(&s, CLIENT, 100);
    s.more.half[CLIENT].rst.flags = TCP_RST;

    cr_assert_neq(judged(&s, 5000)->primary.id, F_TCP_RESET_BOTH_ENDS);
    over(&s);
}

Test(ending, resets_of_both_sides_within_a_millisecond)
{
    exchange13();
    rst(&s, SERVER, 100);
    rst(&s, CLIENT, 100);
    assert_primary(&s, 5000, F_TCP_RESET_BOTH_ENDS);
    cr_assert_eq(s.verdict.primary.fact, PROBABLE);
    over(&s);

    exchange13();
    s.more.rtt_ns = MS(1); /* one may answer the other */
    rst(&s, SERVER, 100);
    rst(&s, CLIENT, 100);
    assert_primary(&s, 5000, F_TCP_RESET_BOTH_ENDS);
    cr_assert_eq(s.verdict.primary.fact, POSSIBLE);
    over(&s);
}

Test(ending, a_reset_after_a_round_pause_is_a_timer)
{
    exchange13();
    rst(&s, SERVER, 70 + 3600000);
    assert_primary(&s, 3700000, F_TCP_RESET_IDLE_TIMEOUT);
    cr_assert_eq(s.verdict.primary.fact, PROBABLE);
    cr_assert_eq(s.verdict.primary.owner, OWNER_SERVER);
    over(&s);

    exchange13();
    sealed(&s, CLIENT, 60, 80); /* it waited for an answer */
    rst(&s, CLIENT, 80 + 75000);
    assert_primary(&s, 100000, F_TCP_RESET_IDLE_TIMEOUT);
    cr_assert_eq(s.verdict.primary.fact, POSSIBLE);
    cr_assert_eq(s.verdict.primary.owner, OWNER_CLIENT);
    over(&s);
}

Test(ending, a_client_that_drops_an_idle_connection_when_nothing_is_due_is_no_failure)
{
    exchange13();
    rst(&s, CLIENT, 70 + 60000);
    assert_primary(&s, 100000, F_TCP_RESET_IDLE_TIMEOUT);
    cr_assert_eq(s.verdict.primary.severity, SEVERITY_WARNING);
    over(&s);

    exchange13();
    unacked(&s, SERVER); /* the last octets never reached it */
    rst(&s, CLIENT, 70 + 60000);
    assert_primary(&s, 100000, F_TCP_RESET_IDLE_TIMEOUT);
    cr_assert_eq(s.verdict.primary.severity, SEVERITY_ERROR);
    over(&s);
}

Test(ending, a_client_that_drops_a_kept_connection_has_had_its_answer)
{
    static const int pauses_ms[] = { 900, 1100 };

    for (int late = 0; late < 2; late++) {
        exchange13();
        rst(&s, CLIENT, 70 + pauses_ms[late]);
        assert_primary(&s, 5000, F_TCP_RESET_BY_CLIENT);
        cr_assert_eq(s.verdict.primary.severity, late ? SEVERITY_WARNING : SEVERITY_ERROR);
        over(&s);
    }

    exchange13();
    sealed(&s, CLIENT, 60, 80); /* this one was not answered */
    rst(&s, CLIENT, 4000);
    assert_primary(&s, 5000, F_TCP_RESET_BY_CLIENT);
    cr_assert_eq(s.verdict.primary.severity, SEVERITY_ERROR);
    over(&s);
}

Test(ending, a_reset_is_compared_with_the_packets_of_its_sender)
{
    for (enum side side = CLIENT; side < SIDES; side++) {
        bool compared = false;
        exchange13();
        rst(&s, side, 75);
        (void)judged(&s, 5000);
        for (size_t i = 0; i < s.verdict.n_checks; i++)
            if (s.verdict.checks[i].kind == CHECK_RST_TTL_EQUAL)
                compared = s.verdict.checks[i].side == side;
        cr_assert(compared);
        over(&s);
    }
}

Test(ending, a_plain_conversation_that_the_client_drops_when_nothing_is_due_is_no_failure)
{
    opened(&s);
    s.flow.port[SERVER] = 445;
    payload(&s, CLIENT, 60, 20);
    payload(&s, SERVER, 60, 30);
    rst(&s, CLIENT, 31);
    assert_primary(&s, 5000, F_TCP_RESET_BY_CLIENT);
    cr_assert_eq(s.verdict.primary.severity, SEVERITY_INFO);
    over(&s);

    opened(&s);
    s.flow.port[SERVER] = 445;
    payload(&s, CLIENT, 60, 20);
    payload(&s, SERVER, 60, 30);
    payload(&s, CLIENT, 60, 40); /* this one was not answered */
    rst(&s, CLIENT, 51);
    assert_primary(&s, 5000, F_TCP_RESET_BY_CLIENT);
    cr_assert_eq(s.verdict.primary.severity, SEVERITY_ERROR);
    over(&s);
}

Test(ending, a_reset_of_a_working_connection_by_the_client)
{
    exchange13();
    rst(&s, CLIENT, 100);

    assert_primary(&s, 5000, F_TCP_RESET_BY_CLIENT);
    cr_assert_eq(s.verdict.stage[STAGE_APP], TOKEN_RST);
    over(&s);
}

/* ---- paths that die
 * ------------------------------------------------------------------------------------ */

static void die(int after_ms)
{
    exchange13();
    if (after_ms > 60000) {
        s.more.longest_gap_ns = MS(after_ms);
        s.more.longest_gap = (struct event){ .frame = s.frame + 1, .time_ns = when(after_ms) };
    }
    sealed(&s, CLIENT, 100, after_ms);
    unacked(&s, CLIENT);
    again(&s, CLIENT, after_ms + 300);
    again(&s, CLIENT, after_ms + 900);
    again(&s, CLIENT, after_ms + 2100);
    again(&s, CLIENT, after_ms + 12000);
}

Test(ending, a_working_path_that_dies)
{
    die(200);

    assert_primary(&s, 20000, F_TCP_PATH_DIED);
    cr_assert_eq(s.verdict.primary.fact, CERTAIN);
    cr_assert_eq(s.verdict.stage[STAGE_APP], TOKEN_DROP);
    over(&s);
}

Test(ending, a_path_that_is_dead_after_a_pause)
{
    die(600000);

    assert_primary(&s, 620000, F_TCP_IDLE_SILENT_DROP);
    over(&s);
}

/* The server's flight goes on being repeated until the client gives up. */
static void flight_unheard(bool taken)
{
    opened(&s);
    hello(&s, 20);
    flight12(&s, 30);
    if (!taken)
        s.flow.half[SERVER].acked = SERVER_ISN + 1;
    again(&s, SERVER, 300);
    again(&s, SERVER, 700);
    again(&s, SERVER, 1500);
    fin(&s, CLIENT, 9000);
}

Test(ending, a_client_that_closes_without_having_heard_the_flight_gave_up_on_a_dead_path)
{
    flight_unheard(false);
    assert_primary(&s, 20000, F_TCP_PATH_DIED);
    cr_assert_eq(s.verdict.primary.fact, PROBABLE);
    over(&s);

    flight_unheard(true);
    (void)judged(&s, 20000);
    cr_assert_neq(s.verdict.primary.id, F_TCP_PATH_DIED);
    over(&s);
}

Test(ending, an_answer_that_breaks_off_and_a_goodbye_that_nobody_hears_are_a_dead_path)
{
    static const struct {
        int close_ms;
        uint32_t left;
        bool heard;
        enum finding_id id;
    } rows[] = { { 9000, 900, false, F_TCP_PATH_DIED },
                 { 2000, 900, false, F_OK_TLS_ESTABLISHED_CLOSED_CLEAN },
                 { 9000, 0, false, F_OK_TLS_ESTABLISHED_CLOSED_CLEAN },
                 { 9000, 900, true, F_OK_TLS_ESTABLISHED_CLOSED_CLEAN } };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        exchange13();
        s.tls.half[SERVER].body_left = rows[i].left;
        sealed(&s, CLIENT, 19, rows[i].close_ms);
        fin(&s, CLIENT, rows[i].close_ms);
        if (!rows[i].heard) {
            s.flow.half[CLIENT].acked -= s.more.half[CLIENT].last_data.length + 1;
            again(&s, CLIENT, rows[i].close_ms + 200);
        }
        assert_primary(&s, 10000, rows[i].id);
        over(&s);
    }
}

Test(ending, unanswered_probes_of_a_closed_window_are_no_idle_connection)
{
    for (int closed = 0; closed < 2; closed++) {
        exchange13();
        s.more.longest_gap_ns = MS(3000);
        s.more.half[SERVER].n_keepalive_unanswered = 4;
        if (closed)
            s.more.half[CLIENT].zero_since_ns = when(80);
        assert_primary(&s, 20000, closed ? F_TCP_PATH_DIED : F_TCP_IDLE_SILENT_DROP);
        over(&s);
    }
}

Test(ending, a_window_that_is_still_closed_at_the_end_is_noted)
{
    for (int closed = 0; closed < 2; closed++) {
        exchange13();
        if (closed)
            s.more.half[SERVER].zero_since_ns = when(80);
        (void)judged(&s, 20000);
        assert_noted(F_TCP_ZERO_WINDOW, closed);
        over(&s);
    }
}

Test(ending, a_client_that_resets_after_the_path_died_is_not_the_cause)
{
    die(200);
    rst(&s, CLIENT, 15000);

    assert_primary(&s, 20000, F_TCP_PATH_DIED);
    over(&s);
}

/* ---- a firewall's hardware ---- */

/* Opened, and closed behind 400 octets of each side that nobody saw. */
static void hidden(const char *format, bool fortinet)
{
    static const uint8_t mac[] = { 0x00, 0x09, 0x0f, 9, 0, 2 };

    opened(&s);
    strcpy(s.scene.format, format);
    seen_elsewhere(&s, 63, 0);
    const struct host *host = host_find(s.scene.hosts, &s.flow.address[SERVER]);
    ((struct host_port *)(uintptr_t)host_port(host, 443))->answered = 2;
    fin(&s, CLIENT, 100);
    s.more.half[CLIENT].fin.seq = CLIENT_ISN + 401;
    if (fortinet)
        memcpy(s.more.half[SERVER].mac, mac, sizeof mac);
}

Test(ending, what_a_sniffer_cannot_see_of_all_connections_is_carried_in_hardware)
{
    hidden("sniffer text", false);

    assert_primary(&s, 9000, F_CANNOT_TELL_OFFLOADED);
    cr_assert_eq(s.verdict.primary.fact, PROBABLE);
    over(&s);
}

Test(ending, a_file_beside_a_fortigate_may_be_taken_on_it)
{
    hidden("pcap", true);
    assert_primary(&s, 9000, F_CANNOT_TELL_OFFLOADED);
    cr_assert_eq(s.verdict.primary.fact, POSSIBLE);
    over(&s);

    hidden("pcap", false);
    assert_primary(&s, 9000, F_CANNOT_TELL_CAPTURE_LOSS);
    over(&s);
}

Test(ending, one_octet_of_payload_anywhere_shows_that_the_sniffer_sees_them)
{
    hidden("sniffer text", false);
    s.scene.data_bytes = 1;

    assert_primary(&s, 9000, F_CANNOT_TELL_CAPTURE_LOSS);
    over(&s);
}

Test(ending, a_close_that_counts_nothing_hides_nothing)
{
    hidden("sniffer text", true);
    s.more.half[CLIENT].fin.seq = CLIENT_ISN + 1;

    assert_primary(&s, 9000, F_OK_TCP_PORT_PROBE);
    over(&s);
}

/* ---- more signs of a reset ---- */

/* The server's packets have DSCP 10 and DF; its reset lacks timestamps and comes with these. */
static const struct verdict *marked_reset(uint8_t dscp, bool dont_fragment)
{
    exchange13();
    struct half_more *half = &s.more.half[SERVER];
    s.more.half[CLIENT].syn_options.timestamps = half->syn_options.timestamps = true;
    half->style_known = half->dont_fragment_own = true;
    half->dscp_own = 10;
    rst(&s, SERVER, 100);
    half->rst.timestamps = false;
    half->rst.window = 500;
    half->rst.dscp = dscp;
    half->rst.dont_fragment = dont_fragment;
    const struct verdict *v = judged(&s, 5000);
    over(&s);
    return v;
}

Test(ending, dscp_and_df_are_signs_of_a_reset)
{
    cr_assert_eq(marked_reset(10, true)->primary.owner, OWNER_SERVER);
    cr_assert_eq(marked_reset(0, true)->primary.owner, OWNER_UNKNOWN);
    cr_assert_eq(marked_reset(10, false)->primary.owner, OWNER_UNKNOWN);
    const struct verdict *v = marked_reset(0, false);
    cr_assert_eq(v->primary.id, F_TCP_RESET_INJECTED);
    cr_assert_eq(v->primary.fact, POSSIBLE);
    cr_assert_not_null(strstr(v->primary.owner_reason, "DSCP"));
}

Test(ending, resets_that_step_ahead_come_from_somebody_who_guesses)
{
    for (uint32_t step = 1; step <= 1460; step += 1459) {
        exchange13();
        rst(&s, SERVER, 100);
        s.more.half[SERVER].rst.window = 500;
        s.more.half[SERVER].n_rst = 2;
        s.more.half[SERVER].rst_step = step;

        assert_primary(&s, 5000, step > 1 ? F_TCP_RESET_INJECTED : F_TCP_RESET_BY_SERVER);
        over(&s);
    }
}

Test(ending, signs_that_could_not_be_used_are_told)
{
    const struct verdict *v = marked_reset(10, true);

    cr_assert_eq(v->signs_asked, (1U << SIGNS) - 1);
    cr_assert(v->signs_found & 1U << SIGN_STAMPS);
    cr_assert(v->signs_unusable & 1U << SIGN_STEPS, "there is one reset");
    cr_assert(v->signs_unusable & 1U << SIGN_TIME, "nobody knows how long an answer takes");
    cr_assert_not(v->signs_unusable & 1U << SIGN_DSCP);
    cr_assert_not(v->signs_unusable & v->signs_found);
}

/* ---- both sides of a router in one capture ---- */

/* A request that is repeated in vain; of the client something else went on at `passed_ms`. */
static void stuck(int passed_ms, uint32_t passed_next, uint32_t largest)
{
    exchange13();
    s.scene.packets = 100;
    s.scene.copies = s.scene.ttl_steps = 50;
    uint32_t start = s.flow.half[CLIENT].next;
    payload(&s, CLIENT, 100, 1000);
    unacked(&s, CLIENT);
    struct half_more *half = &s.more.half[CLIENT];
    half->again_seq = start;
    half->again_length = largest < 100 ? 1400 : 100;
    half->again_count = 4;
    half->again_first = packet_of(&s, CLIENT, EVENT_DATA_AGAIN, 1200, 100);
    uint64_t between = s.frame + 1;
    half->again_last = packet_of(&s, CLIENT, EVENT_DATA_AGAIN, 6000, 100);
    s.more.passed_on[CLIENT] = (struct passed_on){ .frame = passed_ms ? between : 3,
                                                   .next = start + passed_next,
                                                   .largest = largest };
}

Test(ending, a_segment_that_comes_in_and_never_goes_out_while_others_do)
{
    stuck(2000, 0, 100);
    assert_primary(&s, 9000, F_TCP_SEQ_ANOMALY);
    cr_assert_eq(s.verdict.primary.fact, POSSIBLE);
    over(&s);

    stuck(0, 0, 100); /* nothing passes any more */
    assert_primary(&s, 9000, F_TCP_PATH_DIED);
    over(&s);

    stuck(2000, 100, 100); /* it went out, and was lost behind */
    assert_primary(&s, 9000, F_TCP_PATH_DIED);
    over(&s);

    stuck(2000, 0, 60); /* it is larger than all that passed */
    assert_primary(&s, 9000, F_TCP_PATH_DIED);
    over(&s);
}

/* ---- waiting, and the capture ends ---- */

Test(ending, a_request_that_waits_for_half_a_minute_has_no_reply)
{
    up12(&s);
    data12(&s, CLIENT, 60, 60);

    assert_primary(&s, 20000, F_INFO_INCOMPLETE_IN_PROGRESS);
    assert_primary(&s, 31000, F_APP_NO_REPLY_TIMEOUT);
    cr_assert_eq(s.verdict.primary.fact, PROBABLE);
    over(&s);
}

Test(ending, octets_of_the_server_behind_the_request_may_be_its_reply)
{
    up12(&s);
    data12(&s, CLIENT, 60, 60);
    payload(&s, SERVER, 700, 70); /* of which nobody could make records */

    assert_primary(&s, 31000, F_INFO_INCOMPLETE_IN_PROGRESS);
    over(&s);
}

Test(ending, who_only_sends_from_time_to_time_waits_for_no_reply)
{
    up12(&s);
    data12(&s, CLIENT, 60, 60);
    data12(&s, CLIENT, 60, 20000);

    assert_primary(&s, 60000, F_INFO_INCOMPLETE_IN_PROGRESS);
    over(&s);
}

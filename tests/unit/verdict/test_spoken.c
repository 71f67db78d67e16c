#include "scenario.h"

static struct scenario s;
static struct talk talk;

/* A connection to a proxy that was asked for the EMS. */
static void asked(void)
{
    opened(&s);
    s.flow.port[SERVER] = 3128;
    payload(&s, CLIENT, 120, 20);
    talk = (struct talk){ .target = "ems.corp.example", .target_port = 8013 };
    s.session.talk = &talk;
    strcpy(s.profile.pattern[0], "*ems*");
    s.profile.n_patterns = 1;
}

static void say(enum said what, uint16_t code)
{
    struct tls_stamp now = stamp(&s);
    talk.remark[talk.n++] = (struct remark){
        .said = (uint8_t)what, .code = code, .count = 1, .first = now, .last = now, .text = "line"
    };
}

static void refused(uint16_t code)
{
    asked();
    say(SAID_CONNECT, 0);
    payload(&s, SERVER, 200, 30);
    say(SAID_CONNECT_REFUSED, code);
    fin(&s, CLIENT, 40);
}

Test(spoken, each_status_that_a_proxy_gives_has_its_meaning)
{
    static const struct {
        uint16_t code;
        enum finding_id id;
        enum confidence fact;
    } rows[] = {
        { 407, F_PROXY_CONNECT_407, CERTAIN },
        { 403, F_PROXY_CONNECT_403, CERTAIN },
        { 502, F_PROXY_CONNECT_502_503_504, CERTAIN },
        { 504, F_PROXY_CONNECT_502_503_504, CERTAIN },
        { 500, F_PROXY_CONNECT_502_503_504, PROBABLE },
        { 400, F_PROXY_CONNECT_400_405, CERTAIN },
        { 501, F_PROXY_CONNECT_400_405, CERTAIN },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        refused(rows[i].code);

        assert_primary(&s, 9000, rows[i].id);
        cr_assert_eq(s.verdict.primary.fact, rows[i].fact);
        cr_assert_eq(s.verdict.primary.owner, OWNER_PROXY);
        cr_assert_eq(s.verdict.stage[STAGE_PROXY], TOKEN_PROXY);
        cr_assert_eq(s.verdict.stage[STAGE_TCP], TOKEN_OK);
        cr_assert_eq(s.verdict.stage[STAGE_TLS], TOKEN_NOT_REACHED);
        cr_assert_not_null(noticed(&s.verdict, F_PROXY_IN_PATH));
        over(&s);
    }
}

Test(spoken, a_proxy_is_a_mistake_where_the_way_should_be_direct)
{
    for (int direct = 0; direct < 2; direct++) {
        refused(407);
        s.profile.site.ems_direct = direct;

        assert_primary(&s, 9000, F_PROXY_CONNECT_407);
        const struct raised *r = noticed(&s.verdict, F_PROXY_BYPASS_EXPECTED);
        cr_assert_eq(r != NULL, direct);
        cr_assert(!r || (r->owner == OWNER_CLIENT && r->severity == SEVERITY_WARNING));
        over(&s);
    }
}

Test(spoken, a_login_that_follows_on_this_connection_is_no_failure)
{
    refused(407);
    say(SAID_TUNNEL, 200);
    talk.remark[talk.n - 1].last.frame = talk.remark[talk.n - 1].first.frame = s.frame + 1;

    assert_primary(&s, 9000, F_OK_TCP_NO_TLS);
    over(&s);
}

Test(spoken, a_login_that_follows_on_the_next_connection_counts_for_the_same_target_alone)
{
    struct talk other = { .target = "ems.corp.example", .target_port = 8013, .n = 1 };
    refused(407);
    other.remark[0] = (struct remark){ .said = SAID_TUNNEL, .code = 200, .text = "" };
    other.remark[0].first = other.remark[0].last = (struct tls_stamp){ 50, when(1000) };

    for (int same = 0; same < 2; same++) {
        other.target = same ? "ems.corp.example" : "www.example";
        s.session.talk = &other;
        served_note((struct served *)s.scene.served, &s.flow);
        s.session.talk = &talk;
        assert_primary(&s, 9000, same ? F_OK_TCP_NO_TLS : F_PROXY_CONNECT_407);
    }
    over(&s);
}

Test(spoken, a_login_asked_for_at_the_end_of_the_capture_may_still_come)
{
    asked();
    say(SAID_CONNECT, 0);
    payload(&s, SERVER, 200, 30);
    say(SAID_CONNECT_REFUSED, 407);

    assert_primary(&s, 1000, F_INFO_INCOMPLETE_IN_PROGRESS);
    assert_primary(&s, 9000, F_PROXY_CONNECT_407);
    over(&s);
}

Test(spoken, silence_of_a_proxy_takes_ten_seconds)
{
    asked();
    say(SAID_CONNECT, 0);
    seen_elsewhere(&s, 63, 0);

    assert_primary(&s, 5000, F_INFO_INCOMPLETE_IN_PROGRESS);
    assert_primary(&s, 12000, F_PROXY_CONNECT_NO_REPLY);
    over(&s);
}

Test(spoken, a_proxy_that_closes_or_resets_after_the_request_is_told_from_one_that_answered)
{
    asked();
    say(SAID_CONNECT, 0);
    fin(&s, SERVER, 30);
    assert_primary(&s, 9000, F_PROXY_CONNECT_CLOSED);
    s.more.half[SERVER].unseen_bytes = 10;
    assert_primary(&s, 9000, F_CANNOT_TELL_CAPTURE_LOSS);
    over(&s);

    asked();
    say(SAID_CONNECT, 0);
    rst(&s, SERVER, 30);
    assert_primary(&s, 9000, F_PROXY_CONNECT_RESET);
    over(&s);
}

static void answered(uint16_t code)
{
    opened(&s);
    s.flow.port[SERVER] = 80;
    payload(&s, CLIENT, 120, 20);
    talk = (struct talk){ .target = "" };
    s.session.talk = &talk;
    say(SAID_HTTP_REQUEST, 0);
    payload(&s, SERVER, 200, 30);
    say(SAID_HTTP_ERROR, code);
    fin(&s, CLIENT, 40);
}

Test(spoken, an_error_that_the_connection_gets_over_is_a_warning)
{
    answered(503);
    assert_primary(&s, 9000, F_APP_HTTP_503);
    say(SAID_HTTP_OK, 0);

    assert_primary(&s, 9000, F_OK_TCP_NO_TLS);
    cr_assert_eq(noticed(&s.verdict, F_APP_HTTP_503)->severity, SEVERITY_WARNING);
    over(&s);
}

Test(spoken, a_bad_gateway_belongs_to_the_proxy_that_names_itself)
{
    answered(502);
    assert_primary(&s, 9000, F_APP_HTTP_502);
    cr_assert_eq(s.verdict.primary.owner, OWNER_SERVER);
    say(SAID_HTTP_GATEWAY, 502);

    assert_primary(&s, 9000, F_APP_HTTP_502);
    cr_assert_eq(s.verdict.primary.owner, OWNER_PROXY);
    cr_assert_neq(s.verdict.primary.owner_reason[0], '\0');
    over(&s);
}

Test(spoken, plain_text_on_a_tls_port_is_another_matter)
{
    answered(403);
    s.flow.port[SERVER] = 8013;
    s.session.opening[CLIENT] =
        (struct opening){ .octets = "GET / HTTP/1.1", .n = 14, .line = "GET / HTTP/1.1" };

    assert_primary(&s, 9000, F_TLS_NOT_TLS_CLIENT_PLAINTEXT);
    over(&s);
}

Test(spoken, only_what_concerns_ems_is_in_scope)
{
    refused(403);
    s.scene.scope = SCOPE_EMS;

    cr_assert(verdict_in_scope(&s.scene, &s.flow));
    talk.target = "shop.example";
    talk.target_port = 443;
    cr_assert_not(verdict_in_scope(&s.scene, &s.flow));
    talk.target_port = 8013;
    cr_assert(verdict_in_scope(&s.scene, &s.flow));
    over(&s);
}

/* ---- directories (RFC 4511) ---- */

static void directory(void)
{
    asked();
    s.flow.port[SERVER] = 389;
    talk = (struct talk){ .target = "" };
    say(SAID_LDAP_BIND, 0);
    payload(&s, SERVER, 20, 30);
}

Test(spoken, a_login_that_a_directory_refuses_is_told_with_the_cause_its_result_has)
{
    static const struct {
        uint16_t result;
        enum confidence cause;
    } rows[] = {
        { 49, PROBABLE }, { 8, PROBABLE }, { 13, PROBABLE }, { 53, POSSIBLE }, { 52, POSSIBLE }
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        directory();
        say(SAID_LDAP_BIND_REFUSED, rows[i].result);
        fin(&s, CLIENT, 40);

        assert_primary(&s, 9000, F_APP_LDAP_BIND_FAILED);
        cr_assert_eq(s.verdict.primary.fact, CERTAIN);
        cr_assert_eq(s.verdict.primary.cause, rows[i].cause);
        cr_assert_eq(s.verdict.stage[STAGE_APP], TOKEN_REJECT);
        over(&s);
    }
}

Test(spoken, a_login_of_a_moment_ago_may_be_tried_again_while_the_connection_is_open)
{
    directory();
    say(SAID_LDAP_BIND_REFUSED, 49);
    assert_primary(&s, 100, F_INFO_INCOMPLETE_IN_PROGRESS);
    over(&s);

    directory();
    say(SAID_LDAP_BIND_REFUSED, 49);
    assert_primary(&s, 9000, F_APP_LDAP_BIND_FAILED);
    over(&s);
}

Test(spoken, what_a_directory_refuses_first_and_grants_then_is_a_warning)
{
    static const enum said bad[] = { SAID_LDAP_BIND_REFUSED, SAID_LDAP_STARTTLS_REFUSED };
    static const enum finding_id ids[] = { F_APP_LDAP_BIND_FAILED, F_APP_LDAP_STARTTLS_REFUSED };

    for (int i = 0; i < 2; i++) {
        directory();
        say(bad[i], 2);
        payload(&s, SERVER, 20, 35);
        say(SAID_LDAP_BOUND, 0);
        fin(&s, CLIENT, 40);

        assert_primary(&s, 9000, F_OK_TCP_NO_TLS);
        cr_assert_eq(noticed(&s.verdict, ids[i])->severity, SEVERITY_WARNING);
        over(&s);
    }
}

Test(spoken, a_refused_start_of_tls_is_told)
{
    directory();
    say(SAID_LDAP_STARTTLS_REFUSED, 52);
    fin(&s, CLIENT, 40);

    assert_primary(&s, 9000, F_APP_LDAP_STARTTLS_REFUSED);
    over(&s);
}

Test(spoken, a_login_without_an_answer_needs_the_server_to_close_or_half_a_minute)
{
    directory();
    fin(&s, SERVER, 40);
    assert_primary(&s, 9000, F_APP_CLOSED_WITHOUT_REPLY);
    over(&s);

    directory();
    fin(&s, CLIENT, 40000);
    assert_primary(&s, 41000, F_APP_NO_REPLY_TIMEOUT);
    over(&s);

    directory();
    fin(&s, CLIENT, 9000);
    assert_primary(&s, 41000, F_OK_TCP_NO_TLS);
    over(&s);

    directory();
    assert_primary(&s, 9000, F_INFO_INCOMPLETE_IN_PROGRESS);
    assert_primary(&s, 41000, F_APP_NO_REPLY_TIMEOUT);
    cr_assert_eq(s.verdict.primary.fact, PROBABLE, "it may come yet");
    over(&s);
}

Test(spoken, a_login_whose_answer_was_not_read_has_no_missing_answer)
{
    directory();
    say(SAID_LDAP_BIND_GOES_ON, 0);
    fin(&s, SERVER, 40);

    assert_primary(&s, 9000, F_OK_TCP_NO_TLS);
    over(&s);
}

/* ---- mail (RFC 5321, RFC 3207, RFC 4954) ---- */

/* Between an EMS and its mail server. */
static void relay(void)
{
    asked();
    s.profile.ems_address[0] = s.flow.address[CLIENT];
    s.profile.n_ems_addresses = 1;
    s.flow.port[SERVER] = 25;
    talk = (struct talk){ .target = "" };
    say(SAID_COMMAND, 0);
    payload(&s, SERVER, 20, 30);
    say(SAID_REPLY, 0);
}

Test(spoken, each_refusal_of_a_mail_server_has_its_meaning)
{
    static const struct {
        enum said said;
        uint16_t code;
        enum finding_id id;
        enum confidence cause;
    } rows[] = {
        { SAID_SMTP_REFUSED, 554, F_APP_SMTP_REJECTED, POSSIBLE },
        { SAID_SMTP_REFUSED, 421, F_APP_SMTP_REJECTED, POSSIBLE },
        { SAID_SMTP_EHLO_REFUSED, 550, F_APP_SMTP_REJECTED, POSSIBLE },
        { SAID_SMTP_LOGIN_REFUSED, 535, F_APP_SMTP_AUTH_FAILED, CERTAIN },
        { SAID_SMTP_LOGIN_REFUSED, 454, F_APP_SMTP_REJECTED, POSSIBLE },
        { SAID_SMTP_TLS_WANTED, 530, F_APP_SMTP_STARTTLS_REQUIRED, CERTAIN },
        { SAID_SMTP_TLS_REFUSED, 454, F_APP_SMTP_STARTTLS_REFUSED, PROBABLE },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        relay();
        say(rows[i].said, rows[i].code);
        fin(&s, CLIENT, 40);

        assert_primary(&s, 9000, rows[i].id);
        cr_assert_eq(s.verdict.primary.fact, CERTAIN);
        cr_assert_eq(s.verdict.primary.cause, rows[i].cause);
        cr_assert_eq(s.verdict.primary.severity, SEVERITY_ERROR);
        over(&s);
    }
}

Test(spoken, a_refusal_that_does_not_keep_the_mail_from_being_taken_is_a_warning)
{
    static const enum said rows[] = { SAID_SMTP_REFUSED, SAID_SMTP_EHLO_REFUSED,
                                      SAID_SMTP_LOGIN_REFUSED, SAID_SMTP_TLS_REFUSED };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        relay();
        say(rows[i], 550);
        payload(&s, SERVER, 20, 35);
        say(SAID_SMTP_DELIVERED, 0);
        fin(&s, CLIENT, 40);

        assert_primary(&s, 9000, F_OK_TCP_NO_TLS);
        cr_assert_eq(s.verdict.also[0].severity, SEVERITY_WARNING);
        over(&s);
    }
}

Test(spoken, greylisting_is_a_warning)
{
    relay();
    say(SAID_SMTP_REFUSED, 451);
    fin(&s, CLIENT, 40);

    assert_primary(&s, 9000, F_APP_SMTP_REJECTED);
    cr_assert_eq(s.verdict.primary.severity, SEVERITY_WARNING);
    over(&s);
}

Test(spoken, tls_that_is_not_offered_matters_to_a_client_that_leaves_at_once)
{
    for (int work = 0; work < 2; work++) {
        relay();
        say(SAID_SMTP_NO_TLS, 0);
        if (work)
            say(SAID_SMTP_WORK, 0);
        say(SAID_GOODBYE, 0);
        fin(&s, SERVER, 40);

        assert_primary(&s, 9000, work ? F_OK_TCP_NO_TLS : F_APP_SMTP_STARTTLS_NOT_OFFERED);
        over(&s);
    }

    relay();
    say(SAID_SMTP_NO_TLS, 0);
    fin(&s, SERVER, 40);
    assert_primary(&s, 9000, F_OK_TCP_NO_TLS);
    over(&s);
}

Test(spoken, a_monitor_leaves_a_mail_server_at_once_and_wants_no_tls)
{
    for (uint16_t masked = 0; masked < 2; masked++) {
        relay();
        s.profile.n_ems_addresses = 0;
        say(SAID_SMTP_NO_TLS, masked);
        fin(&s, CLIENT, 40);

        assert_primary(&s, 9000, masked ? F_APP_SMTP_STARTTLS_NOT_OFFERED : F_OK_TCP_NO_TLS);
        if (masked)
            cr_assert_eq(s.verdict.primary.severity, SEVERITY_WARNING);
        over(&s);
    }
}

Test(spoken, an_offer_that_was_overwritten_is_the_work_of_a_device_in_between)
{
    static const enum confidence causes[] = { POSSIBLE, PROBABLE };
    static const enum owner owners[] = { OWNER_SERVER, OWNER_MIDDLEBOX };

    for (uint16_t masked = 0; masked < 2; masked++) {
        relay();
        say(SAID_SMTP_NO_TLS, masked);
        fin(&s, CLIENT, 40);

        assert_primary(&s, 9000, F_APP_SMTP_STARTTLS_NOT_OFFERED);
        cr_assert_eq(s.verdict.primary.cause, causes[masked]);
        cr_assert_eq(s.verdict.primary.owner, owners[masked]);
        over(&s);
    }
}

Test(spoken, offers_that_were_not_captured_are_no_offers_that_were_not_made)
{
    static const enum finding_id ids[] = { F_CANNOT_TELL_TRUNCATED, F_CANNOT_TELL_CAPTURE_LOSS };

    for (uint16_t i = 0; i < 2; i++) {
        relay();
        say(SAID_SMTP_OFFERS_UNREAD, i + 1);
        fin(&s, CLIENT, 40);

        assert_primary(&s, 9000, ids[i]);
        over(&s);
    }
}

Test(spoken, a_command_without_a_reply_counts_while_replies_can_be_counted)
{
    for (int out_of_step = 0; out_of_step < 2; out_of_step++) {
        relay();
        talk.remark[0].count++;
        if (out_of_step)
            say(SAID_OUT_OF_STEP, 0);
        fin(&s, SERVER, 40);

        assert_primary(&s, 9000, out_of_step ? F_OK_TCP_NO_TLS : F_APP_CLOSED_WITHOUT_REPLY);
        over(&s);
    }
}

Test(spoken, tls_that_was_agreed_on_and_never_begun_is_left_by_the_client)
{
    relay();
    say(SAID_TLS_AGREED, 0);
    fin(&s, CLIENT, 40);

    assert_primary(&s, 9000, F_TLS_CLIENT_CLOSED_MIDWAY);
    over(&s);
}

Test(spoken, a_greeting_that_does_not_come_in_half_a_minute_counts_where_the_server_speaks_first)
{
    for (int port = 25; port < 27; port++)
        for (int seconds = 29; seconds < 32; seconds += 2) {
            opened(&s);
            s.flow.port[SERVER] = (uint16_t)port;
            fin(&s, CLIENT, seconds * 1000);

            assert_primary(&s, 40000,
                           port == 25 && seconds > 30 ? F_APP_NO_REPLY_TIMEOUT
                                                      : F_OK_TCP_PORT_PROBE);
            over(&s);
        }
}

/* ---- secure shell (RFC 4253) ---- */

static void shell(void)
{
    asked();
    s.flow.port[SERVER] = 22;
    talk = (struct talk){ .target = "" };
    payload(&s, SERVER, 20, 30);
    say(SAID_SSH_SERVER_VERSION, 0);
}

Test(spoken, lists_without_a_common_name_matter_unless_keys_are_made_all_the_same)
{
    for (int keys = 0; keys < 2; keys++) {
        shell();
        say(SAID_SSH_CLIENT_KEXINIT, 0);
        payload(&s, SERVER, 200, 31);
        say(SAID_SSH_SERVER_KEXINIT, 0);
        say(SAID_SSH_NO_COMMON, 1);
        payload(&s, SERVER, 20, 35);
        if (keys)
            say(SAID_SSH_KEYS, 0);
        fin(&s, CLIENT, 40);

        assert_primary(&s, 9000, keys ? F_OK_TCP_NO_TLS : F_APP_SSH_NO_COMMON_KEX);
        over(&s);
    }
}

Test(spoken, lists_that_were_not_captured_whole_show_nothing)
{
    static const enum finding_id ids[] = { F_CANNOT_TELL_TRUNCATED, F_CANNOT_TELL_CAPTURE_LOSS };

    for (uint16_t i = 0; i < 2; i++) {
        shell();
        say(SAID_SSH_UNREAD, i + 1);
        fin(&s, CLIENT, 40);

        assert_primary(&s, 9000, ids[i]);
        over(&s);
    }
}

Test(spoken, a_server_that_closes_after_the_greeting_is_told_from_all_that_ends_alike)
{
    static const struct {
        bool answered, lists, reset, text;
        enum side by;
        int ms;
        enum finding_id id;
    } rows[] = {
        { true, false, false, false, SERVER, 40, F_APP_SSH_CLOSED_AFTER_VERSION },
        { true, false, true, true, SERVER, 40, F_APP_SSH_CLOSED_AFTER_VERSION },
        { false, false, false, false, SERVER, 40, F_APP_SSH_CLOSED_AFTER_VERSION },
        { true, false, true, false, SERVER, 40, F_TCP_RESET_BY_SERVER },
        { false, false, false, false, SERVER, 120000, F_OK_TCP_NO_TLS }, /* LoginGraceTime */
        { true, true, false, false, SERVER, 40, F_OK_TCP_NO_TLS },
        { true, false, false, false, CLIENT, 40, F_OK_TCP_NO_TLS },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        shell();
        if (rows[i].text)
            talk.remark[0].said = SAID_SSH_TEXT;
        if (rows[i].answered)
            say(SAID_SSH_CLIENT_VERSION, 0);
        if (rows[i].lists)
            say(SAID_SSH_SERVER_KEXINIT, 0);
        if (rows[i].reset)
            rst(&s, rows[i].by, rows[i].ms);
        else
            fin(&s, rows[i].by, rows[i].ms);

        assert_primary(&s, 130000, rows[i].id);
        over(&s);
    }

    shell();
    say(SAID_SSH_CLIENT_VERSION, 0);
    fin(&s, SERVER, 40);
    s.more.half[SERVER].unseen_bytes = 10;
    assert_primary(&s, 9000, F_CANNOT_TELL_CAPTURE_LOSS);
    over(&s);
}

/* ---- files (RFC 959, RFC 4217) ---- */

Test(spoken, each_refusal_of_a_file_server_has_its_meaning_unless_it_is_got_over)
{
    static const struct {
        enum said bad;
        uint16_t code;
        enum said good;
        enum finding_id id;
        enum confidence cause;
    } rows[] = {
        { SAID_FTP_REFUSED, 421, SAID_FTP_DONE, F_APP_FTP_REJECTED, POSSIBLE },
        { SAID_FTP_REFUSED, 425, SAID_FTP_DONE, F_APP_FTP_REJECTED, POSSIBLE },
        { SAID_FTP_TLS_REFUSED, 534, SAID_FTP_LOGGED_IN, F_APP_FTP_REJECTED, POSSIBLE },
        { SAID_FTP_TLS_REFUSED, 504, SAID_TLS_AGREED, F_APP_FTP_REJECTED, POSSIBLE },
        { SAID_FTP_LOGIN_REFUSED, 530, SAID_FTP_LOGGED_IN, F_APP_FTP_LOGIN_FAILED, PROBABLE },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int good = 0; good < 2; good++) {
            asked();
            s.flow.port[SERVER] = 21;
            talk = (struct talk){ .target = "" };
            payload(&s, SERVER, 20, 30);
            say(rows[i].bad, rows[i].code);
            payload(&s, SERVER, 20, 35);
            if (good)
                say(rows[i].good, 0);
            fin(&s, SERVER, 40);

            if (!good) {
                assert_primary(&s, 9000, rows[i].id);
                cr_assert_eq(s.verdict.primary.cause, rows[i].cause);
            } else {
                assert_primary(&s, 9000, F_OK_TCP_NO_TLS);
                cr_assert_eq(noticed(&s.verdict, rows[i].id)->severity, SEVERITY_WARNING);
            }
            over(&s);
        }
}

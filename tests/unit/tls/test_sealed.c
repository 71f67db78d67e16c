#include "tls/sealed.h"

#include <criterion/criterion.h>
#include <string.h>

static const int64_t ms = 1000000;

/* A TLS 1.3 connection whose sealed records are written down as "c 53 @20, s 234 @21": side,
 * length, and time in ms, which is the frame as well.  The ServerHello is at 10. */
struct script {
    struct tls tls;
    struct tls_client_hello hello;
    struct tls_sealed lists[SIDES][TLS_SEALED_MAX];
    struct tls_alert alert;
    struct sealed_end end;
};

static void say(struct script *s, enum side side, uint16_t length, unsigned at)
{
    struct tls_half *half = &s->tls.half[side];
    struct tls_sealed record = { .at = { .frame = at, .time_ns = at * ms },
                                 .length = length,
                                 .type = TLS_APPLICATION_DATA };

    if (half->n_sealed < TLS_SEALED_MAX)
        s->lists[side][half->n_sealed] = record;
    half->sealed_list = s->lists[side];
    half->sealed_last = record;
    half->n_sealed++;
}

static void script_open(struct script *s, uint16_t suite)
{
    memset(s, 0, sizeof *s);
    s->tls.hello = &s->hello;
    s->tls.server_hello = (struct tls_server_hello){ .present = true,
                                                     .version = 0x0304,
                                                     .suite = suite,
                                                     .at = { .frame = 10, .time_ns = 10 * ms } };
    s->end.rtt_ns = 20 * ms; /* window: 240 ms */
}

/* EncryptedExtensions, [CertificateRequest,] Certificate, CertificateVerify, Finished: OpenSSL. */
static void server_flight(struct script *s, bool asks, uint16_t finished)
{
    say(s, SERVER, 23, 11);
    if (asks)
        say(s, SERVER, 97, 11);
    say(s, SERVER, 833, 11);
    say(s, SERVER, 281, 11);
    say(s, SERVER, finished, 11);
}

static void close_by(struct script *s, enum side side, unsigned at)
{
    s->end.closed = true;
    s->end.closed_by = side;
    s->end.close_ns = at * ms;
}

static struct sealed_reading read_script(const struct script *s)
{
    return sealed_read(&s->tls, &s->end);
}

/* ---- the sets ---- */

Test(sealed, lengths_of_finished_and_alert_follow_the_suite)
{
    cr_assert(sealed_is_finished(0x1301, 53) && sealed_is_finished(0x1303, 53));
    cr_assert(sealed_is_finished(0x1302, 69) && sealed_is_finished(0x1302, 85));
    cr_assert(sealed_is_finished(0x1305, 45));
    cr_assert(!sealed_is_finished(0x1302, 53) && !sealed_is_finished(0x1301, 85));
    cr_assert(sealed_is_alert(0x1301, 19) && sealed_is_alert(0x1302, 35));
    cr_assert(sealed_is_alert(0x1305, 11) && !sealed_is_alert(0x1305, 19));
    cr_assert(!sealed_is_alert(0x1301, 11) && !sealed_is_alert(0x1301, 23));
    cr_assert(!sealed_is_alert(0xc02f, 19));
}

Test(sealed, sixty_nine_is_a_finished_of_sha_384_and_a_padded_one_of_sha_256)
{
    cr_assert(sealed_is_finished(0x1302, 69));
    cr_assert(sealed_is_finished(0x1301, 69));
}

/* ---- the rows ---- */

Test(sealed, up_to_tls_12_there_is_nothing_to_say)
{
    struct script s;

    script_open(&s, 0xc02f);
    s.tls.server_hello.version = 0x0303;
    say(&s, CLIENT, 40, 20);
    close_by(&s, CLIENT, 21);

    cr_assert_eq(read_script(&s).row, SEALED_NONE);
}

/* TLS 1.2: the client's Finished at 20, its encrypted alert at 21, the server's Finished at 22. */
static void script_nss(struct script *s)
{
    script_open(s, 0xc02f);
    s->tls.server_hello.version = 0x0303;
    s->tls.half[CLIENT].finish = (struct tls_stamp){ 20, 20 * ms };
    s->tls.half[SERVER].finish = (struct tls_stamp){ 22, 22 * ms };
    s->alert = (struct tls_alert){
        .at = { 21, 21 * ms }, .from = CLIENT, .encrypted = true, .length = 26
    };
    s->tls.alerts = &s->alert;
    s->tls.n_alerts = 1;
    close_by(s, CLIENT, 21);
}

Test(sealed, up_to_tls_12_an_alert_ahead_of_the_servers_finished_is_a_client_that_rejects)
{
    struct script s;
    script_nss(&s);

    struct sealed_reading reading = read_script(&s);

    cr_assert_eq(reading.row, SEALED_CLIENT_REJECTS);
    cr_assert_eq(reading.alert_at.frame, 21);
    cr_assert_eq(reading.alert_length, 26);
}

Test(sealed, up_to_tls_12_an_alert_in_any_other_place_may_be_a_goodbye)
{
    struct script s;

    script_nss(&s);
    s.tls.half[SERVER].finish.frame = 19; /* complete */
    cr_assert_eq(read_script(&s).row, SEALED_NONE);
    script_nss(&s);
    s.tls.half[CLIENT].n_application = 1; /* data sent ahead (RFC 7918) */
    cr_assert_eq(read_script(&s).row, SEALED_NONE);
    script_nss(&s);
    s.alert.at.time_ns = 3000 * ms; /* a client that lost its patience */
    cr_assert_eq(read_script(&s).row, SEALED_NONE);
    script_nss(&s);
    s.alert.from = SERVER;
    cr_assert_eq(read_script(&s).row, SEALED_NONE);
    script_nss(&s);
    s.end.closed = false;
    cr_assert_eq(read_script(&s).row, SEALED_NONE);
}

Test(sealed, up_to_tls_12_a_finished_of_the_server_that_was_not_captured_is_not_called_missing)
{
    struct script s;

    script_nss(&s);
    s.tls.half[SERVER].finish.frame = 0;
    s.tls.half[SERVER].gap = true;
    cr_assert_eq(read_script(&s).row, SEALED_NONE);
    script_nss(&s);
    s.tls.half[SERVER].clipped = true;
    cr_assert_eq(read_script(&s).row, SEALED_NONE);
}

Test(sealed, a_readable_alert_leaves_nothing_to_the_table)
{
    struct script s;

    script_open(&s, 0x1302);
    server_flight(&s, false, 69);
    s.alert = (struct tls_alert){ .at = { 12, 12 * ms }, .from = CLIENT, .level = 2, .code = 48 };
    s.tls.alerts = &s.alert;
    s.tls.n_alerts = 1;
    close_by(&s, CLIENT, 12);

    cr_assert_eq(read_script(&s).row, SEALED_NONE);
}

Test(sealed, one_record_of_alert_size_and_a_close_is_a_client_that_rejects)
{
    const uint16_t alerts[] = { 19, 35 }; /* GnuTLS, Go, NSS, wolfSSL; Java */

    for (int i = 0; i < 2; i++) {
        struct script s;
        script_open(&s, 0x1301);
        server_flight(&s, false, 53);
        say(&s, CLIENT, alerts[i], 45);
        close_by(&s, CLIENT, 45);

        struct sealed_reading reading = read_script(&s);

        cr_assert_eq(reading.row, SEALED_CLIENT_REJECTS);
        cr_assert_eq(reading.alert_length, alerts[i]);
        cr_assert_eq(reading.alert_at.frame, 45);
        cr_assert_eq(reading.server_flight.frame, 11);
        cr_assert_eq(reading.final_flight.frame, 0);
    }
}

Test(sealed, ccm_8_alerts_are_eleven_octets)
{
    struct script s;

    script_open(&s, 0x1305);
    server_flight(&s, false, 45);
    say(&s, CLIENT, 11, 45);
    close_by(&s, CLIENT, 46);

    cr_assert_eq(read_script(&s).row, SEALED_CLIENT_REJECTS);
    cr_assert_eq(read_script(&s).expected_finished, 45);
}

Test(sealed, an_alert_long_before_the_close_fits_no_row)
{
    struct script s;

    script_open(&s, 0x1301);
    server_flight(&s, false, 53);
    say(&s, CLIENT, 19, 45);
    close_by(&s, CLIENT, 1100);

    cr_assert_eq(read_script(&s).row, SEALED_UNREADABLE);
}

Test(sealed, an_alert_without_a_close_is_not_yet_a_rejection)
{
    struct script s;

    script_open(&s, 0x1301);
    server_flight(&s, false, 53);
    say(&s, CLIENT, 19, 45);

    cr_assert_neq(read_script(&s).row, SEALED_CLIENT_REJECTS);
}

Test(sealed, a_client_that_closes_without_a_word_leaves)
{
    struct script s;

    script_open(&s, 0x1302);
    server_flight(&s, false, 69);
    close_by(&s, CLIENT, 13);

    cr_assert_eq(read_script(&s).row, SEALED_CLIENT_LEAVES);
    cr_assert(!read_script(&s).closed_clean);
}

Test(sealed, a_server_that_closes_on_a_mute_client_says_nothing_about_the_client)
{
    struct script s;

    script_open(&s, 0x1302);
    server_flight(&s, false, 69);
    close_by(&s, SERVER, 30000);

    cr_assert_eq(read_script(&s).row, SEALED_NONE);
}

Test(sealed, an_alert_in_the_window_behind_the_final_flight_is_a_server_that_rejects)
{
    struct script s;

    script_open(&s, 0x1302);
    server_flight(&s, true, 69);
    say(&s, CLIENT, 25, 30); /* an empty Certificate */
    say(&s, CLIENT, 69, 30);
    say(&s, SERVER, 19, 52);
    close_by(&s, SERVER, 52);

    struct sealed_reading reading = read_script(&s);

    cr_assert_eq(reading.row, SEALED_SERVER_REJECTS);
    cr_assert(reading.client_certificate_sent);
    cr_assert(reading.client_certificate_empty);
    cr_assert(reading.certificate_requested);
    cr_assert_eq(reading.final_flight.frame, 30);
    cr_assert_eq(reading.alert_length, 19);
    cr_assert_eq(reading.window_ns, 240 * ms);
    cr_assert(!reading.client_data);
}

Test(sealed, a_java_server_and_client_pad_by_sixteen)
{
    struct script s;

    script_open(&s, 0x1301);
    say(&s, SERVER, 65, 11);
    say(&s, SERVER, 143, 11);
    say(&s, SERVER, 900, 11);
    say(&s, SERVER, 297, 11);
    say(&s, SERVER, 69, 11);
    say(&s, CLIENT, 41, 30);
    say(&s, CLIENT, 69, 30);
    say(&s, SERVER, 35, 52);
    close_by(&s, SERVER, 53);

    struct sealed_reading reading = read_script(&s);

    cr_assert_eq(reading.row, SEALED_SERVER_REJECTS);
    cr_assert(reading.client_certificate_empty);
    cr_assert(reading.certificate_requested);
    cr_assert_eq(reading.expected_finished, 53);
}

Test(sealed, two_alerts_of_gnutls_reject_too)
{
    struct script s;

    script_open(&s, 0x1302);
    server_flight(&s, true, 69);
    say(&s, CLIENT, 25, 30);
    say(&s, CLIENT, 69, 30);
    say(&s, SERVER, 19, 50);
    say(&s, SERVER, 19, 50);
    close_by(&s, SERVER, 50);

    cr_assert_eq(read_script(&s).row, SEALED_SERVER_REJECTS);
}

Test(sealed, data_in_flight_does_not_hide_a_rejection)
{
    struct script s;

    script_open(&s, 0x1302);
    server_flight(&s, true, 69);
    say(&s, CLIENT, 833, 30);
    say(&s, CLIENT, 281, 30);
    say(&s, CLIENT, 69, 30);
    say(&s, CLIENT, 120, 31);
    say(&s, SERVER, 19, 52);
    close_by(&s, SERVER, 52);

    struct sealed_reading reading = read_script(&s);

    cr_assert_eq(reading.row, SEALED_SERVER_REJECTS);
    cr_assert(reading.client_data);
    cr_assert(reading.client_certificate_sent);
    cr_assert(!reading.client_certificate_empty);
}

Test(sealed, a_request_of_eighteen_octets_is_no_padded_alert_of_a_side_that_does_not_pad)
{
    struct script s;

    script_open(&s, 0x1302);
    server_flight(&s, true, 69);
    say(&s, CLIENT, 25, 30);
    say(&s, CLIENT, 69, 30);
    say(&s, CLIENT, 35, 31);
    say(&s, SERVER, 19, 52);
    close_by(&s, SERVER, 52);

    cr_assert_eq(read_script(&s).row, SEALED_SERVER_REJECTS);
    cr_assert(read_script(&s).client_data);
}

Test(sealed, the_same_alert_later_than_the_window_is_only_a_late_close)
{
    struct script s;

    script_open(&s, 0x1302);
    server_flight(&s, false, 69);
    say(&s, CLIENT, 69, 30);
    say(&s, SERVER, 19, 271);
    close_by(&s, SERVER, 271);

    cr_assert_eq(read_script(&s).row, SEALED_SERVER_CLOSES_LATE);
    s.lists[SERVER][4].at.time_ns = 270 * ms;
    cr_assert_eq(read_script(&s).row, SEALED_SERVER_REJECTS);
}

Test(sealed, a_server_that_goes_without_a_record_is_gone)
{
    struct script s;

    script_open(&s, 0x1302);
    server_flight(&s, false, 69);
    say(&s, CLIENT, 69, 30);
    close_by(&s, SERVER, 52);

    cr_assert_eq(read_script(&s).row, SEALED_SERVER_GONE);
}

Test(sealed, any_ticket_says_that_the_server_accepted)
{
    const uint16_t tickets[] = { 234, 250, 226, 74, 1034 };

    for (size_t i = 0; i < sizeof tickets / sizeof *tickets; i++) {
        struct script s;
        script_open(&s, i == 2 ? 0x1305 : 0x1301);
        server_flight(&s, false, i == 2 ? 45 : 53);
        say(&s, CLIENT, i == 2 ? 45 : 53, 30);
        say(&s, SERVER, tickets[i], 51);
        say(&s, SERVER, tickets[i], 51);
        say(&s, SERVER, i == 2 ? 11 : 19, 60);
        close_by(&s, SERVER, 60);

        struct sealed_reading reading = read_script(&s);

        cr_assert_eq(reading.row, SEALED_ACCEPTED, "ticket of %u", tickets[i]);
        cr_assert(!reading.server_data);
        cr_assert(reading.closed_clean);
    }
}

Test(sealed, a_healthy_exchange_with_close_notify_both_ways_is_accepted)
{
    struct script s;

    script_open(&s, 0x1302);
    server_flight(&s, false, 69);
    say(&s, CLIENT, 69, 30);
    say(&s, CLIENT, 150, 31);
    say(&s, SERVER, 250, 51);
    say(&s, SERVER, 900, 53);
    say(&s, CLIENT, 19, 70);
    say(&s, SERVER, 19, 71);
    close_by(&s, CLIENT, 70);

    struct sealed_reading reading = read_script(&s);

    cr_assert_eq(reading.row, SEALED_ACCEPTED);
    cr_assert(reading.client_data && reading.server_data && reading.closed_clean);
    cr_assert(!reading.certificate_requested);
}

Test(sealed, records_of_one_length_at_once_behind_a_request_may_be_the_tickets)
{
    static const struct {
        uint16_t length[3];
        unsigned at;
        bool maybe;
    } rows[] = {
        { { 250, 250 }, 51, true },   { { 250 }, 51, true },           { { 74, 74 }, 51, true },
        { { 250, 251 }, 51, false },  { { 250, 250, 60 }, 51, false }, { { 60 }, 51, false },
        { { 250, 250 }, 900, false }, /* no server thinks about tickets for so long */
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct script s;
        script_open(&s, 0x1302);
        server_flight(&s, false, 69);
        say(&s, CLIENT, 69, 30);
        say(&s, CLIENT, 150, 31);
        for (size_t n = 0; n < 3 && rows[i].length[n]; n++)
            say(&s, SERVER, rows[i].length[n], rows[i].at);
        say(&s, SERVER, 19, 1000);
        close_by(&s, SERVER, 1000);

        struct sealed_reading reading = read_script(&s);

        cr_assert(reading.client_data && reading.server_data);
        cr_assert_eq(reading.maybe_tickets, rows[i].maybe, "row %zu", i);
    }
}

Test(sealed, tickets_ahead_of_the_request_are_no_answer)
{
    struct script s;

    script_open(&s, 0x1302);
    server_flight(&s, false, 69);
    say(&s, CLIENT, 69, 30);
    say(&s, SERVER, 250, 51);
    say(&s, SERVER, 250, 51);
    say(&s, CLIENT, 150, 60);

    struct sealed_reading reading = read_script(&s);

    cr_assert(!reading.server_data && !reading.maybe_tickets);
}

Test(sealed, a_goodbye_of_the_client_makes_the_servers_alert_an_answer)
{
    struct script s; /* curl with a wrong name only: Finished, close_notify, FIN */

    script_open(&s, 0x1302);
    server_flight(&s, false, 69);
    say(&s, CLIENT, 69, 30);
    say(&s, CLIENT, 19, 31);
    say(&s, SERVER, 19, 52);
    close_by(&s, CLIENT, 31);

    cr_assert_eq(read_script(&s).row, SEALED_FINISHED);
}

Test(sealed, a_client_that_ends_after_its_finished_is_only_finished)
{
    struct script s; /* wget: whole handshake, no alert, FIN */

    script_open(&s, 0x1302);
    server_flight(&s, false, 69);
    say(&s, CLIENT, 69, 30);
    say(&s, SERVER, 19, 52);
    close_by(&s, CLIENT, 31);

    cr_assert_eq(read_script(&s).row, SEALED_FINISHED);
    cr_assert(!read_script(&s).client_data);
}

Test(sealed, user_canceled_and_close_notify_at_the_end_of_java_are_no_rejection)
{
    struct script s;

    script_open(&s, 0x1302);
    server_flight(&s, false, 85);
    say(&s, CLIENT, 85, 30);
    say(&s, CLIENT, 200, 31);
    say(&s, SERVER, 300, 60);
    say(&s, CLIENT, 35, 80);
    say(&s, CLIENT, 35, 80);
    close_by(&s, CLIENT, 80);

    cr_assert_eq(read_script(&s).row, SEALED_ACCEPTED);
}

Test(sealed, user_canceled_and_close_notify_instead_of_a_finished_are_no_final_flight)
{
    struct script s;

    script_open(&s, 0x1302);
    server_flight(&s, false, 85);
    say(&s, CLIENT, 35, 30);
    say(&s, CLIENT, 35, 30);
    close_by(&s, CLIENT, 30);

    cr_assert_eq(read_script(&s).row, SEALED_UNREADABLE);
    cr_assert_eq(read_script(&s).final_flight.frame, 0);
}

Test(sealed, a_server_flight_in_one_record_tells_nothing_of_a_request)
{
    struct script s; /* NSS; the client answers with Finished alone */

    script_open(&s, 0x1301);
    say(&s, SERVER, 2016, 11);
    say(&s, CLIENT, 53, 30);
    say(&s, SERVER, 300, 50);

    cr_assert(!read_script(&s).certificate_requested);
    cr_assert_eq(read_script(&s).row, SEALED_ACCEPTED);
}

Test(sealed, a_client_flight_in_one_record_is_final_and_held_a_certificate)
{
    struct script s;

    script_open(&s, 0x1301);
    say(&s, SERVER, 2016, 11);
    say(&s, CLIENT, 1200, 30);
    say(&s, SERVER, 19, 50);
    close_by(&s, SERVER, 50);

    struct sealed_reading reading = read_script(&s);

    cr_assert_eq(reading.row, SEALED_SERVER_REJECTS);
    cr_assert(reading.client_certificate_sent && reading.certificate_requested);
}

Test(sealed, an_empty_certificate_may_share_the_record_of_the_finished)
{
    struct script s;

    script_open(&s, 0x1301);
    say(&s, SERVER, 2016, 11);
    say(&s, CLIENT, 61, 30); /* 8 + 36 + 17 */

    cr_assert(read_script(&s).client_certificate_empty);
}

Test(sealed, a_request_is_derived_from_its_place_whatever_its_length)
{
    struct script s;

    script_open(&s, 0x1302);
    say(&s, SERVER, 23, 11);
    say(&s, SERVER, 4000, 11); /* many CA names */
    say(&s, SERVER, 833, 11);
    say(&s, SERVER, 281, 11);
    say(&s, SERVER, 69, 11);
    cr_assert(read_script(&s).certificate_requested);

    s.lists[SERVER][1].length = 16401; /* the first piece of a large Certificate */
    cr_assert(!read_script(&s).certificate_requested);

    s.lists[SERVER][1].length = 97;
    s.tls.server_hello.psk = true;
    cr_assert(!read_script(&s).certificate_requested);
}

Test(sealed, early_data_is_no_final_flight)
{
    struct script s;

    script_open(&s, 0x1301);
    s.hello.early_data = true;
    say(&s, CLIENT, 700, 5);
    server_flight(&s, false, 53);
    say(&s, CLIENT, 19, 30);
    close_by(&s, CLIENT, 30);

    cr_assert_eq(read_script(&s).row, SEALED_CLIENT_REJECTS);
}

Test(sealed, the_end_of_early_data_is_no_certificate)
{
    struct script s;

    script_open(&s, 0x1301);
    s.hello.early_data = true;
    s.tls.server_hello.psk = true;
    say(&s, SERVER, 23, 11);
    say(&s, SERVER, 53, 11);
    say(&s, CLIENT, 21, 30);
    say(&s, CLIENT, 53, 30);

    cr_assert(!read_script(&s).client_certificate_sent);
    cr_assert_eq(read_script(&s).row, SEALED_FINISHED);
}

Test(sealed, a_server_without_a_common_alpn_takes_back_its_hello)
{
    struct script s; /* Go: ServerHello, CCS, 23:19, FIN; the client may answer with its own 19 */

    script_open(&s, 0x1301);
    say(&s, SERVER, 19, 10);
    close_by(&s, SERVER, 10);
    cr_assert_eq(read_script(&s).row, SEALED_SERVER_ABORTS);

    say(&s, CLIENT, 19, 30);
    cr_assert_eq(read_script(&s).row, SEALED_SERVER_ABORTS);
    cr_assert_eq(read_script(&s).alert_at.frame, 10);
}

Test(sealed, padding_to_one_length_fits_no_row)
{
    struct script s;

    script_open(&s, 0x1301);
    for (int i = 0; i < 4; i++)
        say(&s, SERVER, 1041, 11);
    say(&s, CLIENT, 1041, 30);
    close_by(&s, SERVER, 31);

    cr_assert_eq(read_script(&s).row, SEALED_UNREADABLE);
}

Test(sealed, a_server_side_lost_in_a_gap_cannot_be_called_a_rejection)
{
    struct script s;

    script_open(&s, 0x1302);
    server_flight(&s, true, 69);
    say(&s, CLIENT, 25, 30);
    say(&s, CLIENT, 69, 30);
    say(&s, SERVER, 19, 52);
    close_by(&s, SERVER, 52);
    s.tls.half[SERVER].lost = true;

    cr_assert_eq(read_script(&s).row, SEALED_UNREADABLE);
}

Test(sealed, more_records_than_are_remembered_are_a_server_that_lives)
{
    struct script s;

    script_open(&s, 0x1302);
    server_flight(&s, false, 69);
    say(&s, CLIENT, 69, 30);
    for (unsigned i = 0; i < 40; i++)
        say(&s, SERVER, 19, 52 + i);
    close_by(&s, SERVER, 100);

    cr_assert_eq(read_script(&s).row, SEALED_ACCEPTED);
    cr_assert(read_script(&s).server_data);
}

Test(sealed, an_open_connection_behind_its_final_flight_is_finished)
{
    struct script s;

    script_open(&s, 0x1302);
    server_flight(&s, false, 69);
    say(&s, CLIENT, 69, 30);

    cr_assert_eq(read_script(&s).row, SEALED_FINISHED);
}

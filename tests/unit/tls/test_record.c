#include "recorded.h"
#include "wire.h"

#include <stdlib.h>

static char order[400];
static struct wire w;

static int looks(int (*look)(const struct bytes *), const char *hex)
{
    w.n = 0;
    put_hex(&w, hex);
    struct bytes in = bytes_whole(w.octets, w.n);
    w.n = 0;
    return look(&in);
}

Test(record, a_client_is_known_by_six_octets)
{
    cr_assert_eq(looks(tls_looks_like_client, "16 03 01 00 c8 01"), 1);
    cr_assert_eq(looks(tls_looks_like_client, "16 03 01 00 01 01"),
                 1); /* a fragment of one octet */
    cr_assert_eq(looks(tls_looks_like_client, "16 03 01 00 c8"), -1);
    cr_assert_eq(looks(tls_looks_like_client, ""), -1);
    cr_assert_eq(looks(tls_looks_like_client, "16 03 01 00 c8 02"), 0);
    cr_assert_eq(looks(tls_looks_like_client, "16 fe fd 00 c8 01"), 0); /* DTLS */
    cr_assert_eq(looks(tls_looks_like_client, "16 03 01 00 00 01"), 0);
    cr_assert_eq(looks(tls_looks_like_client, "47 45 54 20"), 0); /* GET */
    cr_assert_eq(looks(tls_looks_like_client, "15 03 01 00 02 02 28"), 0);
}

Test(record, an_ssl_20_hello_is_known_when_its_lengths_add_up)
{
    const char *hello = "80 2e 01 03 01 00 15 00 00 00 10";

    cr_assert_eq(looks(tls_looks_like_client, hello), 1);
    cr_assert_eq(looks(tls_looks_like_client, "80 2e 01 03 01 00"), -1);
    cr_assert_eq(looks(tls_looks_like_client, "80 2f 01 03 01 00 15 00 00 00 10"), 0);
    cr_assert_eq(looks(tls_looks_like_client, "80 2d 01 03 01 00 14 00 00 00 10"), 0);
}

Test(record, a_server_is_known_by_its_hello_or_an_alert)
{
    cr_assert_eq(looks(tls_looks_like_server, "16 03 03 00 7a 02"), 1);
    cr_assert_eq(looks(tls_looks_like_server, "15 03 01 00 02"), 1);
    cr_assert_eq(looks(tls_looks_like_server, "15 03 03 00 1a"), 0); /* a sealed one is no start */
    cr_assert_eq(looks(tls_looks_like_server, "16 03 03 00 7a 01"), 0);
    cr_assert_eq(looks(tls_looks_like_server, "48 54 54 50 2f"), 0);
    cr_assert_eq(looks(tls_looks_like_server, "16 03"), -1);
}

Test(record, any_record_header_has_a_type_a_version_and_a_bounded_length)
{
    cr_assert_eq(looks(tls_looks_like_record, "17 03 03 40 11"), 1);
    cr_assert_eq(looks(tls_looks_like_record, "17 03 03 48 00"), 1); /* 2^14 + 2048 */
    cr_assert_eq(looks(tls_looks_like_record, "17 03 03 48 01"), 0);
    cr_assert_eq(looks(tls_looks_like_record, "19 03 03 00 10"), 0);
    cr_assert_eq(looks(tls_looks_like_record, "17 03 05 00 10"), 0);
    cr_assert_eq(looks(tls_looks_like_record, "17 03"), -1);
}

Test(record, an_answer_that_is_no_tls_is_alien_at_its_first_octet)
{
    struct connection c;

    connection_open(&c);
    feed(&c, CLIENT, full12_client, 228);
    feed(&c, SERVER, "H", 1);

    cr_assert_eq(c.step, TLS_STEP_LOST);
    cr_assert(c.tls->half[SERVER].alien);
    cr_assert(!c.tls->half[SERVER].gap);
    connection_close(&c);
}

Test(record, less_than_a_header_is_left_in_the_window)
{
    struct connection c;

    connection_open(&c);
    size_t left = feed(&c, CLIENT, full12_client, 4);

    cr_assert_eq(left, 4);
    cr_assert_eq(c.step, TLS_STEP_MORE);
    connection_close(&c);
}

Test(record, empty_records_are_counted_and_harmless)
{
    struct connection c;

    connection_open(&c);
    w.n = 0;
    for (int i = 0; i < 1000; i++)
        put_record(&w, i % 2 ? TLS_APPLICATION_DATA : TLS_HANDSHAKE, "", 0);
    put(&w, full12_client, 228);
    feed_wire(&c, CLIENT, &w);

    cr_assert_eq(c.tls->half[CLIENT].n_records, 1001);
    cr_assert_not_null(c.tls->hello);
    connection_close(&c);
}

Test(record, an_empty_change_of_keys_changes_none_and_an_empty_alert_is_none)
{
    struct connection c;

    connection_open(&c);
    w.n = 0;
    put_record(&w, TLS_CHANGE_CIPHER_SPEC, "", 0);
    put_record(&w, TLS_ALERT, "", 0);
    put(&w, full12_client, 228);
    feed_wire(&c, CLIENT, &w);

    cr_assert(!c.tls->half[CLIENT].sealed && !c.tls->half[CLIENT].unsure);
    cr_assert_eq(c.tls->n_alerts, 0);
    cr_assert_not_null(c.tls->hello);
    connection_close(&c);
}

/* RFC 8446 section 5.2, RFC 5246 section 6.2.3 */
Test(record, the_longest_record_depends_on_the_version)
{
    static const uint8_t zeros[(1 << 14) + 2049];
    static const struct {
        size_t n;
        bool tls13, fits;
    } of[] = { { 16384 + 256, true, true },
               { 16384 + 257, true, false },
               { 16384 + 257, false, true },
               { 16384 + 2048, false, true },
               { 16384 + 2049, false, false } };

    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        struct connection c;

        connection_open(&c);
        w.n = 0;
        put_record(&w, TLS_APPLICATION_DATA, zeros, of[i].n);
        feed(&c, CLIENT, of[i].tls13 ? reject13_client : full12_client, of[i].tls13 ? 322 : 228);
        feed(&c, SERVER, of[i].tls13 ? reject13_server : full12_server, of[i].tls13 ? 881 : 839);
        feed_wire(&c, SERVER, &w);

        cr_assert_eq(c.tls->half[SERVER].alien, !of[i].fits, "row %zu", i);
        connection_close(&c);
    }
}

Test(record, bodies_that_nobody_needs_may_be_skipped_unseen)
{
    struct connection c;

    connection_open(&c);
    w.n = 0;
    put_hex(&w, "17 03 03 40 00");
    put_uint(&w, 0, 8);
    feed_wire(&c, CLIENT, &w);
    uint32_t skippable = tls_skippable(c.tls, CLIENT);
    tls_skipped(c.tls, CLIENT, 1000, connection_now(&c));
    uint32_t rest = tls_skippable(c.tls, CLIENT);
    tls_skipped(c.tls, CLIENT, rest, connection_now(&c));
    put_record(&w, TLS_ALERT, "\1\0", 2);
    feed_wire(&c, CLIENT, &w);

    cr_assert_eq(skippable, 16384 - 8);
    cr_assert_eq(rest, 16384 - 1008);
    cr_assert_eq(c.tls->half[CLIENT].n_application, 1);
    cr_assert_eq(c.tls->half[CLIENT].application_bytes, 16384);
    cr_assert_eq(c.tls->half[CLIENT].last_application.frame, 3);
    cr_assert_eq(c.tls->n_alerts, 1);
    connection_close(&c);
}

/* Application data of which several records lie whole in one window, and one does not. */
Test(record, records_that_come_together_are_those_that_come_alone)
{
    struct connection together, alone;
    size_t ends[4];

    connection_open(&together);
    connection_open(&alone);
    w.n = 0;
    for (size_t i = 0; i < 4; i++) {
        put_opaque(&w, TLS_APPLICATION_DATA, 100 + i);
        ends[i] = w.n;
    }
    feed(&together, SERVER, w.octets, ends[2] + 7);
    feed(&together, SERVER, w.octets + ends[2] + 7, ends[3] - ends[2] - 7);
    for (size_t i = 0; i < 4; i++)
        feed(&alone, SERVER, w.octets + (i ? ends[i - 1] : 0), ends[i] - (i ? ends[i - 1] : 0));

    const struct tls_half *a = &together.tls->half[SERVER], *b = &alone.tls->half[SERVER];
    cr_assert_eq(a->n_records, 4);
    cr_assert_eq(a->n_application, 4);
    cr_assert_eq(a->application_bytes, 406);
    cr_assert_eq(a->first_application.frame, 1);
    cr_assert_eq(a->last_application.frame, 2);
    cr_assert_eq(b->n_records, 4);
    cr_assert_eq(b->application_bytes, 406);
    cr_assert_eq(a->record_length, b->record_length);
    cr_assert_eq(a->record_version, b->record_version);
    cr_assert_eq(a->body_left, 0);
    connection_close(&together);
    connection_close(&alone);
}

Test(record, handshake_bodies_are_never_skippable)
{
    struct connection c;

    connection_open(&c);
    feed(&c, CLIENT, full12_client, 20);

    cr_assert_gt(c.tls->half[CLIENT].body_left, 0);
    cr_assert_eq(tls_skippable(c.tls, CLIENT), 0);
    connection_close(&c);
}

Test(record, an_alert_split_over_segments_is_read)
{
    struct connection c;

    connection_open(&c);
    w.n = 0;
    put_record(&w, TLS_ALERT, "\2\50", 2);
    feed(&c, SERVER, w.octets, 6);
    feed(&c, SERVER, w.octets + 6, 1);

    cr_assert_eq(c.tls->n_alerts, 1);
    cr_assert_eq(c.tls->alerts[0].code, 40);
    cr_assert_eq(c.tls->alerts[0].at.frame, 2);
    connection_close(&c);
}

Test(record, an_alert_that_is_not_two_octets_long_is_sealed)
{
    struct connection c;

    connection_open(&c);
    w.n = 0;
    put_opaque(&w, TLS_ALERT, 26);
    feed_wire(&c, SERVER, &w);

    cr_assert(c.tls->alerts[0].encrypted);
    cr_assert_eq(c.tls->alerts[0].length, 26);
    connection_close(&c);
}

Test(record, a_gap_inside_a_sealed_record_changes_nothing)
{
    struct connection c;

    connection_open(&c);
    w.n = 0;
    put_opaque(&w, TLS_APPLICATION_DATA, 1000);
    put_record(&w, TLS_ALERT, "\1\0", 2);
    feed(&c, SERVER, w.octets, 105);
    tls_gap(c.tls, SERVER, 500, false, connection_now(&c));
    feed(&c, SERVER, w.octets + 605, w.n - 605);

    cr_assert(!c.tls->half[SERVER].lost);
    cr_assert(!c.tls->half[SERVER].gap);
    cr_assert_eq(c.tls->half[SERVER].n_application, 1);
    cr_assert_eq(c.tls->n_alerts, 1);
    connection_close(&c);
}

Test(record, a_gap_over_a_header_loses_the_side_and_accuses_nobody)
{
    struct connection c;

    connection_open(&c);
    feed(&c, SERVER, full12_server, 200);
    tls_gap(c.tls, SERVER, 3000, false, connection_now(&c));
    feed(&c, SERVER, "HTTP/1.1", 8);

    cr_assert_eq(c.step, TLS_STEP_MORE);
    cr_assert(c.tls->half[SERVER].lost);
    cr_assert(c.tls->half[SERVER].gap);
    cr_assert(!c.tls->half[SERVER].alien);
    connection_close(&c);
}

Test(record, behind_a_gap_over_a_header_reading_goes_on_with_the_next_record)
{
    struct connection c;

    connection_open(&c);
    feed(&c, SERVER, full12_server, 200);
    tls_gap(c.tls, SERVER, 3000, false, connection_now(&c));
    feed(&c, SERVER, "of an octet string", 18);
    w.n = 0;
    put_handshake(&w, TLS_SERVER_HELLO_DONE, "", 0);
    feed(&c, SERVER, w.octets, w.n);

    cr_assert_eq(c.tls->messages[c.tls->n_messages - 1].type, TLS_SERVER_HELLO_DONE);
    cr_assert(!c.tls->messages[c.tls->n_messages - 1].cut);
    cr_assert(c.tls->half[SERVER].lost, "what was missed stays missed");
    cr_assert(!c.tls->half[SERVER].sealed);
    connection_close(&c);
}

Test(record, behind_a_gap_a_handshake_record_that_no_message_fills_is_sealed)
{
    struct connection c;

    connection_open(&c);
    feed(&c, SERVER, full12_server, 200);
    tls_gap(c.tls, SERVER, 3000, false, connection_now(&c));
    w.n = 0;
    put_opaque(&w, TLS_HANDSHAKE, 40);
    feed(&c, SERVER, w.octets, w.n);

    cr_assert(c.tls->half[SERVER].sealed);
    connection_close(&c);
}

/* The server flight of full12: ServerHello in octets 5..., Certificate in a record of its own. */
Test(record, a_gap_inside_a_certificate_cuts_it_and_the_next_message_is_read)
{
    struct connection c;

    connection_open(&c);
    feed(&c, CLIENT, full12_client, 228);
    feed(&c, SERVER, full12_server, 200);
    tls_gap(c.tls, SERVER, 100, false, connection_now(&c));
    feed(&c, SERVER, full12_server + 300, 839 - 300);

    cr_assert_str_eq(order_of(c.tls, SERVER, order, sizeof order), "2 11 12 13 14");
    cr_assert(c.tls->messages[2].cut);
    cr_assert(!c.tls->messages[3].cut);
    cr_assert(c.tls->half[SERVER].gap);
    cr_assert(!c.tls->half[SERVER].clipped);
    cr_assert_eq(c.tls->state, TLS_KEYED);
    connection_close(&c);
}

Test(record, a_gap_that_hides_a_message_border_waits_for_the_next_record)
{
    struct connection c;
    static struct wire flight;

    connection_open(&c);
    w.n = flight.n = 0;
    put_message(&flight, TLS_CERTIFICATE, "\0\0\0", 3);
    put_message(&flight, TLS_SERVER_KEY_EXCHANGE, "0123456789", 10);
    put_message(&flight, TLS_CERTIFICATE_STATUS, "0123456789", 10);
    put_record(&w, TLS_HANDSHAKE, flight.octets, flight.n);
    put_handshake(&w, TLS_SERVER_HELLO_DONE, "", 0);
    feed(&c, SERVER, w.octets, 5 + 7 + 2);
    tls_gap(c.tls, SERVER, 14, false, connection_now(&c));
    feed(&c, SERVER, w.octets + 28, w.n - 28);

    cr_assert_str_eq(order_of(c.tls, SERVER, order, sizeof order), "11 14");
    connection_close(&c);
}

Test(record, a_gap_that_begins_at_a_message_border_waits_for_the_next_record_too)
{
    struct connection c;
    static struct wire flight;

    connection_open(&c);
    w.n = flight.n = 0;
    put_message(&flight, TLS_CERTIFICATE, "\0\0\0", 3);
    put_message(&flight, TLS_SERVER_KEY_EXCHANGE, "\1\0\0\1\0\1\0\0\1\0", 10);
    put_record(&w, TLS_HANDSHAKE, flight.octets, flight.n);
    put_handshake(&w, TLS_SERVER_HELLO_DONE, "", 0);
    feed(&c, SERVER, w.octets, 5 + 7);
    tls_gap(c.tls, SERVER, 4, false, connection_now(&c));
    feed(&c, SERVER, w.octets + 16, w.n - 16);

    cr_assert_str_eq(order_of(c.tls, SERVER, order, sizeof order), "11 14");
    connection_close(&c);
}

Test(record, nonsense_behind_a_gap_is_lost_and_not_alien)
{
    struct connection c;

    connection_open(&c);
    w.n = 0;
    put_handshake(&w, TLS_SERVER_KEY_EXCHANGE, "0123456789", 10);
    feed(&c, SERVER, w.octets, 12);
    tls_gap(c.tls, SERVER, w.n - 12, false, connection_now(&c));
    feed(&c, SERVER, "HTTP/1.1", 8);

    cr_assert_eq(c.step, TLS_STEP_LOST);
    cr_assert(!c.tls->half[SERVER].alien);
    connection_close(&c);
}

Test(record, a_hello_cut_by_the_snap_length_yields_the_half_that_we_have)
{
    struct connection c;
    uint8_t *half = malloc(150);

    cr_assert_not_null(half);
    connection_open(&c);
    memcpy(half, full12_client, 150);
    feed_window(&c, CLIENT, bytes_of(half, 150, 228));
    free(half);

    cr_assert_eq(c.step, TLS_STEP_MORE);
    cr_assert_not_null(c.tls->hello);
    cr_assert(c.tls->hello->cut);
    cr_assert(!c.tls->hello->malformed);
    cr_assert_eq(c.tls->hello->length, 219);
    cr_assert(tls_offers_suite(c.tls->hello, 0xc02c));
    cr_assert(c.tls->half[CLIENT].clipped);
    cr_assert(!c.tls->half[CLIENT].lost);
    connection_close(&c);
}

Test(record, a_window_clipped_over_a_header_loses_the_side)
{
    struct connection c;

    connection_open(&c);
    feed_window(&c, SERVER, bytes_of(full12_server, 60, 839));

    cr_assert(c.tls->half[SERVER].lost);
    cr_assert(c.tls->half[SERVER].clipped);
    cr_assert(!c.tls->half[SERVER].alien);
    connection_close(&c);
}

Test(record, a_certificate_cut_behind_its_leaf_hands_on_the_leaf)
{
    struct connection c;
    static uint8_t leaf[300];

    connection_open(&c);
    w.n = 0;
    static struct wire body;
    body.n = 0;
    put_uint(&body, 2 * (3 + sizeof leaf), 3);
    for (int i = 0; i < 2; i++) {
        put_uint(&body, sizeof leaf, 3);
        put(&body, leaf, sizeof leaf);
    }
    put_handshake(&w, TLS_CERTIFICATE, body.octets, body.n);
    feed_window(&c, SERVER, bytes_of(w.octets, 400, w.n));

    cr_assert_eq(c.n_fresh, 1);
    cr_assert_eq(c.fresh.n, 1);
    cr_assert(c.fresh.cut);
    cr_assert_eq(c.fresh.der[0].left, sizeof leaf);
    connection_close(&c);
}

Test(record, the_end_of_the_capture_reads_a_message_under_way)
{
    struct connection c;

    connection_open(&c);
    feed(&c, CLIENT, full12_client, 120);
    cr_assert_null(c.tls->hello);
    tls_end(c.tls, CLIENT, connection_now(&c));

    cr_assert_not_null(c.tls->hello);
    cr_assert(c.tls->hello->cut);
    cr_assert_eq(c.tls->n_messages, 1);
    connection_close(&c);
}

Test(record, a_message_above_the_ceiling_is_skipped_and_marked)
{
    struct connection c;

    connection_open(&c);
    w.n = 0;
    put_hex(&w, "16 03 03 40 00 0b 02 00 00"); /* a Certificate of 128 KiB */
    put_opaque(&w, TLS_HANDSHAKE, 0);
    w.n -= 5;
    static const uint8_t zeros[16384];
    put(&w, zeros, 16380);
    for (size_t left = 131072 - 16380; left > 0;) {
        size_t n = left < 16384 ? left : 16384;
        put_record(&w, TLS_HANDSHAKE, zeros, n);
        left -= n;
    }
    put_handshake(&w, TLS_SERVER_HELLO_DONE, "", 0);
    feed_wire(&c, SERVER, &w);

    cr_assert_str_eq(order_of(c.tls, SERVER, order, sizeof order), "11 14");
    cr_assert(c.tls->messages[0].cut);
    cr_assert_eq(c.tls->messages[0].length, 131072);
    cr_assert_lt(pool_used(c.pool), 64 * 1024);
    connection_close(&c);
}

Test(record, the_join_buffer_is_given_back_when_the_message_is_complete)
{
    struct connection c;

    connection_open(&c);
    w.n = 0;
    static const uint8_t zeros[16000];
    put_handshake(&w, TLS_SERVER_KEY_EXCHANGE, zeros, sizeof zeros);
    size_t before = pool_used(c.pool);
    feed(&c, SERVER, w.octets, 15000);
    size_t during = pool_used(c.pool);
    feed(&c, SERVER, w.octets + 15000, w.n - 15000);

    cr_assert_geq(during, before + 15000);
    cr_assert_leq(pool_used(c.pool), before + 512);
    connection_close(&c);
}

Test(record, an_ssl_20_hello_is_read_and_the_session_goes_on_with_records)
{
    struct connection c;

    connection_open(&c);
    w.n = 0;
    put_hex(&w, "80 2e 01 03 01 00 15 00 00 00 10"
                "00c02f 010080 000035 0700c0 0000ff 00002f 005600");
    for (unsigned i = 0; i < 16; i++)
        put_uint(&w, 0xb0 + i, 1);
    size_t left = feed(&c, CLIENT, w.octets, 30);
    feed(&c, CLIENT, w.octets, w.n);
    w.n = 0;
    put_record(&w, TLS_ALERT, "\2\106", 2);
    feed_wire(&c, CLIENT, &w);

    cr_assert_eq(left, 30); /* an unsplit hello comes again, whole */
    const struct tls_client_hello *hello = c.tls->hello;
    cr_assert(hello->sslv2_form && !hello->malformed && !hello->cut);
    cr_assert_eq(hello->legacy_version, 0x0301);
    cr_assert_eq(hello->suites.left, 10);
    cr_assert(tls_offers_suite(hello, 0xc02f) && tls_offers_suite(hello, 0x002f));
    cr_assert(!tls_offers_suite(hello, 0x0080));
    cr_assert(hello->renegotiation && hello->fallback_scsv);
    cr_assert_eq(hello->random[0], 0);
    cr_assert_eq(hello->random[16], 0xb0);
    cr_assert_eq(c.tls->state, TLS_OFFERED);
    cr_assert_eq(c.tls->n_alerts, 1);
    connection_close(&c);
}

Test(record, alerts_of_either_side_are_kept_with_their_sender)
{
    struct connection c;

    connection_open(&c);
    w.n = 0;
    feed(&c, CLIENT, full12_client, 228);
    put_record(&w, TLS_ALERT, "\1\132", 2); /* user_canceled */
    put_opaque(&w, TLS_ALERT, 26);
    feed_wire(&c, CLIENT, &w);
    put_record(&w, TLS_ALERT, "\2\106", 2); /* protocol_version */
    feed_wire(&c, SERVER, &w);

    const struct tls_alert *alerts = c.tls->alerts;
    cr_assert_eq(c.tls->n_alerts, 3);
    cr_assert(alerts[0].from == CLIENT && alerts[0].level == 1 && alerts[0].code == 90);
    cr_assert(alerts[1].from == CLIENT && alerts[1].encrypted && alerts[1].length == 26);
    cr_assert(alerts[2].from == SERVER && alerts[2].level == 2 && alerts[2].code == 70);
    cr_assert(!alerts[0].encrypted && !alerts[2].encrypted);
    cr_assert_eq(alerts[2].at.frame, 3);
    connection_close(&c);
}

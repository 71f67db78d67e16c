#include "recorded.h"
#include "wire.h"

static char order[400];
static struct wire w, body, extensions;

static void start(void) { w.n = body.n = extensions.n = 0; }

/* The whole of full12, each flight a frame. */
static void play_full12(struct connection *c)
{
    feed(c, CLIENT, full12_client, 228);
    feed(c, SERVER, full12_server, 839);
    feed(c, CLIENT, full12_client + 228, 702);
    feed(c, SERVER, full12_server + 839, 754);
    feed(c, CLIENT, full12_client + 930, 31);
    feed(c, SERVER, full12_server + 1593, 31);
}

static void offer(struct connection *c, bool tls13)
{
    start();
    if (tls13)
        put_extension(&extensions, 43, "04 0304 0303");
    put_client_hello(&body, "1301 c02f", &extensions);
    put_handshake(&w, TLS_CLIENT_HELLO, body.octets, body.n);
    feed_wire(c, CLIENT, &w);
    body.n = extensions.n = 0;
}

static void answer(struct connection *c, bool tls13)
{
    start();
    if (tls13)
        put_extension(&extensions, 43, "0304");
    put_server_hello(&body, 0x0303, tls13 ? 0x1301 : 0xc02f, &extensions);
    put_handshake(&w, TLS_SERVER_HELLO, body.octets, body.n);
    feed_wire(c, SERVER, &w);
    body.n = extensions.n = 0;
}

Test(handshake, a_full_tls_12_handshake_reaches_up_with_its_messages_in_order)
{
    struct connection c;

    connection_open(&c);
    play_full12(&c);

    cr_assert_eq(c.tls->state, TLS_UP);
    cr_assert_str_eq(order_of(c.tls, CLIENT, order, sizeof order), "1 11 16 15");
    cr_assert_str_eq(order_of(c.tls, SERVER, order, sizeof order), "2 11 12 13 14 4");
    cr_assert_eq(c.tls->unexpected.frame, 0);
    cr_assert_eq(tls_version(c.tls), 0x0303);
    cr_assert_eq(c.tls->server_hello.suite, 0xc02c);
    cr_assert(!tls_resumed(c.tls));
    cr_assert_eq(c.tls->half[CLIENT].finish.frame, 3);
    cr_assert_eq(c.tls->half[CLIENT].finish_length, 40);
    cr_assert_eq(c.tls->n_alerts, 2); /* close_notify both ways, sealed */
    cr_assert(c.tls->alerts[0].encrypted && c.tls->alerts[0].length == 26);
    connection_close(&c);
}

Test(handshake, certificates_of_both_sides_and_the_request_are_seen_in_clear)
{
    struct connection c;

    connection_open(&c);
    play_full12(&c);

    cr_assert_eq(c.n_fresh, 2);
    cr_assert_eq(c.fresh.from, CLIENT);
    cr_assert_eq(c.fresh.n, 1);
    cr_assert(!c.fresh.cut);
    cr_assert_eq(c.tls->n_certificates[SERVER], 1);
    cr_assert_eq(c.tls->certificate[SERVER].frame, 2);
    cr_assert_eq(c.tls->certificate_request.frame, 2);
    cr_assert_eq(c.tls->request_types.left, 3); /* rsa_sign, dss_sign, ecdsa_sign */
    cr_assert_gt(c.tls->request_schemes.left, 20);
    cr_assert_eq(c.tls->request_authorities, 1);
    connection_close(&c);
}

Test(handshake, the_answer_is_the_same_however_the_bytes_are_cut_in_pieces)
{
    const size_t pieces[] = { 1, 2, 3, 5, 7, 64, 1000 };

    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct connection c;

        connection_open(&c);
        feed_in_pieces(&c, CLIENT, full12_client, 228, pieces[i]);
        feed_in_pieces(&c, SERVER, full12_server, 839, pieces[i]);
        feed_in_pieces(&c, CLIENT, full12_client + 228, 702, pieces[i]);
        feed_in_pieces(&c, SERVER, full12_server + 839, 754, pieces[i]);

        cr_assert_eq(c.tls->state, TLS_UP);
        cr_assert_str_eq(order_of(c.tls, CLIENT, order, sizeof order), "1 11 16 15");
        cr_assert_str_eq(order_of(c.tls, SERVER, order, sizeof order), "2 11 12 13 14 4");
        cr_assert_eq(c.n_fresh, 2);
        cr_assert_eq(c.tls->unexpected.frame, 0);
        connection_close(&c);
    }
}

Test(handshake, a_retry_and_a_second_hello_lead_to_a_sealed_tls_13)
{
    struct connection c;

    connection_open(&c);
    feed(&c, CLIENT, hrr13_client, 306);
    feed(&c, SERVER, hrr13_server, 99);
    enum tls_state after_retry = c.tls->state;
    feed(&c, CLIENT, hrr13_client + 306, 377);
    feed(&c, SERVER, hrr13_server + 99, 939);
    feed(&c, CLIENT, hrr13_client + 683, 74);

    cr_assert_eq(after_retry, TLS_RETRY);
    cr_assert_eq(c.tls->state, TLS_SEALED);
    cr_assert(c.tls->retry.present);
    cr_assert_eq(c.tls->retry.group, 24); /* secp384r1 */
    cr_assert_not_null(c.tls->hello_again);
    cr_assert_eq(c.tls->n_client_hellos, 2);
    cr_assert_eq(tls_version(c.tls), 0x0304);
    cr_assert_eq(c.tls->server_hello.group, 24);
    cr_assert(c.tls->server_hello.session_id_echoed);
    cr_assert_str_eq(order_of(c.tls, SERVER, order, sizeof order), "1000 2");
    cr_assert_eq(c.tls->unexpected.frame, 0);
    cr_assert_eq(c.tls->half[CLIENT].n_sealed, 1);
    cr_assert_eq(c.tls->half[CLIENT].sealed_list[0].length, 69);
    cr_assert_eq(c.tls->half[CLIENT].n_application, 0);
    connection_close(&c);
}

Test(handshake, a_second_retry_is_unexpected)
{
    struct connection c;

    connection_open(&c);
    feed(&c, CLIENT, hrr13_client, 306);
    feed(&c, SERVER, hrr13_server, 99);
    feed(&c, CLIENT, hrr13_client + 306, 377);
    feed(&c, SERVER, hrr13_server, 99);

    cr_assert_eq(c.tls->n_retries, 2);
    cr_assert_eq(c.tls->unexpected_type, TLS_HELLO_RETRY_REQUEST);
    connection_close(&c);
}

Test(handshake, an_openssl_client_says_unknown_ca_in_clear_under_tls_13)
{
    struct connection c;

    connection_open(&c);
    feed(&c, CLIENT, reject13_client, 322);
    feed(&c, SERVER, reject13_server, 881);
    feed(&c, CLIENT, reject13_client + 322, 7);

    cr_assert_eq(c.tls->n_alerts, 1);
    cr_assert_eq(c.tls->alerts[0].from, CLIENT);
    cr_assert(!c.tls->alerts[0].encrypted);
    cr_assert_eq(c.tls->alerts[0].level, 2);
    cr_assert_eq(c.tls->alerts[0].code, 48);
    cr_assert_eq(c.tls->alerts[0].at.frame, 3);
    connection_close(&c);
}

Test(handshake, five_messages_in_one_record_and_one_message_over_many_records_are_equal)
{
    struct connection joined, split;
    static struct wire flight;
    uint8_t done = 0;

    connection_open(&joined);
    connection_open(&split);
    for (int i = 0; i < 2; i++)
        offer(i ? &split : &joined, false);
    put_server_hello(&body, 0x0303, 0xc02f, NULL);
    flight.n = 0;
    put_message(&flight, TLS_SERVER_HELLO, body.octets, body.n);
    put_message(&flight, TLS_CERTIFICATE, "\0\0\0", 3);
    put_message(&flight, TLS_SERVER_KEY_EXCHANGE, "abc", 3);
    put_message(&flight, TLS_CERTIFICATE_REQUEST, "\1\1\0\0\0\0", 6);
    put_message(&flight, TLS_SERVER_HELLO_DONE, &done, 0);
    put_record(&w, TLS_HANDSHAKE, flight.octets, flight.n);
    feed_wire(&joined, SERVER, &w);
    for (size_t i = 0; i < flight.n; i++)
        put_record(&w, TLS_HANDSHAKE, flight.octets + i, 1);
    feed_wire(&split, SERVER, &w);

    cr_assert_str_eq(order_of(joined.tls, SERVER, order, sizeof order), "2 11 12 13 14");
    cr_assert_str_eq(order_of(split.tls, SERVER, order, sizeof order), "2 11 12 13 14");
    cr_assert_eq(joined.tls->state, TLS_KEYED);
    cr_assert_eq(split.tls->state, TLS_KEYED);
    connection_close(&joined);
    connection_close(&split);
}

Test(handshake, a_compatibility_ccs_of_tls_13_seals_nothing_and_moves_nothing)
{
    struct connection c;

    connection_open(&c);
    offer(&c, true);
    answer(&c, true);
    put_record(&w, TLS_CHANGE_CIPHER_SPEC, "\1", 1);
    feed_wire(&c, CLIENT, &w);
    put_record(&w, TLS_ALERT, "\2\60", 2);
    feed_wire(&c, CLIENT, &w);

    cr_assert_eq(c.tls->state, TLS_SEALED);
    cr_assert_neq(c.tls->half[CLIENT].ccs.frame, 0);
    cr_assert_eq(c.tls->n_alerts, 1);
    cr_assert_eq(c.tls->alerts[0].code, 48);
    connection_close(&c);
}

Test(handshake, early_data_is_listed_before_the_server_hello_and_its_ccs_is_no_key_change)
{
    struct connection c;

    connection_open(&c);
    offer(&c, true);
    put_record(&w, TLS_CHANGE_CIPHER_SPEC, "\1", 1);
    put_opaque(&w, TLS_APPLICATION_DATA, 300);
    feed_wire(&c, CLIENT, &w);
    answer(&c, true);
    put_opaque(&w, TLS_APPLICATION_DATA, 53);
    feed_wire(&c, CLIENT, &w);

    cr_assert_eq(c.tls->half[CLIENT].n_sealed, 2);
    cr_assert_lt(c.tls->half[CLIENT].sealed_list[0].at.frame, c.tls->server_hello.at.frame);
    cr_assert_eq(c.tls->half[CLIENT].sealed_list[1].length, 53);
    cr_assert_eq(c.tls->unexpected.frame, 0);
    connection_close(&c);
}

Test(handshake, an_abbreviated_handshake_is_resumed_and_up)
{
    struct connection c;

    connection_open(&c);
    offer(&c, false);
    answer(&c, false);
    put_record(&w, TLS_CHANGE_CIPHER_SPEC, "\1", 1);
    put_opaque(&w, TLS_HANDSHAKE, 40);
    feed_wire(&c, SERVER, &w);
    enum tls_state server_sealed = c.tls->state;
    put_record(&w, TLS_CHANGE_CIPHER_SPEC, "\1", 1);
    put_opaque(&w, TLS_HANDSHAKE, 40);
    put_opaque(&w, TLS_APPLICATION_DATA, 100);
    feed_wire(&c, CLIENT, &w);

    cr_assert_eq(server_sealed, TLS_SERVER_SEALED);
    cr_assert_eq(c.tls->state, TLS_UP);
    cr_assert(tls_resumed(c.tls));
    cr_assert(c.tls->server_hello.session_id_echoed);
    cr_assert_eq(c.tls->half[CLIENT].n_application, 1);
    cr_assert_eq(c.tls->half[CLIENT].application_bytes, 100);
    connection_close(&c);
}

Test(handshake, a_sealed_handshake_record_after_data_is_renegotiation_in_the_list)
{
    struct connection c;

    connection_open(&c);
    play_full12(&c);
    uint32_t before = c.tls->half[SERVER].n_sealed;
    start();
    put_opaque(&w, TLS_APPLICATION_DATA, 100);
    put_opaque(&w, TLS_HANDSHAKE, 28);
    feed_wire(&c, SERVER, &w);

    cr_assert_eq(c.tls->half[SERVER].n_sealed, before + 1);
    cr_assert_eq(c.tls->half[SERVER].sealed_last.type, TLS_HANDSHAKE);
    cr_assert_eq(c.tls->half[SERVER].sealed_last.length, 28);
    cr_assert_eq(c.tls->state, TLS_UP);
    connection_close(&c);
}

Test(handshake, a_clients_side_alone_is_followed_to_its_key_change)
{
    struct connection c;

    connection_open(&c);
    feed(&c, CLIENT, full12_client, sizeof full12_client);

    cr_assert_eq(c.tls->state, TLS_CLIENT_SEALED);
    cr_assert_neq(c.tls->half[CLIENT].finish.frame, 0);
    cr_assert_str_eq(order_of(c.tls, CLIENT, order, sizeof order), "1 11 16 15");
    connection_close(&c);
}

Test(handshake, a_message_out_of_turn_is_kept_as_unexpected)
{
    struct connection c;

    connection_open(&c);
    offer(&c, false);
    start();
    put_handshake(&w, TLS_CERTIFICATE_VERIFY, "x", 1);
    feed_wire(&c, SERVER, &w);

    cr_assert_eq(c.tls->unexpected_type, TLS_CERTIFICATE_VERIFY);
    cr_assert_eq(c.tls->unexpected.frame, 2);
    cr_assert_eq(c.tls->state, TLS_OFFERED);
    connection_close(&c);
}

Test(handshake, lists_have_ceilings_and_count_what_they_could_not_keep)
{
    struct connection c;

    connection_open(&c);
    start();
    for (int i = 0; i < 200; i++)
        put_handshake(&w, TLS_SERVER_HELLO_DONE, "", 0);
    for (int i = 0; i < 50; i++)
        put_record(&w, TLS_ALERT, "\1\0", 2);
    feed_wire(&c, SERVER, &w);

    cr_assert_eq(c.tls->n_messages, TLS_MESSAGES_MAX);
    cr_assert_eq(c.tls->messages_lost, 200 - TLS_MESSAGES_MAX);
    cr_assert_eq(c.tls->n_alerts, TLS_ALERTS_MAX);
    cr_assert_eq(c.tls->alerts_lost, 50 - TLS_ALERTS_MAX);
    connection_close(&c);
}

/* Takes what the pool has left, so that the next request is refused. */
static void exhaust(struct connection *c)
{
    pool_lower(c->pool, 0);
    for (size_t n = 64 * 1024; n >= 16; n /= 2)
        while (arena_zalloc_block(&c->arena, c->pool, n))
            ;
}

Test(handshake, without_memory_the_connection_says_so_and_goes_on)
{
    struct connection c;

    connection_open(&c);
    exhaust(&c);
    feed(&c, CLIENT, full12_client, 228);
    feed_in_pieces(&c, SERVER, full12_server, 839, 100);
    feed(&c, CLIENT, full12_client + 228, 702);

    cr_assert(c.tls->out_of_memory);
    cr_assert_null(c.tls->hello);
    cr_assert_eq(c.tls->n_messages, 0);
    cr_assert_gt(c.tls->messages_lost, 3);
    cr_assert_eq(c.tls->n_client_hellos, 1);
    cr_assert(!c.tls->half[CLIENT].lost && !c.tls->half[SERVER].lost);
    cr_assert_geq(c.tls->state, TLS_CLIENT_SEALED);
    connection_close(&c);
}

/* ---- one handshake of each version that has no flights of its own above ---- */

static void put_of(uint16_t version, uint8_t type, const void *octets, size_t n)
{
    size_t at = w.n;
    put_record(&w, type, octets, n);
    w.octets[at + 1] = (uint8_t)(version >> 8);
    w.octets[at + 2] = (uint8_t)version;
}

static void put_message_of(uint16_t version, uint8_t type, const char *hex)
{
    static struct wire value, message;
    value.n = message.n = 0;
    put_hex(&value, hex);
    put_message(&message, type, value.octets, value.n);
    put_of(version, TLS_HANDSHAKE, message.octets, message.n);
}

static void put_hello_of(uint16_t version, uint8_t type)
{
    static struct wire message;
    message.n = body.n = 0;
    if (type == TLS_CLIENT_HELLO)
        put_client_hello(&body, "002f 000a 0005", NULL);
    else
        put_server_hello(&body, version, 0x002f, NULL);
    body.octets[0] = (uint8_t)(version >> 8);
    body.octets[1] = (uint8_t)version;
    put_message(&message, type, body.octets, body.n);
    put_of(version, TLS_HANDSHAKE, message.octets, message.n);
}

/* ChangeCipherSpec and a Finished of so many sealed octets. */
static void put_finish_of(uint16_t version, size_t n)
{
    static const uint8_t nothing[100];
    put_of(version, TLS_CHANGE_CIPHER_SPEC, "\1", 1);
    put_of(version, TLS_HANDSHAKE, nothing, n);
}

/* RFC 6101, 2246 and 4346 section 7.3, RSA key exchange: the same messages in each version.  The
 * client certificate that the server asks for is refused in the way of the version. */
static void converse(struct connection *c, uint16_t version, size_t finished)
{
    static const uint8_t nothing[100];
    start();
    connection_open(c);
    put_hello_of(version, TLS_CLIENT_HELLO);
    feed_wire(c, CLIENT, &w);
    put_hello_of(version, TLS_SERVER_HELLO);
    put_message_of(version, TLS_CERTIFICATE, "000007 000004 30020500");
    put_message_of(version, TLS_CERTIFICATE_REQUEST, "01 01 0004 0002 3000");
    put_message_of(version, TLS_SERVER_HELLO_DONE, "");
    feed_wire(c, SERVER, &w);
    if (version == 0x0300)
        put_of(version, TLS_ALERT, "\1\51", 2); /* no_certificate: of SSL 3.0 alone */
    else
        put_message_of(version, TLS_CERTIFICATE, "000000");
    put_message_of(version, TLS_CLIENT_KEY_EXCHANGE, "0002 abcd");
    put_finish_of(version, finished);
    feed_wire(c, CLIENT, &w);
    put_finish_of(version, finished);
    put_of(version, TLS_APPLICATION_DATA, nothing, 48);
    feed_wire(c, SERVER, &w);
}

static void expect_conversation(struct connection *c, uint16_t version, size_t finished)
{
    cr_assert_eq(c->tls->state, TLS_UP);
    cr_assert_eq(tls_version(c->tls), version);
    cr_assert_eq(tls_offered_highest(c->tls->hello), version);
    cr_assert_eq(c->tls->half[SERVER].record_version, version);
    cr_assert(!tls_is_13(c->tls) && !tls_resumed(c->tls));
    cr_assert_eq(c->tls->server_hello.suite, 0x002f);
    cr_assert_str_eq(order_of(c->tls, SERVER, order, sizeof order), "2 11 13 14");
    cr_assert_eq(c->tls->n_certificates[SERVER], 1);
    cr_assert_eq(c->tls->request_types.left, 1);
    cr_assert_eq(c->tls->request_schemes.left, 0); /* they came with TLS 1.2 */
    cr_assert_eq(c->tls->request_authorities, 1);
    for (enum side side = CLIENT; side < SIDES; side++)
        cr_assert_eq(c->tls->half[side].finish_length, finished);
    cr_assert_eq(c->tls->half[SERVER].n_application, 1);
    cr_assert_eq(c->tls->unexpected.frame, 0);
}

Test(handshake, an_ssl_30_handshake_is_followed_to_its_end)
{
    struct connection c;

    converse(&c, 0x0300, 64); /* 4 + 36 octets, SHA-1, padding */

    expect_conversation(&c, 0x0300, 64);
    cr_assert_str_eq(order_of(c.tls, CLIENT, order, sizeof order), "1 16");
    cr_assert_eq(c.tls->n_alerts, 1);
    cr_assert_eq(c.tls->alerts[0].code, 41);
    cr_assert_eq(c.tls->alerts[0].from, CLIENT);
    connection_close(&c);
}

Test(handshake, a_tls_10_handshake_is_followed_to_its_end)
{
    struct connection c;

    converse(&c, 0x0301, 48); /* 4 + 12 octets, SHA-1, padding */

    expect_conversation(&c, 0x0301, 48);
    cr_assert_str_eq(order_of(c.tls, CLIENT, order, sizeof order), "1 11 16");
    cr_assert_neq(c.tls->certificate[CLIENT].frame, 0);
    cr_assert_eq(c.tls->n_certificates[CLIENT], 0);
    connection_close(&c);
}

Test(handshake, a_tls_11_handshake_is_followed_to_its_end)
{
    struct connection c;

    converse(&c, 0x0302, 64); /* as 1.0, behind an explicit IV */

    expect_conversation(&c, 0x0302, 64);
    cr_assert_str_eq(order_of(c.tls, CLIENT, order, sizeof order), "1 11 16");
    connection_close(&c);
}

Test(handshake, a_tls_13_handshake_is_sealed_behind_its_server_hello)
{
    struct connection c;

    connection_open(&c);
    offer(&c, true);
    answer(&c, true);
    put_record(&w, TLS_CHANGE_CIPHER_SPEC, "\1", 1);
    put_opaque(&w, TLS_APPLICATION_DATA, 23);
    put_opaque(&w, TLS_APPLICATION_DATA, 833);
    put_opaque(&w, TLS_APPLICATION_DATA, 281);
    put_opaque(&w, TLS_APPLICATION_DATA, 53);
    feed_wire(&c, SERVER, &w);
    put_opaque(&w, TLS_APPLICATION_DATA, 53);
    feed_wire(&c, CLIENT, &w);

    cr_assert_eq(c.tls->state, TLS_SEALED);
    cr_assert_eq(tls_version(c.tls), 0x0304);
    cr_assert_eq(c.tls->n_messages, 2); /* the two hellos */
    cr_assert_eq(c.tls->half[SERVER].n_sealed, 4);
    cr_assert_eq(c.tls->half[SERVER].sealed_list[1].length, 833);
    cr_assert_eq(c.tls->half[CLIENT].n_sealed, 1);
    cr_assert_eq(c.n_fresh, 0);
    connection_close(&c);
}

Test(handshake, a_psk_that_is_offered_and_not_taken_is_no_resumption)
{
    for (int taken = 0; taken < 2; taken++) {
        struct connection c;

        connection_open(&c);
        start();
        put_extension(&extensions, 43, "02 0304");
        put_extension(&extensions, 41, "0000");
        put_client_hello(&body, "1301", &extensions);
        put_handshake(&w, TLS_CLIENT_HELLO, body.octets, body.n);
        feed_wire(&c, CLIENT, &w);
        start();
        put_extension(&extensions, 43, "0304");
        if (taken)
            put_extension(&extensions, 41, "0000");
        put_server_hello(&body, 0x0303, 0x1301, &extensions);
        put_handshake(&w, TLS_SERVER_HELLO, body.octets, body.n);
        feed_wire(&c, SERVER, &w);

        cr_assert(c.tls->hello->psk);
        cr_assert_eq(tls_resumed(c.tls), taken == 1);
        connection_close(&c);
    }
}

/* RFC 8446 section 4.2.11: an identity established externally has the age 0. */
Test(handshake, a_psk_without_an_age_is_no_session_before)
{
    static const struct {
        const char *identities, *chosen;
        bool external;
    } rows[] = {
        { "000a 0004 61626364 00000000", "0000", true },
        { "000a 0004 61626364 00000001", "0000", false },
        { "0014 0004 61626364 12345678 0004 65666768 00000000", "0000", false },
        { "0014 0004 61626364 12345678 0004 65666768 00000000", "0001", true },
        { "000a 0004 61626364 00000000", "0001", false }, /* there is no second one */
        { "000a 0004 61626364 00000000", "", false },
        { "00ff 0004 61626364 00000000", "0000", false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct connection c;

        connection_open(&c);
        start();
        put_extension(&extensions, 43, "02 0304");
        put_extension(&extensions, 41, rows[i].identities);
        put_client_hello(&body, "1301", &extensions);
        put_handshake(&w, TLS_CLIENT_HELLO, body.octets, body.n);
        feed_wire(&c, CLIENT, &w);
        start();
        put_extension(&extensions, 43, "0304");
        put_extension(&extensions, 41, rows[i].chosen);
        put_server_hello(&body, 0x0303, 0x1301, &extensions);
        put_handshake(&w, TLS_SERVER_HELLO, body.octets, body.n);
        feed_wire(&c, SERVER, &w);

        cr_assert(tls_resumed(c.tls));
        cr_assert_eq(tls_psk_is_external(c.tls), rows[i].external, "row %zu", i);
        connection_close(&c);
    }
}

#include "recorded.h"
#include "wire.h"

static struct wire w, body, extensions;

static void start(void) { w.n = body.n = extensions.n = 0; }

/* A ClientHello with these extensions, fed; the hello that came of it. */
static const struct tls_client_hello *offer(struct connection *c, const char *suites)
{
    put_client_hello(&body, suites, &extensions);
    put_handshake(&w, TLS_CLIENT_HELLO, body.octets, body.n);
    feed_wire(c, CLIENT, &w);
    body.n = extensions.n = 0;
    cr_assert_not_null(c->tls->hello);
    return c->tls->hello;
}

static const struct tls_server_hello *answer(struct connection *c, uint16_t version, uint16_t suite)
{
    put_server_hello(&body, version, suite, &extensions);
    put_handshake(&w, TLS_SERVER_HELLO, body.octets, body.n);
    feed_wire(c, SERVER, &w);
    body.n = extensions.n = 0;
    return &c->tls->server_hello;
}

Test(hello, an_openssl_hello_is_read_whole)
{
    struct connection c;

    connection_open(&c);
    feed(&c, CLIENT, full12_client, 228);

    const struct tls_client_hello *hello = c.tls->hello;
    cr_assert_eq(hello->server_name.left, 16);
    cr_assert_arr_eq(hello->server_name.at, "ems.corp.example", 16);
    cr_assert_eq(hello->alpn.left, 9);
    cr_assert_arr_eq(hello->alpn.at, "\10http/1.1", 9);
    cr_assert_eq(hello->record_version, 0x0301);
    cr_assert_eq(hello->legacy_version, 0x0303);
    cr_assert_eq(hello->versions.left, 0); /* -tls1_2 sends no supported_versions */
    cr_assert_eq(tls_offered_highest(hello), 0x0303);
    cr_assert(hello->ticket && hello->extended_master_secret);
    cr_assert(hello->renegotiation); /* by the suite 0x00ff */
    cr_assert(!hello->cut && !hello->malformed && !hello->psk && !hello->ech);
    cr_assert(tls_offers_group(hello, 29));
    cr_assert_eq(hello->length, 219);
    connection_close(&c);
}

Test(hello, every_extension_with_a_row_is_taken)
{
    struct connection c;

    connection_open(&c);
    start();
    put_extension(&extensions, 0, "0006 00 0003 612e62");
    put_extension(&extensions, 0x2a2a, "");
    put_extension(&extensions, 10, "0004 11ec 001d");
    put_extension(&extensions, 11, "01 00");
    put_extension(&extensions, 13, "0002 0403");
    put_extension(&extensions, 16, "0003 02 6832");
    put_extension(&extensions, 23, "");
    put_extension(&extensions, 35, "");
    put_extension(&extensions, 42, "");
    put_extension(&extensions, 43, "08 6a6a 0304 0303 0302");
    put_extension(&extensions, 49, "");
    put_extension(&extensions, 51, "0006 001d 0002 abcd");
    put_extension(&extensions, 0xfe0d, "00");
    put_extension(&extensions, 0xff01, "00");
    put_extension(&extensions, 41, "");
    const struct tls_client_hello *h = offer(&c, "8a8a 1301 5600");

    cr_assert_arr_eq(h->server_name.at, "a.b", 3);
    cr_assert_eq(h->groups.left, 4);
    cr_assert_eq(h->point_formats.left, 1);
    cr_assert_eq(h->signature_schemes.left, 2);
    cr_assert_eq(h->alpn.left, 3);
    cr_assert_eq(h->versions.left, 8);
    cr_assert_eq(h->key_share_groups.left, 6);
    cr_assert(h->extended_master_secret && h->ticket && h->early_data && h->psk);
    cr_assert(h->post_handshake_auth && h->ech && h->renegotiation && h->fallback_scsv);
    cr_assert(!h->malformed && !h->cut);
    cr_assert_eq(tls_offered_highest(h), 0x0304);
    cr_assert_eq(tls_offered_lowest_hint(h), 0x0302);
    cr_assert(tls_offers_version(h, 0x0303) && !tls_offers_version(h, 0x0301));
    connection_close(&c);
}

Test(hello, grease_is_never_the_highest_version)
{
    struct connection c;

    connection_open(&c);
    start();
    put_extension(&extensions, 43, "06 6a6a 0302 0303");
    const struct tls_client_hello *h = offer(&c, "c02f");

    cr_assert_eq(tls_offered_highest(h), 0x0303);
    connection_close(&c);
}

Test(hello, windows_outlive_the_bytes_they_came_from)
{
    struct connection c;
    static uint8_t gone[228];

    connection_open(&c);
    memcpy(gone, full12_client, sizeof gone);
    feed(&c, CLIENT, gone, sizeof gone);
    memset(gone, 0xff, sizeof gone);

    cr_assert_arr_eq(c.tls->hello->server_name.at, "ems.corp.example", 16);
    connection_close(&c);
}

Test(hello, grease_is_sixteen_values)
{
    unsigned n = 0;

    for (unsigned v = 0; v <= 0xffff; v++)
        n += tls_is_grease((uint16_t)v);

    cr_assert_eq(n, 16);
    cr_assert(tls_is_grease(0x0a0a) && tls_is_grease(0xfafa));
    cr_assert(!tls_is_grease(0x0a1a) && !tls_is_grease(0x1301));
}

Test(hello, of_two_equal_extensions_the_first_counts)
{
    struct connection c;

    connection_open(&c);
    start();
    put_extension(&extensions, 0, "0004 00 0001 61");
    put_extension(&extensions, 0, "0004 00 0001 62");
    const struct tls_client_hello *h = offer(&c, "1301");

    cr_assert_eq(h->server_name.left, 1);
    cr_assert_eq(h->server_name.at[0], 'a');
    connection_close(&c);
}

Test(hello, a_length_that_lies_is_malformed_and_not_cut)
{
    struct connection c;

    connection_open(&c);
    start();
    put_extension(&extensions, 10, "00ff 001d");
    const struct tls_client_hello *h = offer(&c, "1301");

    cr_assert(h->malformed);
    cr_assert(!h->cut);
    connection_close(&c);
}

Test(hello, octets_behind_the_extensions_are_malformed)
{
    struct connection c;

    connection_open(&c);
    start();
    put_client_hello(&body, "1301", &extensions);
    put_uint(&body, 0, 1);
    put_handshake(&w, TLS_CLIENT_HELLO, body.octets, body.n);
    feed_wire(&c, CLIENT, &w);

    cr_assert(c.tls->hello->malformed);
    connection_close(&c);
}

Test(hello, a_hello_without_extensions_is_complete)
{
    struct connection c;

    connection_open(&c);
    start();
    put_client_hello(&body, "002f 000a", NULL);
    put_handshake(&w, TLS_CLIENT_HELLO, body.octets, body.n);
    feed_wire(&c, CLIENT, &w);

    cr_assert(!c.tls->hello->malformed && !c.tls->hello->cut);
    cr_assert(tls_offers_suite(c.tls->hello, 0x000a));
    cr_assert(tls_offers_version(c.tls->hello, 0x0301)); /* the range up to the legacy version */
    cr_assert_eq(tls_offered_lowest_hint(c.tls->hello), 0);
    connection_close(&c);
}

Test(hello, a_huge_hello_is_kept_up_to_its_ceiling)
{
    struct connection c;
    static const uint8_t zeros[40000];

    connection_open(&c);
    start();
    put_extension(&extensions, 0, "0004 00 0001 61");
    put_uint(&extensions, 21, 2);
    put_uint(&extensions, sizeof zeros, 2);
    put(&extensions, zeros, sizeof zeros);
    put_client_hello(&body, "1301", &extensions);
    static struct wire message;
    message.n = 0;
    put_message(&message, TLS_CLIENT_HELLO, body.octets, body.n);
    for (size_t at = 0; at < message.n; at += 16000)
        put_record(&w, TLS_HANDSHAKE, message.octets + at,
                   message.n - at < 16000 ? message.n - at : 16000);
    feed_wire(&c, CLIENT, &w);

    cr_assert(c.tls->hello->cut);
    cr_assert(!c.tls->hello->malformed);
    cr_assert_eq(c.tls->hello->server_name.left, 1);
    cr_assert_eq(c.tls->hello->length, body.n);
    cr_assert_eq(c.tls->state, TLS_OFFERED);
    connection_close(&c);
}

Test(hello, the_negotiated_version_is_the_supported_version_not_the_legacy_one)
{
    struct connection c;

    connection_open(&c);
    start();
    put_extension(&extensions, 43, "02 0304");
    offer(&c, "1302");
    put_extension(&extensions, 43, "0304");
    put_extension(&extensions, 51, "001d 0003 aabbcc");
    put_extension(&extensions, 41, "0000");
    const struct tls_server_hello *h = answer(&c, 0x0303, 0x1302);

    cr_assert_eq(h->version, 0x0304);
    cr_assert_eq(h->legacy_version, 0x0303);
    cr_assert_eq(h->suite, 0x1302);
    cr_assert_eq(h->group, 29);
    cr_assert(h->psk && h->session_id_echoed && !h->malformed);
    cr_assert(tls_is_13(c.tls) && tls_resumed(c.tls));
    connection_close(&c);
}

/* tls.handshake.server_named_curve of tshark: x25519. */
Test(hello, the_group_of_an_older_handshake_is_that_of_its_key_exchange)
{
    struct connection c;

    connection_open(&c);
    feed(&c, CLIENT, full12_client, 228);
    cr_assert_eq(tls_group(c.tls), 0);
    feed(&c, SERVER, full12_server, 839);
    cr_assert_eq(tls_group(c.tls), 29);
    c.tls->server_hello.suite = 0x009f; /* DHE: what looks like a curve is none */
    cr_assert_eq(tls_group(c.tls), 0);
    connection_close(&c);
}

Test(hello, the_chosen_alpn_is_the_name_alone)
{
    struct connection c;

    connection_open(&c);
    start();
    offer(&c, "c02f");
    put_extension(&extensions, 16, "0003 02 6832");
    put_extension(&extensions, 35, "");
    put_extension(&extensions, 23, "");
    const struct tls_server_hello *h = answer(&c, 0x0303, 0xc02f);

    cr_assert_eq(h->alpn.left, 2);
    cr_assert_arr_eq(h->alpn.at, "h2", 2);
    cr_assert(h->ticket && h->extended_master_secret);
    cr_assert_eq(c.tls->state, TLS_CHOSEN);
    connection_close(&c);
}

/* RFC 8446 section 4.1.3 */
Test(hello, the_downgrade_marks_are_seen)
{
    static const enum tls_downgrade marks[] = { TLS_MARK_11, TLS_MARK_12, TLS_NO_MARK };

    for (unsigned i = 0; i < 3; i++) {
        struct connection c;
        connection_open(&c);
        start();
        put_server_hello(&body, 0x0303, 0xc02f, NULL);
        memcpy(body.octets + 2 + 24, "DOWNGRD", 7);
        body.octets[2 + 31] = (uint8_t)i;
        put_handshake(&w, TLS_SERVER_HELLO, body.octets, body.n);
        feed_wire(&c, SERVER, &w);

        cr_assert_eq(c.tls->server_hello.downgrade, marks[i]);
        connection_close(&c);
    }
}

/* draft-ietf-tls-tls13-16 section 4.1.2: version, random, suite, extensions. */
Test(hello, a_server_hello_of_an_early_draft_has_neither_session_id_nor_compression)
{
    struct connection c;

    connection_open(&c);
    start();
    put_extension(&extensions, 43, "02 7f10");
    offer(&c, "1301");
    put_uint(&body, 0x7f10, 2);
    for (unsigned i = 0; i < 32; i++)
        put_uint(&body, i, 1);
    put_hex(&body, "1301 000a 0028 0006 001d 0002 abcd");
    put_handshake(&w, TLS_SERVER_HELLO, body.octets, body.n);
    feed_wire(&c, SERVER, &w);

    const struct tls_server_hello *h = &c.tls->server_hello;
    cr_assert_eq(tls_version(c.tls), 0x7f10);
    cr_assert(tls_is_13(c.tls));
    cr_assert_eq(h->suite, 0x1301);
    cr_assert_eq(h->group, 29);
    cr_assert(!h->malformed);
    cr_assert_eq(c.tls->state, TLS_SEALED);
    connection_close(&c);
}

Test(hello, the_retry_message_of_the_drafts_is_a_retry)
{
    struct connection c;

    connection_open(&c);
    start();
    put_extension(&extensions, 43, "02 7f12");
    offer(&c, "1301");
    put_handshake(&w, 6, "\x7f\x12\0\6\0\50\0\2\0\27", 10);
    feed_wire(&c, SERVER, &w);

    cr_assert_eq(c.tls->n_retries, 1);
    cr_assert_eq(c.tls->retry.group, 23);
    cr_assert_eq(c.tls->messages[1].type, TLS_HELLO_RETRY_REQUEST);
    cr_assert_eq(c.tls->state, TLS_RETRY);
    connection_close(&c);
}

Test(hello, a_server_hello_cut_before_its_extensions_tells_13_by_its_suite_or_nothing)
{
    const struct {
        size_t kept;
        uint16_t version;
    } cuts[] = { { 60, 0x0304 }, { 40, 0 } };

    for (int i = 0; i < 2; i++) {
        struct connection c;
        connection_open(&c);
        start();
        put_extension(&extensions, 43, "04 0304 0303");
        offer(&c, "1301 c02f");
        put_extension(&extensions, 51, "001d 0003 aabbcc");
        put_extension(&extensions, 43, "0304");
        put_server_hello(&body, 0x0303, 0x1301, &extensions);
        put_handshake(&w, TLS_SERVER_HELLO, body.octets, body.n);
        feed_window(&c, SERVER, bytes_of(w.octets, cuts[i].kept, w.n));

        cr_assert(c.tls->server_hello.cut);
        cr_assert_eq(tls_version(c.tls), cuts[i].version);
        connection_close(&c);
    }
}

Test(hello, a_server_hello_cut_before_its_suite_tells_nothing_of_an_unseen_offer)
{
    struct connection c;

    connection_open(&c);
    start();
    put_extension(&extensions, 43, "0304");
    put_server_hello(&body, 0x0303, 0x1301, &extensions);
    put_handshake(&w, TLS_SERVER_HELLO, body.octets, body.n);
    feed_window(&c, SERVER, bytes_of(w.octets, 40, w.n));

    cr_assert(c.tls->server_hello.cut);
    cr_assert_eq(tls_version(c.tls), 0);
    cr_assert(!tls_suite_known(c.tls));
    connection_close(&c);
}

Test(hello, a_hello_sent_again_is_listed_but_the_first_is_kept)
{
    struct connection c;

    connection_open(&c);
    feed(&c, CLIENT, full12_client, 228);
    const struct tls_client_hello *first = c.tls->hello;
    feed(&c, CLIENT, full12_client, 228);

    cr_assert_eq(c.tls->n_client_hellos, 2);
    cr_assert_eq(c.tls->hello, first);
    cr_assert_null(c.tls->hello_again);
    cr_assert_eq(c.tls->unexpected_type, TLS_CLIENT_HELLO);
    connection_close(&c);
}

Test(hello, what_lies_between_grease_is_found)
{
    struct connection c;

    connection_open(&c);
    start();
    put_extension(&extensions, 0x4a4a, "");
    put_extension(&extensions, 10, "0008 2a2a 11ec 001d 0018");
    put_extension(&extensions, 16, "000c 02 6832 08 687474702f312e31");
    put_extension(&extensions, 43, "06 9a9a 0304 0303");
    put_extension(&extensions, 0xcaca, "00");
    const struct tls_client_hello *h = offer(&c, "eaea 1301 1302 c02f");

    cr_assert(!h->malformed);
    cr_assert(tls_offers_suite(h, 0x1301) && tls_offers_suite(h, 0xc02f));
    cr_assert(!tls_offers_suite(h, 0x1303));
    cr_assert(tls_offers_group(h, 0x11ec) && tls_offers_group(h, 24));
    cr_assert(!tls_offers_group(h, 23));
    cr_assert(tls_offers_version(h, 0x0304) && tls_offers_version(h, 0x0303));
    cr_assert_eq(tls_offered_highest(h), 0x0304);
    cr_assert_eq(tls_offered_lowest_hint(h), 0x0303);
    cr_assert_eq(h->alpn.left, 12);
    connection_close(&c);
}

/* The mark of a hello with these suites and, in this order, two extensions. */
static uint32_t mark_with(const char *suites, unsigned first, unsigned second)
{
    struct connection c;

    connection_open(&c);
    start();
    put_extension(&extensions, first, "");
    put_extension(&extensions, second, "");
    uint32_t mark = tls_hello_mark(offer(&c, suites));
    connection_close(&c);
    return mark;
}

Test(hello, the_mark_of_a_stack_is_that_of_its_suites_and_extensions)
{
    uint32_t mark = mark_with("1301 c02b", 23, 22);

    cr_assert_eq(mark_with("1301 c02b", 22, 23), mark);      /* shuffled */
    cr_assert_eq(mark_with("5a5a 1301 c02b", 23, 22), mark); /* GREASE */
    cr_assert_neq(mark_with("c02b 1301", 23, 22), mark);     /* another preference */
    cr_assert_neq(mark_with("1301 c02b", 23, 0xff01), mark); /* another extension */
}

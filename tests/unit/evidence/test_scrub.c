#include "evidence/recertify.h"
#include "evidence/scrub.h"

#include <criterion/criterion.h>
#include <string.h>

static const uint8_t key[MASK_KEY] = { 7 };
static const char *const kept[] = { "ems", NULL };
static struct scrubber scrubber;

static void open_scrubber(void)
{
    scrubber = (struct scrubber){ .mask = mask_open(key, kept),
                                  .recertifier = recertifier_open(),
                                  .names = true };
    cr_assert(scrubber.mask && scrubber.recertifier);
}

static void close_scrubber(void)
{
    mask_close(scrubber.mask);
    recertifier_close(scrubber.recertifier);
}

TestSuite(scrub, .init = open_scrubber, .fini = close_scrubber);

static bool holds(const uint8_t *p, size_t n, const char *word)
{
    for (size_t i = 0; i + strlen(word) <= n; i++)
        if (memcmp(p + i, word, strlen(word)) == 0)
            return true;
    return false;
}

/* What a client says comes out in `out`, however it was cut. */
static void say(struct scrub_stream *c, const void *text, size_t n, size_t step, uint8_t *out)
{
    for (size_t at = 0; at < n; at += step)
        scrub_take(c, &scrubber, CLIENT, (const uint8_t *)text + at, n - at < step ? n - at : step);
    scrub_end(c, &scrubber);
    edits_apply(&c->side[CLIENT].edits, 0, out, n);
    scrub_free(c);
}

static const char request[] = "GET /secret/path?user=jane HTTP/1.1\r\n"
                              "Host: ems.contoso.example\r\n"
                              "Authorization: Basic amFuZTpodW50ZXIy\r\n"
                              "Cookie: id=4711abc\r\n"
                              "Content-Length: 1234567\r\n\r\n";

Test(scrub, a_request_keeps_its_form_and_loses_its_secrets)
{
    for (size_t step = 1; step < 60; step += 7) {
        struct scrub_stream c = { 0 };
        uint8_t out[sizeof request] = { 0 };
        say(&c, request, sizeof request - 1, step, out);

        cr_assert(holds(out, sizeof out, "GET /"));
        cr_assert(holds(out, sizeof out, " HTTP/1.1\r\nHost: ems."));
        cr_assert(holds(out, sizeof out, "Authorization: Basic xxxxxxxxxxxxxxxx\r\n"));
        cr_assert(holds(out, sizeof out, "Content-Length: 1234567\r\n\r\n"));
        cr_assert_not(holds(out, sizeof out, "contoso"));
        cr_assert_not(holds(out, sizeof out, "jane"));
        cr_assert_not(holds(out, sizeof out, "4711abc"));
        cr_assert_not(holds(out, sizeof out, "secret"));
    }
}

Test(scrub, a_password_of_ftp_is_blanked)
{
    static const char text[] = "USER jane\r\nPASS hunter2\r\nQUIT\r\n";
    struct scrub_stream c = { 0 };
    uint8_t out[sizeof text] = { 0 };

    say(&c, text, sizeof text - 1, 5, out);

    cr_assert_str_eq((char *)out, "USER xxxx\r\nPASS xxxxxxx\r\nQUIT\r\n");
}

/* RFC 8446 section 5.1: header, then what it announces. */
static const uint8_t records[] = { 0x15, 3, 3, 0, 2, 2,   48,                      /* an alert */
                                   0x14, 3, 3, 0, 1, 1,                            /* seals */
                                   0x15, 3, 3, 0, 6, 'S', 'E', 'A', 'L', 'E', 'D', /* another */
                                   0x17, 3, 3, 0, 4, 'D', 'A', 'T', 'A' };

/* RFC 5321 section 4.2.1: the code is no part of the name behind it. */
Test(scrub, a_reply_of_mail_keeps_its_code_and_what_it_offers)
{
    static const char reply[] = "250-mail.contoso.example\r\n250-XXXXXXXA\r\n250 SIZE 7\r\n";

    for (size_t step = 1; step < 60; step += 7) {
        struct scrub_stream c = { 0 };
        uint8_t out[sizeof reply] = { 0 };
        say(&c, reply, sizeof reply - 1, step, out);

        cr_assert(holds(out, 4, "250-"));
        cr_assert_not(holds(out, sizeof out, "contoso"));
        cr_assert(holds(out, sizeof out, "\r\n250-XXXXXXXA\r\n250 SIZE 7\r\n"));
    }
}

Test(scrub, of_records_headers_and_plain_alerts_stay)
{
    static const uint8_t want[] = { 0x15, 3, 3, 0, 2, 2, 48, 0x14, 3, 3, 0, 1, 1, 0x15, 3, 3, 0,
                                    6,    0, 0, 0, 0, 0, 0,  0x17, 3, 3, 0, 4, 0, 0,    0, 0 };
    for (size_t step = 1; step <= sizeof records; step++) {
        struct scrub_stream c = { 0 };
        uint8_t out[sizeof records];
        say(&c, records, sizeof records, step, out);
        cr_assert_arr_eq(out, want, sizeof want, "in pieces of %zu", step);
    }
}

/* A ClientHello with a session identifier and a server name, by RFC 8446 section 4.1.2. */
static const uint8_t hello[] = {
    0x16, 3,    1,    0,    76,   1,   0,   0,   72,  3,   3, /* heads */
    1,    2,    3,    4,    5,    6,   7,   8,   9,   10,  11, 12,  13,  14,  15,  16,
    17,   18,   19,   20,   21,   22,  23,  24,  25,  26,  27, 28,  29,  30,  31,  32, /* random */
    4,    0xde, 0xad, 0xbe, 0xef,                                                      /* session */
    0,    2,    0x13, 1,    1,    0,                                                   /* suite */
    0,    25,   0,    0,    0,    21,  0,   19,  0,   0,   16, 'e', 'm', 's', '.', 'c',
    'o',  'r',  'n',  'i',  'x',  '.', 'l', 'o', 'c', 'a', 'l'
};

Test(scrub, a_hello_keeps_everything_but_its_names_and_identifiers)
{
    struct scrub_stream c = { 0 };
    uint8_t out[sizeof hello];
    size_t session = 11 + 32, name = session + 5 + 6 + 2 + 4 + 2 + 3;

    say(&c, hello, sizeof hello, 9, out);

    cr_assert_arr_eq(out, hello, session + 1);
    cr_assert_arr_neq(out + session + 1, hello + session + 1, 4);
    cr_assert_arr_eq(out + session + 5, hello + session + 5, 6);
    cr_assert_arr_eq(out + name, "ems.", 4);
    cr_assert_arr_neq(out + name + 4, "cornix", 6);
    cr_assert_arr_eq(out + name + 10, ".local", 6);
}

/* RFC 1035 section 4.1.4: the answer's name points to the question's. */
static const uint8_t answer[] = { 0x12, 0x34, 0x81, 0x80, 0,    1,   0,   1,   0,   0,   0,
                                  0,    3,    'e',  'm',  's',  7,   'c', 'o', 'n', 't', 'o',
                                  's',  'o',  7,    'e',  'x',  'a', 'm', 'p', 'l', 'e', 0,
                                  0,    1,    0,    1,    0xc0, 12,  0,   1,   0,   1,   0,
                                  0,    0,    60,   0,    4,    10,  20,  40,  17 };

Test(scrub, a_dns_answer_names_nobody)
{
    uint8_t out[sizeof answer];
    struct address a = address_v4(answer + sizeof answer - 4);

    memcpy(out, answer, sizeof answer);
    scrub_dns(&scrubber, out, sizeof out);
    mask_address(scrubber.mask, &a);

    cr_assert_arr_eq(out, answer, 17);
    cr_assert_not(holds(out, sizeof out, "contoso"));
    cr_assert(holds(out, sizeof out, "\007example"));
    cr_assert_arr_eq(out + 32, answer + 32, sizeof answer - 32 - 4);
    cr_assert_arr_eq(out + sizeof out - 4, a.octet + 12, 4);
}

Test(scrub, a_name_that_points_to_itself_ends)
{
    uint8_t loop[] = { 0, 0,    0x80, 0, 0, 1, 0, 1,   0,   0,   0,
                       0, 0xc0, 12,   0, 1, 0, 1, 'l', 'e', 'a', 'k' };

    scrub_dns(&scrubber, loop, sizeof loop);

    cr_assert_not(holds(loop, sizeof loop, "leak"));
}

Test(scrub, what_is_not_understood_becomes_zero)
{
    static const uint8_t odd[] = { 0x00, 0x01, 0xfe, 's', 'e', 'c', 'r', 'e', 't' };
    struct scrub_stream c = { 0 };
    uint8_t out[sizeof odd], zero[sizeof odd] = { 0 };

    say(&c, odd, sizeof odd, 2, out);

    cr_assert_arr_eq(out, zero, sizeof zero);
}

/* A bind by name (RFC 4511 section 4.2), on its own port behind TLS, and on another one. */
Test(scrub, a_password_of_ldap_is_blanked_wherever_it_is_sent)
{
    static const uint8_t sealed[] = { 0x17, 3, 3, 0, 2, 9, 9 };
    static const char bind[] = "\x30\x17\x02\x01\x01\x60\x12\x02\x01\x03\x04\x05"
                               "cn=me\x80\x06secret";
    uint8_t in[sizeof sealed + sizeof bind - 1], out[sizeof in];
    memcpy(in, sealed, sizeof sealed);
    memcpy(in + sizeof sealed, bind, sizeof bind - 1);

    struct scrub_stream own = { .ldap = true };
    say(&own, in, sizeof in, 1, out);
    cr_assert_arr_eq(out + sizeof sealed, bind, 12);
    cr_assert_arr_eq(out + sizeof in - 6, "xxxxxx", 6);

    struct scrub_stream other = { 0 };
    say(&other, in + sizeof sealed, sizeof bind - 1, sizeof bind - 1, out);
    cr_assert_arr_eq(out + sizeof bind - 1 - 6, "xxxxxx", 6);
}

Test(scrub, behind_a_loss_on_a_port_of_ldap_nothing_is_taken_for_text)
{
    static const char rest[] = "me\x80\x06secret";
    uint8_t out[sizeof rest - 1];
    struct scrub_stream c = { .ldap = true };

    say(&c, (const uint8_t *)rest, sizeof out, sizeof out, out);

    for (size_t i = 0; i < sizeof out; i++)
        cr_assert_eq(out[i], 0);
}

/* RFC 9112: two messages, of which the first has a body without an end of line. */
static const char answers[] = "HTTP/1.1 407 Proxy Authentication Required\r\n"
                              "Server: squid/5.7\r\n"
                              "Date: Sat, 28 Nov 2026 18:20:05 GMT\r\n"
                              "X-Squid-Error: ERR_CACHE_ACCESS_DENIED 0\r\n"
                              "X-Contoso-Tenant: blue\r\n"
                              "Proxy-Authenticate: Basic realm=\"contoso\"\r\n"
                              "Via: 1.1 gate.contoso.example (squid/5.7)\r\n"
                              "Content-Length: 27\r\n\r\n"
                              "<h1>Ask Jane of contoso</h1"
                              "HTTP/1.1 403 Forbidden\r\n"
                              "Transfer-Encoding: chunked\r\n\r\n"
                              "15\r\nThe Web Page Blocked!\r\n0\r\n\r\n"
                              "HTTP/1.1 200 OK\r\n";

Test(scrub, of_http_nothing_is_scrambled_and_bodies_are_blank)
{
    for (size_t step = 1; step < 60; step += 7) {
        struct scrub_stream c = { 0 };
        uint8_t out[sizeof answers] = { 0 };
        say(&c, answers, sizeof answers - 1, step, out);

        cr_assert(holds(out, sizeof out,
                        "Required\r\nServer: squid/5.7\r\n"
                        "Date: Sat, 28 Nov 2026 18:20:05 GMT\r\n"
                        "X-Squid-Error: ERR_CACHE_ACCESS_DENIED 0\r\n"
                        "xxxxxxxxxxxxxxxx: xxxx\r\n"
                        "Proxy-Authenticate: Basic realm=\"xxxxxxx\"\r\nVia: 1.1 "));
        cr_assert(holds(out, sizeof out,
                        ".example (squid/5.7)\r\nContent-Length: 27\r\n\r\n"
                        "xxxxxxxxxxxxxxxxxxxxxxxxxxxHTTP/1.1 403 Forbidden\r\n"
                        "Transfer-Encoding: chunked\r\n\r\n"
                        "15\r\nxxxxWeb Page Blockedx\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"));
        cr_assert_not(holds(out, sizeof out, "contoso"));
        cr_assert_not(holds(out, sizeof out, "gate"));
        cr_assert_eq(mask_count(scrubber.mask), 2, "gate and contoso, not %zu",
                     mask_count(scrubber.mask));
    }
}

/* RFC 9110 section 9.3.2: an answer to HEAD has no body, whatever it says of its length. */
Test(scrub, an_answer_that_announces_a_body_which_does_not_come_hides_no_other)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 4711\r\n\r\n";
    static const char next[] = "HTTP/1.1 503 Service Unavailable\r\n";
    struct scrub_stream c = { 0 };
    uint8_t out[sizeof head + sizeof next] = { 0 };

    scrub_take(&c, &scrubber, CLIENT, (const uint8_t *)head, sizeof head - 1);
    scrub_take(&c, &scrubber, CLIENT, (const uint8_t *)next, sizeof next - 1);
    scrub_end(&c, &scrubber);
    edits_apply(&c.side[CLIENT].edits, 0, out, sizeof out);
    scrub_free(&c);

    cr_assert(holds(out, sizeof out, next));
}

static void be_strict(void)
{
    scrubber.strict = true;
    mask_be_strict(scrubber.mask);
}

static const char tunnel[] = "CONNECT ems.contoso.example:8013 HTTP/1.1\r\n"
                             "Host: ems.contoso.example:8013\r\n"
                             "User-Agent: Mozilla\r\n\r\n";

Test(scrub, strict_redaction_of_http_keeps_method_host_and_lengths)
{
    struct scrub_stream c = { 0 };
    uint8_t out[sizeof tunnel] = { 0 };
    be_strict();

    say(&c, tunnel, sizeof tunnel - 1, 9, out);

    cr_assert_arr_eq(out, "CONNECT ems.", 12);
    cr_assert(holds(out, sizeof out, ":8013 HTTP/1.1\r\nxxxx: xxx"));
    cr_assert(holds(out, sizeof out, "xxxxxxxxxx: xxxxxxx\r\n\r\n"));
    cr_assert_not(holds(out, sizeof out, "contoso"));
    cr_assert_not(holds(out, sizeof out, "example"));
}

static const char reply[] = "HTTP/1.1 407 Ask Jane\r\nVia: 1.1 gate7\r\nServer: squid\r\n"
                            "Content-Length: 4\r\n\r\njane";

Test(scrub, strict_redaction_of_http_keeps_the_status_and_that_a_gateway_said_it)
{
    struct scrub_stream c = { 0 };
    uint8_t out[sizeof reply] = { 0 };
    be_strict();

    say(&c, reply, sizeof reply - 1, 11, out);

    cr_assert_str_eq((char *)out, "HTTP/1.1 407 xxx xxxx\r\nVia: xxx xxxxx\r\nxxxxxx: xxxxx\r\n"
                                  "Content-Length: 4\r\n\r\nxxxx");
}

/* RFC 8446 section 4.1.2: version, random, session, suites, compression, key_share of one group. */
Test(scrub, strict_redaction_of_a_hello_keeps_groups_and_drops_randoms_and_shares)
{
    uint8_t m[4 + 2 + 32 + 1 + 2 + 2 + 2 + 2 + 4 + 2 + 4 + 4] = { 1, 0, 0, 53, 3, 3 };
    memset(m + 6, 0x5a, 32);
    static const uint8_t rest[] = {
        0, 0, 2, 0x13, 1, 1, 0, 0, 14, 0, 51, 0, 10, 0, 8, 0, 29, 0, 4
    };
    memcpy(m + 38, rest, sizeof rest);
    memset(m + 38 + sizeof rest, 0x77, 4);
    size_t n = 38 + sizeof rest + 4;
    m[3] = (uint8_t)(n - 4);
    m[38 + 10] = 51;
    be_strict();

    cr_assert(scrub_handshake(&scrubber, 0x0303, m, n));

    for (size_t i = 6; i < 38; i++)
        cr_assert_eq(m[i], 0);
    cr_assert_arr_eq(m + 38, rest, sizeof rest);
    cr_assert_arr_eq(m + 38 + sizeof rest, "\0\0\0\0", 4);
}

/* An option of the network of a client (RFC 7871), a cookie (RFC 7873), an extended error. */
Test(scrub, options_of_dns_keep_the_error_and_no_client)
{
    uint8_t m[] = {
        0, 1, 0x80, 0, 0, 0, 0,  0, 0,  0, 0, 1, 0,  0, 41, 4, 208, 0, 0,  0, 0, 0, 23,
        0, 8, 0,    7, 0, 1, 24, 0, 10, 1, 2, 0, 10, 0, 2,  9, 9,   0, 15, 0, 2, 0, 18
    };

    scrub_dns(&scrubber, m, sizeof m);

    cr_assert_arr_eq(m + 27, "\0\0\0\0\0\0\0", 7);
    cr_assert_arr_eq(m + 38, "\0\0", 2);
    cr_assert_eq(m[sizeof m - 1], 18);
}

/* Behind a bind by SASL every message has its length in front (RFC 4513 section 5.2.1.5). */
Test(scrub, what_sasl_signed_is_not_kept)
{
    static const char signed_one[] = "\0\0\0\x10signature+secret";
    uint8_t out[sizeof signed_one - 1];
    struct scrub_stream c = { .ldap = true };
    c.side[CLIENT].kind = SCRUB_BER;

    say(&c, signed_one, sizeof out, sizeof out, out);

    cr_assert_not(holds(out, sizeof out, "secret"));
}

/* RFC 4253 sections 6 and 7; a reply of the exchange (31) begins with the host's key. */
Test(scrub, the_key_of_a_host_is_not_kept)
{
    static const char said[] = "SSH-2.0-x\r\n"
                               "\0\0\0\x1a\2\x14"
                               "cookiecookiecook"
                               "names!pp"
                               "\0\0\0\x1a\2\x1f"
                               "\0\0\0\x12\0\0\0\x07"
                               "ssh-rsa\0\0\0\x03K1Ypp"
                               "\0\0\0\x04\2\x15"
                               "pp"
                               "sealed";
    uint8_t out[sizeof said - 1];
    struct scrub_stream c = { 0 };

    say(&c, said, sizeof out, 5, out);

    cr_assert_arr_eq(out, "SSH-2.0-x\r\n", 11);
    cr_assert(holds(out, sizeof out, "names!"));
    cr_assert(holds(out, sizeof out, "ssh-rsa"));
    cr_assert_not(holds(out, sizeof out, "K1Y"));
    cr_assert_not(holds(out, sizeof out, "sealed"));
}

/* A Certificate whose beginning was lost, its length with it; what follows has the form of messages
 * (20: Finished) and is somebody's name. */
Test(scrub, behind_a_hole_the_middle_of_a_certificate_is_no_message)
{
    static const uint8_t head[] = { 22, 3, 3, 0, 60 };
    uint8_t rest[40] = { 20, 0, 0, 36 }, out[5 + 60];
    static const uint8_t done[] = { 22, 3, 3, 0, 4, 14, 0, 0, 0 };
    memcpy(rest + 4, "contoso-names", 13);
    struct scrub_stream c = { 0 };

    scrub_take(&c, &scrubber, SERVER, head, sizeof head);
    scrub_lost(&c, &scrubber, SERVER, 20);
    scrub_take(&c, &scrubber, SERVER, rest, sizeof rest);
    scrub_take(&c, &scrubber, SERVER, done, sizeof done);
    scrub_end(&c, &scrubber);
    edits_apply(&c.side[SERVER].edits, 0, out, sizeof out);

    cr_assert_not(holds(out, sizeof out, "contoso"));
    edits_apply(&c.side[SERVER].edits, sizeof out, out, sizeof done);
    cr_assert_arr_eq(out, done, sizeof done);
    scrub_free(&c);
}

/* A list of certificates whose lengths were lost in the middle (RFC 5246 section 7.4.2). */
Test(scrub, behind_lost_lengths_nothing_of_a_chain_stays)
{
    uint8_t m[4 + 3 + 20 + 40] = { 11, 0, 0, 63, 0, 0, 60 };
    memcpy(m + 27,
           "0\x0c"
           "contoso-name1 and others",
           26);

    cr_assert(scrub_handshake(&scrubber, 0x0303, m, sizeof m));

    cr_assert_not(holds(m, sizeof m, "contoso"));
}

Test(scrub, what_is_no_element_of_der_does_not_stay)
{
    uint8_t m[] = { 0x30, 4, 2, 2, 1, 1, 0x1f, 'j', 'a', 'n', 'e' };

    scrub_der(&scrubber, m, sizeof m);

    cr_assert_not(holds(m, sizeof m, "jane"));
}

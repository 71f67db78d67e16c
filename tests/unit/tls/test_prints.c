#include "recorded.h"
#include "tls/prints.h"
#include "wire.h"

static struct wire w, body, extensions;
static char buffer[PRINT_TEXT];

static struct text blank(void) { return text_of(buffer, sizeof buffer); }

/* A ClientHello with these suites and the extensions put before, fed. */
static const struct tls_client_hello *offer(struct connection *c, const char *suites)
{
    w.n = body.n = 0;
    connection_open(c);
    put_client_hello(&body, suites, &extensions);
    put_handshake(&w, TLS_CLIENT_HELLO, body.octets, body.n);
    feed_wire(c, CLIENT, &w);
    extensions.n = 0;
    cr_assert_not_null(c->tls->hello);
    return c->tls->hello;
}

/* As tshark 4.0.17 prints them of the same octets (tls.handshake.ja3_full, ja3s_full). */
Test(prints, ja3_lists_what_openssl_offered_and_chose)
{
    struct connection c;

    connection_open(&c);
    feed(&c, CLIENT, full12_client, 228);
    feed(&c, SERVER, full12_server, 839);
    struct text t = blank();
    print_ja3(c.tls->hello, &t);
    cr_assert_str_eq(t.at, "771,49196-49200-159-52393-52392-52394-49195-49199-158-49188-49192-107-"
                           "49187-49191-103-49162-49172-57-49161-49171-51-157-156-61-60-53-47-255,"
                           "0-11-10-35-16-22-23-13,29-23-30-25-24,0-1-2");
    t = blank();
    cr_assert(print_ja3s_is_possible(&c.tls->server_hello));
    print_ja3s(&c.tls->server_hello, &t);
    cr_assert_str_eq(t.at, "771,49196,65281-11-35-23");
    connection_close(&c);
}

/* The raw form that the authors of JA4 print for a Chrome of 2023, GREASE put between. */
Test(prints, ja4_is_sorted_and_knows_no_grease)
{
    struct connection c;
    extensions.n = 0;
    static const uint16_t more[] = { 0x0023, 0xff01, 0x001b, 0x0012, 0x4469, 0x002d,
                                     0x0033, 0x0005, 0x0017, 0x000b, 0x000a, 0x0015 };

    put_extension(&extensions, 0x1a1a, "");
    put_extension(&extensions, 0, "0006 00 0003 612e62");
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        put_extension(&extensions, more[i], more[i] == 0x0033 ? "0000" : "");
    put_extension(&extensions, 43, "06 2a2a 0304 0303");
    put_extension(&extensions, 13, "0012 3a3a 0403 0804 0401 0503 0805 0501 0806 0601");
    put_extension(&extensions, 16, "000c 02 6832 08 687474702f312e31");
    put_extension(&extensions, 0xdada, "00");
    const struct tls_client_hello *h = offer(
        &c, "0a0a 1301 1302 1303 c02b c02f c02c c030 cca9 cca8 c013 c014 009c 009d 002f 0035");

    char head[JA4_HEAD + 1];
    print_ja4_head(h, head);
    cr_expect_str_eq(head, "t13d1516h2");
    struct text t = blank();
    print_ja4_suites(h, &t);
    cr_expect_str_eq(t.at, "002f,0035,009c,009d,1301,1302,1303,c013,c014,c02b,c02c,c02f,c030,cca8,"
                           "cca9");
    t = blank();
    print_ja4_extensions(h, &t);
    cr_expect_str_eq(t.at, "0005,000a,000b,000d,0012,0015,0017,001b,0023,002b,002d,0033,4469,ff01_"
                           "0403,0804,0401,0503,0805,0501,0806,0601");
    connection_close(&c);
}

/* The examples of the specification for names that are no letters. */
Test(prints, ja4_takes_hex_of_a_protocol_name_that_is_no_text)
{
    static const struct example {
        const char *octets, *letters;
    } examples[] = {
        { "0003 02 6832", "h2" },     { "0009 08 687474702f312e31", "h1" },
        { "0002 01 ab", "ab" },       { "0003 02 abcd", "ad" },
        { "0003 02 30ab", "3b" },     { "0005 04 3031abcd", "3d" },
        { "0005 04 30abcd31", "01" }, { "0002 01 68", "hh" },
        { "0004 00 02 6832", "00" },  { "0000", "00" },
    };

    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct connection c;
        char head[JA4_HEAD + 1];
        extensions.n = 0;
        put_extension(&extensions, 16, examples[i].octets);
        print_ja4_head(offer(&c, "1301"), head);
        cr_expect_str_eq(head + 8, examples[i].letters, "%s: %s", examples[i].octets, head);
        connection_close(&c);
    }
}

Test(prints, what_is_not_offered_leaves_its_place_empty)
{
    struct connection c;
    char head[JA4_HEAD + 1];
    extensions.n = 0;
    const struct tls_client_hello *h = offer(&c, "002f");

    struct text t = blank();
    print_ja3(h, &t);
    cr_expect_str_eq(t.at, "771,47,,,");
    t = blank();
    print_ja4_extensions(h, &t);
    cr_expect_str_eq(t.at, "");
    print_ja4_head(h, head);
    cr_expect_str_eq(head, "t12i010000");
    connection_close(&c);
}

/* Counts end at 99, and the longest hello that is kept fits in the text. */
Test(prints, the_largest_hello_has_a_text)
{
    static char many[5 * 8000 + 1];
    struct connection c;
    char head[JA4_HEAD + 1];
    extensions.n = 0;
    for (size_t i = 0; i < 8000; i++)
        snprintf(many + 5 * i, 6, "%04x ", (unsigned)(0xffff - 3 * i));
    const struct tls_client_hello *h = offer(&c, many);

    cr_assert(print_is_possible(h));
    struct text t = blank();
    print_ja3(h, &t);
    cr_expect_not(t.cut);
    t = blank();
    print_ja4_suites(h, &t);
    cr_expect_not(t.cut);
    print_ja4_head(h, head);
    cr_expect_str_eq(head, "t12i990000");
    connection_close(&c);
}

Test(prints, a_hello_that_is_not_whole_or_lies_has_none)
{
    struct connection c;
    extensions.n = 0;

    cr_expect_not(print_is_possible(NULL));
    put_extension(&extensions, 16, "0009 02 6832");
    cr_expect_not(print_is_possible(offer(&c, "1301")));
    cr_expect_not(print_ja3s_is_possible(&c.tls->server_hello));
    connection_close(&c);
}

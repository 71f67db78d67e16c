#include "tls/certificate.h"
#include "wire.h"

static struct wire w, body;

static struct tls_certificates read_hex(const char *hex)
{
    static struct tls_certificates out;
    body.n = 0;
    put_hex(&body, hex);
    certificates_read(bytes_whole(body.octets, body.n), &out);
    return out;
}

Test(certificate, a_list_becomes_windows_in_order)
{
    struct tls_certificates out = read_hex("00000b 000003 aabbcc 000002 ddee");

    cr_assert_eq(out.n, 2);
    cr_assert_eq(out.der[0].left, 3);
    cr_assert_eq(out.der[1].at[0], 0xdd);
    cr_assert(!out.cut);
}

Test(certificate, an_empty_list_is_whole)
{
    struct tls_certificates out = read_hex("000000");

    cr_assert_eq(out.n, 0);
    cr_assert(!out.cut);
}

Test(certificate, lengths_that_do_not_add_up_are_marked)
{
    cr_assert(read_hex("000006 000003 aabbcc 00").cut);
    cr_assert(read_hex("000008 000003 aabbcc 0000").cut);
    cr_assert(read_hex("000006 000009 aabbcc").cut);
    cr_assert(read_hex("0000").cut);
    cr_assert_eq(read_hex("000006 000009 aabbcc").n, 0);
}

Test(certificate, a_longer_chain_than_we_keep_is_counted)
{
    static struct tls_certificates out;

    body.n = 0;
    put_uint(&body, 20 * 4, 3);
    for (int i = 0; i < 20; i++)
        put_hex(&body, "000001 aa");
    certificates_read(bytes_whole(body.octets, body.n), &out);

    cr_assert_eq(out.n, 20);
    cr_assert_eq(out.der[TLS_CHAIN_MAX - 1].left, 1);
    cr_assert(!out.cut);
}

Test(certificate, a_certificate_cut_by_the_snap_length_is_not_handed_on)
{
    static struct tls_certificates out;

    body.n = 0;
    put_hex(&body, "00000b 000003 aabbcc 000002 dd");
    certificates_read(bytes_of(body.octets, body.n, body.n + 1), &out);

    cr_assert_eq(out.n, 1);
    cr_assert(out.cut);
}

Test(certificate, an_empty_client_certificate_is_a_step_of_its_own)
{
    struct connection c;

    connection_open(&c);
    w.n = 0;
    put_handshake(&w, TLS_CERTIFICATE, "\0\0\0", 3);
    feed_wire(&c, CLIENT, &w);

    cr_assert_eq(c.n_fresh, 1);
    cr_assert_eq(c.fresh.from, CLIENT);
    cr_assert_eq(c.fresh.n, 0);
    cr_assert_neq(c.tls->certificate[CLIENT].frame, 0);
    connection_close(&c);
}

/* RFC 5246 section 7.4.4 and RFC 4346 section 7.4.4 */
Test(certificate, a_request_has_schemes_from_tls_12_on)
{
    struct certificate_request out;

    body.n = 0;
    put_hex(&body, "02 01 40  0004 0403 0804  000a 0002 3000 0004 30020000");
    certificate_request_read(bytes_whole(body.octets, body.n), true, &out);
    cr_assert(out.whole);
    cr_assert_eq(out.types.left, 2);
    cr_assert_eq(out.schemes.left, 4);
    cr_assert_eq(out.authorities, 2);

    body.n = 0;
    put_hex(&body, "01 01 0000");
    certificate_request_read(bytes_whole(body.octets, body.n), false, &out);
    cr_assert(out.whole);
    cr_assert_eq(out.authorities, 0);
}

Test(certificate, a_request_of_unknown_version_is_read_in_the_form_that_fits)
{
    struct connection c;

    connection_open(&c);
    w.n = body.n = 0;
    put_hex(&body, "01 01 0009 0003 300100 0002 3000");
    put_handshake(&w, TLS_CERTIFICATE_REQUEST, body.octets, body.n);
    feed_wire(&c, SERVER, &w);

    cr_assert_eq(c.tls->request_authorities, 2);
    cr_assert_eq(c.tls->request_schemes.left, 0);
    cr_assert_eq(c.tls->request_types.left, 1);
    connection_close(&c);
}

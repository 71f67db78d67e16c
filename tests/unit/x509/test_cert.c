#include "../tls/recorded.h"
#include "x509/cert.h"

#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

/* The certificate of recorded.h, where it lies in the server's flight. */
enum { RECORDED_AT = 85, RECORDED_OCTETS = 509 };

static struct bytes recorded(void)
{
    return bytes_whole(full12_server + RECORDED_AT, RECORDED_OCTETS);
}

/* ---- certificates made to order
 * -------------------------------------------------------------------- */

struct order {
    const char *cn, *san; /* san in the form of openssl.cnf */
    const char *eku, *basic, *aia, *crl;
    int rsa_bits; /* 0: P-256 */
    const EVP_MD *digest;
    X509 *issuer; /* NULL: self-signed */
    EVP_PKEY *issuer_key;
    long serial;
};

static void extend(X509 *x, int nid, const char *value)
{
    if (!value)
        return;
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    cr_assert_not_null(extension);
    X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
}

static X509 *make(const struct order *order, EVP_PKEY **key)
{
    X509 *x = X509_new();
    X509_NAME *name = X509_get_subject_name(x);

    *key = order->rsa_bits ? EVP_RSA_gen((unsigned)order->rsa_bits) : EVP_EC_gen("P-256");
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), order->serial);
    ASN1_TIME_set_string_X509(X509_getm_notBefore(x), "20260101000000Z");
    ASN1_TIME_set_string_X509(X509_getm_notAfter(x), "20270102030405Z");
    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)"Corp", -1, -1, 0);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)order->cn, -1, -1,
                               0);
    X509_set_issuer_name(x, order->issuer ? X509_get_subject_name(order->issuer) : name);
    X509_set_pubkey(x, *key);
    extend(x, NID_subject_alt_name, order->san);
    extend(x, NID_ext_key_usage, order->eku);
    extend(x, NID_basic_constraints, order->basic);
    extend(x, NID_info_access, order->aia);
    extend(x, NID_crl_distribution_points, order->crl);
    X509_sign(x, order->issuer_key ? order->issuer_key : *key,
              order->digest ? order->digest : EVP_sha256());
    return x;
}

static const struct cert *put(struct cert_store *store, X509 *x)
{
    unsigned char *der = NULL;
    int n = i2d_X509(x, &der);
    const struct cert *cert = cert_put(store, bytes_whole(der, (size_t)n));

    OPENSSL_free(der);
    return cert;
}

static const struct cert *order_in(struct cert_store *store, const struct order *order)
{
    EVP_PKEY *key = NULL;
    X509 *x = make(order, &key);
    const struct cert *cert = put(store, x);

    X509_free(x);
    EVP_PKEY_free(key);
    cr_assert_not_null(cert);
    return cert;
}

/* ---- the store ---- */

Test(cert, equal_octets_are_one_certificate)
{
    struct cert_store *store = cert_store_open(8 << 20);
    uint8_t other[RECORDED_OCTETS];

    memcpy(other, recorded().at, sizeof other);
    other[sizeof other - 1] ^= 1;
    const struct cert *first = cert_put(store, recorded());
    const struct cert *again = cert_put(store, recorded());
    const struct cert *changed = cert_put(store, bytes_whole(other, sizeof other));

    cr_assert_not_null(first);
    cr_assert_eq(first, again);
    cr_assert_neq(first, changed);
    cr_assert_eq(cert_store_count(store), 2);
    cr_assert_eq(cert_der(first).left, RECORDED_OCTETS);
    cr_assert_neq(cert_der(first).at, recorded().at);
    cert_store_close(store);
}

/* What is compared first is how a certificate ends. */
Test(cert, certificates_that_end_alike_are_told_apart)
{
    struct cert_store *store = cert_store_open(8 << 20);
    uint8_t other[RECORDED_OCTETS];

    memcpy(other, recorded().at, sizeof other);
    other[100] ^= 1;
    const struct cert *first = cert_put(store, recorded());
    const struct cert *second = cert_put(store, bytes_whole(other, sizeof other));

    cr_assert_neq(first, second);
    cr_assert_eq(cert_put(store, recorded()), first);
    cr_assert_eq(cert_put(store, bytes_whole(other, sizeof other)), second);
    cr_assert_eq(cert_put(store, bytes_whole(other, 5)), cert_put(store, bytes_whole(other, 5)));
    cr_assert_eq(cert_store_count(store), 3);
    cert_store_close(store);
}

Test(cert, empty_and_cut_certificates_are_not_kept)
{
    struct cert_store *store = cert_store_open(8 << 20);

    cr_assert_null(cert_put(store, bytes_whole("", 0)));
    cr_assert_null(cert_put(store, bytes_of(recorded().at, 100, 200)));
    cr_assert_eq(cert_store_count(store), 0);
    cert_store_close(store);
}

Test(cert, a_full_store_refuses_and_goes_on)
{
    struct cert_store *store = cert_store_open(1 << 18);
    uint8_t der[1000] = { 0 };
    unsigned kept = 0;

    for (uint32_t i = 0; i < 2000; i++) {
        memcpy(der, &i, sizeof i);
        kept += cert_put(store, bytes_whole(der, sizeof der)) != NULL;
    }

    cr_assert_gt(kept, 50);
    cr_assert_lt(kept, 300);
    memset(der, 0, sizeof der);
    const struct cert *first = cert_put(store, bytes_whole(der, sizeof der));
    cr_assert_not_null(first);
    cr_assert(!cert_facts(first)->parsed); /* no memory for facts: none, but never NULL */
    cert_store_close(store);
}

/* ---- facts; the values are those that `openssl x509 -noout -text -fingerprint -sha256` prints
 * ---- */

Test(cert, the_facts_of_a_recorded_certificate_are_those_openssl_prints)
{
    struct cert_store *store = cert_store_open(8 << 20);

    const struct cert_facts *facts = cert_facts(cert_put(store, recorded()));

    cr_assert(facts->parsed);
    cr_assert_str_eq(facts->sha256,
                     "0EB5B3DA9B6301A80BAC9545691F99D1B8AEC51147148D179EB76740D30ED483");
    cr_assert_str_eq(facts->serial, "4AD7A3BEFF45FB1C72BB4BD2778DDCF8AB02A7B5");
    cr_assert_str_eq(facts->subject, "CN=ems.corp.example,O=Corp,C=DE");
    cr_assert_str_eq(facts->issuer, facts->subject);
    cr_assert_str_eq(facts->subject_cn, "ems.corp.example");
    cr_assert_str_eq(facts->issuer_o, "Corp");
    cr_assert_eq(facts->version, 3);
    cr_assert_eq(facts->not_before_s, 1795418162);
    cr_assert_eq(facts->not_after_s, 2110778162);
    cr_assert_str_eq(facts->key_algorithm, "EC");
    cr_assert_eq(facts->key_bits, 256);
    cr_assert_str_eq(facts->key_curve, "prime256v1");
    cr_assert_str_eq(facts->key_exponent, "");
    cr_assert_str_eq(facts->signature_algorithm, "ecdsa-with-SHA256");
    cr_assert(facts->self_issued && facts->self_signed && facts->is_ca && facts->has_san);
    cr_assert(!facts->weak_key && !facts->weak_signature && !facts->eku_present);
    cr_assert_eq(facts->n_names, 3);
    cr_assert_str_eq(facts->names[1], "*.corp.example");
    cr_assert_str_eq(facts->names[2], "192.0.2.10");
    cert_store_close(store);
}

Test(cert, dates_usage_and_weakness_are_told)
{
    struct cert_store *store = cert_store_open(8 << 20);
    EVP_PKEY *key = NULL;
    X509 *ca = make(&(struct order){ .cn = "CA", .basic = "critical,CA:TRUE" }, &key);

    const struct cert_facts *facts =
        cert_facts(order_in(store, &(struct order){ .cn = "leaf",
                                                    .rsa_bits = 1024,
                                                    .digest = EVP_sha1(),
                                                    .eku = "serverAuth",
                                                    .basic = "CA:FALSE",
                                                    .issuer = ca,
                                                    .issuer_key = key,
                                                    .serial = 0x80 }));

    cr_assert_eq(facts->not_before_s, 1767225600);
    cr_assert_eq(facts->not_after_s, 1798859045);
    cr_assert(facts->weak_key && facts->weak_signature);
    cr_assert_str_eq(facts->key_algorithm, "RSA");
    cr_assert_eq(facts->key_bits, 1024);
    cr_assert_str_eq(facts->key_curve, "");
    cr_assert_str_eq(facts->key_exponent, "65537");
    cr_assert_str_eq(facts->serial, "80");
    cr_assert_str_eq(facts->issuer, "CN=CA,O=Corp");
    cr_assert(facts->eku_present && facts->eku_server && !facts->eku_client);
    cr_assert(!facts->is_ca && !facts->self_issued && !facts->has_san);
    X509_free(ca);
    EVP_PKEY_free(key);
    cert_store_close(store);
}

Test(cert, a_sha_1_root_is_not_weak_for_its_own_signature)
{
    struct cert_store *store = cert_store_open(8 << 20);

    const struct cert_facts *facts = cert_facts(
        order_in(store, &(struct order){ .cn = "root", .digest = EVP_sha1(), .basic = "CA:TRUE" }));

    cr_assert(facts->self_signed);
    cr_assert(!facts->weak_signature);
    cert_store_close(store);
}

Test(cert, octets_that_are_no_certificate_have_only_a_digest)
{
    struct cert_store *store = cert_store_open(8 << 20);
    uint8_t trailing[RECORDED_OCTETS + 1];

    memcpy(trailing, recorded().at, RECORDED_OCTETS);
    trailing[RECORDED_OCTETS] = 0;
    const struct cert_facts *facts = cert_facts(cert_put(store, bytes_whole("abc", 3)));
    const struct cert_facts *longer =
        cert_facts(cert_put(store, bytes_whole(trailing, sizeof trailing)));

    cr_assert(!facts->parsed);
    /* FIPS 180-4 example: SHA-256 of "abc" */
    cr_assert_str_eq(facts->sha256,
                     "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD");
    cr_assert_str_empty(facts->subject);
    cr_assert(!longer->parsed);
    cert_store_close(store);
}

Test(cert, hostile_names_come_out_printable)
{
    struct cert_store *store = cert_store_open(8 << 20);

    const struct cert_facts *facts =
        cert_facts(order_in(store, &(struct order){ .cn = "a\x1b[31m\n\xe2\x80\xae"
                                                          "b<i>",
                                                    .serial = 1 }));

    for (const char *p = facts->subject; *p; p++)
        cr_assert(*p >= ' ' && *p != 0x7f);
    cr_assert_null(strstr(facts->subject, "\xe2\x80\xae"));
    cr_assert_null(strstr(facts->subject_cn, "\x1b"));
    cert_store_close(store);
}

Test(cert, ten_thousand_names_are_counted_and_thirty_two_are_kept)
{
    struct cert_store *store = cert_store_open(8 << 20);
    EVP_PKEY *key = NULL;
    X509 *x = make(&(struct order){ .cn = "many" }, &key);
    GENERAL_NAMES *names = GENERAL_NAMES_new();

    for (int i = 0; i < 10000; i++) {
        ASN1_IA5STRING *text = ASN1_IA5STRING_new();
        GENERAL_NAME *name = GENERAL_NAME_new();
        ASN1_STRING_set(text, "h.example", 9);
        GENERAL_NAME_set0_value(name, GEN_DNS, text);
        sk_GENERAL_NAME_push(names, name);
    }
    X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, 0);
    X509_sign(x, key, EVP_sha256());
    const struct cert *cert = put(store, x);
    GENERAL_NAMES_free(names);
    X509_free(x);
    EVP_PKEY_free(key);

    cr_assert_not_null(cert);
    cr_assert_eq(cert_facts(cert)->n_names, CERT_NAMES);
    cr_assert_eq(cert_facts(cert)->n_names_all, 10000);
    cr_assert(cert_names_host(cert, "h.example"));
    cert_store_close(store);
}

Test(cert, deep_nesting_is_refused)
{
    struct cert_store *store = cert_store_open(8 << 20);
    enum { DEPTH = 8000 };
    uint8_t *der = malloc(DEPTH * 4);

    cr_assert_not_null(der);
    for (size_t i = 0; i < DEPTH; i++) { /* SEQUENCE in SEQUENCE, lengths of two octets */
        size_t rest = (DEPTH - i - 1) * 4;
        memcpy(der + i * 4, (uint8_t[]){ 0x30, 0x82, (uint8_t)(rest >> 8), (uint8_t)rest }, 4);
    }
    const struct cert *cert = cert_put(store, bytes_whole(der, DEPTH * 4));
    free(der);

    cr_assert(!cert_facts(cert)->parsed);
    cert_store_close(store);
}

/* ---- RFC 9525 ---- */

Test(cert, a_host_is_named_by_the_san)
{
    struct cert_store *store = cert_store_open(8 << 20);

    const struct cert *cert = cert_put(store, recorded());

    cr_assert(cert_names_host(cert, "ems.corp.example"));
    cr_assert(cert_names_host(cert, "EMS.Corp.EXAMPLE"));
    cr_assert(cert_names_host(cert, "ems.corp.example."));
    cr_assert(cert_names_host(cert, "other.corp.example"));
    cr_assert(cert_names_host(cert, "192.0.2.10"));
    cr_assert(!cert_names_host(cert, "a.b.corp.example"));
    cr_assert(!cert_names_host(cert, "corp.example"));
    cr_assert(!cert_names_host(cert, "192.0.2.11"));
    cr_assert(!cert_names_host(cert, ""));
    cr_assert(!cert_names_host(cert, "."));
    cert_store_close(store);
}

/* The answer to the last question is remembered, of short names and of no others. */
Test(cert, a_question_asked_again_has_the_same_answer)
{
    static const char long_name[] =
        "a-name-that-is-longer-than-what-is-remembered-of-the-last-question.ems.corp.example";
    struct cert_store *store = cert_store_open(8 << 20);
    const struct cert *cert = cert_put(store, recorded());

    for (int i = 0; i < 3; i++) {
        cr_assert(cert_names_host(cert, "ems.corp.example"));
        cr_assert(cert_names_host(cert, "ems.corp.example"));
        cr_assert(!cert_names_host(cert, "ems.corp.exampl"));
        cr_assert(!cert_names_host(cert, "ems.corp.exampl"));
        cr_assert(!cert_names_host(cert, long_name));
        cr_assert(!cert_names_host(cert, ""));
        cr_assert(cert_names_host(cert, "192.0.2.10"));
    }
    cert_store_close(store);
}

Test(cert, the_common_name_counts_only_without_any_san)
{
    struct cert_store *store = cert_store_open(8 << 20);

    const struct cert *plain = order_in(store, &(struct order){ .cn = "ems.corp.example" });
    const struct cert *with_ip =
        order_in(store, &(struct order){ .cn = "ems.corp.example", .san = "IP:2001:db8::7" });

    cr_assert(cert_names_host(plain, "ems.corp.example"));
    cr_assert(!cert_names_host(with_ip, "ems.corp.example"));
    cr_assert(cert_names_host(with_ip, "2001:db8::7"));
    cr_assert_str_eq(cert_facts(with_ip)->names[0], "2001:db8::7");
    cert_store_close(store);
}

Test(cert, a_wildcard_covers_a_whole_leftmost_label_only)
{
    struct cert_store *store = cert_store_open(8 << 20);

    const struct cert *partial =
        order_in(store, &(struct order){ .cn = "x", .san = "DNS:em*.corp.example" });
    const struct cert *inner =
        order_in(store, &(struct order){ .cn = "x", .san = "DNS:ems.*.example" });

    cr_assert(!cert_names_host(partial, "ems.corp.example"));
    cr_assert(!cert_names_host(inner, "ems.corp.example"));
    cert_store_close(store);
}

Test(cert, the_servers_for_revocation_are_those_of_http_urls)
{
    struct cert_store *store = cert_store_open(8 << 20);

    const struct cert_facts *facts = cert_facts(order_in(
        store, &(struct order){ .cn = "leaf",
                                .aia = "OCSP;URI:HTTP://OCSP.example:8080/a,"
                                       "caIssuers;URI:http://aia.example/ca.crt",
                                .crl = "URI:http://crl.example,URI:ldap://dc.example/cn=x,"
                                       "URI:http://crl.example/2,URI:http://a_b.example/" }));

    cr_assert_eq(facts->n_revocation, 2);
    cr_assert_str_eq(facts->revocation[0], "ocsp.example");
    cr_assert_str_eq(facts->revocation[1], "crl.example");
    cr_assert(facts->aia_issuers);
    cert_store_close(store);
}

Test(cert, an_issuer_is_known_by_name_and_signature)
{
    struct cert_store *store = cert_store_open(8 << 20);
    EVP_PKEY *key = NULL, *other_key = NULL;
    X509 *ca = make(&(struct order){ .cn = "CA", .basic = "CA:TRUE" }, &key);
    X509 *twin = make(&(struct order){ .cn = "CA", .basic = "CA:TRUE" }, &other_key);

    const struct cert *issuer = put(store, ca), *impostor = put(store, twin);
    const struct cert *leaf =
        order_in(store, &(struct order){ .cn = "leaf", .issuer = ca, .issuer_key = key });

    cr_assert(cert_signed_by(leaf, issuer));
    cr_assert(cert_signed_by(issuer, issuer));
    cr_assert(!cert_signed_by(leaf, impostor)); /* the name fits, the signature does not */
    cr_assert(!cert_signed_by(issuer, leaf));
    X509_free(ca);
    X509_free(twin);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other_key);
    cert_store_close(store);
}

Test(cert, the_library_names_itself) { cr_assert_eq(strncmp(cert_library(), "OpenSSL ", 8), 0); }

/* Chains against a bundle; the numbers are those of openssl-verification-options(1), and
 * tests/compare/trust.py holds them against the program openssl. */
#include "x509/chain.h"
#include "x509/trust.h"

#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <unistd.h>

static const int64_t in_2026_s = 1780000000, in_2031_s = 1925000000;

struct made {
    X509 *x;
    EVP_PKEY *key;
    const struct cert *cert;
};

static struct cert_store *store;
static struct made root, middle, leaf;
static char path[] = "/tmp/shakeout-bundle-XXXXXX";

static struct made make(const char *cn, const struct made *by, const char *until)
{
    struct made m = { .x = X509_new(), .key = EVP_EC_gen("P-256") };
    X509_NAME *name = X509_get_subject_name(m.x);
    X509_EXTENSION *ca = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints,
                                             strchr(cn, '.') ? "CA:FALSE" : "critical,CA:TRUE");
    unsigned char *der = NULL;

    X509_set_version(m.x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(m.x), 7);
    ASN1_TIME_set_string_X509(X509_getm_notBefore(m.x), "20250101000000Z");
    ASN1_TIME_set_string_X509(X509_getm_notAfter(m.x), until);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0);
    X509_set_issuer_name(m.x, by ? X509_get_subject_name(by->x) : name);
    X509_set_pubkey(m.x, m.key);
    X509_add_ext(m.x, ca, -1);
    X509_sign(m.x, by ? by->key : m.key, EVP_sha256());
    int n = i2d_X509(m.x, &der);
    m.cert = cert_put(store, bytes_whole(der, (size_t)n));
    X509_EXTENSION_free(ca);
    OPENSSL_free(der);
    return m;
}

static void made_free(struct made *m)
{
    X509_free(m->x);
    EVP_PKEY_free(m->key);
}

static void begin(void)
{
    store = cert_store_open(8 << 20);
    root = make("Root", NULL, "20400101000000Z");
    middle = make("Middle", &root, "20300101000000Z");
    leaf = make("ems.corp.example", &middle, "20350101000000Z");
    close(mkstemp(path));
}

static void end(void)
{
    unlink(path);
    made_free(&root);
    made_free(&middle);
    made_free(&leaf);
    cert_store_close(store);
}

static struct trust *trusting(const struct made *a, const struct made *b)
{
    struct failure failure;
    FILE *f = fopen(path, "w");

    fputs("a remark of somebody\n", f);
    PEM_write_X509(f, a->x);
    if (b)
        PEM_write_X509(f, b->x);
    fclose(f);
    struct trust *trust = trust_open(path, &failure);
    cr_assert_not_null(trust, "%s", failure.why);
    return trust;
}

Test(trust, a_chain_leads_to_an_authority_of_the_bundle, .init = begin, .fini = end)
{
    struct trust *trust = trusting(&root, NULL);
    const struct cert *chain[] = { leaf.cert, middle.cert };

    const struct trust_reading *r = trust_read(trust, chain, 2, SERVER, in_2026_s);

    cr_assert_eq(r->error, 0);
    cr_assert_str_eq(r->word, "ok");
    cr_assert_str_eq(r->authority, "Root");
    cr_assert_str_eq(r->lacks, "");
    cr_assert_eq(trust_read(trust, chain, 2, SERVER, in_2026_s + 5), r); /* asked once */
    trust_close(trust);
}

Test(trust, what_was_forgotten_is_read_again, .init = begin, .fini = end)
{
    struct trust *trust = trusting(&root, NULL);
    const struct cert *chain[] = { leaf.cert, middle.cert };

    cr_assert_eq(trust_read(trust, chain, 2, SERVER, in_2026_s)->error, 0);
    chain[0] = middle.cert;
    trust_forget(trust);
    trust_forget(NULL);
    cr_assert_eq(trust_read(trust, chain, 1, SERVER, in_2026_s)->error, 0);
    cr_assert_eq(trust_size(trust), 1);
    trust_close(trust);
}

Test(trust, an_intermediate_of_the_bundle_that_was_not_sent_is_named, .init = begin, .fini = end)
{
    struct trust *trust = trusting(&root, &middle);
    const struct cert *chain[] = { leaf.cert, middle.cert };

    cr_assert_str_eq(trust_read(trust, chain, 1, SERVER, in_2026_s)->lacks, "Middle");
    cr_assert_str_eq(trust_read(trust, chain, 2, SERVER, in_2026_s)->lacks, "");
    trust_close(trust);
}

Test(trust, what_is_missing_or_unknown_has_a_word, .init = begin, .fini = end)
{
    struct made other = make("Other", NULL, "20400101000000Z");
    struct trust *trust = trusting(&other, NULL);
    const struct cert *chain[] = { leaf.cert, middle.cert, root.cert };

    cr_assert_str_eq(trust_read(trust, chain, 1, SERVER, in_2026_s)->word, "no-issuer");
    cr_assert_str_eq(trust_read(trust, chain, 3, SERVER, in_2026_s)->word, "unknown-authority");
    cr_assert_str_eq(trust_read(trust, chain + 2, 1, SERVER, in_2026_s)->word, "self-signed");
    cr_assert(trust_read(trust, chain, 1, SERVER, in_2026_s)->untrusted);
    trust_close(trust);
    made_free(&other);
}

Test(trust, dates_are_those_of_the_capture, .init = begin, .fini = end)
{
    struct trust *trust = trusting(&root, NULL);
    const struct cert *chain[] = { leaf.cert, middle.cert };

    const struct trust_reading *later = trust_read(trust, chain, 2, SERVER, in_2031_s);

    cr_assert_eq(later->error, TRUST_EXPIRED);
    cr_assert_eq(later->depth, 1);
    cr_assert_str_eq(later->at, "Middle");
    cr_assert_not(later->untrusted);
    cr_assert_eq(trust_read(trust, chain, 2, SERVER, in_2026_s)->error, 0);
    cr_assert_str_eq(trust_read(trust, chain, 2, SERVER, 0)->word, "not-yet-valid");
    cr_assert_eq(trust_read(trust, chain, 2, SERVER, TRUST_NO_TIME)->error, 0);
    trust_close(trust);
}

Test(trust, nobody_answers_without_a_bundle_or_a_chain, .init = begin, .fini = end)
{
    struct trust *trust = trusting(&root, NULL);
    struct failure failure;

    cr_assert_null(trust_read(NULL, &leaf.cert, 1, SERVER, in_2026_s));
    cr_assert_null(trust_read(trust, NULL, 0, SERVER, in_2026_s));
    trust_close(trust);
    cr_assert_null(trust_open("/nowhere/at/all", &failure));
    cr_assert_str_eq(failure.why, "No such file or directory");
    cr_assert_null(trust_open("/dev/null", &failure));
}

Test(chain, the_order_in_which_it_was_sent_is_told, .init = begin, .fini = end)
{
    struct made other = make("Other", NULL, "20400101000000Z");
    const struct cert *ordered[] = { leaf.cert, middle.cert, root.cert, other.cert };
    const struct cert *unordered[] = { leaf.cert, root.cert, middle.cert };
    const struct cert *broken[] = { leaf.cert, root.cert };

    cr_assert_eq(chain_order(ordered, 1), CHAIN_ORDERED);
    cr_assert_eq(chain_order(ordered, 3), CHAIN_ORDERED);
    cr_assert_eq(chain_order(ordered, 4), CHAIN_SURPLUS);
    cr_assert_eq(chain_order(unordered, 3), CHAIN_UNORDERED);
    cr_assert_eq(chain_order(broken, 2), CHAIN_BROKEN);
    made_free(&other);
}

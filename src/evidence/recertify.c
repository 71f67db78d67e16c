#include "evidence/recertify.h"

#include "base/table.h"

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = 4096, SIGNATURE_TRIES = 400, LARGEST_RSA = 8192, AT_ONCE = 16 };

struct recertifier {
    struct table keys;    /* SHA-256 of what stands for a key -> EVP_PKEY * */
    struct table issuers; /* SHA-256 of a subject's DER -> EVP_PKEY *, the original's */
};

struct recertifier *recertifier_open(void)
{
    struct recertifier *r = calloc(1, sizeof *r);

    if (r && table_open(&r->keys, SHA256_DIGEST_LENGTH, sizeof(EVP_PKEY *), KEYS) &&
        table_open(&r->issuers, SHA256_DIGEST_LENGTH, sizeof(EVP_PKEY *), KEYS))
        return r;
    recertifier_close(r);
    return NULL;
}

void recertifier_close(struct recertifier *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->keys.n; i++)
        EVP_PKEY_free(*(EVP_PKEY **)table_at(&r->keys, i));
    for (size_t i = 0; i < r->issuers.n; i++)
        EVP_PKEY_free(*(EVP_PKEY **)table_at(&r->issuers, i));
    table_close(&r->keys);
    table_close(&r->issuers);
    free(r);
}

/* ---- keys ---- */

static EVP_PKEY *rsa_like(size_t bits, const BIGNUM *exponent)
{
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL);
    EVP_PKEY *key = NULL;
    BIGNUM *e = exponent ? BN_dup(exponent) : NULL;

    if (!c || bits < 512 || bits > LARGEST_RSA || EVP_PKEY_keygen_init(c) != 1 ||
        EVP_PKEY_CTX_set_rsa_keygen_bits(c, (int)bits) != 1 ||
        (e && EVP_PKEY_CTX_set1_rsa_keygen_pubexp(c, e) != 1) || EVP_PKEY_keygen(c, &key) != 1)
        key = NULL;
    BN_free(e);
    EVP_PKEY_CTX_free(c);
    return key;
}

static EVP_PKEY *ec_like(const char *group, const char *form)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", group);

    if (key && form)
        EVP_PKEY_set_utf8_string_param(key, "point-format", form);
    return key;
}

static EVP_PKEY *key_like(EVP_PKEY *old)
{
    char group[80], form[40] = "";
    BIGNUM *e = NULL;
    EVP_PKEY *key = NULL;

    switch (EVP_PKEY_get_base_id(old)) {
    case EVP_PKEY_RSA:
        EVP_PKEY_get_bn_param(old, "e", &e);
        key = rsa_like((size_t)EVP_PKEY_get_bits(old), e);
        BN_free(e);
        return key;
    case EVP_PKEY_EC:
        if (EVP_PKEY_get_group_name(old, group, sizeof group, NULL) != 1)
            return NULL;
        EVP_PKEY_get_utf8_string_param(old, "point-format", form, sizeof form, NULL);
        return ec_like(group, form[0] ? form : NULL);
    case EVP_PKEY_ED25519:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    case EVP_PKEY_ED448:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
    default:
        return NULL;
    }
}

/* The stand-in of what `id` is a digest of; made by key_like(old) when there is an old one. */
static EVP_PKEY **slot_of(struct recertifier *r, const uint8_t *octets, size_t n)
{
    uint8_t digest[SHA256_DIGEST_LENGTH];

    SHA256(octets, n, digest);
    return table_put(&r->keys, digest);
}

static EVP_PKEY *stand_in_key(struct recertifier *r, EVP_PKEY *old)
{
    uint8_t *der = NULL;
    int n = i2d_PUBKEY(old, &der);
    EVP_PKEY **slot = n > 0 ? slot_of(r, der, (size_t)n) : NULL;

    OPENSSL_free(der);
    if (slot && !*slot)
        *slot = key_like(old);
    return slot ? *slot : NULL;
}

/* ---- one certificate ---- */

struct one {
    uint8_t *der;
    size_t n;
    X509 *x;          /* the original */
    EVP_PKEY *issuer; /* original key that verifies it; NULL = none is known */
    bool broken;      /* the issuer is known, and its key does not verify it */
    uint8_t *spki;    /* DER of the old key, inside der */
    size_t n_spki;
    uint8_t *tbs, *signature; /* inside der */
    size_t n_tbs, n_signature;
};

static uint8_t *find(uint8_t *hay, size_t n, const uint8_t *needle, size_t m)
{
    for (size_t i = 0; m && i + m <= n; i++)
        if (memcmp(hay + i, needle, m) == 0)
            return hay + i;
    return NULL;
}

static bool locate(struct one *c)
{
    const ASN1_BIT_STRING *signature = NULL;
    uint8_t *der = NULL;
    int n = i2d_re_X509_tbs(c->x, &der);

    c->tbs = n > 0 ? find(c->der, c->n, der, (size_t)n) : NULL;
    c->n_tbs = n > 0 ? (size_t)n : 0;
    OPENSSL_free(der);
    der = NULL;
    n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(c->x), &der);
    c->spki = n > 0 ? find(c->der, c->n, der, (size_t)n) : NULL;
    c->n_spki = n > 0 ? (size_t)n : 0;
    OPENSSL_free(der);
    X509_get0_signature(&signature, NULL, c->x);
    c->n_signature = signature ? (size_t)ASN1_STRING_length(signature) : 0;
    c->signature = c->n_signature && c->n_signature < c->n ? c->der + c->n - c->n_signature : NULL;
    return c->tbs && c->spki && c->signature;
}

/* The key that a subject of this name was last seen with. */
static EVP_PKEY **named_key(struct recertifier *r, X509_NAME *name, bool put)
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    uint8_t *der = NULL;
    int n = i2d_X509_NAME(name, &der);

    if (n <= 0)
        return NULL;
    SHA256(der, (size_t)n, digest);
    OPENSSL_free(der);
    return put ? table_put(&r->issuers, digest) : table_get(&r->issuers, digest);
}

static void know_issuer(struct recertifier *r, struct one *c)
{
    EVP_PKEY **key = named_key(r, X509_get_issuer_name(c->x), false);

    if (!key || !*key)
        return;
    if (X509_verify(c->x, *key) == 1)
        c->issuer = *key;
    else
        c->broken = true;
}

static void remember(struct recertifier *r, struct one *c)
{
    EVP_PKEY **key = named_key(r, X509_get_subject_name(c->x), true);
    EVP_PKEY *own = X509_get0_pubkey(c->x);

    if (key && own && EVP_PKEY_up_ref(own) == 1) {
        EVP_PKEY_free(*key);
        *key = own;
    }
}

/* Of an issuer that nobody saw: a key of the kind that makes signatures of this length. */
static EVP_PKEY *unseen_issuer(struct recertifier *r, struct one *c, int pkey_nid)
{
    uint8_t *der = NULL;
    int n = i2d_X509_NAME(X509_get_issuer_name(c->x), &der);
    EVP_PKEY **slot = n > 0 ? slot_of(r, der, (size_t)n) : NULL;

    OPENSSL_free(der);
    if (!slot || *slot)
        return slot ? *slot : NULL;
    if (pkey_nid == NID_rsaEncryption)
        *slot = rsa_like(c->n_signature * 8, NULL);
    else if (pkey_nid == NID_X9_62_id_ecPublicKey)
        *slot = ec_like(c->n_signature > 106  ? "P-521"
                        : c->n_signature > 74 ? "P-384"
                                              : "P-256",
                        NULL);
    else if (pkey_nid == NID_ED25519)
        *slot = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    return *slot;
}

static bool sign_once(EVP_PKEY *key, const EVP_MD *digest, struct one *c, uint8_t *out, size_t *n)
{
    EVP_MD_CTX *m = EVP_MD_CTX_new();
    bool fine = m && EVP_DigestSignInit(m, NULL, digest, NULL, key) == 1 &&
                EVP_DigestSign(m, out, n, c->tbs, c->n_tbs) == 1;

    EVP_MD_CTX_free(m);
    return fine;
}

/* ECDSA signatures vary by some octets in length: again until it fits. */
static void sign(struct recertifier *r, struct one *c)
{
    int digest_nid = NID_undef, pkey_nid = NID_undef;
    uint8_t out[LARGEST_RSA / 8];

    if (c->broken || !OBJ_find_sigid_algs(X509_get_signature_nid(c->x), &digest_nid, &pkey_nid))
        return;
    EVP_PKEY *key = c->issuer ? stand_in_key(r, c->issuer) : unseen_issuer(r, c, pkey_nid);
    const EVP_MD *digest = digest_nid == NID_undef ? NULL : EVP_get_digestbynid(digest_nid);
    if (!key || (!digest && digest_nid != NID_undef))
        return;
    for (unsigned turn = 0; turn < SIGNATURE_TRIES; turn++) {
        size_t n = sizeof out;
        if (!sign_once(key, digest, c, out, &n))
            return;
        if (n == c->n_signature) {
            memcpy(c->signature, out, n);
            return;
        }
    }
}

static void replace_key(struct recertifier *r, struct one *c)
{
    EVP_PKEY *old = X509_get0_pubkey(c->x), *fresh = old ? stand_in_key(r, old) : NULL;
    uint8_t *der = NULL;
    int n = fresh ? i2d_PUBKEY(fresh, &der) : 0;

    if (n > 0 && (size_t)n == c->n_spki)
        memcpy(c->spki, der, (size_t)n);
    OPENSSL_free(der);
}

/* The serial number stays positive and as long. */
static void replace_serial(const struct scrubber *s, struct one *c)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(c->x);
    size_t n = serial ? (size_t)ASN1_STRING_length(serial) : 0;
    uint8_t *at =
        n > 2 ? find(c->tbs, c->n_tbs < 64 ? c->n_tbs : 64, ASN1_STRING_get0_data(serial), n)
              : NULL;

    if (at)
        mask_opaque(s->mask, at + 1, n - 1);
}

static void make_anew(const struct scrubber *s, struct one *c)
{
    replace_serial(s, c);
    replace_key(s->recertifier, c);
    uint8_t *end = c->tbs + c->n_tbs;
    scrub_der(s, c->tbs, (size_t)(c->spki - c->tbs));
    scrub_der(s, c->spki + c->n_spki, (size_t)(end - (c->spki + c->n_spki)));
    sign(s->recertifier, c);
}

void recertify(const struct scrubber *s, uint8_t *const *der, const size_t *n, size_t count)
{
    struct one all[AT_ONCE] = { 0 };

    if (count > AT_ONCE) {
        for (size_t i = AT_ONCE; i < count; i++)
            memset(der[i], 0, n[i]);
        count = AT_ONCE;
    }
    for (size_t i = 0; i < count; i++) {
        const uint8_t *at = der[i];
        all[i] = (struct one){ .der = der[i], .n = n[i] };
        all[i].x = d2i_X509(NULL, &at, (long)n[i]);
        if (all[i].x)
            remember(s->recertifier, &all[i]);
    }
    for (size_t i = 0; i < count; i++)
        if (all[i].x)
            know_issuer(s->recertifier, &all[i]);
    for (size_t i = 0; i < count; i++) {
        if (all[i].x && locate(&all[i]))
            make_anew(s, &all[i]);
        else
            scrub_der(s, all[i].der, all[i].n);
        X509_free(all[i].x);
    }
}

#include "keys/schedule.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

enum { TLS_11 = 0x0302, DRAFT_OLD_LABELS = 20, BLOCK_MOST = 2 * (48 + 32 + 16) };

static bool derive(const char *kdf, const OSSL_PARAM *params, uint8_t *out, size_t n)
{
    EVP_KDF *method = EVP_KDF_fetch(NULL, kdf, NULL);
    EVP_KDF_CTX *work = method ? EVP_KDF_CTX_new(method) : NULL;
    bool ok = work && EVP_KDF_derive(work, out, n, params) == 1;

    EVP_KDF_CTX_free(work); /* accepts NULL */
    EVP_KDF_free(method);
    return ok;
}

/* HkdfLabel: length, "tls13 " and the label, an empty context (RFC 8446 section 7.1).  Drafts up to
 * 19 wrote "TLS 1.3, ". */
static size_t label_write(uint16_t version, const char *label, size_t n, uint8_t out[64])
{
    bool old = version >> 8 == 0x7f && (version & 0xff) < DRAFT_OLD_LABELS;
    const char *prefix = old ? "TLS 1.3, " : "tls13 ";
    size_t p = strlen(prefix), l = strlen(label);

    out[0] = (uint8_t)(n >> 8);
    out[1] = (uint8_t)n;
    out[2] = (uint8_t)(p + l);
    memcpy(out + 3, prefix, p);
    memcpy(out + 3 + p, label, l);
    out[3 + p + l] = 0;
    return 4 + p + l;
}

static bool expand_label(const struct direction *d, const uint8_t *secret, uint8_t octets,
                         const char *label, uint8_t *out, size_t n)
{
    uint8_t info[64];
    size_t written = label_write(d->version, label, n, info);
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)d->suite.hash, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)secret, octets),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, written),
        OSSL_PARAM_construct_end(),
    };

    return derive("HKDF", params, out, n);
}

bool schedule_13(struct direction *d, const uint8_t *secret, uint8_t octets)
{
    return d->suite.mode != SUITE_UNREADABLE &&
           expand_label(d, secret, octets, "key", d->key, d->suite.key_octets) &&
           expand_label(d, secret, octets, "iv", d->iv, d->suite.iv_octets);
}

bool schedule_13_update(const struct direction *d, uint8_t *secret, uint8_t octets)
{
    uint8_t next[48];
    bool ok = octets <= sizeof next && expand_label(d, secret, octets, "traffic upd", next, octets);

    if (ok)
        memcpy(secret, next, octets);
    OPENSSL_cleanse(next, sizeof next);
    return ok;
}

/* client_write_MAC, server_write_MAC, client key, server key, client IV, server IV. */
static void block_part(struct direction *d, enum side side, const uint8_t *block)
{
    const struct suite *s = &d->suite;
    size_t mac = s->mac_octets, key = s->key_octets, iv = s->iv_octets;
    size_t second = side == SERVER;

    memcpy(d->mac, block + second * mac, mac);
    memcpy(d->key, block + 2 * mac + second * key, key);
    memcpy(d->iv, block + 2 * mac + 2 * key + second * iv, iv);
}

bool schedule_12(struct direction *d, enum side side, const uint8_t master[48],
                 const uint8_t client_random[32], const uint8_t server_random[32])
{
    const struct suite *s = &d->suite;
    const char *digest = d->version <= TLS_11 ? "MD5-SHA1" : s->hash;
    uint8_t block[BLOCK_MOST], seed[13 + 64];
    size_t n = 2U * (s->mac_octets + s->key_octets + s->iv_octets);

    if (s->mode == SUITE_UNREADABLE || d->version < 0x0301)
        return false; /* SSL 3.0 has a derivation of its own */
    memcpy(seed, "key expansion", 13);
    memcpy(seed + 13, server_random, 32);
    memcpy(seed + 45, client_random, 32);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, (void *)master, 48),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed, sizeof seed),
        OSSL_PARAM_construct_end(),
    };
    bool ok = derive("TLS1-PRF", params, block, n);
    if (ok)
        block_part(d, side, block);
    OPENSSL_cleanse(block, sizeof block);
    return ok;
}

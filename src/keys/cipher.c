#include "keys/cipher.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

enum { NONCE = 12, EXPLICIT = 8, TAG_MOST = 16, DRAFT_WITH_HEADER = 25, TLS_10 = 0x0301 };

static void put_uint(uint8_t *p, uint64_t v, size_t width)
{
    while (width--) {
        p[width] = (uint8_t)v;
        v >>= 8;
    }
}

/* ---- AEAD ---- */

/* The fixed part with the sequence number folded in, or followed by what the record says. */
static void nonce_of(const struct direction *d, const struct sealed *r, struct bytes *body,
                     uint8_t out[NONCE])
{
    uint8_t sequence[8];

    memcpy(out, d->iv, NONCE);
    if (!d->tls13 && d->suite.mode != SUITE_CHACHA20) {
        (void)bytes_copy(body, out + NONCE - EXPLICIT, EXPLICIT);
        return;
    }
    put_uint(sequence, r->sequence, 8);
    for (size_t i = 0; i < 8; i++)
        out[NONCE - 8 + i] ^= sequence[i];
}

/* TLS 1.3: the record's header; drafts before 25 had nothing there. */
static size_t header_13(const struct direction *d, const struct sealed *r, uint8_t out[13])
{
    if (d->version >> 8 == 0x7f && (d->version & 0xff) < DRAFT_WITH_HEADER)
        return 0;
    out[0] = r->type;
    put_uint(out + 1, r->version, 2);
    put_uint(out + 3, r->body.left, 2);
    return 5;
}

static size_t header_12(const struct sealed *r, size_t plain, uint8_t out[13])
{
    put_uint(out, r->sequence, 8);
    out[8] = r->type;
    put_uint(out + 9, r->version, 2);
    put_uint(out + 11, plain, 2);
    return 13;
}

struct aead {
    const uint8_t *nonce, *header, *tag;
    size_t header_octets;
};

static bool aead_run(EVP_CIPHER_CTX *work, const EVP_CIPHER *cipher, const struct direction *d,
                     const struct aead *a, struct bytes text, uint8_t *out)
{
    int n = 0, tag = d->suite.tag_octets;
    bool ccm = d->suite.mode == SUITE_CCM;

    if (EVP_DecryptInit_ex(work, cipher, NULL, NULL, NULL) != 1 ||
        EVP_CIPHER_CTX_ctrl(work, EVP_CTRL_AEAD_SET_IVLEN, NONCE, NULL) != 1 ||
        EVP_CIPHER_CTX_ctrl(work, EVP_CTRL_AEAD_SET_TAG, tag, (void *)a->tag) != 1 ||
        EVP_DecryptInit_ex(work, NULL, NULL, d->key, a->nonce) != 1)
        return false;
    if (ccm && EVP_DecryptUpdate(work, NULL, &n, NULL, (int)text.left) != 1)
        return false;
    if (a->header_octets &&
        EVP_DecryptUpdate(work, NULL, &n, a->header, (int)a->header_octets) != 1)
        return false;
    if (EVP_DecryptUpdate(work, out, &n, text.at, (int)text.left) != 1)
        return false;
    return ccm || EVP_DecryptFinal_ex(work, out + n, &n) == 1;
}

static bool aead_open(EVP_CIPHER_CTX *work, const EVP_CIPHER *cipher, const struct direction *d,
                      const struct sealed *r, uint8_t *out, struct unsealed *unsealed)
{
    uint8_t nonce[NONCE], header[13];
    struct bytes body = r->body;

    nonce_of(d, r, &body, nonce);
    if (!bytes_ok(&body) || body.left < d->suite.tag_octets)
        return false;
    struct bytes text = bytes_take(&body, body.left - d->suite.tag_octets);
    struct aead a = { .nonce = nonce, .header = header, .tag = body.at };
    a.header_octets = d->tls13 ? header_13(d, r, header) : header_12(r, text.left, header);
    unsealed->n = text.left;
    return aead_run(work, cipher, d, &a, text, out);
}

/* What is inside ends with its type, then zeros (RFC 8446 section 5.2). */
static bool padding_strip(const uint8_t *plain, struct unsealed *unsealed)
{
    while (unsealed->n && plain[unsealed->n - 1] == 0)
        unsealed->n--;
    if (!unsealed->n)
        return false;
    unsealed->type = plain[--unsealed->n];
    return true;
}

/* ---- CBC ---- */

static bool mac_fits(const struct direction *d, const struct sealed *r, size_t said,
                     struct bytes what, const uint8_t *mac)
{
    uint8_t header[13], out[EVP_MAX_MD_SIZE];
    size_t n = 0;
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)d->suite.mac, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *method = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *work = method ? EVP_MAC_CTX_new(method) : NULL;
    bool ok = work && EVP_MAC_init(work, d->mac, d->suite.mac_octets, params) == 1 &&
              EVP_MAC_update(work, header, header_12(r, said, header)) == 1 &&
              EVP_MAC_update(work, what.at, what.left) == 1 &&
              EVP_MAC_final(work, out, &n, sizeof out) == 1 && n == d->suite.mac_octets &&
              memcmp(out, mac, n) == 0;

    EVP_MAC_CTX_free(work); /* accepts NULL */
    EVP_MAC_free(method);
    return ok;
}

/* All padding octets say how many they are, without the last (RFC 5246 section 6.2.3.2). */
static bool cbc_unpad(const uint8_t *plain, size_t *n)
{
    size_t padding = *n ? (size_t)plain[*n - 1] + 1 : 1;

    if (padding > *n)
        return false;
    for (size_t i = *n - padding; i < *n; i++)
        if (plain[i] != padding - 1)
            return false;
    *n -= padding;
    return true;
}

static bool cbc_run(EVP_CIPHER_CTX *work, const EVP_CIPHER *cipher, const struct direction *d,
                    const uint8_t *iv, struct bytes text, uint8_t *out)
{
    int n = 0;

    return text.left && text.left % d->suite.block == 0 &&
           EVP_DecryptInit_ex(work, cipher, NULL, d->key, iv) == 1 &&
           EVP_CIPHER_CTX_set_padding(work, 0) == 1 &&
           EVP_DecryptUpdate(work, out, &n, text.at, (int)text.left) == 1;
}

/* TLS 1.0 goes on from the record before: only its first record has its start in the key block. */
static const uint8_t *cbc_start(const struct direction *d, const struct sealed *r,
                                struct bytes *body)
{
    if (d->version > TLS_10) {
        struct bytes iv = bytes_take(body, d->suite.block);
        return bytes_ok(body) ? iv.at : NULL;
    }
    return r->sequence == 0 ? d->iv : NULL;
}

static bool cbc_open(EVP_CIPHER_CTX *work, const EVP_CIPHER *cipher, const struct direction *d,
                     const struct sealed *r, uint8_t *out, struct unsealed *unsealed)
{
    struct bytes body = r->body;
    const uint8_t *outer_mac = NULL, *iv;
    size_t mac = d->suite.mac_octets;

    if (d->encrypt_then_mac) {
        if (body.left < mac)
            return false;
        struct bytes covered = bytes_take(&body, body.left - mac);
        outer_mac = body.at;
        if (!mac_fits(d, r, covered.left, covered, outer_mac))
            return false;
        body = covered;
    }
    iv = cbc_start(d, r, &body);
    if (!iv || !cbc_run(work, cipher, d, iv, body, out))
        return false;
    unsealed->n = body.left;
    if (!cbc_unpad(out, &unsealed->n))
        return false;
    if (outer_mac)
        return true;
    if (unsealed->n < mac)
        return false;
    unsealed->n -= mac;
    return mac_fits(d, r, unsealed->n, bytes_whole(out, unsealed->n), out + unsealed->n);
}

/* Nothing is encrypted (RFC 5246 section 6.2.3.1), but the MAC is there. */
static bool null_open(const struct direction *d, const struct sealed *r, uint8_t *out,
                      struct unsealed *unsealed)
{
    struct bytes body = r->body;
    size_t mac = d->suite.mac_octets;

    if (body.left < mac)
        return false;
    struct bytes text = bytes_take(&body, body.left - mac);
    if (!mac_fits(d, r, text.left, text, body.at))
        return false;
    memcpy(out, text.at, text.left);
    unsealed->n = text.left;
    return true;
}

/* ---- all ---- */

static bool record_open(EVP_CIPHER_CTX *work, const EVP_CIPHER *cipher, const struct direction *d,
                        const struct sealed *r, uint8_t *out, struct unsealed *unsealed)
{
    if (d->suite.mode == SUITE_CBC)
        return cbc_open(work, cipher, d, r, out, unsealed);
    return aead_open(work, cipher, d, r, out, unsealed) &&
           (!d->tls13 || padding_strip(out, unsealed));
}

bool cipher_open(const struct direction *d, const struct sealed *r, uint8_t *out,
                 struct unsealed *unsealed)
{
    if (d->suite.mode == SUITE_UNREADABLE || r->body.clipped)
        return false;
    unsealed->type = r->type;
    if (d->suite.mode == SUITE_NULL)
        return null_open(d, r, out, unsealed);
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, d->suite.cipher, NULL);
    EVP_CIPHER_CTX *work = cipher ? EVP_CIPHER_CTX_new() : NULL;
    bool ok = work && record_open(work, cipher, d, r, out, unsealed);

    if (!ok)
        OPENSSL_cleanse(out, r->body.left);
    EVP_CIPHER_CTX_free(work); /* accepts NULL */
    EVP_CIPHER_free(cipher);
    return ok;
}

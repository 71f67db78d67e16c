/* One short digest for every connection that is written: the functions of OpenSSL 1.1 do that in a
 * tenth of the time that the look-ups behind EVP take. */
#define OPENSSL_API_COMPAT 10100
#include "x509/digest.h"

#include <endian.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

/* A message of one block with its end (FIPS 180-4 section 5.1.1): most of the steps of SHA1_Update
 * and SHA1_Final are for longer ones. */
static void sha1_of_block(const void *p, size_t n, uint8_t out[DIGEST_SHA1])
{
    uint8_t block[SHA_CBLOCK] = { 0 };
    SHA_CTX context;

    memcpy(block, p, n);
    block[n] = 0x80;
    block[SHA_CBLOCK - 2] = (uint8_t)(n >> 5);
    block[SHA_CBLOCK - 1] = (uint8_t)(n << 3);
    SHA1_Init(&context);
    SHA1_Transform(&context, block);
    const uint32_t sum[] = { htobe32(context.h0), htobe32(context.h1), htobe32(context.h2),
                             htobe32(context.h3), htobe32(context.h4) };
    memcpy(out, sum, DIGEST_SHA1);
}

void digest_sha1(const void *p, size_t n, uint8_t out[DIGEST_SHA1])
{
    SHA_CTX context;

    if (n < SHA_CBLOCK - 8) {
        sha1_of_block(p, n, out);
        return;
    }
    SHA1_Init(&context);
    SHA1_Update(&context, p, n);
    SHA1_Final(out, &context);
}

size_t digest_base64(const uint8_t *p, size_t n, char *out)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t written = 0, whole = n / 3 * 3;
    for (size_t i = 0; i < whole; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (uint32_t)p[i + 1] << 8 | p[i + 2];
        out[written++] = letters[v >> 18];
        out[written++] = letters[v >> 12 & 63];
        out[written++] = letters[v >> 6 & 63];
        out[written++] = letters[v & 63];
    }
    for (size_t i = whole; i < n; i += 3) {
        size_t here = n - i;
        uint32_t v = (uint32_t)p[i] << 16;
        v |= here > 1 ? (uint32_t)p[i + 1] << 8 : 0;
        out[written++] = letters[v >> 18];
        out[written++] = letters[v >> 12 & 63];
        out[written++] = here > 1 ? letters[v >> 6 & 63] : '=';
        out[written++] = '=';
    }
    return written;
}

/* The look-ups of EVP are done once. */
struct digester {
    EVP_MD_CTX *work;
    EVP_MD *method[DIGEST_KINDS];
};

struct digester *digester_open(void)
{
    static const char *const names[DIGEST_KINDS] = { "MD5", "SHA256" };
    struct digester *d = calloc(1, sizeof *d);

    if (!d)
        return NULL;
    d->work = EVP_MD_CTX_new();
    for (size_t i = 0; i < DIGEST_KINDS; i++)
        d->method[i] = EVP_MD_fetch(NULL, names[i], NULL);
    return d;
}

void digester_close(struct digester *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < DIGEST_KINDS; i++)
        EVP_MD_free(d->method[i]); /* accepts NULL */
    EVP_MD_CTX_free(d->work);
    free(d);
}

bool digester_hex(struct digester *d, enum digest_kind kind, const void *p, size_t n,
                  char out[DIGEST_HEX])
{
    static const char hex[] = "0123456789abcdef";
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned octets = 0;

    if (!d->work || !d->method[kind] || EVP_DigestInit_ex(d->work, d->method[kind], NULL) != 1 ||
        EVP_DigestUpdate(d->work, p, n) != 1 || EVP_DigestFinal_ex(d->work, digest, &octets) != 1)
        return false;
    for (unsigned i = 0; i < octets && i < (DIGEST_HEX - 1) / 2; i++) {
        *out++ = hex[digest[i] >> 4];
        *out++ = hex[digest[i] & 15];
    }
    *out = '\0';
    return true;
}

#include "x509/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>

struct digest {
    EVP_MD *sha1; /* fetched once: a fetch costs more than a short digest */
    EVP_MD_CTX *context;
};

struct digest *digest_open(void)
{
    struct digest *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    d->context = EVP_MD_CTX_new();
    if (d->sha1 && d->context)
        return d;
    digest_close(d);
    return NULL;
}

void digest_close(struct digest *d)
{
    if (!d)
        return;
    EVP_MD_CTX_free(d->context);
    EVP_MD_free(d->sha1);
    free(d);
}

bool digest_sha1(struct digest *d, const void *p, size_t n, uint8_t out[DIGEST_SHA1])
{
    unsigned length = 0;
    return EVP_DigestInit_ex2(d->context, d->sha1, NULL) == 1 &&
           EVP_DigestUpdate(d->context, p, n) == 1 &&
           EVP_DigestFinal_ex(d->context, out, &length) == 1 && length == DIGEST_SHA1;
}

size_t digest_base64(const uint8_t *p, size_t n, char *out)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t written = 0;
    for (size_t i = 0; i < n; i += 3) {
        size_t here = n - i < 3 ? n - i : 3;
        uint32_t v = (uint32_t)p[i] << 16;
        v |= here > 1 ? (uint32_t)p[i + 1] << 8 : 0;
        v |= here > 2 ? p[i + 2] : 0;
        out[written++] = letters[v >> 18];
        out[written++] = letters[v >> 12 & 63];
        out[written++] = here > 1 ? letters[v >> 6 & 63] : '=';
        out[written++] = here > 2 ? letters[v & 63] : '=';
    }
    return written;
}

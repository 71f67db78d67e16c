#include "evidence/hash.h"

#include <openssl/evp.h>
#include <stdio.h>

enum { PIECE = 1 << 16 };

static bool add_all(EVP_MD_CTX *c, FILE *f, uint64_t *size)
{
    static uint8_t piece[PIECE];
    size_t n;

    *size = 0;
    while ((n = fread(piece, 1, sizeof piece, f)) > 0) {
        if (EVP_DigestUpdate(c, piece, n) != 1)
            return false;
        *size += n;
    }
    return !ferror(f);
}

bool hash_file(const char *path, char out[HASH_TEXT], uint64_t *size)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    FILE *f = fopen(path, "rb");
    bool fine = c && f && EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1 && add_all(c, f, size) &&
                EVP_DigestFinal_ex(c, digest, &n) == 1;

    for (unsigned i = 0; fine && i < n && i < (HASH_TEXT - 1) / 2; i++)
        snprintf(out + (size_t)2 * i, 3, "%02x", digest[i]);
    EVP_MD_CTX_free(c);
    if (f)
        fclose(f);
    return fine;
}

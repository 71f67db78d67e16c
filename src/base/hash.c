#include "base/hash.h"

#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

struct hash_seed hash_seed_draw(void)
{
    struct hash_seed seed = { 0x9e3779b97f4a7c15, 0xd1b54a32d192ed03 };
    if (getenv("SHAKEOUT_SEED"))
        return seed;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != (ssize_t)sizeof seed)
        seed.a ^=
            (uint64_t)time(NULL) * 0xff51afd7ed558ccd; /* early boot: better than a constant */
    seed.b |= 1;
    return seed;
}

/* Sixteen octets a product; the last piece is one of eight or sixteen that may overlap the one
 * before it. */
uint64_t hash_bytes(const void *p, size_t n, struct hash_seed seed)
{
    const uint8_t *at = p, *end = at + n;
    uint64_t h = seed.b ^ n, tail = 0;
    if (n < 8) {
        memcpy(&tail, at, n);
        return hash_end(hash_mix(h, tail, seed));
    }
    for (; end - at > 16; at += 16)
        h = hash_fold(h ^ hash_load64(at) ^ seed.a, hash_load64(at + 8) ^ seed.b);
    if (end - at > 8)
        h = hash_fold(h ^ hash_load64(at) ^ seed.a, hash_load64(end - 8) ^ seed.b);
    else
        h = hash_mix(h, hash_load64(end - 8), seed);
    return hash_end(h);
}

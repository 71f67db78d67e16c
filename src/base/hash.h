/* hash.h - keyed 64-bit hashing for tables that face hostile input.
 *
 * What it is: hash_words mixes a few 64-bit words by multiply-and-fold under a secret 128-bit seed
 * drawn at start, cheap enough for every packet; hash_bytes does the same for longer input.
 * What it refuses: being a digest.  Never print it, never compare it across runs.
 * With SHAKEOUT_SEED set in the environment the seed is fixed, for repeatable measurements. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct hash_seed {
    uint64_t a, b;
};

struct hash_seed hash_seed_draw(void);

static inline uint64_t hash_fold(uint64_t x, uint64_t y)
{
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)x * y;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_load64(const void *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint64_t hash_mix(uint64_t h, uint64_t word, struct hash_seed seed)
{
    return hash_fold(h ^ word ^ seed.a, seed.b | 1);
}

/* Of 16 octets, an address for one; and of what was mixed, once all of it is. */
static inline uint64_t hash_mix16(uint64_t h, const void *p, struct hash_seed seed)
{
    return hash_mix(hash_mix(h, hash_load64(p), seed), hash_load64((const uint8_t *)p + 8), seed);
}

static inline uint64_t hash_end(uint64_t h) { return hash_fold(h, 0x9fb21c651e98df25); }

uint64_t hash_bytes(const void *p, size_t n, struct hash_seed seed);

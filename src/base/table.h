/* table.h - an open hash table from fixed-size keys to fixed-size records, bounded and seeded.
 *
 * What it is: for everything that is keyed and not per-packet hot (hosts, names, lookups, groups,
 * certificates).  Records stay where they are until table_close: pointers to them are stable.
 * What it refuses: growing beyond max_records; table_put then answers NULL and counts it.
 * Keys are compared as bytes: zero any padding.  Order of table_at is the order of insertion. */
#pragma once

#include "base/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_slot {
    uint32_t tag;    /* half of the hash */
    uint32_t number; /* of the record, + 1; 0 = empty */
};

struct table {
    size_t key_bytes, max_records;
    size_t value_at, span; /* octets from a record's key to its value, and from record to record */
    size_t n;              /* records in use */
    uint64_t refused;      /* puts that found the table full */
    struct hash_seed seed;
    struct table_slot *slots;
    size_t n_slots;
    uint8_t **chunks; /* of TABLE_CHUNK records each, record = key then value */
    size_t n_chunks;
    uint8_t **regions; /* what chunks lie in; owned */
    size_t n_regions;
    uint8_t *fresh; /* n_fresh chunks that are not used yet */
    size_t n_fresh;
};

enum { TABLE_CHUNK = 256 };

/* False without memory.  record_bytes is the size of the value. */
bool table_open(struct table *t, size_t key_bytes, size_t record_bytes, size_t max_records);
void table_close(struct table *t); /* accepts a zeroed table */

void *table_get(const struct table *t, const void *key); /* NULL when it is not there */
void *table_put(struct table *t, const void *key);       /* found, or new and zeroed, or NULL */

/* The same with a hash that the caller made, of the whole key and always in the same way: for keys
 * that several tables share, or that are asked for several times.  Who begins so goes on so: a
 * table knows nothing of where a hash comes from. */
void *table_get_hashed(const struct table *t, const void *key, uint64_t hash);
void *table_put_hashed(struct table *t, const void *key, uint64_t hash);
void table_prefetch_slot_hashed(const struct table *t, uint64_t hash);
void table_prefetch_record_hashed(const struct table *t, uint64_t hash);

/* Asks memory for what table_get or table_put of this key will look at: for the place in the index
 * first, and when that is there, for the record. */
void table_prefetch_slot(const struct table *t, const void *key);
void table_prefetch_record(const struct table *t, const void *key);

/* The i-th record in order of insertion, 0 <= i < n; its key through table_key. */
void *table_at(const struct table *t, size_t i);
const void *table_key(const struct table *t, size_t i);
